"""The circuit as the analysis sees it: blocks of neurons, and links between them.

A block is a set of neurons of one population that no projection tells apart. Amounts are in state
units (64 a weight unit).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Literal

from sfc.analysis.blocks import Blocks, Contact, contacts, divide
from sfc.ir.circuit import Circuit, Neuron, Projection, Tie, Weight
from sfc.ir.integers import DECAY_LIMIT, UNIT
from sfc.ir.patterns import Convolution

Gate = Literal["", "open", "close"]
BlockKind = Literal["population", "line", "kick"]

_NO_NEURON = Neuron(0)


@dataclass(frozen=True, slots=True)
class Block:
    """Neurons that are treated as one.

    Attributes:
        name: of the population; for a line of an input, or a chain's kick, of that.
        kind: neurons of a population; an input as one projection brings it; the host's kick.
        projection: of a line.
        size: number of neurons.
        place: equal for blocks of the same neurons of populations of one size.
        gated: whether anything ever opens it.
    """

    name: str
    kind: BlockKind
    size: int
    neuron: Neuron = _NO_NEURON
    projection: str = ""
    place: Hashable = None
    gated: bool = False

    @property
    def threshold(self) -> int:
        """In state units."""
        return UNIT * self.neuron.threshold

    @property
    def bias(self) -> int:
        """In state units."""
        return UNIT * self.neuron.bias

    @property
    def rest(self) -> int:
        """Silent steps after a spike."""
        return max(self.neuron.refractory - 1, 0)

    @property
    def has_memory(self) -> bool:
        """Whether a step leaves anything of its current or membrane to the next."""
        return min(self.neuron.decay_u, self.neuron.decay_v) < DECAY_LIMIT

    @property
    def is_restless(self) -> bool:
        """Whether it can fire, or changes, with nothing arriving."""
        return self.kind == "population" and (self.bias > self.threshold or self.has_memory)


@dataclass(frozen=True, slots=True)
class Link:
    """What spikes of one block bring to each neuron of another.

    Attributes:
        source, target: numbers of blocks.
        latency: steps from a spike to its arrival, delay + 1.
        contact: how neurons of one reach neurons of the other.
        gate: whether it opens or closes its target.
        learns: whether its weights change.
        shift: of a pairwise link, how the numbers of neurons change; None if they do not.
        key: equal for links that bring equal amounts when equal neurons fire.
    """

    projection: str
    source: int
    target: int
    latency: int
    contact: Contact
    gate: Gate
    learns: bool
    shift: Hashable
    key: Hashable


@dataclass(slots=True)
class Network:
    """Blocks and links.

    Attributes:
        blocks_of: numbers of a population's blocks.
        outgoing: links by the number of their source.
        lines: numbers of the lines by which an input's projection may be driven.
        triggered: lines that the host drives when a block fires, and whether for a phase 0.
        kicks: blocks of kicks, one a chain that the host starts in every frame.
        kicked: first relays that the host makes spike once, before step 0.
    """

    circuit: Circuit
    blocks: list[Block] = field(default_factory=list)
    blocks_of: dict[str, list[int]] = field(default_factory=dict)
    outgoing: list[list[Link]] = field(default_factory=list)
    lines: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    triggered: dict[int, list[tuple[int, bool]]] = field(default_factory=lambda: defaultdict(list))
    kicks: list[int] = field(default_factory=list)
    kicked: list[int] = field(default_factory=list)

    def add(self, block: Block) -> int:
        """Adds a block and returns its number."""
        self.blocks.append(block)
        self.outgoing.append([])
        return len(self.blocks) - 1


def network(circuit: Circuit, apart: frozenset[Tie] = frozenset()) -> Network:
    """Returns the network of a circuit.

    Args:
        circuit: any.
        apart: ties whose projections are not supposed to hold equal weights.
    """
    gated = {p.target for p in circuit.projections.values() if gate_of(p) == "open"}
    found = Network(circuit)
    divided = divide(circuit)
    for population in circuit.populations.values():
        places = divided.get(population.name)
        sizes = [population.size] if places is None else places.sizes
        found.blocks_of[population.name] = [
            found.add(
                Block(
                    population.name,
                    "population",
                    size,
                    population.neuron,
                    place=(population.size, None if places is None else places.places[index]),
                    gated=population.name in gated,
                )
            )
            for index, size in enumerate(sizes)
        ]
    for projection in circuit.projections.values():
        _link(found, projection, divided, apart)
    _add_kicks(found)
    return found


def gate_of(projection: Projection) -> Gate:
    """Tells whether a projection opens or closes its target."""
    kind = projection.origin.kind if projection.origin else ""
    return "open" if kind in ("open", "gate") else "close" if kind == "close" else ""


def _link(
    found: Network, projection: Projection, divided: dict[str, Blocks], apart: frozenset[Tie]
) -> None:
    circuit = found.circuit
    if projection.source in circuit.inputs:
        source = circuit.inputs[projection.source]
        size = circuit.synapse_shape(projection)[0]
        line = found.add(
            Block(source.name, "line", size, projection=projection.name, place=(size, None))
        )
        found.lines[projection.name].append(line)
        sources = [line]
    else:
        sources = found.blocks_of[projection.source]
    targets = found.blocks_of[projection.target]
    key = _key(circuit, projection, apart)
    shift = _shift(circuit, projection)
    for source_index, target_index, contact in contacts(
        circuit, projection, divided, len(sources), len(targets)
    ):
        block = found.blocks[targets[target_index]]
        found.outgoing[sources[source_index]].append(
            Link(
                projection.name,
                sources[source_index],
                targets[target_index],
                projection.delay + 1,
                contact,
                gate_of(projection),
                circuit.learns(projection),
                shift,
                (key, found.blocks[sources[source_index]].place, block.place),
            )
        )


def _key(circuit: Circuit, projection: Projection, apart: frozenset[Tie]) -> Hashable:
    """Returns what tells the weights of a projection from those of others."""
    parts = (projection.source_part, projection.target_part)
    weight = projection.weight
    if isinstance(weight, Tie) and weight in apart:
        return projection.name
    is_shaped = isinstance(projection.pattern, Convolution)
    ends = tuple(
        (part, node.shape) if part is not None or is_shaped else node.size
        for node, part in zip(circuit.ends(projection), parts, strict=True)
    )
    return (projection.pattern, weight.value if isinstance(weight, Weight) else weight, ends)


def _shift(circuit: Circuit, projection: Projection) -> Hashable:
    """Returns how a pairwise projection numbers the neurons that it joins, None for alike."""
    source, target = circuit.ends(projection)
    from_input = projection.source in circuit.inputs
    parts = (None if from_input else projection.source_part, projection.target_part)
    if parts == (None, None):
        return None
    if parts[0] == parts[1] and source.shape == target.shape:
        return None
    return (parts, source.shape, target.shape)


def _add_kicks(found: Network) -> None:
    """Adds what the host starts, and lines that it drives together with relays."""
    circuit = found.circuit
    starts: dict[str, list[int]] = {}
    for chain in circuit.schedule.chains:
        (relay,) = found.blocks_of[chain.relays[0]]
        starts[chain.name] = [relay]
        if chain.ring:
            found.kicked.append(relay)
        elif not chain.started_by:
            kick = found.add(Block(chain.name, "kick", 1))
            found.outgoing[kick] = [replace(link, source=kick) for link in found.outgoing[relay]]
            found.kicks.append(kick)
            starts[chain.name].append(kick)
    driven: set[int] = set()
    for present in circuit.schedule.presents:
        chain = circuit.schedule.chain(present.chain)
        triggers = starts[chain.name]
        if present.phase > 0:
            triggers = found.blocks_of[chain.relays[present.phase]]
        for projection in present.projections:
            line = _unused_line(found, projection, driven)
            driven.add(line)
            for trigger in triggers:
                found.triggered[trigger].append((line, present.phase == 0))


def _unused_line(found: Network, projection: str, driven: set[int]) -> int:
    """Returns a line of an input that nothing drives yet; two may be driven in one moment."""
    first, *_ = lines = found.lines[projection]
    if lines[-1] not in driven:
        return lines[-1]
    line = found.add(found.blocks[first])
    found.outgoing[line] = [replace(link, source=line) for link in found.outgoing[first]]
    lines.append(line)
    return line
