"""Projections and gates between populations."""

from __future__ import annotations

from sfc.ir.circuit import Input, Origin, Pattern, Population, Projection, Tie, Weight
from sfc.ir.integers import DELAY_LIMIT, nearest_weight, split_weight
from sfc.sema.ends import Clauses, Ends, expression_of
from sfc.sema.evaluate import integer, mentioned, number
from sfc.sema.models import Model, constant_weight
from sfc.sema.nodes import Node
from sfc.sema.references import counted, declared, matrix
from sfc.sema.scope import Abandon, Scope
from sfc.span import Span
from sfc.syntax import ast

_ALLOWED = {
    False: ("pattern", "for", "if", "weight", "delay", "via", "label"),
    True: ("pattern", "for", "if", "above", "delay", "label"),
}
"""Clauses of a projection and of a gate."""


def connect(statement: ast.Connection, scope: Scope) -> None:
    """Elaborates ``sources -> targets clauses;``: a projection for every pair."""
    clauses = _clauses(statement, scope)
    delay = 0
    if "delay" in clauses:
        delay = integer(expression_of(clauses["delay"]), scope, "the delay", 0, DELAY_LIMIT)
    for source in statement.sources:
        for target in statement.targets:
            try:
                _connect_pair(statement, source, target, clauses, delay, scope)
            except Abandon:
                continue


def gate_weight(
    target: Population, above: ast.Expression | None, span: Span, scope: Scope
) -> tuple[Weight, int]:
    """Returns the weight of a gate that opens `target` above a level, and the level.

    The weight is threshold - bias - level: with it, an open neuron fires if its other input
    exceeds the level. The default level is half the threshold.

    Args:
        span: what to point at where no level is given.
    """
    neuron = target.neuron
    chosen = neuron.threshold // 2
    if above is not None:
        chosen, span = integer(above, scope, "the level", -(2**20), 2**20), above.span
    value = neuron.threshold - neuron.bias - chosen
    if above is None and (value <= 0 or split_weight(value) is None):
        scope.once(("gate", neuron))
    if value <= 0:
        message = (
            f"the gate weight of `{target.name}` is {value}; it must be positive "
            f"(threshold {neuron.threshold} - bias {neuron.bias} - level {chosen})"
        )
        limit = neuron.threshold - neuron.bias - 1
        scope.error("E0503", message, span, help=f"the level can be at most {limit}")
    if chosen < 0:
        message = f"the level {chosen} is negative: `{target.name}` fires without any other input"
        scope.reporter.warning("W0501", message, span)
    what = f"the gate weight threshold - bias - level of `{target.name}`"
    near = neuron.threshold - neuron.bias - int(nearest_weight(value))
    return constant_weight(value, scope, span, what, lambda _: f"`above {near}`"), chosen


def _clauses(statement: ast.Connection, scope: Scope) -> Clauses:
    what = "gate" if statement.gate else "projection"
    clauses: Clauses = {}
    for clause in statement.clauses:
        word = "as" if clause.kind == "label" else clause.kind
        if clause.kind in clauses:
            message = f"the {word} of this {what} is given twice"
            scope.error("E0205", message, clause.span, help="keep one of them")
        if clause.kind not in _ALLOWED[statement.gate]:
            help = "" if statement.gate else "`above` belongs to `gate` and `open`"
            if clause.kind == "weight":
                help = "the weight of a gate follows from `above`, the level that it opens"
            if clause.kind == "via":
                help = "a gate is not plastic: use one_to_one or all_to_all"
            scope.error("E0205", f"a {what} has no {word}", clause.span, help=help)
        clauses[clause.kind] = clause
    _check_combination(statement, clauses, scope)
    if "label" in clauses and len(statement.sources) * len(statement.targets) > 1:
        message = "a label names one projection, and this statement makes several"
        scope.error("E0205", message, clauses["label"].span, help="give each its own statement")
    return clauses


def _check_combination(statement: ast.Connection, clauses: Clauses, scope: Scope) -> None:
    """Reports clauses that exclude each other, and those that are missing."""
    what = "gate" if statement.gate else "projection"
    if "if" in clauses and "for" not in clauses:
        help = "write `x[i] -> y[j] for i in 0..9, j in 0..9 if i != j …`"
        scope.error("E0205", "`if` belongs to `for`", clauses["if"].span, help=help)
    if "via" in clauses:
        for kind in ("pattern", "for", "weight"):
            if kind in clauses:
                shown = "pattern" if kind == "for" else kind
                message = f"`via` already says the {shown}: a matrix joins all to all"
                scope.error("E0205", message, clauses[kind].span, help=f"drop the {shown}")
        return
    if "pattern" in clauses and "for" in clauses:
        message = "`for` already says which neurons are joined"
        scope.error("E0205", message, clauses["pattern"].span, help="drop the pattern")
    if "pattern" not in clauses and "for" not in clauses:
        message = f"the {what} does not say which neurons it joins"
        help = "add one_to_one or all_to_all" + ("" if statement.gate else ", or via a matrix")
        scope.error("E0402", message, statement.span, help=help)
    pattern = clauses["pattern"].value if "pattern" in clauses else None
    has_weights = isinstance(pattern, tuple) or _calls(pattern, "conv", "toeplitz")
    if has_weights and statement.gate:
        message = "this pattern has weights, and those of a gate follow from its level"
        help = "use one_to_one, all_to_all, sparse or for"
        scope.error("E0205", message, clauses["pattern"].span, help=help)
    if not (statement.gate or "weight" in clauses or has_weights):
        message = "the projection has no weight"
        help = "add `weight spike` for spikes that fire open neurons, or a number"
        scope.error("E0402", message, statement.span, help=help)


