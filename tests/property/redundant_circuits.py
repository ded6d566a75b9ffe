"""Random circuits with much that passes can take away: copies, twins, and what nobody reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from random_circuits import make_neuron, make_projection, make_weight

from sfc.ir.circuit import Circuit, Population, Projection, Tie, Weight, by_name
from sfc.ir.patterns import Part
from sfc.ir.schedule import Probe, Property, Readout
from sfc.ir.verify import verify


def make_redundant(random: Random, circuit: Circuit) -> Circuit:
    """Returns the circuit with a few of the additions."""
    for _ in range(random.randint(1, 5)):
        circuit = random.choice(ADDITIONS)(random, circuit)
    if random.random() < 0.7:
        circuit = read_some(random, circuit)
    verify(circuit)
    return circuit


def add(
    circuit: Circuit, populations: list[Population], projections: dict[str, Projection]
) -> Circuit:
    """Adds populations, and projections by the one that is presented as they are to be."""
    schedule = circuit.schedule
    carried = {p.name: name for name, p in projections.items()}
    presents = tuple(
        replace(
            present,
            projections=(
                *present.projections,
                *(name for name, like in carried.items() if like in present.projections),
            ),
        )
        for present in schedule.presents
    )
    return replace(
        circuit,
        populations=by_name([*circuit.populations.values(), *populations]),
        projections=by_name([*circuit.projections.values(), *projections.values()]),
        schedule=replace(schedule, presents=presents),
    )


def fresh(circuit: Circuit, stem: str) -> str:
    taken = {*circuit.populations, *circuit.projections, *circuit.inputs, *circuit.matrices}
    taken |= {chain.name for chain in circuit.schedule.chains}
    return next(f"{stem}{k}" for k in range(10**6) if f"{stem}{k}" not in taken)


def parallel(random: Random, circuit: Circuit) -> Circuit:
    """Repeats a constant projection, with another weight, or the opposite one."""
    constant = [
        p
        for p in circuit.projections.values()
        if isinstance(p.weight, Weight) and not (p.origin and p.origin.kind == "start")
    ]
    if not constant:
        return circuit
    chosen = random.choice(constant)
    weight = random.choice((chosen.weight, make_weight(random), Weight(0, 0)))
    if not isinstance(chosen.pattern, str):
        weight = chosen.weight
    elif random.random() < 0.3:
        weight = Weight(-chosen.weight.mantissa, chosen.weight.exponent)
    origin = random.choice((chosen.origin, chosen.origin, None))
    copy = replace(chosen, name=fresh(circuit, "s"), weight=weight, origin=origin)
    return add(circuit, [], {random.choice((chosen.name, "")): nearly(random, circuit, copy)})


def nearly(random: Random, circuit: Circuit, projection: Projection) -> Projection:
    """Returns the projection, or one that differs in little."""
    kind = random.choice(("equal", "equal", "equal", "delay", "part", "part", "weight"))
    if kind == "delay":
        return replace(projection, delay=random.choice((0, 1, max(projection.delay - 1, 0))))
    if (
        kind == "part"
        and isinstance(projection.pattern, str)
        and circuit.rule_of(projection) is None
    ):
        shapes = [node.shape for node in circuit.ends(projection)]
        parts = (projection.source_part, projection.target_part)
        moved = [moved_part(random, shape, part) for shape, part in zip(shapes, parts, strict=True)]
        return replace(projection, source_part=moved[0], target_part=moved[1])
    if (
        kind == "weight"
        and isinstance(projection.weight, Weight)
        and projection.weight.mantissa > 1
    ):
        return replace(projection, weight=replace(projection.weight, mantissa=1))
    return projection


def moved_part(random: Random, shape: tuple[int, ...], part: Part | None) -> Part | None:
    """Returns the part moved along each dimension, as far as the population allows it."""
    if part is None or random.random() < 0.5:
        return part
    offsets = [
        random.randint(-low, size - 1 - high) for (low, high), size in zip(part, shape, strict=True)
    ]
    return tuple((low + k, high + k) for (low, high), k in zip(part, offsets, strict=True))


def twin(random: Random, circuit: Circuit) -> Circuit:
    """Repeats a population with all that leads to it and some of what it leads to, or nearly so."""
    relays = {relay for chain in circuit.schedule.chains for relay in chain.relays}
    chosen = random.choice(list(circuit.populations.values()))
    neuron = random.choice((chosen.neuron, chosen.neuron, chosen.neuron, make_neuron(random)))
    copy = replace(chosen, name=fresh(circuit, "t"), neuron=neuron)
    blemished = random.random() < 0.3
    if chosen.name in relays and random.random() < 0.5:
        return circuit
    circuit = add(circuit, [copy], {})
    for p in list(circuit.projections.values()):
        ends = {chosen.name: copy.name}
        if p.target == chosen.name and not is_start(p):
            path = {"source": ends.get(p.source, p.source), "target": copy.name}
        elif p.source == chosen.name and not is_start(p) and random.random() < 0.7:
            path = {"source": copy.name}
        else:
            continue
        made = replace(p, name=fresh(circuit, "s"), **path)
        like = p.name
        if blemished and made.target == copy.name:
            made = nearly(random, circuit, made)
            like = random.choice((like, like, ""))
            if random.random() < 0.2:
                circuit = add(circuit, [], {like: replace(made, name=fresh(circuit, "r"))})
        circuit = add(circuit, [], {like: made})
    return circuit


def is_start(projection: Projection) -> bool:
    return projection.origin is not None and projection.origin.kind == "start"


def twin_chain(random: Random, circuit: Circuit) -> Circuit:
    """Repeats a chain, or the beginning of one that is no ring."""
    if not circuit.schedule.chains:
        return circuit
    chain = random.choice(circuit.schedule.chains)
    name = fresh(circuit, "c")
    length = len(chain.relays) if chain.ring else random.randint(1, len(chain.relays))
    names = {relay: f"{name}[{k}]" for k, relay in enumerate(chain.relays[:length])}
    relays = [replace(circuit.populations[old], name=new) for old, new in names.items()]
    circuit = add(circuit, relays, {})
    for p in list(circuit.projections.values()):
        if p.target in names:
            origin = replace(p.origin, chain=name) if p.origin else None
            path = {"source": names.get(p.source, p.source), "target": names[p.target]}
            copy = replace(p, name=fresh(circuit, "s"), origin=origin, **path)
        elif p.source in names and not is_start(p) and random.random() < 0.5:
            copy = replace(p, name=fresh(circuit, "s"), source=names[p.source])
        else:
            continue
        circuit = add(circuit, [], {p.name: copy})
    starters = tuple(names.get(starter, starter) for starter in chain.started_by)
    copied = replace(chain, name=name, relays=tuple(names.values()), started_by=starters)
    schedule = circuit.schedule
    chains = [*schedule.chains]
    # A readout's chain makes the frames, and must go on to.
    earliest = chains.index(chain) + 1 if schedule.readouts else 0
    chains.insert(random.randint(earliest, len(chains)), copied)
    moved: dict[str, tuple] = {}
    for kind in ("presents", "rewards", "probes"):
        events = []
        for event in getattr(schedule, kind):
            last = max(event.phases, default=0) if isinstance(event, Probe) else event.phase
            follows = event.chain == chain.name and last < length and random.random() < 0.5
            events.append(replace(event, chain=name) if follows else event)
        moved[kind] = tuple(events)
    return replace(circuit, schedule=replace(schedule, chains=tuple(chains), **moved))


def unread(random: Random, circuit: Circuit) -> Circuit:
    """Adds a population that others drive, and that drives few."""
    name = fresh(circuit, "u")
    added = Population(name, (random.randint(1, 3),), make_neuron(random))
    circuit = add(circuit, [added], {})
    for _ in range(random.randint(1, 3)):
        source = random.choice([*circuit.populations.values(), *circuit.inputs.values()])
        alike = [p.name for p in circuit.projections.values() if p.source == source.name]
        projection = make_projection(random, fresh(circuit, "s"), source, added)
        circuit = add(circuit, [], {random.choice(["", *alike]): projection})
    return circuit


def frozen(random: Random, circuit: Circuit) -> Circuit:
    """Takes the terms of a rule away, and repeats a projection that is tied to its matrix."""
    if not circuit.rules:
        return circuit
    rule = random.choice(list(circuit.rules.values()))
    rules = [replace(r, dw=()) if r is rule else r for r in circuit.rules.values()]
    circuit = replace(circuit, rules=by_name(rules))
    tied = [p for p in circuit.projections.values() if circuit.rule_of(p) and is_of(circuit, p)]
    if not tied:
        return circuit
    chosen = random.choice(tied)
    sign = random.choice((1, 1, -1)) * chosen.weight.sign
    copy = replace(chosen, name=fresh(circuit, "s"), weight=replace(chosen.weight, sign=sign))
    return add(circuit, [], {chosen.name: copy})


def is_of(circuit: Circuit, projection: Projection) -> bool:
    return isinstance(projection.weight, Tie) and not circuit.learns(projection)


def read_some(random: Random, circuit: Circuit) -> Circuit:
    """Probes one or two populations, and sometimes asserts or reads another."""
    schedule = circuit.schedule
    names = list(circuit.populations)
    chains = [(chain.name, (random.randrange(len(chain.relays)),)) for chain in schedule.chains]
    probes = [
        Probe(name, random.choice(("spikes", "membrane")), *random.choice([("", ()), *chains]))
        for name in random.sample(names, min(len(names), random.choice((0, 1, 1, 2))))
    ]
    properties = list(circuit.properties)
    if random.random() < 0.2:
        properties.append(
            Property("silent", (random.choice(names),), *random.choice([("", ()), *chains]))
        )
    if random.random() < 0.2 and circuit.matrices:
        properties.append(Property("tied", (random.choice(list(circuit.matrices)),)))
    if random.random() < 0.05:
        properties.append(Property("no_overflow"))
    readouts = list(schedule.readouts)
    pairs = [
        (population.name, label.name)
        for population in circuit.populations.values()
        for label in circuit.inputs.values()
        if population.size == label.size
    ]
    if random.random() < 0.3 and pairs and schedule.clock:
        phase = random.randrange(len(schedule.clock.relays))
        readouts.append(Readout(*random.choice(pairs), schedule.clock.name, phase))
    schedule = replace(schedule, probes=(*schedule.probes, *probes), readouts=tuple(readouts))
    return replace(circuit, schedule=schedule, properties=tuple(properties))


ADDITIONS: tuple[Callable[[Random, Circuit], Circuit], ...] = (
    *(parallel, parallel, twin, twin, twin, twin_chain, unread, unread, frozen, frozen),
)
