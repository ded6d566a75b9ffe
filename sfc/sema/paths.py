"""What a reference such as ``net.layer[2].h[0..3]`` leads to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sfc.diagnostics import Label, nearest
from sfc.ir.schedule import Chain
from sfc.sema.nodes import Node
from sfc.sema.scope import Kind, Scope, Symbol, article
from sfc.span import Span
from sfc.syntax import ast

Trailer = ast.Attribute | ast.Index


IndexEnds = Callable[[ast.Interval, Scope], tuple[int, int | None]]
"""Computes the ends of an interval (see `sfc.sema.evaluate.index_ends`)."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a reference leads.

    Attributes:
        kind: of what was found; never an alias.
        value: a `Node` for populations and inputs, a `Scope` for an instance, and so on.
        rest: what follows in the reference and leads no further: ``.T``, ``.v``, a phase.
        symbol: the last name on the way.
        text: the reference up to `rest`.
    """

    kind: Kind
    value: Any
    rest: tuple[Trailer, ...]
    symbol: Symbol
    text: str


def follow(
    reference: ast.Reference,
    scope: Scope,
    ends: IndexEnds,
    kinds: tuple[Kind, ...],
    relays: bool = True,
) -> Found:
    """Goes along a reference as far as it leads.

    Args:
        ends: computes indices.
        kinds: what is needed, for the help with an unknown name.
        relays: whether ``g[3]`` of a chain leads to its relay; else the index stays in `rest`.

    Raises:
        Abandon: a name is unknown, an index is outside, or a declaration has a mistake.
    """
    found = _enter(scope.symbol(reference.name, kinds), reference.name.span, scope, "")
    if not reference.trailers:
        return found
    with scope.deeper(reference.span):
        for position, trailer in enumerate(reference.trailers):
            further = _step(found, trailer, scope, ends, relays)
            if further is None:
                return replace(found, rest=reference.trailers[position:])
            found = further
    return found


def _enter(symbol: Symbol, span: Span, scope: Scope, before: str) -> Found:
    """Returns what a symbol stands for, what it is an alias of if it is one."""
    text = f"{before}{symbol.name.text}"
    value = scope.value(symbol, span)
    if symbol.kind == "alias":
        return Found(value.kind, value.value, (), symbol, text)
    return Found(symbol.kind, value, (), symbol, text)


def _step(
    found: Found, trailer: Trailer, scope: Scope, ends: IndexEnds, relays: bool
) -> Found | None:
    """Goes one trailer further, None if it leads no further."""
    if isinstance(trailer, ast.Attribute):
        if found.kind == "array of instances":
            help = f"write {found.text}[{min(found.value, default=0)}].{trailer.name.text}"
            message = f"`{found.text}` is an array of instances; which one is needed first"
            scope.error("E0202", message, trailer.span, help=help)
        return _member(found, trailer, scope) if found.kind == "instance" else None
    if found.kind == "array of instances":
        return _element(found, trailer, scope, ends)
    if found.kind == "chain" and relays:
        place = one_index(found, trailer, scope, ends)
        inside_chain(found.value, place, trailer.span, scope)
        relay = scope.draft.populations[found.value.relays[place]]
        return Found("population", Node(relay), (), found.symbol, f"{found.text}[{place}]")
    if found.kind in ("population", "input"):
        return _slice(found, trailer, scope, ends)
    if found.kind in ("constant", "parameter") and isinstance(found.value, tuple):
        return _array_element(found, trailer, scope, ends)
    return None


def _member(found: Found, trailer: ast.Attribute, scope: Scope) -> Found:
    inside: Scope = found.value
    scope.shared.fill(inside)
    symbol = inside.symbols.get(trailer.name.text)
    if symbol is None:
        message = f"`{found.text}` has no `{trailer.name.text}`"
        names = list(inside.symbols)
        help = nearest(trailer.name.text, names) or f"it has {', '.join(names[:12]) or 'nothing'}"
        labels = (Label(found.symbol.name.span, "declared here"),)
        scope.error("E0201", message, trailer.name.span, labels=labels, help=help)
    return _enter(symbol, trailer.span, scope, f"{found.text}.")


def _element(found: Found, trailer: ast.Index, scope: Scope, ends: IndexEnds) -> Found:
    place = one_index(found, trailer, scope, ends)
    if place not in found.value:
        numbers = list(found.value)
        listing = f"{numbers[0]} to {numbers[-1]}" if numbers else "none"
        message = f"`{found.text}[{place}]` does not exist; the indices are {listing}"
        scope.error("E0308", message, trailer.span, labels=_declared(found))
    text = f"{found.text}[{place}]"
    return Found("instance", found.value[place], (), found.symbol, text)


def _slice(found: Found, trailer: ast.Index, scope: Scope, ends: IndexEnds) -> Found:
    node: Node = found.value
    given = trailer.intervals
    if len(given) > len(node.shape):
        extents = "1 extent" if len(node.shape) == 1 else f"{len(node.shape)} extents"
        message = f"`{found.text}` has {extents}, found {len(given)} indices"
        scope.error("E0308", message, trailer.span, labels=_declared(found))
    whole = tuple((0, size - 1) for size in node.thing.shape)
    part = list(node.part or whole)
    single = list(node.single or (False,) * len(part))
    free = [number for number, one in enumerate(single) if not one] or [0]
    for interval, number in zip(given, free, strict=False):
        first, last = part[number]
        what = f"{found.kind} `{found.text}`"
        low, high = _inside(interval, scope, ends, last - first + 1, what)
        part[number] = (first + low, first + (low if high is None else high))
        single[number] = high is None
    sliced = Node(node.thing, tuple(part), tuple(single))
    if sliced.part == whole and not any(single):
        sliced = Node(node.thing)
    return Found(found.kind, sliced, (), found.symbol, sliced.name)


def _array_element(found: Found, trailer: ast.Index, scope: Scope, ends: IndexEnds) -> Found:
    value, text = found.value, found.text
    for interval in trailer.intervals:
        if not isinstance(value, tuple):
            message = f"`{text}` is a number and has no indices"
            scope.error("E0202", message, interval.span)
        low, high = _inside(interval, scope, ends, len(value), f"array `{text}`")
        value = value[low] if high is None else value[low : high + 1]
        text = f"{text}[{low}]" if high is None else f"{text}[{low}..{high}]"
    return Found(found.kind, value, (), found.symbol, text)


def one_index(found: Found, trailer: Trailer, scope: Scope, ends: IndexEnds) -> int:
    """Returns the one index of a trailer."""
    if isinstance(trailer, ast.Index) and len(trailer.intervals) == 1:
        low, high = ends(trailer.intervals[0], scope)
        if high is None:
            return low
    message = f"one index is needed here: `{found.text}` is {article(found.kind)}"
    scope.error("E0202", message, trailer.span, help=f"write {found.text}[0]")


def inside_chain(chain: Chain, place: int, span: Span, scope: Scope) -> None:
    """Reports a phase that a chain does not have."""
    last = len(chain.relays) - 1
    if not 0 <= place <= last:
        message = f"phase {place} is outside chain `{chain.name}`, whose phases are 0 to {last}"
        scope.error("E0501", message, span)


def _inside(
    interval: ast.Interval, scope: Scope, ends: IndexEnds, size: int, what: str
) -> tuple[int, int | None]:
    """Returns the ends of an index within 0..size-1."""
    low, high = ends(interval, scope)
    for value in (low, low if high is None else high):
        if not 0 <= value < size:
            indices = f"whose indices are 0 to {size - 1}" if size else "which is empty"
            message = f"index {value} is outside {what}, {indices}"
            scope.error("E0308", message, interval.span)
    if high is not None and high < low:
        message = f"the slice {low}..{high} of {what} is empty"
        scope.error("E0308", message, interval.span, help="write the lower end first")
    return low, high


def _declared(found: Found) -> tuple[Label, ...]:
    return (Label(found.symbol.name.span, f"`{found.symbol.name.text}` is declared here"),)
