"""The circuit IR: what every pass, simulator, placer and target sees.

Populations, inputs, matrices, rules and projections are named objects of one flat namespace a
kind. Relays of chains and the synapses of gates are ordinary populations and projections whose
`origin` tells what they were made for. All weights, thresholds and biases are in weight units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import prod
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from sfc.ir.constraints import Constraint
from sfc.ir.integers import DECAY_LIMIT
from sfc.ir.patterns import Convolution, Part, RealTable, Sparse, Table, Toeplitz, size_of
from sfc.ir.rules import Rule
from sfc.ir.schedule import Property, Schedule
from sfc.span import Span

Pattern = Literal["one_to_one", "all_to_all"] | Sparse | Convolution | Toeplitz | Table | RealTable
OriginKind = Literal["relay", "link", "start", "open", "close", "present", "gate", "delay"]

Parameter = float | tuple[float, ...]
"""The value of a circuit's parameter."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Why a relay, a relay's synapse or a gate exists.

    Attributes:
        kind: relay (of a chain), link (between relays), start (of a chain by a population), open,
            close, present (an input's synapses), gate (between populations), delay (what passes
            spikes on in place of a longer delay).
        chain, phase: which relay or phase; empty and -1 for gates between populations and delays.
        level: the input above which an opened neuron fires, in weight units; None if not a gate
            that opens.
    """

    kind: OriginKind
    chain: str = ""
    phase: int = -1
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Neuron:
    """Integer parameters of a current-based leaky integrate-and-fire neuron.

    Attributes:
        threshold: fires above it, weight units, 0..131071.
        bias: added in every step, weight units, -8192..8190.
        refractory: r >= 1 keeps the neuron silent for r - 1 steps after a spike; 0 likewise none.
        decay_u, decay_v: of current and membrane, in 1/4096 per step; 4096 keeps nothing.
    """

    threshold: int
    bias: int = 0
    refractory: int = 0
    decay_u: int = DECAY_LIMIT
    decay_v: int = DECAY_LIMIT


@dataclass(frozen=True, slots=True)
class Population:
    """Neurons with common parameters."""

    name: str
    shape: tuple[int, ...]
    neuron: Neuron
    origin: Origin | None = None
    doc: str = ""
    span: Span | None = None

    @property
    def size(self) -> int:
        """Number of neurons."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Input:
    """Spike generators that the host drives: a bit per neuron and sample.

    Attributes:
        at_least, at_most: how many of them are on in a sample, 0..size; None where all can be.
            What is concluded from the circuit may rest on it; nothing makes a run keep to it.
    """

    name: str
    shape: tuple[int, ...]
    at_least: int = 0
    at_most: int | None = None
    doc: str = ""
    span: Span | None = None

    @property
    def size(self) -> int:
        """Number of generators."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Weight:
    """A constant weight, mantissa times 2^exponent."""

    mantissa: int
    exponent: int

    @property
    def value(self) -> float:
        """In weight units; integral for exponents from 0."""
        return float(self.mantissa * 2.0**self.exponent)

    def __str__(self) -> str:
        return f"{self.value:g}"


@dataclass(frozen=True, slots=True)
class Tie:
    """A projection's weights start as sign times the matrix (transposed), and learn on their own.

    Attributes:
        matrix: name of the matrix.
        sign: 1 or -1.
        transpose: whether rows and columns are exchanged.
    """

    matrix: str
    sign: int = 1
    transpose: bool = False

    def __str__(self) -> str:
        return f"{'-' if self.sign < 0 else ''}{self.matrix}{'.T' if self.transpose else ''}"


@dataclass(frozen=True, slots=True)
class Projection:
    """Synapses from every neuron of `source` to neurons of `target`.

    Attributes:
        name: unique; the label, or ``source -> target``, numbered where several are alike.
        weight: of every synapse; where the pattern has mantissas, it multiplies them.
        delay: 0..62; a spike at step t arrives at t + 1 + delay.
        source_part, target_part: the neurons that it joins, where not all.
    """

    name: str
    source: str
    target: str
    pattern: Pattern
    weight: Weight | Tie
    delay: int = 0
    source_part: Part | None = None
    target_part: Part | None = None
    origin: Origin | None = None
    doc: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Init:
    """How a matrix gets its first weights: a method's name and its arguments.

    See `sfc.sim.initial` for the methods.
    """

    method: str = "zeros"
    arguments: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Matrix:
    """A named plastic matrix, (rows, columns), that one or more projections are tied to."""

    name: str
    shape: tuple[int, int]
    rule: str
    init: Init = Init()
    doc: str = ""
    span: Span | None = None


Named = TypeVar("Named", Population, Input, Matrix, Rule, Projection)


def by_name(objects: Iterable[Named]) -> Mapping[str, Named]:
    """Returns a read-only mapping from names to objects, in the given order."""
    return MappingProxyType({thing.name: thing for thing in objects})


@dataclass(frozen=True, slots=True, repr=False)
class Circuit:
    """A whole circuit.

    Attributes:
        name: of the circuit file, without its suffix.
        parameters: the values that the circuit was elaborated with.
        populations, inputs, matrices, rules, projections: by name, in order of declaration.
        shared: groups of plastic projections, by name, whose weights stay equal as long as nobody
            sets those of one alone: an engine or a target may hold them once.
        constraints: what the author asks of the placement on cores.
    """

    name: str
    parameters: Mapping[str, Parameter] = field(default_factory=lambda: MappingProxyType({}))
    populations: Mapping[str, Population] = field(default_factory=lambda: MappingProxyType({}))
    inputs: Mapping[str, Input] = field(default_factory=lambda: MappingProxyType({}))
    rules: Mapping[str, Rule] = field(default_factory=lambda: MappingProxyType({}))
    matrices: Mapping[str, Matrix] = field(default_factory=lambda: MappingProxyType({}))
    projections: Mapping[str, Projection] = field(default_factory=lambda: MappingProxyType({}))
    schedule: Schedule = field(default_factory=Schedule)
    properties: tuple[Property, ...] = ()
    doc: str = ""
    shared: tuple[tuple[str, ...], ...] = ()
    constraints: tuple[Constraint, ...] = ()

    def __reduce__(self) -> tuple[Callable[[Any], Circuit], tuple[dict[str, Any]]]:
        from sfc.ir.record import from_record, to_record

        return from_record, (to_record(self),)

    def __repr__(self) -> str:
        counts = f"{len(self.populations)} populations, {len(self.projections)} projections"
        return f"<Circuit {self.name}: {counts}>"

    def size(self, name: str) -> int:
        """Returns the number of neurons of a population or generators of an input."""
        return (self.populations.get(name) or self.inputs[name]).size

    def ends(self, projection: Projection) -> tuple[Population | Input, Population]:
        """Returns the source and the target of a projection."""
        source = self.populations.get(projection.source) or self.inputs[projection.source]
        return source, self.populations[projection.target]

    def synapse_shape(self, projection: Projection) -> tuple[int, int]:
        """Returns (neurons of the source, neurons of the target) that a projection joins."""
        source, target = self.ends(projection)
        rows = size_of(source.shape, projection.source_part)
        return rows, size_of(target.shape, projection.target_part)

    def synapse_count(self, projection: Projection) -> int:
        """Returns how many synapses a projection has on the chip."""
        rows, columns = self.synapse_shape(projection)
        if projection.pattern == "one_to_one":
            return rows
        if projection.pattern == "all_to_all":
            return rows * columns
        if isinstance(projection.pattern, RealTable):
            return projection.pattern.count
        from sfc.ir.synapses import synapses  # not before it is needed: NumPy takes a while to load

        return len(synapses(self, projection).sources)

    def rule_of(self, projection: Projection) -> Rule | None:
        """Returns the rule of a projection tied to a matrix, None for a constant weight."""
        tie = projection.weight
        return self.rules[self.matrices[tie.matrix].rule] if isinstance(tie, Tie) else None

    def real_projections(self) -> tuple[Projection, ...]:
        """Returns the projections whose weights are real numbers, not yet quantised."""
        projections = self.projections.values()
        return tuple(p for p in projections if isinstance(p.pattern, RealTable))

    def learns(self, projection: Projection) -> bool:
        """Tells whether any term of a rule changes a projection's weights."""
        rule = self.rule_of(projection)
        return rule is not None and bool(rule.dw)

    def tied(self, matrix: str) -> tuple[Projection, ...]:
        """Returns the projections that are tied to a matrix."""
        return tuple(
            projection
            for projection in self.projections.values()
            if isinstance(projection.weight, Tie) and projection.weight.matrix == matrix
        )

    def __str__(self) -> str:
        from sfc.ir.text import print_circuit

        return print_circuit(self)
