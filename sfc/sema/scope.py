"""Names and what they stand for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from sfc.diagnostics import Label, Reporter, nearest
from sfc.ir.limits import DEPTH_LIMIT
from sfc.span import Span
from sfc.syntax import ast

Kind = Literal[
    "parameter",
    "constant",
    "neuron model",
    "rule",
    "input",
    "population",
    "plastic matrix",
    "chain",
    "projection",
]


class Abandon(Exception):
    """A mistake was reported; what depends on it is given up without further messages."""


@dataclass(slots=True)
class Symbol:
    """What a name stands for: resolved when it is first needed.

    Attributes:
        resolve: computes the value; raises `Abandon` after reporting a mistake.
        state: "new", "busy" while it is resolved, "done", or "poisoned" after a mistake.
    """

    kind: Kind
    name: ast.Name
    resolve: Callable[[], Any]
    state: Literal["new", "busy", "done", "poisoned"] = "new"
    value: Any = None


def article(noun: str) -> str:
    """Returns a noun with "a" or "an"."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


@dataclass(slots=True)
class Scope:
    """The names that are known at a place, and where their mistakes are reported.

    Attributes:
        reported: what is reported only once, wherever it matters.
        depth: of expressions and definitions that are being computed.
    """

    reporter: Reporter
    symbols: dict[str, Symbol] = field(default_factory=dict)
    reported: set[Hashable] = field(default_factory=set)
    depth: int = 0

    def declare(self, kind: Kind, name: ast.Name, resolve: Callable[[], Any]) -> None:
        """Adds a name; a second declaration is reported and dropped."""
        if name.text == "spike":
            message = "`spike` always means the weight that fires an open neuron"
            self.reporter.error("E0107", message, name.span, help="choose another name")
            return
        first = self.symbols.setdefault(name.text, Symbol(kind, name, resolve))
        if first.name is not name:
            self.reported.add(("twice", name.text))
            self.reporter.error(
                "E0203",
                f"`{name.text}` is declared twice",
                name.span,
                labels=(Label(first.name.span, f"first declared here, as {article(first.kind)}"),),
                help="rename one of them",
            )

    def lookup(self, name: ast.Name, *kinds: Kind) -> Any:
        """Returns the value of a name of one of `kinds`.

        Raises:
            Abandon: it is unknown, of another kind, or its own declaration has a mistake.
        """
        symbol = self.symbols.get(name.text)
        if symbol is None:
            known = [text for text, symbol in self.symbols.items() if symbol.kind in kinds]
            help = nearest(name.text, known) or f"declare {article(kinds[0])} with this name"
            self.once(("name", name.text))
            self.error("E0201", f"unknown name `{name.text}`", name.span, help=help)
        if symbol.kind not in kinds:
            if ("twice", name.text) in self.reported:
                raise Abandon
            wanted = " or ".join(article(kind) for kind in kinds)
            relay = symbol.kind == "chain" and "population" in kinds
            self.error(
                "E0202",
                f"`{name.text}` is {article(symbol.kind)}; {wanted} is needed here",
                name.span,
                labels=(Label(symbol.name.span, "declared here"),),
                help=f"write {name.text}[0] for its first relay" if relay else "",
            )
        return self.value(symbol, name.span)

    def kind(self, name: str) -> Kind | None:
        """Returns what kind of thing a name stands for, None if it is unknown."""
        symbol = self.symbols.get(name)
        return symbol.kind if symbol else None

    def value(self, symbol: Symbol, span: Span) -> Any:
        """Resolves a symbol that is used at `span`; raises `Abandon` if it is poisoned."""
        if symbol.state == "busy":
            self.error(
                "E0207",
                f"the definition of `{symbol.name.text}` depends on itself",
                symbol.name.span,
                labels=(Label(span, "used here"),),
                help="give one of these definitions a value of its own",
            )
        if symbol.state == "new":
            symbol.state = "busy"
            try:
                with self.deeper(span):
                    symbol.value = symbol.resolve()
                symbol.state = "done"
            except Abandon:
                symbol.state = "poisoned"
        if symbol.state == "poisoned":
            raise Abandon
        return symbol.value

    @contextmanager
    def deeper(self, span: Span) -> Iterator[None]:
        """Counts an expression or definition as being computed; reports too many."""
        if self.depth >= DEPTH_LIMIT:
            self.once(("limit", "depth"))
            message = f"definitions and expressions depend on one another over {DEPTH_LIMIT} deep"
            help = "declare names before they are used, and name parts of long expressions"
            self.error("E0106", message, span, help=help)
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1

    def once(self, key: Hashable) -> None:
        """Raises `Abandon` without a message from the second time on that it gets a key."""
        if key in self.reported:
            raise Abandon
        self.reported.add(key)

    def error(self, *arguments: Any, **options: Any) -> NoReturn:
        """Reports an error (see `Reporter.error`) and raises `Abandon`."""
        self.reporter.error(*arguments, **options)
        raise Abandon
