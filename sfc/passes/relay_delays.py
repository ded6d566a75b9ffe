"""The pass relay-delays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import ClassVar

from sfc.diagnostics import Reporter, fail
from sfc.ir.circuit import (
    Circuit,
    Neuron,
    Origin,
    Population,
    Projection,
    Weight,
    by_name,
)
from sfc.ir.integers import DELAY_LIMIT
from sfc.ir.limits import NEURON_LIMIT
from sfc.ir.schedule import Chain
from sfc.passes.base import Preserves

_HOP = Neuron(threshold=64)
_FIRING = Weight(128, 0)
_ORIGIN = Origin("delay")

_Sender = tuple[str, tuple[int, ...]]
"""A source, and the places of the presents that send it if it is an input."""


@dataclass(frozen=True, slots=True)
class RelayDelays:
    """Replaces delays that a target does not hold by populations that pass spikes on.

    A delay d is a row of hops of `longest` + 1 steps each, and what remains of it: a population of
    as many neurons as the source, one to one, which one spike makes fire at once and only once,
    since nothing is kept from step to step. All projections of a source share its hops.

    It is exact where a source sends at most one spike in a step, as all do but two, which are
    errors (E0901): an input that several presents send over the projection, and the first relay of
    a chain that the host kicks in every frame and that also fires by itself. A plastic projection
    can be moved behind the hops only if its weights never change: its rule would see a spike
    later, and the spike would read later weights. Others are errors too.

    Attributes:
        longest: the longest delay that remains, 0..62.
    """

    name: ClassVar[str] = "relay-delays"
    summary: ClassVar[str] = "delays longer than `longest` go over populations that pass spikes on"
    preserves: ClassVar[Preserves] = "states"

    longest: int = DELAY_LIMIT

    def __post_init__(self) -> None:
        if not 0 <= self.longest <= DELAY_LIMIT:
            fail("E0302", f"`longest` of relay-delays is 0 to {DELAY_LIMIT}, found {self.longest}")

    def run(self, circuit: Circuit, reporter: Reporter) -> Circuit:
        """Returns the circuit without longer delays."""
        long = [p for p in circuit.projections.values() if p.delay > self.longest]
        if not long:
            return circuit
        obstacles = _obstacles(circuit, long)
        for projection in long:
            if projection.name in obstacles:
                reason = obstacles[projection.name]
                message = f"`{projection.name}` has a delay of {projection.delay}, {reason}"
                help = f"make it at most {self.longest}, the longest delay that is to remain"
                reporter.error("E0901", message, projection.span, help=help)
        if obstacles:
            return circuit
        relaying = _Relaying(circuit, self.longest)
        for projection in long:
            relaying.move(projection)
        return relaying.finish()


def _obstacles(circuit: Circuit, long: Iterable[Projection]) -> Mapping[str, str]:
    """Returns why delays cannot be relayed exactly, by projection, of those that cannot."""
    senders = _senders(circuit)
    driven = {projection.target for projection in circuit.projections.values()}
    kicked = {
        chain.relays[0]
        for chain in circuit.schedule.chains
        if not chain.ring and not chain.started_by
    }
    found = {}
    for projection in long:
        source = circuit.populations.get(projection.source)
        if circuit.learns(projection):
            found[projection.name] = "and learns: its rule would see spikes later"
        elif len(senders.get(projection.name, ())) > 1:
            found[projection.name] = "and its input is presented over it more than once"
        elif source is not None and source.name in kicked:
            neuron = source.neuron
            if source.name in driven or neuron.bias > neuron.threshold:
                found[projection.name] = "and its source may be kicked while it fires by itself"
    return found


def _senders(circuit: Circuit) -> Mapping[str, tuple[int, ...]]:
    """Returns the places of the presents that send an input over each projection."""
    found: dict[str, tuple[int, ...]] = {}
    for place, present in enumerate(circuit.schedule.presents):
        for name in dict.fromkeys(present.projections):
            found[name] = (*found.get(name, ()), place)
    return found


class _Relaying:
    """A circuit while its delays are relayed.

    Attributes:
        populations, projections: of the circuit so far, by name.
        rows: the hops of a source; an input has a row for each present that sends it.
        entries: the projections onto the first hops of the rows.
        moved, entered: by a projection that was moved, the hop from which it starts now, and the
            projection onto the first hop of its row.
    """

    def __init__(self, circuit: Circuit, longest: int) -> None:
        """Stands before the first delay."""
        self.circuit = circuit
        self.longest = longest
        self.senders = _senders(circuit)
        self.neurons = sum(population.size for population in circuit.populations.values())
        self.populations = dict(circuit.populations)
        self.projections = dict(circuit.projections)
        self.rows: dict[_Sender, list[str]] = {}
        self.entries: dict[_Sender, str] = {}
        self.moved: dict[str, str] = {}
        self.entered: dict[str, str] = {}

    def move(self, projection: Projection) -> None:
        """Makes a projection start from the hop that leaves it the least delay."""
        number, rest = divmod(projection.delay, self.longest + 1)
        key = (projection.source, self.senders.get(projection.name, ()))
        row = self.rows.setdefault(key, [])
        while len(row) < number:
            self._add_hop(key, row)
        self.projections[projection.name] = replace(projection, source=row[number - 1], delay=rest)
        self.moved[projection.name] = row[number - 1]
        self.entered[projection.name] = self.entries[key]

    def _add_hop(self, key: _Sender, row: list[str]) -> None:
        source = self.circuit.populations.get(key[0]) or self.circuit.inputs[key[0]]
        before = row[-1] if row else source.name
        name = _fresh(f"{source.name}.delay[{len(row)}]", self.populations, self.circuit.inputs)
        self.populations[name] = Population(name, source.shape, _HOP, _ORIGIN, "", source.span)
        self.neurons += source.size
        if self.neurons > NEURON_LIMIT:
            fail("E0306", f"the delays take more than {NEURON_LIMIT:,} neurons to relay")
        path = _fresh(f"{before} -> {name}", self.projections)
        self.projections[path] = Projection(
            *(path, before, name, "one_to_one", _FIRING, self.longest),
            origin=_ORIGIN,
            span=source.span,
        )
        row.append(name)
        self.entries.setdefault(key, path)

    def finish(self) -> Circuit:
        """Returns the circuit, whose schedule names what carries inputs and starts chains now."""
        schedule = self.circuit.schedule
        presents = tuple(
            replace(
                present,
                projections=tuple(
                    dict.fromkeys(self.entered.get(name, name) for name in present.projections)
                ),
            )
            for present in schedule.presents
        )
        starts: dict[str, list[str]] = defaultdict(list)
        for name in self.moved:
            before = self.circuit.projections[name]
            if before.origin is not None and before.origin.kind == "start":
                starts[before.target].append(name)
        chains = tuple(self._started(chain, starts[chain.relays[0]]) for chain in schedule.chains)
        return replace(
            self.circuit,
            populations=by_name(self.populations.values()),
            projections=by_name(self.projections.values()),
            schedule=replace(schedule, chains=chains, presents=presents),
        )

    def _started(self, chain: Chain, moved: Iterable[str]) -> Chain:
        """Returns a chain that is started by hops, given its starts that were moved."""
        starters = list(chain.started_by)
        for name in moved:
            starters[starters.index(self.circuit.projections[name].source)] = self.moved[name]
        return replace(chain, started_by=tuple(starters))


def _fresh(name: str, *tables: Container[str]) -> str:
    """Returns a name that is in none of the tables, numbered if it must be."""
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(n for n in names if not any(n in table for table in tables))
