"""Projections and gates between populations."""

from __future__ import annotations

from sfc.ir.circuit import Input, Matrix, Origin, Pattern, Population, Projection, Tie, Weight
from sfc.ir.integers import DELAY_LIMIT, nearest_weight, split_weight
from sfc.sema.draft import Draft
from sfc.sema.evaluate import integer, mentioned, number
from sfc.sema.models import Model, constant_weight
from sfc.sema.references import counted, declared, node, population
from sfc.sema.scope import Abandon
from sfc.span import Span
from sfc.syntax import ast

_ALLOWED = {
    False: ("pattern", "weight", "delay", "via", "label"),
    True: ("pattern", "above", "delay", "label"),
}
"""Clauses of a projection and of a gate."""

Clauses = dict[str, ast.Clause]


def connect(statement: ast.Connection, draft: Draft) -> None:
    """Elaborates ``sources -> targets clauses;``: a projection for every pair."""
    clauses = _clauses(statement, draft)
    delay = 0
    if "delay" in clauses:
        delay = integer(_expression(clauses["delay"]), draft.scope, "the delay", 0, DELAY_LIMIT)
    for source in statement.sources:
        for target in statement.targets:
            try:
                _connect_pair(statement, source, target, clauses, delay, draft)
            except Abandon:
                continue


def gate_weight(
    target: Population, above: ast.Expression | None, span: Span, draft: Draft
) -> tuple[Weight, int]:
    """Returns the weight of a gate that opens `target` above a level, and the level.

    The weight is threshold - bias - level: with it, an open neuron fires if its other input
    exceeds the level. The default level is half the threshold.

    Args:
        span: what to point at where no level is given.
    """
    scope, neuron = draft.scope, target.neuron
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


def _clauses(statement: ast.Connection, draft: Draft) -> Clauses:
    scope, what = draft.scope, "gate" if statement.gate else "projection"
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
    if "via" in clauses:
        for kind in ("pattern", "weight"):
            if kind in clauses:
                message = f"`via` already says the {kind}: a matrix joins all to all"
                scope.error("E0205", message, clauses[kind].span, help=f"drop the {kind}")
    elif "pattern" not in clauses:
        message = f"the {what} does not say which neurons it joins"
        help = "add one_to_one or all_to_all" + ("" if statement.gate else ", or via a matrix")
        scope.error("E0402", message, statement.span, help=help)
    elif "weight" not in clauses and not statement.gate:
        message = "the projection has no weight"
        help = "add `weight spike` for spikes that fire open neurons, or a number"
        scope.error("E0402", message, statement.span, help=help)
    if "label" in clauses and len(statement.sources) * len(statement.targets) > 1:
        message = "a label names one projection, and this statement makes several"
        scope.error("E0205", message, clauses["label"].span, help="give each its own statement")
    return clauses


def _connect_pair(
    statement: ast.Connection,
    source_reference: ast.Reference,
    target_reference: ast.Reference,
    clauses: Clauses,
    delay: int,
    draft: Draft,
) -> None:
    source = node(source_reference, draft)
    target = population(target_reference, draft)
    origin: Origin | None = None
    pattern: Pattern = "all_to_all"
    weight: Weight | Tie
    if "pattern" in clauses:
        pattern = clauses["pattern"].value.text  # type: ignore[union-attr, assignment]
    if pattern == "one_to_one" and source.size != target.size:
        _report_sizes(source, source_reference, target, target_reference, draft)
    model = draft.models[target.name]
    if statement.gate:
        above = _expression(clauses["above"]) if "above" in clauses else None
        weight, chosen = gate_weight(target, above, statement.span, draft)
        origin = Origin("gate", level=chosen)
    elif "via" in clauses:
        weight = _tie(clauses["via"], source, target, draft)
    else:
        weight = _weight(_expression(clauses["weight"]), model, target, draft)
    name = ""
    if "label" in clauses:
        label = clauses["label"].value
        assert isinstance(label, ast.Name)
        draft.scope.declare("projection", label, lambda: None)
        name = label.text
    draft.add(
        Projection(
            name,
            source.name,
            target.name,
            pattern,
            weight,
            delay,
            origin,
            statement.doc,
            statement.span,
        )
    )


def _weight(expression: ast.Expression, model: Model, target: Population, draft: Draft) -> Weight:
    spike = model.drive
    if spike is None and any(part.name.text == "spike" for part in mentioned(expression)):
        spike = model.need("drive", draft.scope, expression.span)
    value = number(expression, draft.scope, spike)
    return constant_weight(value, draft.scope, expression.span, "the weight")


def _tie(clause: ast.Clause, source: Population | Input, target: Population, draft: Draft) -> Tie:
    scope, reference = draft.scope, clause.value
    assert isinstance(reference, ast.Reference)
    matrix: Matrix = scope.lookup(reference.name, "plastic matrix")
    transpose = len(reference.trailers) == 1 and _is_transpose(reference.trailers[0])
    if reference.trailers and not transpose:
        message = f"a matrix has only one part, its transpose `{matrix.name}.T`"
        scope.error("E0202", message, reference.trailers[0].span)
    shape = matrix.shape[::-1] if transpose else matrix.shape
    if shape != (source.size, target.size):
        word = f"{matrix.name}{'.T' if transpose else ''}"
        message = (
            f"`{source.name} -> {target.name}` needs a matrix of {source.size} by {target.size}; "
            f"`{word}` is {shape[0]} by {shape[1]}"
        )
        rows, columns = (target, source) if transpose else (source, target)
        help = f"declare it as {matrix.name}[{rows.size}, {columns.size}]"
        if shape[::-1] == (source.size, target.size):
            help = f"write {matrix.name if transpose else f'{matrix.name}.T'}"
        scope.error("E0401", message, clause.span, labels=declared(matrix), help=help)
    return Tie(matrix.name, -1 if clause.negative else 1, transpose)


def _is_transpose(trailer: ast.Attribute | ast.Index) -> bool:
    return isinstance(trailer, ast.Attribute) and trailer.name.text == "T"


def _report_sizes(
    source: Population | Input,
    source_reference: ast.Reference,
    target: Population,
    target_reference: ast.Reference,
    draft: Draft,
) -> None:
    message = (
        "one_to_one joins populations of one size; "
        f"`{source.name}` has {counted(source.size, 'neuron')}, `{target.name}` has {target.size}"
    )
    span = source_reference.span.to(target_reference.span)
    labels = declared(source, target)
    draft.scope.error("E0401", message, span, labels=labels, help="use all_to_all, or one size")


def _expression(clause: ast.Clause) -> ast.Expression:
    assert not isinstance(clause.value, ast.Name)
    return clause.value
