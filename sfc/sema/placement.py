"""Statements on the placement: on which cores, together, apart."""

from __future__ import annotations

from sfc.diagnostics import Label
from sfc.ir.constraints import Constraint, ConstraintKind
from sfc.ir.groups import Clash, clashes
from sfc.ir.limits import CORE_LIMIT
from sfc.sema.draft import Draft
from sfc.sema.evaluate import follow, integer
from sfc.sema.nodes import Node
from sfc.sema.references import counted, declared, population
from sfc.sema.scope import Abandon, Kind, Scope
from sfc.syntax import ast


def placing(statement: ast.Placing, scope: Scope) -> None:
    """Elaborates ``place h, g on cores 0..7;``: a constraint for each population or chain."""
    first, last = _cores(statement.cores, scope)
    for subject in statement.subjects:
        try:
            names = _placed(subject, scope)
        except Abandon:
            continue
        constraint = Constraint("on", names, first, last, subject.span)
        scope.draft.constraints.append((constraint, scope.made))


def _cores(interval: ast.Interval, scope: Scope) -> tuple[int, int]:
    if interval.high is None:
        only = integer(interval.low, scope, "the core", 0, CORE_LIMIT - 1)
        return only, only
    first = integer(interval.low, scope, "the first core", 0, CORE_LIMIT - 1)
    help = "write the lower core first"
    return first, integer(interval.high, scope, "the last core", first, CORE_LIMIT - 1, help)


def _placed(subject: ast.Reference, scope: Scope) -> tuple[str, ...]:
    """Returns the population that is placed, or all relays of a chain."""
    found = follow(subject, scope, ("population", "chain"))
    if found.kind == "chain" and not found.rest:
        names: tuple[str, ...] = found.value.relays
    else:
        names = (_whole(subject, scope, ("population", "chain")).name,)
    scope.count(len(names), subject.span)
    placed = scope.draft.placed
    for name in names:
        if name in placed:
            message = f"`{name}` is placed on cores twice"
            labels = (Label(placed[name], "placed here"),)
            scope.error("E0205", message, subject.span, labels=labels, help="drop one of them")
    placed |= dict.fromkeys(names, subject.span)
    return names


def _whole(subject: ast.Reference, scope: Scope, kinds: tuple[Kind, ...]) -> Node:
    """Returns the whole population that a reference names."""
    found = follow(subject, scope, kinds)
    if found.kind == "input":
        message = f"`{found.text}` is an input and takes no core: the host drives it"
        labels = (Label(found.symbol.name.span, "declared here"),)
        help = "place the populations that its spikes go to"
        scope.error("E0202", message, subject.span, labels=labels, help=help)
    target = population(subject, scope)
    if target.part is not None:
        message = f"`{target.name}` is a slice; version 1 of the language places whole populations"
        help = f"write `{target.thing.name}`: its neurons are dealt over the cores in order"
        span = subject.trailers[-1].span if subject.trailers else subject.span
        scope.error("E0202", message, span, help=help)
    return target


def grouping(statement: ast.Grouping, scope: Scope) -> None:
    """Elaborates ``place together h, k;`` and ``place apart h, k;``."""
    kind: ConstraintKind = statement.kind  # type: ignore[assignment]
    scope.count(len(statement.subjects), statement.span)
    named: dict[str, tuple[Node, ast.Reference]] = {}
    for subject in statement.subjects:
        target = _whole(subject, scope, ("population",))
        _, before = named.setdefault(target.name, (target, subject))
        if before is not subject:
            message = f"`{target.name}` is named twice"
            labels = (Label(before.span, "first named here"),)
            scope.error("E0205", message, subject.span, labels=labels, help="drop one of them")
    if len(named) < 2:
        message = f"`place {kind}` is about two populations or more"
        help = f"name another one: `place {kind} {next(iter(named))}, …;`"
        scope.error("E0402", message, statement.span, help=help)
    if kind == "together":
        _check_sizes(list(named.values()), scope)
    constraint = Constraint(kind, tuple(named), span=statement.span)
    scope.draft.constraints.append((constraint, scope.made))


def _check_sizes(named: list[tuple[Node, ast.Reference]], scope: Scope) -> None:
    first, _ = named[0]
    for other, subject in named[1:]:
        if other.size != first.size:
            message = (
                f"`{first.name}` has {counted(first.size, 'neuron')}, "
                f"`{other.name}` has {counted(other.size, 'neuron')}; together are neurons of the "
                "same number"
            )
            labels, help = declared(first, other), "give both one size"
            scope.error("E0401", message, subject.span, labels=labels, help=help)


def check_constraints(draft: Draft) -> None:
    """Reports what is asked of the placement and contradicts itself."""
    made = {id(constraint): labels for constraint, labels in draft.constraints}
    asked = [constraint for constraint, _ in draft.constraints]
    for constraint, clash in clashes(asked, lambda name: draft.populations[name].size):
        message, labels = _contradiction(constraint, clash)
        labels += made[id(constraint)][:3]
        help = "drop one of these statements, or change the cores"
        draft.reporter.error("E1011", message, constraint.span, labels=labels, help=help)


def _contradiction(constraint: Constraint, clash: Clash) -> tuple[str, tuple[Label, ...]]:
    """Returns a message, and labels at what it is about."""
    one, other = f"`{clash.one}`", f"`{clash.other}`"
    message = f"{one} and {other} are to be apart, and together"
    if constraint.kind == "together":
        message = f"{one} and {other} are to be together, and on different cores"
    elif clash.core >= 0:
        message = f"{one} and {other} are to be apart, and both on core {clash.core}"
    labels = []
    for because in clash.constraints:
        text = "together here" if because.kind == "together" else _on(because)
        if because.span is not None:
            labels.append(Label(because.span, text))
    return message, tuple(labels)


def _on(constraint: Constraint) -> str:
    if constraint.first == constraint.last:
        return f"on core {constraint.first}"
    return f"on cores {constraint.first}..{constraint.last}"
