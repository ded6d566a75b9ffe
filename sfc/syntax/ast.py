"""The syntax tree of a circuit file: what was written, nothing resolved or evaluated."""

from __future__ import annotations

from dataclasses import dataclass

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
class Attribute:
    """``.name`` after a reference."""

    name: Name
    span: Span


@dataclass(frozen=True, slots=True)
class Index:
    """``[expression]`` after a reference."""

    expression: Expression
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


Expression = Number | Boolean | Reference | Unary | Operation | Call


@dataclass(frozen=True, slots=True)
class Interval:
    """``low`` or ``low..high``, both inclusive; high is None for a single expression."""

    low: Expression
    high: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class Declarator:
    """A name with its extents, as in ``h[n_hid]``; no extents mean one neuron."""

    name: Name
    extents: tuple[Expression, ...]
    span: Span


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
    """``input a[n], b;``."""

    declarators: tuple[Declarator, ...]
    span: Span
    doc: str = ""


@dataclass(frozen=True, slots=True)
class ChainDeclaration:
    """``chain g[n] : Model ring;``."""

    declarator: Declarator
    model: Name
    ring: bool
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
class Clause:
    """A clause of a projection or gate.

    Attributes:
        kind: pattern, weight, delay, above, via or label.
        value: a Name for pattern and label, a Reference for via, else an expression.
        negative: whether a via has a minus sign.
    """

    kind: str
    value: Expression | Name
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


Statement = (
    Param
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
