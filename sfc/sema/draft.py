"""The circuit while it is being elaborated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sfc.diagnostics import Label, Reporter
from sfc.ir.circuit import Circuit, Input, Matrix, Parameter, Population, Projection, by_name
from sfc.ir.constraints import Constraint
from sfc.ir.limits import PROJECTION_LIMIT, SYNAPSE_TABLE_LIMIT
from sfc.ir.rules import Rule
from sfc.ir.schedule import Chain, Present, Probe, Property, Readout, Reward, Schedule
from sfc.sema.models import Model
from sfc.sema.nodes import part_text
from sfc.span import Span


@dataclass(frozen=True, slots=True)
class Gating:
    """What a phase does to the neurons from `low` to `high`: "opened" or "closed", and where."""

    low: int
    high: int
    verb: str
    span: Span


@dataclass(slots=True)
class Draft:
    """What has been elaborated so far.

    Attributes:
        models: of every population, for the conventions that its gates and spikes need.
        projections: a name is a label, or empty until `finish`.
        presents: each with the places in `projections` of those that carry it.
        injections: place of the projection by which an input is presented to a population, each
            with its slice in its name.
        outgoing: places in `projections` of those that the file declares from an input.
        carried: places in `projections` that carry an input in a (chain, phase).
        listed_synapses: number of synapses whose projections have a pattern.
        gating: what each (chain, phase, population) is made to do, by ascending neurons.
        constraints: each with labels at where the instances were made that it belongs to.
        placed: where a statement puts a population on cores.
    """

    reporter: Reporter
    parameters: dict[str, Parameter] = field(default_factory=dict)
    populations: dict[str, Population] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    inputs: list[Input] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    matrices: list[Matrix] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)
    injections: dict[tuple[str, str], int] = field(default_factory=dict)
    outgoing: dict[str, list[int]] = field(default_factory=dict)
    chains: dict[str, Chain] = field(default_factory=dict)
    presents: list[tuple[Present, list[int]]] = field(default_factory=list)
    rewards: dict[tuple[str, int], Reward] = field(default_factory=dict)
    probes: list[Probe] = field(default_factory=list)
    readouts: list[Readout] = field(default_factory=list)
    properties: list[Property] = field(default_factory=list)
    listed_synapses: int = 0
    carried: set[tuple[str, int, int]] = field(default_factory=set)
    gating: dict[tuple[str, int, str], list[Gating]] = field(default_factory=dict)
    constraints: list[tuple[Constraint, tuple[Label, ...]]] = field(default_factory=list)
    placed: dict[str, Span] = field(default_factory=dict)

    def sort(self, order: Iterable[str]) -> None:
        """Puts everything that was declared into an order of names; what it lacks comes first."""
        place = {name: number for number, name in enumerate(order)}

        def key(name: str) -> int:
            chain = name[: name.rindex("[")] if name.endswith("]") else name
            return place.get(name, place.get(chain, -1))

        self.populations = dict(sorted(self.populations.items(), key=lambda item: key(item[0])))
        self.chains = dict(sorted(self.chains.items(), key=lambda item: key(item[0])))
        for things in (self.inputs, self.rules, self.matrices):
            things.sort(key=lambda thing: key(thing.name))

    def add(self, projection: Projection) -> None:
        """Adds a projection; raises `SfcError` if it is one too many."""
        if len(self.projections) >= PROJECTION_LIMIT:
            message = f"the circuit has more than {PROJECTION_LIMIT:,} projections"
            self.reporter.error("E0306", message, projection.span)
            self.reporter.fail_on_errors()
        self.projections.append(projection)

    def count_synapses(self, count: int, span: Span) -> None:
        """Counts synapses that are kept one by one; raises `SfcError` if there are too many."""
        self.listed_synapses += count
        if self.listed_synapses > SYNAPSE_TABLE_LIMIT:
            message = (
                f"the projections with a pattern have {self.listed_synapses:,} synapses together; "
                f"at most {SYNAPSE_TABLE_LIMIT:,} are possible"
            )
            help = "use all_to_all, one_to_one or fewer synapses"
            self.reporter.error("E0306", message, span, help=help)
            self.reporter.fail_on_errors()

    def finish(self, name: str, doc: str) -> Circuit:
        """Names the projections and returns the circuit."""
        names = self._projection_names()
        projections = [replace(p, name=n) for p, n in zip(self.projections, names, strict=True)]
        presents = tuple(
            replace(present, projections=tuple(names[place] for place in places))
            for present, places in self.presents
        )
        return Circuit(
            name,
            MappingProxyType(dict(self.parameters)),
            MappingProxyType(dict(self.populations)),
            by_name(self.inputs),
            by_name(self.rules),
            by_name(self.matrices),
            by_name(projections),
            Schedule(
                tuple(self.chains.values()),
                presents,
                tuple(self.rewards.values()),
                tuple(self.probes),
                tuple(self.readouts),
            ),
            tuple(self.properties),
            doc,
            constraints=tuple(constraint for constraint, _ in self.constraints),
        )

    def _projection_names(self) -> list[str]:
        """Returns labels, ``source -> target``, or that with a number where several are alike."""
        plain = [
            p.name
            or f"{p.source}{part_text(p.source_part)} -> {p.target}{part_text(p.target_part)}"
            for p in self.projections
        ]
        totals, seen = Counter(plain), Counter[str]()
        names = []
        for name in plain:
            seen[name] += 1
            names.append(name if totals[name] == 1 else f"{name} #{seen[name]}")
        return names
