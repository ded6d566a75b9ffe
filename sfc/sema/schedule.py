"""Phase blocks, probes and readouts."""

from __future__ import annotations

from bisect import bisect_right

from sfc.diagnostics import Label
from sfc.ir.circuit import Origin, Population, Projection, Tie, Weight
from sfc.ir.schedule import (
    Chain,
    Present,
    Probe,
    Property,
    PropertyKind,
    Quantity,
    Readout,
    Reward,
    Schedule,
)
from sfc.sema.connect import gate_weight
from sfc.sema.draft import Gating
from sfc.sema.evaluate import follow, integer
from sfc.sema.models import constant_weight
from sfc.sema.nodes import Node
from sfc.sema.references import counted, declared, matrix, node, phase, phases, population, whole
from sfc.sema.scope import Abandon, Scope
from sfc.span import Span
from sfc.syntax import ast


def phase_block(block: ast.PhaseBlock, scope: Scope) -> None:
    """Elaborates ``phase k, l..m { actions }``."""
    handlers = {"open": _open, "close": _close, "present": _present, "reward": _reward}
    seen: set[tuple[str, int]] = set()
    numbered = ((i.span, phase) for i in block.phases for phase in phases(i, scope))
    for span, (chain, index) in numbered:
        if (chain.name, index) in seen:
            message = f"phase {index} of chain `{chain.name}` is listed twice"
            scope.error("E0205", message, span, help="keep one of them")
        seen.add((chain.name, index))
        scope.count(sum(_work(action) for action in block.actions), block.span)
        for action in block.actions:
            for subject in action.subjects:
                try:
                    handlers[action.kind](action, subject, chain, index, scope)
                except Abandon:
                    continue


def _work(action: ast.Action) -> int:
    """Returns how many things an action does in a phase."""
    return len(action.subjects) * max(1, len(action.targets))


def _open(
    action: ast.Action, subject: ast.Reference, chain: Chain, index: int, scope: Scope
) -> None:
    target = population(subject, scope)
    _note_gating("opened", target, subject, chain, index, scope)
    weight, chosen = gate_weight(_thing(target), action.amount, subject.span, scope)
    _add_gate(Origin("open", chain.name, index, chosen), chain, target, weight, action.span, scope)


def _thing(target: Node) -> Population:
    """Returns the population that a reference to one names, or names a part of."""
    assert isinstance(target.thing, Population)
    return target.thing


def _close(
    action: ast.Action, subject: ast.Reference, chain: Chain, index: int, scope: Scope
) -> None:
    target = population(subject, scope)
    _note_gating("closed", target, subject, chain, index, scope)
    if action.amount is None:
        amount, span = (
            scope.draft.models[target.thing.name].need("close", scope, subject.span),
            subject.span,
        )
    else:
        span = action.amount.span
        amount = integer(action.amount, scope, "the closing weight", 1, 255 * 2**7)
    what = "the closing weight"
    weight = constant_weight(-amount, scope, span, what, lambda weight: f"`by {-weight:g}`")
    _add_gate(Origin("close", chain.name, index), chain, target, weight, action.span, scope)


def _add_gate(
    origin: Origin, chain: Chain, target: Node, weight: Weight, span: Span, scope: Scope
) -> None:
    scope.draft.add(
        Projection(
            "",
            chain.relays[origin.phase],
            target.thing.name,
            "all_to_all",
            weight,
            target_part=target.part,
            origin=origin,
            span=span,
        )
    )


def _note_gating(
    verb: str, target: Node, subject: ast.Reference, chain: Chain, index: int, scope: Scope
) -> None:
    """Remembers what a phase does to a population; reports a contradiction."""
    noted = scope.draft.gating.setdefault((chain.name, index, target.thing.name), [])
    for low, high in _stretches(target):
        place = bisect_right(noted, low, key=lambda gating: gating.low)
        beside = noted[max(0, place - 1) : place + 1]
        before = next((g for g in beside if g.low <= high and low <= g.high), None)
        if before is None:
            noted.insert(place, Gating(low, high, verb, subject.span))
            continue
        both = f"{verb} twice" if before.verb == verb else "opened and closed"
        scope.error(
            "E0502",
            f"`{target.name}` is {both} in phase {index} of chain `{chain.name}`",
            subject.span,
            labels=(Label(before.span, f"{before.verb} here"),),
            help="drop one of them",
        )


