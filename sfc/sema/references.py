"""What references to populations, relays and phases mean."""

from __future__ import annotations

from sfc.diagnostics import Label
from sfc.ir.circuit import Matrix
from sfc.ir.schedule import Chain
from sfc.sema import paths
from sfc.sema.evaluate import follow, index_ends, integer
from sfc.sema.nodes import Node
from sfc.sema.scope import Kind, Scope
from sfc.syntax import ast


def node(reference: ast.Reference, scope: Scope, *kinds: Kind) -> Node:
    """Returns the population, relay or input that a reference names, or the slice of one.

    Args:
        kinds: "population", "input" or both, which is the default.
    """
    kinds = kinds or ("population", "input")
    found = follow(reference, scope, kinds)
    if found.kind not in kinds:
        scope.wrong_kind(found.text, reference.span, found.symbol, found.kind, kinds)
    if found.rest:
        message = f"`{found.text}` can be named here only as a whole"
        scope.error("E0202", message, found.rest[0].span, help=f"write `{found.text}`")
    result: Node = found.value
    return result


def population(reference: ast.Reference, scope: Scope) -> Node:
    """Returns the population that a reference names, or the relay, as in ``g[3]``."""
    return node(reference, scope, "population")


def whole(reference: ast.Reference, scope: Scope, *kinds: Kind) -> Node:
    """Returns the population or input that a reference names as a whole."""
    found = node(reference, scope, *kinds)
    if found.part is not None:
        message = f"`{found.thing.name}` can be named here only as a whole"
        help = f"write `{found.thing.name}`"
        span = reference.trailers[-1].span if reference.trailers else reference.span
        scope.error("E0202", message, span, help=help)
    return found


def matrix(reference: ast.Reference, scope: Scope) -> tuple[Matrix, tuple[paths.Trailer, ...]]:
    """Returns the plastic matrix that a reference names, and what follows it."""
    found = follow(reference, scope, ("plastic matrix",))
    if found.kind != "plastic matrix":
        kinds: tuple[Kind, ...] = ("plastic matrix",)
        scope.wrong_kind(found.text, reference.span, found.symbol, found.kind, kinds)
    return found.value, found.rest


def counted(number: int, noun: str) -> str:
    """Returns a number with a noun, which gets an s unless there is one of it."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def declared(*things: Node | Matrix) -> tuple[Label, ...]:
    """Returns labels that point at declarations."""
    labels = []
    for thing in things:
        name = thing.thing.name if isinstance(thing, Node) else thing.name
        if thing.span:
            labels.append(Label(thing.span, f"`{name}` is declared here"))
    return tuple(labels)


def phase(expression: ast.Expression, scope: Scope) -> tuple[Chain, int]:
    """Returns the chain and phase of ``g[k]``, or of a bare number where there is one chain."""
    if isinstance(expression, ast.Reference):
        found = follow(expression, scope, ("chain",), relays=False)
        if found.kind == "chain":
            return _phase_of(found, expression, scope)
    chain = the_chain(expression, scope)
    return chain, _inside(chain, expression, scope)


def phases(interval: ast.Interval, scope: Scope) -> list[tuple[Chain, int]]:
    """Returns the chain and phases of ``k`` or ``k..l``; l may be a bare number after ``g[k]``."""
    chain, low = phase(interval.low, scope)
    if interval.high is None:
        return [(chain, low)]
    other, high = _upper_end(interval.high, chain, scope)
    if other.name != chain.name or high < low:
        found = f"{chain.name}[{low}] to {other.name}[{high}]"
        message = f"a range of phases runs up within one chain; found {found}"
        scope.error("E0501", message, interval.span)
    return [(chain, number) for number in range(low, high + 1)]


def the_chain(expression: ast.Expression, scope: Scope) -> Chain:
    """Returns the one chain that a bare phase number belongs to."""
    symbols = [symbol for symbol in scope.visible() if symbol.kind == "chain"]
    if not (symbols or scope.made) and len(scope.draft.chains) == 1:
        return next(iter(scope.draft.chains.values()))
    if not symbols:
        scope.once(("limit", "no chain", scope.path))
        message = "a phase needs a chain, and the circuit has none"
        help = "declare one: `chain g[12] : Relay ring;`"
        if scope.made:
            message = "a phase needs a chain, and the module has none"
            help = "give it one: `port chain g;`"
        scope.error("E0505", message, expression.span, help=help)
    chains: list[Chain] = [scope.value(symbol, expression.span) for symbol in symbols]
    if len(chains) > 1:
        names = ", ".join(symbol.name.text for symbol in symbols)
        message = f"it is not clear which chain this phase belongs to: there are {names}"
        first = symbols[0].name.text
        help = f"write {first}[…] for a phase of `{first}`"
        scope.error("E0505", message, expression.span, help=help)
    return chains[0]


def _phase_of(found: paths.Found, expression: ast.Reference, scope: Scope) -> tuple[Chain, int]:
    chain: Chain = found.value
    if not found.rest:
        message = f"`{found.text}` is a chain; a phase of it is needed"
        scope.error("E0501", message, expression.span, help=f"write {found.text}[0]")
    first, *others = found.rest
    if others or not isinstance(first, ast.Index):
        message = f"`{found.text}` has only numbered relays"
        scope.error("E0202", message, first.span, help=f"write {found.text}[0]")
    place = paths.one_index(found, first, scope, index_ends)
    paths.inside_chain(chain, place, first.intervals[0].span, scope)
    return chain, place


def _upper_end(expression: ast.Expression, chain: Chain, scope: Scope) -> tuple[Chain, int]:
    if isinstance(expression, ast.Reference):
        found = follow(expression, scope, ("chain",), relays=False)
        if found.kind == "chain":
            return _phase_of(found, expression, scope)
    return chain, _inside(chain, expression, scope)


def _inside(chain: Chain, expression: ast.Expression, scope: Scope) -> int:
    what = f"a phase of chain `{chain.name}`"
    place = integer(expression, scope, what, -(2**62), 2**62)
    paths.inside_chain(chain, place, expression.span, scope)
    return place
