"""The pass merge-twins."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from sfc.diagnostics import Reporter
from sfc.ir.circuit import Circuit, Projection
from sfc.ir.groups import Groups, in_order
from sfc.ir.schedule import Chain, Schedule
from sfc.passes.base import Preserves
from sfc.passes.editing import named_populations, with_others, with_projections
from sfc.passes.twins import twin_classes


@dataclass(frozen=True, slots=True)
class MergeTwins:
    """Merges populations that are proved to fire together.

    Twins have the same neurons and are driven alike, by the same populations or by twins of each
    other; how they are found, and why they fire together, says `sfc.passes.twins`. One of them
    stays and takes over what the others project to. A population that a probe, a readout or an
    assertion names stays, and so does one with plastic synapses onto it.

    A relay stays as long as its chain does. A chain goes whose relays are all twins of the first
    relays of another chain, from its start on, if nothing names them: what is to happen in its
    phases then happens in those of the other chain, which come in the same steps. Of rings both
    must be equally long.

    What is asked of the placement of a population that goes is asked of its twin. So twins stay
    that are to be apart or on different cores, by themselves or by what they are together with.

    It is exact: a spike of a population that goes is one of its twin, in the same step, and so are
    the traces that rules see.
    """

    name: ClassVar[str] = "merge-twins"
    summary: ClassVar[str] = "populations that provably fire together become one; chains, too"
    preserves: ClassVar[Preserves] = "states"

    def run(self, circuit: Circuit, reporter: Reporter) -> Circuit:
        """Returns the circuit without twins."""
        classes = twin_classes(circuit)
        if len(set(classes.values())) == len(classes):
            return circuit
        named = named_populations(circuit)
        merging = _Merging(circuit, classes)
        chains = merging.chains(named)
        relays = {r for c in circuit.schedule.chains if c.name not in chains for r in c.relays}
        gone = merging.populations(named | relays)
        if not gone:
            return circuit
        moved = (
            _moved(projection, gone, chains)
            for projection in circuit.projections.values()
            if projection.target not in gone
        )
        schedule = _renamed(circuit.schedule, gone, chains)
        properties = tuple(
            replace(prop, chain=chains.get(prop.chain, prop.chain)) for prop in circuit.properties
        )
        changed = replace(circuit, schedule=schedule, properties=properties)
        return with_projections(with_others(changed, gone), moved)


class _Merging:
    """Finds out what merges.

    Attributes:
        classes: of all populations; twins have the same.
        groups: of populations that share cores, those that merge among them.
        gone: for each population that goes its twin that stays.
    """

    def __init__(self, circuit: Circuit, classes: Mapping[str, int]) -> None:
        """Stands before the first twins."""
        self.circuit = circuit
        self.classes = classes
        self.gone: dict[str, str] = {}
        self.groups = Groups(circuit.size)
        for constraint in in_order(circuit.constraints):
            self.groups.add(constraint)
        self._asked = {name for c in circuit.constraints for name in c.populations}

    def chains(self, named: set[str]) -> Mapping[str, str]:
        """Returns for each chain that goes the chain that stands for it; its relays go, too.

        The longest is looked at first, and of equals the earlier, so that the one that makes the
        frames always stays.
        """
        chains = self.circuit.schedule.chains
        uses = Counter(relay for chain in chains for relay in chain.relays)
        staying: dict[int, list[Chain]] = defaultdict(list)
        found: dict[str, str] = {}
        for chain in sorted(chains, key=lambda chain: -len(chain.relays)):
            is_free = all(uses[relay] == 1 and relay not in named for relay in chain.relays)
            alike = staying[self.classes[chain.relays[0]]]
            twin = next((c for c in alike if is_free and self._join_chain(chain, c)), None)
            if twin is None:
                alike.append(chain)
            else:
                found[chain.name] = twin.name
        return found

    def _join_chain(self, chain: Chain, other: Chain) -> bool:
        """Merges the relays of a chain with those of another, if that may be of all of them."""
        if not _is_prefix(chain, other, self.classes):
            return False
        groups = self.groups
        if not self._asked.isdisjoint(chain.relays):
            groups = groups.copy()
        pairs = list(zip(chain.relays, other.relays, strict=False))
        if any(groups.join(relay, twin) is not None for relay, twin in pairs):
            return False
        self.groups = groups
        self.gone.update(pairs)
        return True

    def populations(self, fixed: set[str]) -> Mapping[str, str]:
        """Returns for each population that goes its twin that stays; those that are fixed stay."""
        staying: dict[int, list[str]] = defaultdict(list)
        left = (name for name in self.classes if name not in self.gone)
        for name in sorted(left, key=lambda name: name not in fixed):
            alike = staying[self.classes[name]]
            twin = None
            if name not in fixed:
                twin = next((t for t in alike if self.groups.join(name, t) is None), None)
            if twin is None:
                alike.append(name)
            else:
                self.gone[name] = twin
        return self.gone


def _is_prefix(chain: Chain, other: Chain, classes: Mapping[str, int]) -> bool:
    """Tells whether each phase of a chain comes in the steps in which it comes in another."""
    if chain.ring != other.ring or (chain.ring and len(chain.relays) != len(other.relays)):
        return False
    pairs = zip(chain.relays, other.relays, strict=False)
    return all(classes[one] == classes[two] for one, two in pairs)


def _moved(
    projection: Projection, gone: Mapping[str, str], chains: Mapping[str, str]
) -> Projection:
    """Returns a projection whose source and purpose are among what stays."""
    origin = projection.origin
    if origin is not None and origin.chain in chains:
        origin = replace(origin, chain=chains[origin.chain])
    if projection.source not in gone and origin is projection.origin:
        return projection
    return replace(projection, source=gone.get(projection.source, projection.source), origin=origin)


def _renamed(schedule: Schedule, gone: Mapping[str, str], chains: Mapping[str, str]) -> Schedule:
    """Returns a schedule that names what stays."""

    def chain_of(name: str) -> str:
        return chains.get(name, name)

    def starters(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(gone.get(name, name) for name in names)

    return replace(
        schedule,
        chains=tuple(
            replace(chain, started_by=starters(chain.started_by))
            for chain in schedule.chains
            if chain.name not in chains
        ),
        presents=tuple(replace(p, chain=chain_of(p.chain)) for p in schedule.presents),
        rewards=tuple(replace(r, chain=chain_of(r.chain)) for r in schedule.rewards),
        probes=tuple(replace(p, chain=chain_of(p.chain)) for p in schedule.probes),
    )
