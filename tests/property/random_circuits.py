"""Random circuits, made as IR: it can say more than the language does.

There is every mantissa, there are synapses between the same neurons, and relays that remember.
"""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from collections.abc import Sequence
from itertools import product
from random import Random
from types import MappingProxyType

from sfc.ir.circuit import (
    Circuit,
    Init,
    Input,
    Matrix,
    Neuron,
    Origin,
    Pattern,
    Population,
    Projection,
    Tie,
    Weight,
    by_name,
)
from sfc.ir.patterns import Convolution, Part, Sparse, Table, Toeplitz, as_rows, shape_of, size_of
from sfc.ir.rules import TRACE_VARIABLES, Rule, Term, Trace
from sfc.ir.schedule import Chain, Present, Reward, Schedule
from sfc.ir.verify import verify

DECAYS = (4096, 4096, 4096, 0, 0, 1, 700, 2048, 3333, 4095)
DELAYS = (0, 0, 0, 1, 2, 3, 5, 62)
RANGES = ((-256, 254), (0, 255), (-255, 0), (-512, 508), (-32768, 32512), (0, 32640), (-8, 6))
COEFFICIENTS = (1, 2, -1, -2, 4, -7, 30, 0.5, -0.25, 1.5, 1 / 256, -300 / 256)
PRE = ("x0", "x0", "x1", "x2", "")
POST = ("", "", "", "y0", "y0", "y1", "y2", "y3")
OTHER = ("", "", "", "", "", "", "r0", "r1", "w", "d", "t", "x1", "y1")


def make_neuron(random: Random) -> Neuron:
    return Neuron(
        threshold=random.choice((0, 1, 20, 64, 100, 300, 131071)),
        bias=random.choice((0, 0, 0, 1, -5, 30, 63, -4096, 4095)),
        refractory=random.choice((0, 0, 1, 2, 5)),
        decay_u=random.choice(DECAYS),
        decay_v=random.choice(DECAYS),
    )


def make_weight(random: Random) -> Weight:
    kind = random.randrange(8)
    if kind < 5:
        return Weight(random.randint(-60, 150), 0)
    if kind < 7:
        return Weight(random.randint(-255, 255), random.randint(-6, 7))
    return Weight(random.choice((-255, 128, 255)), 7)


def make_terms(random: Random, step: int) -> tuple[Term, ...]:
    """One to four products: some are whole steps of the weight, some fractions of one."""
    terms = []
    for _ in range(random.randint(1, 4)):
        coefficient = random.choice(COEFFICIENTS) * random.choice((1, step))
        factors = random.choice(PRE), random.choice(POST), random.choice(OTHER)
        terms.append(Term(float(coefficient), tuple(sorted(f for f in factors if f))))
    return tuple(terms)


def make_rule(random: Random, name: str) -> Rule:
    low, high = random.choice(RANGES)
    dw = make_terms(random, Rule(name, (), (), low, high).weights.step)
    dt = make_terms(random, 1) if random.random() < 0.5 else ()
    used = {factor for term in dw + dt for factor in term.factors} & set(TRACE_VARIABLES)
    traces = tuple(
        Trace(variable, random.choice((0, 1, 16, 100, 127)), random.choice((0.0, 0.5, 1.0, 20.0)))
        for variable in sorted(used)
    )
    return Rule(name, dw, dt, low, high, traces)


def make_shape(random: Random) -> tuple[int, ...]:
    if random.random() < 0.6:
        return (random.randint(1, 4),)
    return (random.randint(1, 3), random.randint(1, 3))


def parts_of(shape: tuple[int, ...]) -> list[Part | None]:
    """Every part of a population, the whole among them twice."""
    ranges = [[(a, b) for b in range(extent) for a in range(b + 1)] for extent in shape]
    return [None, *product(*ranges)]


def make_part(random: Random, shape: tuple[int, ...]) -> Part | None:
    return None if random.random() < 0.5 else random.choice(parts_of(shape))


def part_like(random: Random, shape: tuple[int, ...], wanted: tuple[int, ...]) -> list[Part | None]:
    """A part of a population with so many rows and columns, if it has one."""
    parts = [part for part in parts_of(shape) if as_rows(shape_of(shape, part)) == wanted]
    return random.sample(parts, 1) if parts else []


def make_mantissas(random: Random, count: int) -> list[int]:
    """What 8 bits hold together: of one sign, or even."""
    sign = random.choice((1, 1, -1, 0))
    largest = random.choice((120, 255))
    values = [random.choice((0, random.randint(0, largest))) for _ in range(count)]
    if sign:
        return [sign * value for value in values]
    return [random.choice((-1, 1)) * (value & 254) for value in values]


