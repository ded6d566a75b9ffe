"""Learning rules: ordinary arithmetic, multiplied out into a sum of products."""

from __future__ import annotations

import math
from typing import NoReturn

from sfc.diagnostics import nearest
from sfc.ir.integers import COEFFICIENT_BITS, IMPULSE_LIMIT, plastic_range
from sfc.ir.limits import FACTOR_LIMIT, RULE_TERM_LIMIT
from sfc.ir.rules import RULE_VARIABLES, TRACE_VARIABLES, Rule, Term, Trace
from sfc.ir.verify import largest_term
from sfc.sema.evaluate import evaluate, integer, mentioned, number
from sfc.sema.functions import described
from sfc.sema.models import unique
from sfc.sema.scope import Scope
from sfc.span import Span
from sfc.syntax import ast

Product = tuple[str, ...]
Sum = dict[Product, tuple[float, Span]]
"""Products by their factors, each with its coefficient and the place that it comes from."""

_KEYS = ("dw", "dt", "range")


def declare_rule(declaration: ast.RuleDeclaration, scope: Scope) -> None:
    """Declares a learning rule."""
    scope.declare("rule", declaration.name, lambda: _rule(declaration, scope))


def _rule(declaration: ast.RuleDeclaration, scope: Scope) -> Rule:
    updates: dict[str, tuple[Term, ...]] = {"dw": (), "dt": ()}
    low, high = -256, 254
    for setting in unique(declaration.settings, scope):
        key, value = setting.key.text, setting.value
        if key not in _KEYS:
            help = nearest(key, _KEYS) or "a rule has dw, dt, range and traces"
            scope.error("E0204", f"unknown setting `{key}` of a rule", setting.key.span, help=help)
        if (key == "range") != (value.high is not None):
            wanted = "a range such as -256..254" if key == "range" else "one expression"
            scope.error("E0305", f"`{key}` is {wanted}", value.span)
        if value.high is not None:
            low, high = _range(value, value.high, scope)
        else:
            updates[key] = _terms(_expand(value.low, scope), scope)
    traces = _traces(declaration, scope)
    declared = {trace.variable for trace in traces} | {"r1"}
    for term in (*updates["dw"], *updates["dt"]):
        for factor in term.factors:
            if factor in TRACE_VARIABLES and factor not in declared:
                message = (
                    f"rule `{declaration.name.text}` uses the trace {factor}, not declared in it"
                )
                help = f"add `trace {factor} impulse 16 tau 20;`"
                scope.error("E0604", message, declaration.name.span, help=help)
    rule = Rule(
        scope.path + declaration.name.text,
        updates["dw"],
        updates["dt"],
        low,
        high,
        traces,
        declaration.doc,
        declaration.span,
    )
    scope.draft.rules.append(rule)
    return rule


def _range(value: ast.Interval, end: ast.Expression, scope: Scope) -> tuple[int, int]:
    low = integer(value.low, scope, "the lowest weight", -(2**15), 2**15)
    high = integer(end, scope, "the highest weight", -(2**15), 2**15)
    if low > high:
        message = f"the range runs backwards, from {low} to {high}"
        scope.error("E0604", message, value.span, help=f"write {high}..{low}")
    if plastic_range(low, high) is None:
        message = f"weights {low}..{high} cannot be held by an 8-bit mantissa"
        help = "use -256..254 (steps of 2), 0..255 or -255..0, each times a power of two"
        scope.error("E0604", message, value.span, help=help)
    return low, high


def _traces(declaration: ast.RuleDeclaration, scope: Scope) -> tuple[Trace, ...]:
    traces: list[Trace] = []
    for trace in declaration.traces:
        variable = trace.variable.text
        if variable not in TRACE_VARIABLES:
            message = f"`{variable}` is not a trace"
            help = f"the traces are {', '.join(TRACE_VARIABLES)}"
            scope.error("E0601", message, trace.variable.span, help=help)
        if any(variable == other.variable for other in traces):
            scope.error("E0205", f"trace {variable} is declared twice", trace.variable.span)
        impulse = integer(trace.impulse, scope, "the impulse", 0, IMPULSE_LIMIT)
        tau = number(trace.tau, scope)
        if not 0 <= tau <= 10**6:
            message = f"the time constant is {tau:g}; it can be 0 to 1000000 steps"
            scope.error("E0302", message, trace.tau.span)
        traces.append(Trace(variable, impulse, float(tau)))
    return tuple(traces)


def _expand(expression: ast.Expression, scope: Scope) -> Sum:
    """Multiplies an expression out."""
    span = expression.span
    if isinstance(expression, ast.Reference) and expression.name.text in RULE_VARIABLES:
        return _variable(expression, scope)
    has_variables = any(part.name.text in RULE_VARIABLES for part in mentioned(expression))
    with scope.deeper(span):
        if has_variables and isinstance(expression, ast.Operation):
            return _operation(expression, scope)
        if has_variables and isinstance(expression, ast.Unary) and expression.operator in "+-":
            sign = -1.0 if expression.operator == "-" else 1.0
            return _times(_expand(expression.operand, scope), {(): (sign, span)}, span, scope)
        return {(): (_constant(expression, scope), span)}


