"""The syntax tree of a circuit file: what was written, nothing resolved or evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sfc.span import Source, Span


@dataclass(frozen=True, slots=True)
class Name:
    """An identifier."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Number:
    """A literal; an int where it was written without point and exponent."""

    value: int | float
    span: Span


@dataclass(frozen=True, slots=True)
class Boolean:
    """``true`` or ``false``."""

    value: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Text:
    """A text in quotes, without them."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Attribute:
    """``.name`` after a reference."""

    name: Name
    span: Span


@dataclass(frozen=True, slots=True)
class Index:
    """``[k]``, ``[a..b]`` or several of these, separated by commas, after a reference."""

    intervals: tuple[Interval, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Reference:
    """A name with what follows it: ``h``, ``W1.T``, ``g[3]``."""

    name: Name
    trailers: tuple[Attribute | Index, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x``, ``+x`` or ``not x``."""

    operator: str
    operand: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Operation:
    """A flat list of operands of one precedence, evaluated from left to right.

    Attributes:
        rest: each further operand with the operator before it.
    """

    first: Expression
    rest: tuple[tuple[str, Expression], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a call; the name is None where it is positional."""

    name: Name | None
    expression: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """``name(arguments)``."""

    name: Name
    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Array:
    """``[a, b, c..d]``."""

    items: tuple[Interval, ...]
    span: Span


Expression = Number | Boolean | Reference | Unary | Operation | Call | Array


@dataclass(frozen=True, slots=True)
class Interval:
    """``low`` or ``low..high``, both inclusive; high is None for a single expression."""

    low: Expression
    high: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class Bound:
    """``at least value`` or ``at most value`` after the declarator of an input.

    Attributes:
        kind: least or most.
    """

    kind: str
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Declarator:
    """A name with its extents, as in ``h[n_hid]``; no extents mean one neuron.

    Attributes:
        bounds: of an input.
    """

    name: Name
    extents: tuple[Expression, ...]
    span: Span
    bounds: tuple[Bound, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """``key = value;`` in a neuron model, population or rule."""

    key: Name
    value: Interval
    span: Span


@dataclass(frozen=True, slots=True)
class Param:
    """``param name = default;``."""

    name: Name
    default: Expression | None
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Const:
    """``const name = value;``."""

    name: Name
    value: Expression
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class NeuronModel:
    """``neuron name : base { settings }``."""

    name: Name
    base: Name | None
    settings: tuple[Setting, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class TraceDeclaration:
    """``trace variable impulse i tau t;`` in a rule."""

    variable: Name
    impulse: Expression
    tau: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class RuleDeclaration:
    """``rule name { dw = …; range = …; trace …; }``."""

    name: Name
    settings: tuple[Setting, ...]
    traces: tuple[TraceDeclaration, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class InputDeclaration:
    """``input a[n] at most m, b;``."""

    declarators: tuple[Declarator, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class ChainDeclaration:
    """``chain g[n] : Model ring started by a, b delay d;``."""

    declarator: Declarator
    model: Name
    ring: bool
    starters: tuple[Reference, ...]
    delay: Expression | None
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class PopulationDeclaration:
    """``population a[n], b[m] : Model { settings }``."""

    declarators: tuple[Declarator, ...]
    model: Name
    settings: tuple[Setting, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class PlasticDeclaration:
    """``plastic W[n, m] by Rule init method(arguments);``."""

    declarator: Declarator
    rule: Name
    init: Call | None
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class IndexVariable:
    """``name in interval``, in the clause ``for`` of a projection."""

    name: Name
    interval: Interval


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a projection or gate.

    Attributes:
        kind: pattern, weight, delay, above, via, label, for or if.
        value: for a pattern a Name, a Call or the two Texts of ``matrix``; for a label a Name;
            for via a Reference; for ``for`` its variables; else an expression.
        negative: whether a via has a minus sign.
    """

    kind: str
    value: Expression | Name | tuple[Text, Text] | tuple[IndexVariable, ...]
    span: Span
    negative: bool = False


@dataclass(frozen=True, slots=True)
class Connection:
    """``sources -> targets clauses;``, as a projection or after the keyword ``gate``."""

    sources: tuple[Reference, ...]
    targets: tuple[Reference, ...]
    clauses: tuple[Clause, ...]
    gate: bool
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A statement of a phase block.

    Attributes:
        kind: open, close, present or reward.
        subjects: populations to open or close, the input to present, the reward variable.
        targets: where the input goes.
        amount: the level of open, the amount of close.
    """

    kind: str
    subjects: tuple[Reference, ...]
    targets: tuple[Reference, ...]
    amount: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class PhaseBlock:
    """``phase k, l..m { actions }``."""

    phases: tuple[Interval, ...]
    actions: tuple[Action, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class ProbeDeclaration:
    """``probe o, h.v at 3, 5..7;``."""

    subjects: tuple[Reference, ...]
    phases: tuple[Interval, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class ReadoutDeclaration:
    """``readout o at 3 against label;``."""

    population: Reference
    phase: Expression
    label: Reference
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Import:
    """``import "file";``."""

    path: Text
    span: Span


@dataclass(frozen=True, slots=True)
class Module:
    """``module name(parameters) { statements }``."""

    name: Name
    parameters: tuple[Param, ...]
    statements: tuple[Statement, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Port:
    """``port kind a[n], b;`` in a module.

    Attributes:
        kind: population, chain, input or plastic.
    """

    kind: str
    declarators: tuple[Declarator, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Binding:
    """``port = reference;`` in an instance."""

    port: Name
    reference: Reference
    span: Span


@dataclass(frozen=True, slots=True)
class Instance:
    """``instance name[variable in interval] : module(arguments) { bindings }``."""

    name: Name
    variable: IndexVariable | None
    module: Name
    arguments: tuple[Argument, ...]
    bindings: tuple[Binding, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Alias:
    """``alias name = reference;``."""

    name: Name
    reference: Reference
    span: Span


@dataclass(frozen=True, slots=True)
class Loop:
    """``for variable in interval as label { statements }``, also in a test."""

    variable: Name
    interval: Interval
    label: Name | None
    statements: tuple[Any, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Conditional:
    """``if condition { statements } else { otherwise }``."""

    condition: Expression
    statements: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Assertion:
    """``assert condition, "message";``."""

    condition: Expression
    message: Text | None
    span: Span


@dataclass(frozen=True, slots=True)
class Property:
    """``assert silent h in 0, 8;`` and its kin.

    Attributes:
        kind: silent, fires, tied or no_overflow.
    """

    kind: str
    subjects: tuple[Reference, ...]
    phases: tuple[Interval, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Placing:
    """``place h, g on cores 0..7;``."""

    subjects: tuple[Reference, ...]
    cores: Interval
    span: Span


@dataclass(frozen=True, slots=True)
class Grouping:
    """``place together h, k;`` or ``place apart h, k;``.

    Attributes:
        kind: together or apart.
    """

    kind: str
    subjects: tuple[Reference, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Stimulus:
    """``present subject at steps = value;`` in a test."""

    subject: Reference
    at: tuple[Interval, ...]
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Expectation:
    """``expect subject at phases = value;``; the value is None for ``expect silent``."""

    subjects: tuple[Reference, ...]
    at: tuple[Interval, ...]
    value: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class Assignment:
    """``set matrix = value;`` in a test."""

    subject: Reference
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Run:
    """``run length;`` in a test."""

    length: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Frame:
    """``frame 0, 2..4 { … }`` in a test."""

    numbers: tuple[Interval, ...]
    items: tuple[TestItem, ...]
    span: Span


TestItem = Stimulus | Expectation | Assignment | Run | Frame | Loop


@dataclass(frozen=True, slots=True)
class Test:
    """``test "title" { items }``."""

    title: Text
    items: tuple[TestItem, ...]
    span: Span
    doc: str = ""


Statement = (
    Import
    | Module
    | Port
    | Instance
    | Alias
    | Loop
    | Conditional
    | Assertion
    | Property
    | Test
    | Param
    | Const
    | NeuronModel
    | RuleDeclaration
    | InputDeclaration
    | ChainDeclaration
    | PopulationDeclaration
    | PlasticDeclaration
    | Connection
    | PhaseBlock
    | ProbeDeclaration
    | ReadoutDeclaration
    | Placing
    | Grouping
)


@dataclass(frozen=True, slots=True)
class CircuitFile:
    """A parsed file.

    Attributes:
        doc: the text of its ``//!`` comments.
        comments: every comment in order, for the formatter.
    """

    source: Source
    statements: tuple[Statement, ...]
    doc: str
    comments: tuple[Name, ...]