def _stretches(target: Node) -> list[tuple[int, int]]:
    """Returns the first and last numbers of the neurons of a slice, row by row."""
    if target.part is None:
        return [(0, target.size - 1)]
    *rows, (low, high) = target.part
    width = target.thing.shape[-1]
    if not rows:
        return [(low, high)]
    ((first, last),) = rows
    if (low, high) == (0, width - 1):
        return [(first * width, (last + 1) * width - 1)]
    return [(row * width + low, row * width + high) for row in range(first, last + 1)]


def _present(
    action: ast.Action, subject: ast.Reference, chain: Chain, index: int, scope: Scope
) -> None:
    source = node(subject, scope, "input")
    places = [_injection(action, source, target, scope) for target in action.targets]
    if not action.targets:
        whole(subject, scope, "input")
        places = scope.draft.outgoing.get(source.name, [])
        if not places:
            message = f"`{source.name}` goes nowhere"
            help = f"write `present {source.name} to …;` or declare a projection from it"
            scope.error("E0402", message, action.span, help=help)
    for place in places if index == 0 else ():
        if isinstance(scope.draft.projections[place].weight, Tie):
            message = f"`{source.name}` has plastic synapses and cannot be presented in phase 0"
            help = "an input spikes one phase earlier: present it in phase 1 or later"
            scope.error("E0605", message, action.span, help=help)
    for place in places:
        if (chain.name, index, place) in scope.draft.carried:
            message = (
                f"`{source.name}` is presented to `{scope.draft.projections[place].target}` twice "
                f"in phase {index} of chain `{chain.name}`"
            )
            scope.error("E0205", message, action.span, help="keep one of them")
        scope.draft.carried.add((chain.name, index, place))
    present = Present(source.thing.name, chain.name, index, (), action.span)
    scope.draft.presents.append((present, places))


def _injection(action: ast.Action, source: Node, reference: ast.Reference, scope: Scope) -> int:
    """Returns the place of the projection that brings an input to a population."""
    target = population(reference, scope)
    key = (source.name, target.name)
    if key in scope.draft.injections:
        return scope.draft.injections[key]
    if source.size != target.size:
        message = (
            f"`{source.name}` has {counted(source.size, 'element')}, "
            f"`{target.name}` has {counted(target.size, 'neuron')}"
        )
        labels = declared(source, target)
        scope.error("E0401", message, action.span, labels=labels, help="give both one size")
    drive = scope.draft.models[target.thing.name].need("drive", scope, reference.span)
    weight = constant_weight(drive, scope, reference.span, "`drive`")
    scope.draft.injections[key] = len(scope.draft.projections)
    scope.draft.add(
        Projection(
            "",
            source.thing.name,
            target.thing.name,
            "one_to_one",
            weight,
            source_part=source.part,
            target_part=target.part,
            origin=Origin("present"),
            span=action.span,
        )
    )
    return scope.draft.injections[key]


def _reward(
    action: ast.Action, subject: ast.Reference, chain: Chain, index: int, scope: Scope
) -> None:
    if subject.name.text != "r1":
        message = f"`{subject.name.text}` is not a reward; the reward is called r1"
        scope.error("E0601", message, subject.span, help="write `reward r1;`")
    reward = Reward(chain.name, index, action.span)
    before = scope.draft.rewards.setdefault((chain.name, index), reward)
    if before is not reward:
        message = f"phase {index} of chain `{chain.name}` is rewarded twice"
        labels = (Label(before.span, "rewarded here"),) if before.span else ()
        scope.error("E0205", message, action.span, labels=labels, help="drop one of them")


