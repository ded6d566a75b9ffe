"""A placed circuit as a circuit of its own: every piece is a population.

It does what the original does, spike for spike and weight for weight, and so shows what the cores
exchange; a placement that loses a synapse is found out by running it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit, Matrix, Population, Projection, Tie, by_name
from sfc.ir.schedule import Chain, Probe, Property, Schedule
from sfc.place.cut_synapses import Node, blocks
from sfc.place.placement import Piece, Placement


@dataclass(frozen=True, slots=True)
class Slice:
    """Which weights of a plastic projection one of the cut circuit has.

    Attributes:
        projection: of the original circuit.
        rows, columns: of its (n_pre, n_post) weights.
    """

    projection: str
    rows: slice
    columns: slice


@dataclass(frozen=True, slots=True)
class Cut:
    """A circuit cut along a placement.

    Attributes:
        circuit: the pieces as populations, in the order of the original's populations. One in a
            single piece keeps its name and shape.
        pieces: by the original's populations, their parts' names in the order of their neurons.
        slices: by the cut circuit's plastic projections.
    """

    original: Circuit
    circuit: Circuit
    pieces: Mapping[str, tuple[str, ...]]
    slices: Mapping[str, Slice]

    def cut_weights(self, weights: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Returns the weights of the plastic projections from those of the original ones.

        Args:
            weights: (n_pre, n_post) arrays by the original's projections.
        """
        return {
            name: weights[part.projection][part.rows, part.columns].copy()
            for name, part in self.slices.items()
        }

    def join_weights(self, weights: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Returns the weights of the original's plastic projections; undoes `cut_weights`."""
        joined: dict[str, NDArray[Any]] = {}
        for name, part in self.slices.items():
            if part.projection not in joined:
                projection = self.original.projections[part.projection]
                shape = self.original.synapse_shape(projection)
                joined[part.projection] = np.zeros(shape, weights[name].dtype)
            joined[part.projection][part.rows, part.columns] = weights[name]
        return joined

    def join_events(self, events: Mapping[str, NDArray[Any]], population: str) -> NDArray[Any]:
        """Returns the (k, 2) steps and neurons of a population's spikes, in this order.

        Args:
            events: a run's `result.events`, with those of all its pieces.
        """
        first, parts = 0, []
        for name in self.pieces[population]:
            parts.append(events[name] + np.array([0, first]))
            first += self.circuit.size(name)
        joined = np.concatenate(parts)
        ordered: NDArray[Any] = joined[np.lexsort((joined[:, 1], joined[:, 0]))]
        return ordered


def cut_circuit(circuit: Circuit, placement: Placement) -> Cut:
    """Returns the circuit in which every piece is a population.

    Inputs are not cut. What speaks of whole populations speaks of all their pieces, if it can: a
    readout of a cut population becomes probes of its pieces, and assertions that it fires, or that
    matrices of cut projections stay tied, are left out; so are constraints on the placement, and
    groups of shared weights of which any are cut. Matrices of cut projections start at zero: set
    what `Cut.cut_weights` returns.

    Args:
        placement: has every neuron on one core, see `sfc.place.check.violations`.

    Raises:
        ValueError: weights are real numbers.
    """
    nodes = _nodes(circuit, placement)
    parts: dict[str, tuple[Projection, ...]] = {}
    matrices: list[Matrix] = []
    slices: dict[str, Slice] = {}
    names, matrix_names = _Names(circuit.projections), _Names(circuit.matrices)
    for name, projection in circuit.projections.items():
        made = []
        for block in blocks(circuit, projection, nodes):
            part = block.projection
            if not block.is_whole:
                part = replace(part, name=names.new(name, " #{}"))
                if isinstance(part.weight, Tie):
                    matrix = circuit.matrices[part.weight.matrix]
                    tie = Tie(matrix_names.new(matrix.name, "[{}]"))
                    matrices.append(Matrix(tie.matrix, block.shape, matrix.rule))
                    part = replace(part, weight=tie)
            if isinstance(part.weight, Tie):
                slices[part.name] = Slice(name, block.rows, block.columns)
            made.append(part)
        parts[name] = tuple(made)
    uncut = {name for name, made in parts.items() if made == (circuit.projections[name],)}
    kept = [m for m in circuit.matrices.values() if _has(circuit, m.name, uncut)]
    pieces = {name: nodes[name].names for name in circuit.populations}
    cut = replace(
        circuit,
        populations=by_name(_populations(circuit, nodes)),
        matrices=by_name([*kept, *matrices]),
        projections=by_name(part for made in parts.values() for part in made),
        schedule=_schedule(circuit.schedule, parts, pieces),
        properties=tuple(_properties(circuit, pieces, uncut)),
        shared=tuple(group for group in circuit.shared if uncut.issuperset(group)),
        constraints=(),
    )
    return Cut(circuit, cut, pieces, slices)


class _Names:
    """Gives new names."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._count: dict[str, int] = {}

    def new(self, name: str, suffix: str) -> str:
        """Returns a name with a suffix that numbers it, from 1."""
        while True:
            self._count[name] = self._count.get(name, 0) + 1
            found = name + suffix.format(self._count[name])
            if found not in self._taken:
                self._taken.add(found)
                return found


def _nodes(circuit: Circuit, placement: Placement) -> dict[str, Node]:
    """Returns populations and inputs with the names of their pieces."""
    chains = (chain.name for chain in circuit.schedule.chains)
    taken = {*circuit.populations, *circuit.inputs, *chains}
    start = np.zeros(1, np.int64)
    nodes = {name: Node(node.shape, (name,), start) for name, node in circuit.inputs.items()}
    for name, pieces in placement.of_population().items():
        ordered = sorted(pieces, key=lambda piece: piece.first)
        names = tuple(_piece_name(p, taken) for p in ordered) if len(pieces) > 1 else (name,)
        firsts = np.array([piece.first for piece in ordered], np.int64)
        nodes[name] = Node(circuit.populations[name].shape, names, firsts)
    return nodes


def _piece_name(piece: Piece, taken: Set[str]) -> str:
    """Returns for instance ``h[0-399]``, with more signs at its end if something is called so."""
    name = f"{piece.population}[{piece.first}-{piece.last}]"
    while name in taken:
        name += "-"
    return name


def _populations(circuit: Circuit, nodes: Mapping[str, Node]) -> Iterator[Population]:
    for name, population in circuit.populations.items():
        node = nodes[name]
        if not node.is_cut:
            yield population
            continue
        sizes = np.diff(node.firsts, append=population.size).tolist()
        for piece, size in zip(node.names, sizes, strict=True):
            yield replace(population, name=piece, shape=(size,))


def _schedule(
    schedule: Schedule,
    parts: Mapping[str, tuple[Projection, ...]],
    pieces: Mapping[str, tuple[str, ...]],
) -> Schedule:
    presents = []
    for present in schedule.presents:
        carriers = tuple(part.name for name in present.projections for part in parts[name])
        presents.append(replace(present, projections=carriers))
    probes = [replace(p, population=name) for p in schedule.probes for name in pieces[p.population]]
    readouts = []
    for readout in schedule.readouts:
        names = pieces[readout.population]
        if len(names) == 1:
            readouts.append(readout)
            continue
        where = (readout.chain, (readout.phase,), readout.span)
        probes += [Probe(name, "spikes", *where) for name in names]
        probes += [Probe(name, "membrane", *where) for name in names]
    return replace(
        schedule,
        chains=tuple(_chain(chain, parts) for chain in schedule.chains),
        presents=tuple(presents),
        probes=tuple(probes),
        readouts=tuple(readouts),
    )


def _chain(chain: Chain, parts: Mapping[str, tuple[Projection, ...]]) -> Chain:
    """Returns a chain that the pieces start which drive its first relay, once for each synapse."""
    drivers = tuple(
        part.source
        for made in parts.values()
        for part in made
        if part.origin and part.origin.kind == "start" and part.target == chain.relays[0]
    )
    same = sorted(drivers) == sorted(chain.started_by)
    return chain if same else replace(chain, started_by=drivers)


def _properties(
    circuit: Circuit, pieces: Mapping[str, tuple[str, ...]], uncut: Set[str]
) -> Iterator[Property]:
    for prop in circuit.properties:
        if prop.kind == "silent":
            subjects = tuple(name for subject in prop.subjects for name in pieces[subject])
        elif prop.kind == "fires":
            subjects = tuple(name for name in prop.subjects if len(pieces[name]) == 1)
        else:
            tied = {name: {p.name for p in circuit.tied(name)} for name in prop.subjects}
            subjects = tuple(name for name in prop.subjects if tied[name] <= uncut)
        if subjects or not prop.subjects:
            yield replace(prop, subjects=subjects)


def _has(circuit: Circuit, matrix: str, uncut: Set[str]) -> bool:
    """Tells whether a matrix keeps a projection, or never had any."""
    tied = {projection.name for projection in circuit.tied(matrix)}
    return not tied or bool(tied & uncut)
