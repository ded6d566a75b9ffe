"""What references to populations, relays and phases mean."""

from __future__ import annotations

from sfc.ir.circuit import Chain, Input, Population
from sfc.sema.draft import Draft
from sfc.sema.evaluate import integer
from sfc.syntax import ast


def node(reference: ast.Reference, draft: Draft) -> Population | Input:
    """Returns the population, relay or input that a reference names."""
    if draft.scope.kind(reference.name.text) != "input":
        return population(reference, draft)
    whole(reference, draft)
    source: Input = draft.scope.lookup(reference.name, "input")
    return source


def population(reference: ast.Reference, draft: Draft) -> Population:
    """Returns the population that a reference names, or the relay, as in ``g[3]``."""
    if draft.scope.kind(reference.name.text) == "chain" and reference.trailers:
        chain, index = relay_index(reference, draft)
        return draft.populations[chain.relays[index]]
    whole(reference, draft)
    found: Population = draft.scope.lookup(reference.name, "population")
    return found


def whole(reference: ast.Reference, draft: Draft) -> None:
    """Reports what follows a name that has no parts."""
    if reference.trailers:
        message = f"`{reference.name.text}` has no parts that can be named here"
        draft.scope.error("E0202", message, reference.trailers[0].span)


def relay_index(reference: ast.Reference, draft: Draft) -> tuple[Chain, int]:
    """Returns the chain and the number of a reference such as ``g[2*l + 1]``."""
    scope = draft.scope
    chain: Chain = scope.lookup(reference.name, "chain")
    first, *others = reference.trailers
    if others or not isinstance(first, ast.Index):
        scope.error("E0202", f"`{chain.name}` has only numbered relays", first.span)
    return chain, _inside(chain, first.expression, draft)


def phase(expression: ast.Expression, draft: Draft) -> tuple[Chain, int]:
    """Returns the chain and phase of ``g[k]``, or of a bare number where there is one chain."""
    scope = draft.scope
    if isinstance(expression, ast.Reference) and scope.kind(expression.name.text) == "chain":
        if expression.trailers:
            return relay_index(expression, draft)
        message = f"`{expression.name.text}` is a chain; a phase of it is needed"
        scope.error("E0501", message, expression.span, help=f"write {expression.name.text}[0]")
    if not draft.chains:
        message = "a phase needs a chain, and the circuit has none"
        scope.error(
            "E0505", message, expression.span, help="declare one: `chain g[12] : Relay ring;`"
        )
    if len(draft.chains) > 1:
        names = ", ".join(chain.name for chain in draft.chains)
        message = f"it is not clear which chain this phase belongs to: there are {names}"
        help = f"write {draft.chains[0].name}[…]"
        scope.error("E0505", message, expression.span, help=help)
    return draft.chains[0], _inside(draft.chains[0], expression, draft)


def _inside(chain: Chain, expression: ast.Expression, draft: Draft) -> int:
    what = f"a phase of chain `{chain.name}`"
    value = integer(expression, draft.scope, what, -(2**62), 2**62)
    last = len(chain.relays) - 1
    if not 0 <= value <= last:
        message = f"phase {value} is outside chain `{chain.name}`, whose phases are 0 to {last}"
        draft.scope.error("E0501", message, expression.span)
    return value
