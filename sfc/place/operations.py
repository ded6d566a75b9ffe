"""What a chip does in a sample, counted: the operations whose energies and times are published."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfc.chips.chip import Chip
from sfc.ir.circuit import Circuit, Neuron, Projection
from sfc.ir.integers import DECAY_LIMIT
from sfc.ir.reals import refuse_real_weights
from sfc.ir.rules import PRE_VARIABLES, Rule
from sfc.place.activity import Activity, presents, sending_step
from sfc.place.flows import Flows, flows, reached
from sfc.place.placement import Piece, Placement

Amounts = NDArray[np.float64]
IsDense = Callable[[Projection, Piece], bool]


@dataclass(frozen=True, slots=True)
class Loads:
    """What each core does in each step of a sample: (steps, cores), cores as in `cores`.

    Attributes:
        cores: that hold neurons, ascending.
        dense, sparse: synaptic operations, by the form of their lists.
        active, inactive: neuron updates.
        spikes: of the core's neurons.
        sent, received: messages between cores, those to itself included; the host's are received.
        updated: synaptic updates.
        plastic: (cores,) synapses that learn.
    """

    cores: tuple[int, ...]
    dense: Amounts
    sparse: Amounts
    active: Amounts
    inactive: Amounts
    spikes: Amounts
    sent: Amounts
    received: Amounts
    updated: Amounts
    plastic: Amounts


@dataclass(frozen=True, slots=True)
class Operations:
    """Operations in a sample.

    Spikes are known by population. Those of a population are taken to fall on its neurons alike, so
    that what depends on which neuron spiked (sparse patterns, slices, pieces) is a mean.

    Attributes:
        synaptic: by projection, spikes times their synapses.
        messages: between cores, one for each list that a spike goes to, those to itself included.
        from_host: messages of inputs, whose ways to the cores are not known.
        within_tile: messages whose cores share a tile.
        hops_east_west, hops_north_south: of messages between tiles of a chip, along rows first.
        between_chips: messages to other chips, whose hops are not known.
        updates: of synapses by learning, see `update_steps`.
        learns: whether any synapse learns.
        tiles, chips: that hold neurons; tiles are those of the chip that has most.
        loads: by core and step.
    """

    synaptic: Mapping[str, float]
    messages: float
    from_host: float
    within_tile: float
    hops_east_west: float
    hops_north_south: float
    between_chips: float
    updates: float
    learns: bool
    tiles: int
    chips: int
    loads: Loads

    def data(self) -> dict[str, float]:
        """Returns the counts per sample by name."""
        loads = self.loads
        return {
            "synaptic_operations": math.fsum(self.synaptic.values()),
            "synaptic_operations_dense": float(loads.dense.sum()),
            "synaptic_operations_sparse": float(loads.sparse.sum()),
            "neuron_updates_active": float(loads.active.sum()),
            "neuron_updates_inactive": float(loads.inactive.sum()),
            "spikes": float(loads.spikes.sum()),
            "messages": self.messages,
            "messages_from_host": self.from_host,
            "messages_within_tile": self.within_tile,
            "messages_between_chips": self.between_chips,
            "hops_east_west": self.hops_east_west,
            "hops_north_south": self.hops_north_south,
            "synaptic_updates": self.updates,
        }


def operations(
    circuit: Circuit,
    placement: Placement,
    activity: Activity,
    chip: Chip,
    is_dense: IsDense | None = None,
) -> Operations:
    """Counts what the chip does in a sample.

    A spike's messages and synaptic operations belong to the step in which it is sent: delays are
    waited for behind the synapse.

    Args:
        circuit: without real weights.
        placement: of all its neurons.
        activity: of its populations and inputs.
        chip: whose tiles the cores lie in.
        is_dense: whether the lists of a projection to a piece are dense; by default those of
            all-to-all projections are.

    Raises:
        SfcError: E0303, the circuit has real weights.
    """
    refuse_real_weights(circuit)
    return _Count(circuit, placement, activity, chip, is_dense or _by_pattern).result()


def update_steps(rule: Rule) -> int | None:
    """Returns for how many steps after a spike its neuron's synapses learn; None if in all steps.

    A synapse learns while some term can differ from zero, as far as the source's spikes and traces
    in it tell: x0 is of this step alone, a trace lasts until it has decayed to 0.
    """
    longest = 0
    for term in (*rule.dw, *rule.dt):
        factors = [factor for factor in term.factors if factor in PRE_VARIABLES]
        if not factors:
            return None
        longest = max(longest, min(_lasts(rule, factor) for factor in factors))
    return longest


def _lasts(rule: Rule, variable: str) -> int:
    """Returns the steps in which x0 or a trace is not 0 after one spike."""
    if variable == "x0":
        return 1
    trace = rule.trace(variable)
    kept = math.exp(-1 / trace.tau) if trace.tau else 0.0
    value, steps = trace.impulse, 0
    while value:
        value, steps = math.floor(value * kept), steps + 1
    return steps


def _by_pattern(projection: Projection, _: Piece) -> bool:
    return projection.pattern == "all_to_all"


def _is_restless(neuron: Neuron) -> bool:
    """Tells whether a neuron is updated without input: it has a bias, or keeps something.

    So does SANA-FE decide; Davies et al. do not say what an active neuron is.
    """
    return neuron.bias != 0 or neuron.decay_u < DECAY_LIMIT or neuron.decay_v < DECAY_LIMIT


class _Count:
    """Counts as it goes through the projections."""

    def __init__(
        self,
        circuit: Circuit,
        placement: Placement,
        activity: Activity,
        chip: Chip,
        is_dense: IsDense,
    ) -> None:
        self.circuit, self.activity, self.chip, self.is_dense = circuit, activity, chip, is_dense
        self.pieces = placement.of_population()
        self.cores = placement.cores
        self.columns = {
            name: np.searchsorted(self.cores, [piece.core for piece in pieces])
            for name, pieces in self.pieces.items()
        }
        shape = (activity.steps, len(self.cores))
        self.dense, self.sparse = np.zeros(shape), np.zeros(shape)
        self.sent, self.received = np.zeros(shape), np.zeros(shape)
        self.updated, self.plastic = np.zeros(shape), np.zeros(len(self.cores))
        self.driven: dict[str, Amounts] = {}
        self.synaptic: dict[str, float] = {}
        self.from_host = self.within_tile = self.between_chips = 0.0
        self.east_west = self.north_south = 0.0
        numbers = np.array(self.cores, np.int64)
        self.chip_of = numbers // chip.cores
        self.tile_of = numbers % chip.cores // chip.cores_per_tile
        columns, _ = chip.mesh
        self.x, self.y = self.tile_of % columns, self.tile_of // columns
        self.learns = any(circuit.learns(p) for p in circuit.projections.values())

    def result(self) -> Operations:
        for projection in self.circuit.projections.values():
            self._add(projection)
        by_chip = [len(set(self.tile_of[self.chip_of == c])) for c in set(self.chip_of)]
        active, inactive, spikes = self._neurons()
        return Operations(
            self.synaptic,
            float(self.sent.sum()),
            self.from_host,
            self.within_tile,
            self.east_west,
            self.north_south,
            self.between_chips,
            float(self.updated.sum()),
            self.learns,
            max(by_chip, default=0),
            len(by_chip),
            Loads(
                self.cores,
                self.dense,
                self.sparse,
                active,
                inactive,
                spikes,
                self.sent,
                self.received,
                self.updated,
                self.plastic,
            ),
        )

    def _add(self, projection: Projection) -> None:
        circuit = self.circuit
        size, targets = circuit.size(projection.source), self.pieces[projection.target]
        sources = self.pieces.get(projection.source, ())
        spikes = self._sent(projection)
        rate = spikes / size
        shares = np.zeros(len(targets))
        lists_to, from_cores = np.zeros(len(self.cores)), np.zeros(len(self.cores))
        into = self.columns[projection.target]
        for part in flows(circuit, projection, sources, targets):
            np.add.at(shares, part.targets, part.synapses)
            np.add.at(lists_to, into[part.targets], part.lists)
            if sources:
                out_of = self.columns[projection.source][part.sources]
                np.add.at(from_cores, out_of, part.lists)
                self._route(out_of, into[part.targets], part, float(rate.sum()))
        when = np.flatnonzero(rate)
        self.received[when] += np.outer(rate[when], lists_to)
        self.sent[when] += np.outer(rate[when], from_cores)
        if not sources:
            self.from_host += float(rate.sum() * lists_to.sum())
        self.synaptic[projection.name] = float(rate.sum() * shares.sum())
        dense = np.array([self.is_dense(projection, piece) for piece in targets], bool)
        for chosen, loads in ((dense, self.dense), (~dense, self.sparse)):
            by_core = np.bincount(into, np.where(chosen, shares, 0), len(self.cores))
            loads[when] += np.outer(rate[when], by_core)
        self._drive(projection, rate, shares)
        if circuit.learns(projection):
            by_core = np.bincount(into, shares, len(self.cores))
            self.plastic += by_core
            self.updated += np.outer(self._learning(projection, spikes) / size, by_core)

    def _sent(self, projection: Projection) -> Amounts:
        """Returns the spikes by step that may go over a projection: an input's as presented."""
        spikes = self.activity.spikes[projection.source]
        schedule = self.circuit.schedule
        if projection.source not in self.circuit.inputs or not schedule.chains:
            return spikes
        at = {(p.chain, p.phase): p for p in presents(self.circuit, projection.source)}
        steps = {place: sending_step(self.circuit, present) for place, present in at.items()}
        own = [place for place, p in at.items() if projection.name in p.projections]
        if None in steps.values():
            return spikes * len(own) / len(at) if self.activity.samples else spikes
        sending = {steps[place] for place in own}
        return np.where([step in sending for step in range(len(spikes))], spikes, 0)

    def _route(
        self, out_of: NDArray[np.intp], into: NDArray[np.intp], part: Flows, rate: float
    ) -> None:
        """Adds the ways of messages: along the row of tiles first, then along the column."""
        messages = rate * part.lists
        same_chip = self.chip_of[out_of] == self.chip_of[into]
        same_tile = same_chip & (self.tile_of[out_of] == self.tile_of[into])
        self.within_tile += float(messages[same_tile].sum())
        self.between_chips += float(messages[~same_chip].sum())
        along_row = np.abs(self.x[out_of] - self.x[into])
        along_column = np.abs(self.y[out_of] - self.y[into])
        self.east_west += float((messages * along_row)[same_chip].sum())
        self.north_south += float((messages * along_column)[same_chip].sum())

    def _drive(self, projection: Projection, rate: Amounts, shares: Amounts) -> None:
        """Adds the fraction of each piece's neurons at which spikes arrive, at most."""
        targets = self.pieces[projection.target]
        if _is_restless(self.circuit.populations[projection.target].neuron) or not shares.any():
            return
        covered = reached(self.circuit, projection, targets)
        sizes = np.array([piece.size for piece in targets])
        when = np.flatnonzero(rate)
        events = np.outer(rate[when], shares / np.maximum(covered, 1))
        if projection.target not in self.driven:
            self.driven[projection.target] = np.zeros((len(rate), len(targets)))
        then = (when + 1 + projection.delay) % len(rate)
        self.driven[projection.target][then] += np.minimum(events, 1) * covered / sizes

    def _learning(self, projection: Projection, spikes: Amounts) -> Amounts:
        """Returns by step the source neurons whose synapses are updated."""
        rule = self.circuit.rule_of(projection)
        assert rule is not None
        size = self.circuit.size(projection.source)
        lasting = update_steps(rule)
        if lasting is None:
            return np.full(len(spikes), float(size))
        whole, rest = divmod(lasting, len(spikes))
        total = np.full(len(spikes), whole * spikes.sum())
        for ago in range(rest):
            total += np.roll(spikes, ago)
        return np.minimum(total, size)

    def _neurons(self) -> tuple[Amounts, Amounts, Amounts]:
        """Returns active and inactive neuron updates and spikes, each (steps, cores)."""
        active, spikes = np.zeros_like(self.sent), np.zeros_like(self.sent)
        every, restless = np.zeros(len(self.cores)), np.zeros(len(self.cores))
        for name, pieces in self.pieces.items():
            population, places = self.circuit.populations[name], self.columns[name]
            sizes = np.array([piece.size for piece in pieces])
            np.add.at(every, places, sizes)
            if _is_restless(population.neuron):
                np.add.at(restless, places, sizes)
            elif (driven := self.driven.get(name)) is not None:
                self._add_pieces(active, places, np.minimum(driven, 1) * sizes)
            fired = np.outer(self.activity.spikes[name], sizes / population.size)
            self._add_pieces(spikes, places, fired)
        active += restless
        return active, every - active, spikes

    @staticmethod
    def _add_pieces(loads: Amounts, places: NDArray[np.intp], values: Amounts) -> None:
        """Adds values of pieces, (steps, pieces), to those of their cores."""
        when = np.flatnonzero(values.any(axis=1))
        np.add.at(loads, (when[:, None], places), values[when])