def make_table(random: Random, rows: int, columns: int) -> Table:
    """Synapses in any order, some of them between the same neurons."""
    count = random.randint(0, 6)
    ends = [(random.randrange(rows), random.randrange(columns)) for _ in range(count)]
    mantissas = make_mantissas(random, count)
    data = b"".join(struct.pack("<iii", *e, m) for e, m in zip(ends, mantissas, strict=True))
    return Table(count, b64encode(zlib.compress(data)).decode())


def make_convolution(random: Random) -> Convolution:
    height, width = random.randint(1, 3), random.randint(1, 3)
    mantissas = make_mantissas(random, height * width)
    kernel = tuple(tuple(mantissas[a * width : (a + 1) * width]) for a in range(height))
    stride = random.randint(1, 3), random.randint(1, 3)
    padding = random.randint(0, 2), random.randint(0, 2)
    return Convolution(kernel, stride, padding)


def make_projection(
    random: Random, name: str, source: Population | Input, target: Population
) -> Projection:
    source_part = make_part(random, source.shape)
    target_part = make_part(random, target.shape)
    rows, columns = size_of(source.shape, source_part), size_of(target.shape, target_part)
    pattern: Pattern = "all_to_all"
    weight = make_weight(random)
    kind = random.choice(("all", "one", "one", "sparse", "convolution", "toeplitz", "table"))
    if kind == "sparse":
        pattern = Sparse(random.choice((0.0, 0.3, 0.6, 1.0)), random.randrange(100))
    elif kind == "toeplitz":
        values = make_mantissas(random, random.randint(0, 5))
        pattern = Toeplitz(random.randint(-rows, columns - 1), tuple(values))
    elif kind == "table":
        pattern = make_table(random, rows, columns)
    elif kind == "one":
        parts = [p for p in parts_of(target.shape) if size_of(target.shape, p) == rows]
        if parts:
            pattern, target_part = "one_to_one", random.choice(parts)
    elif kind == "convolution":
        shape = as_rows(shape_of(source.shape, source_part))
        for found in (make_convolution(random) for _ in range(9)):
            for part in part_like(random, target.shape, found.target_shape(shape)):
                pattern, target_part = found, part
    if not isinstance(pattern, str | Sparse):
        weight = Weight(1, random.choice((0, 0, 0, 1, 7, -2, -6)))
    delay = random.choice(DELAYS)
    ends = (source.name, target.name)
    return Projection(name, *ends, pattern, weight, delay, source_part, target_part)


def make_chain(
    random: Random, name: str, others: Sequence[Population], is_started: bool
) -> tuple[Chain, list[Population], list[Projection]]:
    """Returns a chain of relays that may remember, and what closes a ring that others start."""
    names = tuple(f"{name}[{k}]" for k in range(random.randint(1, 5)))
    ring = random.random() < 0.6
    decays = random.choice(((4096, 4096), (4096, 4096), (2500, 4096), (4096, 2500)))
    neuron = Neuron(100, random.choice((0, 0, -20)), 0, *decays)
    members = [Population(n, (1,), neuron) for n in names]
    followers = names[1:] + (names[:1] if ring and not is_started else ())
    links = [
        Projection(f"{a} -> {b}", a, b, "all_to_all", Weight(200, 0))
        for a, b in zip(names, followers, strict=False)
    ]
    starters: list[Population] = []
    if is_started:
        starters += random.sample(others, random.randint(0, min(2, len(others))))
    if is_started and (ring or not starters):
        for number in range(random.choice((1, 1, 2))):
            closer = Population(f"{name}.{number}", make_shape(random), Neuron(100, 0, 0, *decays))
            path = (f"{names[-1]} -> {closer.name}", names[-1], closer.name)
            delay = random.choice((0, 0, 1, 4))
            links.append(Projection(*path, "all_to_all", Weight(200, 0), delay))
            members.append(closer)
            starters.append(closer)
    for number, starter in enumerate(starters):
        path = (f"{starter.name} -> {names[0]} #{number}", starter.name, names[0])
        weight = Weight(random.choice((200, 200, 200, 60)), 0)
        delay, part = random.choice((0, 0, 1, 4, 20)), make_part(random, starter.shape)
        origin = Origin("start", name)
        links.append(Projection(*path, "all_to_all", weight, delay, part, None, origin))
    chain = Chain(name, names, ring, tuple(starter.name for starter in starters))
    return chain, members, links