def _calls(pattern: object, *names: str) -> bool:
    return isinstance(pattern, ast.Call) and pattern.name.text in names


def _connect_pair(
    statement: ast.Connection,
    source_reference: ast.Reference,
    target_reference: ast.Reference,
    clauses: Clauses,
    delay: int,
    scope: Scope,
) -> None:
    indexed = "for" in clauses
    ends = Ends.of(source_reference, target_reference, indexed, scope)
    source, target = ends.source, ends.target
    assert isinstance(target.thing, Population)
    model = scope.draft.models[target.thing.name]
    origin: Origin | None = None
    weight: Weight | Tie | None = None
    if statement.gate:
        above = expression_of(clauses["above"]) if "above" in clauses else None
        weight, chosen = gate_weight(target.thing, above, statement.span, scope)
        origin = Origin("gate", level=chosen)
    spike = _spike(clauses, model, scope)
    pattern: Pattern = "all_to_all"
    chosen_pattern = clauses["pattern"].value if "pattern" in clauses else None
    if "via" in clauses:
        weight = _tie(clauses["via"], source, target, scope)
    elif isinstance(chosen_pattern, ast.Name):
        pattern = chosen_pattern.text  # type: ignore[assignment]
        if pattern == "one_to_one" and source.size != target.size:
            _report_sizes(ends, scope)
        weight = weight or _weight(expression_of(clauses["weight"]), spike, scope)
    else:
        from sfc.sema.patterns import synapses_of  # not before: NumPy takes a while to load

        gate = weight if isinstance(weight, Weight) else None
        pattern, weight = synapses_of(clauses, ends, spike, gate, scope)
    projection = Projection(
        _label(clauses, scope),
        source.thing.name,
        target.thing.name,
        pattern,
        weight,
        delay,
        source.part,
        target.part,
        origin,
        statement.doc,
        statement.span,
    )
    if isinstance(source.thing, Input):
        places = scope.draft.outgoing.setdefault(source.thing.name, [])
        places.append(len(scope.draft.projections))
    scope.draft.add(projection)


def _label(clauses: Clauses, scope: Scope) -> str:
    if "label" not in clauses:
        return ""
    label = clauses["label"].value
    assert isinstance(label, ast.Name)
    if scope.is_anonymous:
        message = "a label in a loop without a name would be the same in each round"
        help = "write `for … in … as stage { … }`: then it is stage[0].… and so on"
        scope.error("E0211", message, label.span, help=help)
    name = scope.path + label.text
    scope.declare("projection", label, lambda: name)
    return name


def _spike(clauses: Clauses, model: Model, scope: Scope) -> int | None:
    """Returns what `spike` means in the weight, if it is known or needed."""
    if model.drive is None and "weight" in clauses:
        expression = expression_of(clauses["weight"])
        if any(part.name.text == "spike" for part in mentioned(expression)):
            return model.need("drive", scope, expression.span)
    return model.drive


def _weight(expression: ast.Expression, spike: int | None, scope: Scope) -> Weight:
    return constant_weight(number(expression, scope, spike), scope, expression.span, "the weight")


def _tie(clause: ast.Clause, source: Node, target: Node, scope: Scope) -> Tie:
    reference = clause.value
    assert isinstance(reference, ast.Reference)
    found, rest = matrix(reference, scope)
    transpose = len(rest) == 1 and _is_transpose(rest[0])
    if rest and not transpose:
        message = f"a matrix has only one part, its transpose `{found.name}.T`"
        scope.error("E0202", message, rest[0].span)
    shape = found.shape[::-1] if transpose else found.shape
    if shape != (source.size, target.size):
        word = f"{found.name}{'.T' if transpose else ''}"
        message = (
            f"`{source.name} -> {target.name}` needs a matrix of {source.size} by {target.size}; "
            f"`{word}` is {shape[0]} by {shape[1]}"
        )
        rows, columns = (target, source) if transpose else (source, target)
        help = f"declare it as {found.name}[{rows.size}, {columns.size}]"
        if shape[::-1] == (source.size, target.size):
            help = f"write {found.name if transpose else f'{found.name}.T'}"
        scope.error("E0401", message, clause.span, labels=declared(found), help=help)
    return Tie(found.name, -1 if clause.negative else 1, transpose)


def _is_transpose(trailer: ast.Attribute | ast.Index) -> bool:
    return isinstance(trailer, ast.Attribute) and trailer.name.text == "T"


def _report_sizes(ends: Ends, scope: Scope) -> None:
    source, target = ends.source, ends.target
    message = (
        "one_to_one joins populations of one size; "
        f"`{source.name}` has {counted(source.size, 'neuron')}, `{target.name}` has {target.size}"
    )
    labels = declared(source, target)
    scope.error("E0401", message, ends.span, labels=labels, help="use all_to_all, or one size")
