"""Phase blocks, probes and readouts."""

from __future__ import annotations

from sfc.diagnostics import Label
from sfc.ir.circuit import (
    Chain,
    Input,
    Origin,
    Population,
    Present,
    Probe,
    Projection,
    Quantity,
    Readout,
    Reward,
    Schedule,
    Tie,
)
from sfc.sema.connect import gate_weight
from sfc.sema.draft import Draft
from sfc.sema.evaluate import integer
from sfc.sema.models import constant_weight
from sfc.sema.references import counted, declared, phase, phases, population, whole
from sfc.sema.scope import Abandon
from sfc.syntax import ast


def phase_block(block: ast.PhaseBlock, draft: Draft) -> None:
    """Elaborates ``phase k, l..m { actions }``."""
    handlers = {"open": _open, "close": _close, "present": _present, "reward": _reward}
    seen: set[tuple[str, int]] = set()
    numbered = ((i.span, phase) for i in block.phases for phase in phases(i, draft))
    for span, (chain, index) in numbered:
        if (chain.name, index) in seen:
            message = f"phase {index} of chain `{chain.name}` is listed twice"
            draft.scope.error("E0205", message, span, help="keep one of them")
        seen.add((chain.name, index))
        for action in block.actions:
            for subject in action.subjects:
                try:
                    handlers[action.kind](action, subject, chain, index, draft)
                except Abandon:
                    continue


def _open(
    action: ast.Action, subject: ast.Reference, chain: Chain, index: int, draft: Draft
) -> None:
    target = population(subject, draft)
    _note_gating("opened", target, subject, chain, index, draft)
    weight, chosen = gate_weight(target, action.amount, subject.span, draft)
    origin = Origin("open", chain.name, index, chosen)
    relay = chain.relays[index]
    draft.add(Projection("", relay, target.name, "all_to_all", weight, 0, origin, "", action.span))


def _close(
    action: ast.Action, subject: ast.Reference, chain: Chain, index: int, draft: Draft
) -> None:
    target = population(subject, draft)
    scope = draft.scope
    _note_gating("closed", target, subject, chain, index, draft)
    if action.amount is None:
        amount, span = draft.models[target.name].need("close", scope, subject.span), subject.span
    else:
        span = action.amount.span
        amount = integer(action.amount, scope, "the closing weight", 1, 255 * 2**7)
    what = "the closing weight"
    weight = constant_weight(-amount, scope, span, what, lambda weight: f"`by {-weight:g}`")
    origin = Origin("close", chain.name, index)
    relay = chain.relays[index]
    draft.add(Projection("", relay, target.name, "all_to_all", weight, 0, origin, "", action.span))


def _note_gating(
    verb: str,
    target: Population,
    subject: ast.Reference,
    chain: Chain,
    index: int,
    draft: Draft,
) -> None:
    key = (chain.name, index, target.name)
    before = draft.gating.setdefault(key, (verb, subject.span))
    if before[1] is subject.span:
        return
    both = f"{verb} twice" if before[0] == verb else "opened and closed"
    draft.scope.error(
        "E0502",
        f"`{target.name}` is {both} in phase {index} of chain `{chain.name}`",
        subject.span,
        labels=(Label(before[1], f"{before[0]} here"),),
        help="drop one of them",
    )


def _present(
    action: ast.Action, subject: ast.Reference, chain: Chain, index: int, draft: Draft
) -> None:
    source: Input = draft.scope.lookup(subject.name, "input")
    whole(subject, draft)
    places = [_injection(action, source, target, draft) for target in action.targets]
    if not action.targets:
        own = enumerate(draft.projections)
        places = [i for i, p in own if p.source == source.name and p.origin is None]
        if not places:
            message = f"`{source.name}` goes nowhere"
            help = f"write `present {source.name} to …;` or declare a projection from it"
            draft.scope.error("E0402", message, action.span, help=help)
    for place in places if index == 0 else ():
        if isinstance(draft.projections[place].weight, Tie):
            message = f"`{source.name}` has plastic synapses and cannot be presented in phase 0"
            help = "an input spikes one phase earlier: present it in phase 1 or later"
            draft.scope.error("E0605", message, action.span, help=help)
    for place in places:
        if (chain.name, index, place) in draft.carried:
            message = (
                f"`{source.name}` is presented to `{draft.projections[place].target}` twice "
                f"in phase {index} of chain `{chain.name}`"
            )
            draft.scope.error("E0205", message, action.span, help="keep one of them")
        draft.carried.add((chain.name, index, place))
    draft.presents.append((Present(source.name, chain.name, index, (), action.span), places))