def _variable(reference: ast.Reference, scope: Scope) -> Sum:
    name = reference.name.text
    if reference.trailers:
        scope.error("E0602", f"`{name}` has no parts", reference.span)
    if scope.kind(name) in ("constant", "parameter"):
        message = f"`{name}` is a variable of learning rules, and also a constant of this circuit"
        scope.error("E0202", message, reference.span, help=f"rename the constant `{name}`")
    return {(name,): (1.0, reference.span)}


def _constant(expression: ast.Expression, scope: Scope) -> float:
    """Returns the value of a part of a rule that must not depend on the rule's variables."""
    for reference in mentioned(expression):
        name = reference.name.text
        if name in RULE_VARIABLES:
            message = (
                "a learning rule is a sum of products: a variable such as "
                f"`{name}` cannot be a divisor, an exponent or an argument"
            )
            scope.error("E0602", message, reference.span)
        if scope.kind(name) is None:
            listing = f"the variables are {' '.join(RULE_VARIABLES)}; declare others with `const`"
            scope.once(("name", name, scope.path))
            message = f"`{name}` is neither a rule variable nor a constant"
            help = nearest(name, RULE_VARIABLES) or listing
            scope.error("E0601", message, reference.span, help=help)
    value = evaluate(expression, scope)
    if isinstance(value, bool | tuple):
        message = f"a learning rule needs numbers, found {described(value)}"
        scope.error("E0602", message, expression.span)
    return float(value)


def _operation(expression: ast.Operation, scope: Scope) -> Sum:
    total = _expand(expression.first, scope)
    for symbol, operand in expression.rest:
        span = expression.first.span.to(operand.span)
        if symbol in "+-":
            total = _plus(total, _expand(operand, scope), -1.0 if symbol == "-" else 1.0)
        elif symbol == "*":
            total = _times(total, _expand(operand, scope), span, scope)
        elif symbol == "/":
            divisor = _constant(operand, scope)
            if divisor == 0:
                scope.error("E0304", "division by zero", operand.span)
            total = _times(total, {(): (1 / divisor, operand.span)}, span, scope)
        elif symbol == "**":
            _constant(operand, scope)
            base = total
            total = {(): (1.0, span)}
            for _ in range(integer(operand, scope, "the exponent", 0, 8)):
                total = _times(total, base, span, scope)
        else:
            message = f"a learning rule is a sum of products; `{symbol}` is not possible"
            scope.error("E0602", message, span)
        if len(total) > RULE_TERM_LIMIT:
            _report_products(span, scope)
    return total


def _plus(left: Sum, right: Sum, sign: float) -> Sum:
    total = dict(left)
    for factors, (coefficient, span) in right.items():
        before, place = total.get(factors, (0.0, span))
        total[factors] = (before + sign * coefficient, place)
    return total


def _times(left: Sum, right: Sum, span: Span, scope: Scope) -> Sum:
    total: Sum = {}
    for factors, (coefficient, place) in left.items():
        for others, (other, other_place) in right.items():
            spot = other_place if not factors else place if not others else span
            product = tuple(sorted(factors + others))
            if len(product) > FACTOR_LIMIT:
                message = f"a product of a rule has more than {FACTOR_LIMIT} factors"
                scope.error("E0603", message, span)
            before, first = total.get(product, (0.0, spot))
            total[product] = (before + coefficient * other, first)
        if len(total) > RULE_TERM_LIMIT:
            _report_products(span, scope)
    return total


def _report_products(span: Span, scope: Scope) -> NoReturn:
    message = f"multiplied out, the rule has more than {RULE_TERM_LIMIT} products"
    scope.error("E0603", message, span)


def _terms(total: Sum, scope: Scope) -> tuple[Term, ...]:
    scale = 2**COEFFICIENT_BITS
    for factors, (coefficient, span) in total.items():
        product = "*".join(factors) or "1"
        if not math.isfinite(coefficient) or coefficient * scale != int(coefficient * scale):
            message = f"the coefficient {coefficient!r} of {product} is not a multiple of 1/{scale}"
            help = ""
            if math.isfinite(coefficient):
                help = f"the nearest that can be held is {round(coefficient * scale) / scale!r}"
            scope.error("E0603", message, span, help=help)
        largest = largest_term(Term(coefficient, factors))
        if largest * len(total) >= 2**62:
            message = f"{product} times {coefficient:g} can exceed 64-bit integers"
            scope.error("E0603", message, span, help="use fewer factors or a smaller coefficient")
    return tuple(Term(c, factors) for factors, (c, _) in total.items() if c)