def probe(declaration: ast.ProbeDeclaration, scope: Scope) -> None:
    """Elaborates ``probe h, o.v at 3, 5..7;``."""
    at = _by_chain(declaration.phases, scope) or {"": ()}
    scope.count(sum(map(len, at.values())), declaration.span)
    for subject in declaration.subjects:
        quantity, reference = _quantity(subject, scope)
        names = _probed(reference, scope)
        scope.count(len(names), declaration.span)
        for name in names:
            for chain_name, numbers in at.items():
                scope.draft.probes.append(
                    Probe(name, quantity, chain_name, numbers, declaration.span)
                )


def _by_chain(intervals: tuple[ast.Interval, ...], scope: Scope) -> dict[str, tuple[int, ...]]:
    """Returns the phases of intervals, ascending, by chain."""
    numbered: dict[str, set[int]] = {}
    for interval in intervals:
        for chain, number in phases(interval, scope):
            numbered.setdefault(chain.name, set()).add(number)
    return {name: tuple(sorted(numbers)) for name, numbers in numbered.items()}


def assert_property(statement: ast.Property, scope: Scope) -> None:
    """Elaborates ``assert silent h in 0, 8;`` and its kin."""
    kind: PropertyKind = statement.kind  # type: ignore[assignment]
    if kind == "tied":
        subjects = tuple(_tied_matrix(subject, scope) for subject in statement.subjects)
    else:
        subjects = tuple(whole(s, scope, "population").name for s in statement.subjects)
    at = _by_chain(statement.phases, scope) or {"": ()}
    scope.count(sum(map(len, at.values())), statement.span)
    for chain, numbers in at.items():
        scope.draft.properties.append(Property(kind, subjects, chain, numbers, statement.span))


def _tied_matrix(subject: ast.Reference, scope: Scope) -> str:
    found, rest = matrix(subject, scope)
    if rest:
        message = f"`{found.name}` can be named here only as a whole"
        scope.error("E0202", message, rest[0].span, help=f"write `{found.name}`")
    return found.name


def _probed(reference: ast.Reference, scope: Scope) -> tuple[str, ...]:
    """Returns the population that is probed, or all relays of a chain."""
    found = follow(reference, scope, ("population", "chain"))
    if found.kind == "chain" and not found.rest:
        relays: tuple[str, ...] = found.value.relays
        return relays
    return (whole(reference, scope, "population").name,)


def _quantity(subject: ast.Reference, scope: Scope) -> tuple[Quantity, ast.Reference]:
    """Splits ``o.v`` into what is probed and where."""
    rest = follow(subject, scope, ("population", "chain")).rest
    last = rest[-1] if rest else None
    if not isinstance(last, ast.Attribute):
        return "spikes", subject
    if last.name.text != "v":
        message = f"`{last.name.text}` cannot be probed"
        help = "write the population for its spikes, or add `.v` for its membrane"
        scope.error("E0202", message, last.span, help=help)
    return "membrane", ast.Reference(subject.name, subject.trailers[:-1], subject.span)


def readout(declaration: ast.ReadoutDeclaration, scope: Scope) -> None:
    """Elaborates ``readout o at 3 against label;``."""
    target = whole(declaration.population, scope, "population")
    chain, index = phase(declaration.phase, scope)
    label = whole(declaration.label, scope, "input")
    if target.size != label.size:
        message = (
            f"`{target.name}` has {counted(target.size, 'neuron')}, "
            f"`{label.name}` has {counted(label.size, 'element')}"
        )
        labels, help = declared(target, label), "give both one size"
        scope.error("E0401", message, declaration.span, labels=labels, help=help)
    frames = Schedule(tuple(scope.draft.chains.values())).clock
    if frames is not None and chain.name != frames.name:
        message = (
            f"a readout is once a frame, and `{frames.name}` makes the frames, not `{chain.name}`"
        )
        help = (
            f"read out in a phase of `{frames.name}`, or declare it after `{chain.name}`: "
            "the first ring makes the frames"
        )
        scope.error("E0501", message, declaration.phase.span, help=help)
    scope.draft.readouts.append(
        Readout(target.name, label.name, chain.name, index, declaration.span)
    )
