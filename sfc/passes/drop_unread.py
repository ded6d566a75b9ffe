"""The pass drop-unread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from sfc.diagnostics import Reporter
from sfc.ir.circuit import Circuit, Projection, Tie, by_name
from sfc.passes.base import Preserves
from sfc.passes.editing import carriers, incoming, named_populations, without_populations


@dataclass(frozen=True, slots=True)
class DropUnread:
    """Drops populations, projections and chains that influence nothing that is read.

    Read are populations that a probe, a readout or an assertion names, the weights of plastic
    projections that learn (hence the spikes at both their ends, and rewards that their rules see),
    the phases of the chain that makes the frames, and phases that a probe, a readout or an
    assertion names. What influences these stays, with all of a chain if one of its relays does.
    A plastic matrix whose weights never change goes with its last projection. Inputs stay, and can
    be presented, though they may go nowhere.

    A circuit without a probe and a readout does not say what is read, and one that asserts
    no_overflow speaks of all its neurons: nothing is dropped from these.

    It is exact: no spike leads from what goes to what stays. Overflows of what goes are not
    reported any more, and a run whose chain stops finds this out after fewer steps, since its
    patience grows with the number of relays.
    """

    name: ClassVar[str] = "drop-unread"
    summary: ClassVar[str] = "what influences no probe, readout, assertion or learning goes"
    preserves: ClassVar[Preserves] = "states"

    def run(self, circuit: Circuit, reporter: Reporter) -> Circuit:
        """Returns the circuit without what is not read."""
        schedule = circuit.schedule
        if not (schedule.probes or schedule.readouts):
            return circuit
        if any(prop.kind == "no_overflow" for prop in circuit.properties):
            return circuit
        read = _Reading(circuit)
        unread = set(circuit.populations) - read.populations
        if not unread:
            return circuit
        smaller = without_populations(circuit, unread)
        schedule = smaller.schedule
        unused = _tied(circuit) - _tied(smaller)
        return replace(
            smaller,
            matrices=by_name(m for m in circuit.matrices.values() if m.name not in unused),
            schedule=replace(
                schedule,
                chains=tuple(c for c in schedule.chains if c.name in read.chains),
                presents=tuple(p for p in schedule.presents if p.chain in read.chains),
                rewards=tuple(r for r in schedule.rewards if r.chain in read.chains),
            ),
        )


class _Reading:
    """What is read, and what influences it.

    Attributes:
        populations, chains: their names.
    """

    def __init__(self, circuit: Circuit) -> None:
        """Goes back from what is read along the projections."""
        self.circuit = circuit
        self.populations: set[str] = set()
        self.chains: set[str] = set()
        self._waiting: list[str] = []
        self._carried = carriers(circuit)
        self._chains_of = _chains_of(circuit)
        self._relays = {chain.name: chain.relays for chain in circuit.schedule.chains}
        self._read_what_is_named()
        asserted = {m for prop in circuit.properties if prop.kind == "tied" for m in prop.subjects}
        for projection in circuit.projections.values():
            tie = projection.weight
            if isinstance(tie, Tie) and (tie.matrix in asserted or circuit.learns(projection)):
                self._follow(projection)
                self._read_population(projection.target)
        onto = incoming(circuit)
        while self._waiting:
            for projection in onto[self._waiting.pop()]:
                self._follow(projection)

    def _read_what_is_named(self) -> None:
        circuit, schedule = self.circuit, self.circuit.schedule
        for name in named_populations(circuit):
            self._read_population(name)
        chains = {schedule.clock.name} if schedule.clock else set()
        chains |= {probe.chain for probe in schedule.probes if probe.phases}
        chains |= {readout.chain for readout in schedule.readouts}
        chains |= {prop.chain for prop in circuit.properties if prop.phases}
        if any(_sees_reward(circuit, p) for p in circuit.projections.values()):
            chains |= {reward.chain for reward in schedule.rewards}
        for name in chains:
            self._read_chain(name)

    def _follow(self, projection: Projection) -> None:
        """Reads where a projection comes from."""
        if projection.source in self.circuit.populations:
            self._read_population(projection.source)
        for chain, _ in self._carried.get(projection.name, ()):
            self._read_chain(chain)

    def _read_population(self, name: str) -> None:
        if name in self.populations:
            return
        self.populations.add(name)
        self._waiting.append(name)
        for chain in self._chains_of.get(name, ()):
            self._read_chain(chain)

    def _read_chain(self, name: str) -> None:
        if name in self.chains:
            return
        self.chains.add(name)
        for relay in self._relays[name]:
            self._read_population(relay)


def _chains_of(circuit: Circuit) -> Mapping[str, list[str]]:
    """Returns the chains of every relay."""
    found: dict[str, list[str]] = defaultdict(list)
    for chain in circuit.schedule.chains:
        for relay in chain.relays:
            found[relay].append(chain.name)
    return found


def _tied(circuit: Circuit) -> set[str]:
    """Returns the matrices that projections are tied to."""
    weights = (projection.weight for projection in circuit.projections.values())
    return {weight.matrix for weight in weights if isinstance(weight, Tie)}


def _sees_reward(circuit: Circuit, projection: Projection) -> bool:
    """Tells whether reward changes a projection's weights."""
    rule = circuit.rule_of(projection)
    if rule is None or not rule.dw:
        return False
    factors = {factor for term in (*rule.dw, *rule.dt) for factor in term.factors}
    return not factors.isdisjoint({"r0", "r1"})