def _injection(action: ast.Action, source: Input, reference: ast.Reference, draft: Draft) -> int:
    """Returns the place of the projection that brings an input to a population."""
    target = population(reference, draft)
    key = (source.name, target.name)
    if key in draft.injections:
        return draft.injections[key]
    if source.size != target.size:
        message = (
            f"`{source.name}` has {counted(source.size, 'element')}, "
            f"`{target.name}` has {counted(target.size, 'neuron')}"
        )
        labels = declared(source, target)
        draft.scope.error("E0401", message, action.span, labels=labels, help="give both one size")
    drive = draft.models[target.name].need("drive", draft.scope, reference.span)
    weight = constant_weight(drive, draft.scope, reference.span, "`drive`")
    origin = Origin("present")
    draft.injections[key] = len(draft.projections)
    draft.add(
        Projection("", source.name, target.name, "one_to_one", weight, 0, origin, "", action.span)
    )
    return draft.injections[key]


def _reward(
    action: ast.Action, subject: ast.Reference, chain: Chain, index: int, draft: Draft
) -> None:
    if subject.name.text != "r1":
        message = f"`{subject.name.text}` is not a reward; the reward is called r1"
        draft.scope.error("E0601", message, subject.span, help="write `reward r1;`")
    draft.rewards.append(Reward(chain.name, index, action.span))


def probe(declaration: ast.ProbeDeclaration, draft: Draft) -> None:
    """Elaborates ``probe h, o.v at 3, 5..7;``."""
    numbered: dict[str, set[int]] = {}
    for interval in declaration.phases:
        for chain, number in phases(interval, draft):
            numbered.setdefault(chain.name, set()).add(number)
    at = {name: tuple(sorted(numbers)) for name, numbers in numbered.items()} or {"": ()}
    for subject in declaration.subjects:
        quantity, reference = _quantity(subject, draft)
        for name in _probed(reference, draft):
            for chain_name, numbers in at.items():
                draft.probes.append(Probe(name, quantity, chain_name, numbers, declaration.span))


def _probed(reference: ast.Reference, draft: Draft) -> tuple[str, ...]:
    """Returns the population that is probed, or all relays of a chain."""
    if draft.scope.kind(reference.name.text) == "chain" and not reference.trailers:
        chain: Chain = draft.scope.lookup(reference.name, "chain")
        return chain.relays
    return (population(reference, draft).name,)


def _quantity(subject: ast.Reference, draft: Draft) -> tuple[Quantity, ast.Reference]:
    """Splits ``o.v`` into what is probed and where."""
    last = subject.trailers[-1] if subject.trailers else None
    if not isinstance(last, ast.Attribute):
        return "spikes", subject
    if last.name.text != "v":
        message = f"`{last.name.text}` cannot be probed"
        help = "write the population for its spikes, or add `.v` for its membrane"
        draft.scope.error("E0202", message, last.span, help=help)
    return "membrane", ast.Reference(subject.name, subject.trailers[:-1], subject.span)


def readout(declaration: ast.ReadoutDeclaration, draft: Draft) -> None:
    """Elaborates ``readout o at 3 against label;``."""
    target = population(declaration.population, draft)
    chain, index = phase(declaration.phase, draft)
    label: Input = draft.scope.lookup(declaration.label.name, "input")
    whole(declaration.label, draft)
    if target.size != label.size:
        message = (
            f"`{target.name}` has {counted(target.size, 'neuron')}, "
            f"`{label.name}` has {counted(label.size, 'element')}"
        )
        labels, help = declared(target, label), "give both one size"
        draft.scope.error("E0401", message, declaration.span, labels=labels, help=help)
    frames = Schedule(tuple(draft.chains)).clock
    if frames is not None and chain.name != frames.name:
        message = (
            f"a readout is once a frame, and `{frames.name}` makes the frames, not `{chain.name}`"
        )
        help = f"read out in a phase of `{frames.name}`"
        draft.scope.error("E0501", message, declaration.phase.span, help=help)
    draft.readouts.append(Readout(target.name, label.name, chain.name, index, declaration.span))
