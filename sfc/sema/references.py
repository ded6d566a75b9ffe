"""What references to populations, relays and phases mean."""

from __future__ import annotations

from sfc.diagnostics import Label
from sfc.ir.circuit import Chain, Input, Matrix, Population
from sfc.sema.draft import Draft
from sfc.sema.evaluate import integer
from sfc.sema.scope import Abandon
from sfc.syntax import ast


def node(reference: ast.Reference, draft: Draft) -> Population | Input:
    """Returns the population, relay or input that a reference names."""
    if draft.scope.kind(reference.name.text) in ("chain", None) and reference.trailers:
        return population(reference, draft)
    found: Population | Input = draft.scope.lookup(reference.name, "population", "input")
    whole(reference, draft)
    return found


def population(reference: ast.Reference, draft: Draft) -> Population:
    """Returns the population that a reference names, or the relay, as in ``g[3]``."""
    if draft.scope.kind(reference.name.text) in ("chain", None) and reference.trailers:
        chain, index = relay_index(reference, draft)
        return draft.populations[chain.relays[index]]
    found: Population = draft.scope.lookup(reference.name, "population")
    whole(reference, draft)
    return found


def counted(number: int, noun: str) -> str:
    """Returns a number with a noun, which gets an s unless there is one of it."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def declared(*things: Population | Input | Matrix) -> tuple[Label, ...]:
    """Returns labels that point at declarations."""
    return tuple(Label(t.span, f"`{t.name}` is declared here") for t in things if t.span)


def whole(reference: ast.Reference, draft: Draft) -> None:
    """Reports what follows a name that has no parts."""
    if reference.trailers:
        message = f"`{reference.name.text}` can be named here only as a whole"
        help = f"write `{reference.name.text}`"
        draft.scope.error("E0202", message, reference.trailers[0].span, help=help)


def relay_index(reference: ast.Reference, draft: Draft) -> tuple[Chain, int]:
    """Returns the chain and the number of a reference such as ``g[2*l + 1]``."""
    scope = draft.scope
    chain: Chain = scope.lookup(reference.name, "chain")
    first, *others = reference.trailers
    if others or not isinstance(first, ast.Index):
        message = f"`{chain.name}` has only numbered relays"
        scope.error("E0202", message, first.span, help=f"write {chain.name}[0]")
    return chain, _inside(chain, first.expression, draft)


def phase(expression: ast.Expression, draft: Draft) -> tuple[Chain, int]:
    """Returns the chain and phase of ``g[k]``, or of a bare number where there is one chain."""
    scope = draft.scope
    if isinstance(expression, ast.Reference):
        kind = scope.kind(expression.name.text)
        if kind in ("chain", None) and expression.trailers:
            return relay_index(expression, draft)
        if kind == "chain":
            message = f"`{expression.name.text}` is a chain; a phase of it is needed"
            scope.error("E0501", message, expression.span, help=f"write {expression.name.text}[0]")
    if draft.begun_chains > len(draft.chains):
        raise Abandon
    if not draft.chains:
        scope.once(("limit", "no chain"))
        message = "a phase needs a chain, and the circuit has none"
        help = "declare one: `chain g[12] : Relay ring;`"
        scope.error("E0505", message, expression.span, help=help)
    if len(draft.chains) > 1:
        names = ", ".join(chain.name for chain in draft.chains)
        message = f"it is not clear which chain this phase belongs to: there are {names}"
        help = f"write {draft.chains[0].name}[…] for a phase of `{draft.chains[0].name}`"
        scope.error("E0505", message, expression.span, help=help)
    return draft.chains[0], _inside(draft.chains[0], expression, draft)


def phases(interval: ast.Interval, draft: Draft) -> list[tuple[Chain, int]]:
    """Returns the chain and phases of ``k`` or ``k..l``; l may be a bare number after ``g[k]``."""
    chain, low = phase(interval.low, draft)
    if interval.high is None:
        return [(chain, low)]
    other = chain
    if isinstance(interval.high, ast.Reference) and interval.high.trailers:
        other, high = phase(interval.high, draft)
    else:
        high = _inside(chain, interval.high, draft)
    if other is not chain or high < low:
        found = f"{chain.name}[{low}] to {other.name}[{high}]"
        message = f"a range of phases runs up within one chain; found {found}"
        draft.scope.error("E0501", message, interval.span)
    return [(chain, number) for number in range(low, high + 1)]


def _inside(chain: Chain, expression: ast.Expression, draft: Draft) -> int:
    what = f"a phase of chain `{chain.name}`"
    value = integer(expression, draft.scope, what, -(2**62), 2**62)
    last = len(chain.relays) - 1
    if not 0 <= value <= last:
        message = f"phase {value} is outside chain `{chain.name}`, whose phases are 0 to {last}"
        draft.scope.error("E0501", message, expression.span)
    return value