def make_chains(
    random: Random, size: int, populations: Sequence[Population]
) -> list[tuple[Chain, list[Population], list[Projection]]]:
    """One of them makes the frames: a ring, or one that nothing starts."""
    found: list[tuple[Chain, list[Population], list[Projection]]] = []
    names = "gkm"[: random.randint(1, size)]
    for name in names:
        others = [*populations, *(member for _, members, _ in found for member in members)]
        makes_frames = any(chain.ring or not chain.started_by for chain, _, _ in found)
        while True:
            made = make_chain(random, name, others, random.random() < 0.5)
            if makes_frames or name != names[-1] or made[0].ring or not made[0].started_by:
                found.append(made)
                break
    return found


def make_circuit(random: Random, size: int, with_chains: bool) -> Circuit:
    populations = [
        Population(name, make_shape(random), make_neuron(random))
        for name in "abcd"[: random.randint(1, size)]
    ]
    inputs = [Input(name, make_shape(random)) for name in "pq"[: random.randint(0, size)]]
    chains = make_chains(random, size, populations) if with_chains else []
    relays = [relay for _, members, _ in chains for relay in members]
    nodes: dict[str, Population | Input] = {
        node.name: node for node in (*populations, *inputs, *relays)
    }
    targets = list(populations)
    # Inputs twice, so that something happens.
    learning = [*targets, *inputs, *inputs, *random.sample(relays, min(2, len(relays)))]
    projections = [link for _, _, links in chains for link in links]
    for number in range(random.randint(1, 2 * size)):
        source = random.choice([*learning, *nodes.values()])
        target = random.choice(relays if relays and random.random() < 0.1 else targets)
        projections.append(make_projection(random, f"s{number}", source, target))
    rules = [make_rule(random, f"R{number}") for number in range(random.choice((0, 1, 1, 2)))]
    matrices = []
    for rule in rules:
        share = random.choice((1.0, 0.3))
        init = Init("uniform", (("low", share * rule.low), ("high", share * rule.high)))
        one, other = random.choice(learning), random.choice(targets)
        parts = make_part(random, one.shape), make_part(random, other.shape)
        shape = size_of(one.shape, parts[0]), size_of(other.shape, parts[1])
        matrices.append(Matrix(f"W{rule.name}", shape, rule.name, init))
        projections += make_tied(random, matrices[-1], learning, targets)
    shuffled = [*populations, *relays]
    random.shuffle(shuffled)
    random.shuffle(projections)
    circuit = Circuit(
        "random",
        MappingProxyType({}),
        *(by_name(shuffled), by_name(inputs), by_name(rules), by_name(matrices)),
        by_name(projections),
        make_schedule(random, [chain for chain, _, _ in chains], inputs, projections),
    )
    verify(circuit)
    return circuit


def make_tied(
    random: Random,
    matrix: Matrix,
    sources: Sequence[Population | Input],
    targets: Sequence[Population],
) -> list[Projection]:
    """One to three projections that a matrix fits, between parts of populations."""
    fitting = [
        (source, target, source_part, target_part, transpose)
        for source in sources
        for target in targets
        for transpose in (False, True)
        for source_part in parts_of(source.shape)
        if size_of(source.shape, source_part) == matrix.shape[transpose]
        for target_part in parts_of(target.shape)
        if size_of(target.shape, target_part) == matrix.shape[not transpose]
    ]
    made = []
    for copy in range(random.randint(1, 3)):
        source, target, source_part, target_part, transpose = random.choice(fitting)
        tie = Tie(matrix.name, random.choice((1, -1)), transpose)
        path = (f"{tie.matrix}.{copy}", source.name, target.name)
        delay = random.choice(DELAYS)
        made.append(Projection(*path, "all_to_all", tie, delay, source_part, target_part))
    return made


def make_schedule(
    random: Random, chains: list[Chain], inputs: list[Input], projections: list[Projection]
) -> Schedule:
    phases = [(chain.name, k) for chain in chains for k in range(len(chain.relays))]
    if not phases:
        return Schedule()
    presents = []
    for source in inputs:
        own = [p for p in projections if p.source == source.name]
        cut = random.choice((0, 0, len(own) // 2))
        for part in (own[:cut], own[cut:]):
            chain, phase = random.choice(phases)
            if part and (phase > 0 or not any(isinstance(p.weight, Tie) for p in part)):
                presents.append(Present(source.name, chain, phase, tuple(p.name for p in part)))
    rewards = [Reward(*random.choice(phases)) for _ in range(random.randint(0, 2))]
    return Schedule(tuple(chains), tuple(presents), tuple(rewards))


def make_stimulus(random: Random, circuit: Circuit, length: int) -> dict[str, list[list[bool]]]:
    """Returns what every input does in some frames or steps."""
    share = random.choice((0.2, 0.6, 0.9))
    return {
        name: [[random.random() < share for _ in range(source.size)] for _ in range(length)]
        for name, source in circuit.inputs.items()
    }
