"""Names and what they stand for."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from sfc.diagnostics import Label, Reporter, nearest
from sfc.ir.limits import DEPTH_LIMIT, EXPANSION_LIMIT
from sfc.span import Source, Span
from sfc.syntax import ast

if TYPE_CHECKING:
    from sfc.sema.draft import Draft

Kind = Literal[
    "parameter",
    "constant",
    "neuron model",
    "rule",
    "module",
    "input",
    "population",
    "plastic matrix",
    "chain",
    "projection",
    "instance",
    "array of instances",
    "alias",
]


SEEN_BY_MODULES = ("parameter", "constant", "neuron model", "rule", "module")
"""What a module knows of the file around it; everything else comes through its ports."""


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
class Shared:
    """What all scopes of a circuit have in common.

    Attributes:
        draft: the circuit so far.
        folders: where imported files and data are looked for, after the folder of the file that
            names them.
        files: the scopes of imported files, by their resolved paths; None while one is read.
        fill: declares what an instance holds (see `sfc.sema.expand.fill_scope`).
        reported: what is reported only once, wherever it matters.
        depth: of expressions and definitions that are being computed.
        elements: number of elements of arrays that were computed.
        expanded: number of statements so far, those of loops and modules each time anew.
    """

    reporter: Reporter
    draft: Draft
    folders: tuple[Path, ...] = ()
    files: dict[Path, Scope | None] = field(default_factory=dict)
    fill: Callable[[Scope], None] = lambda _: None
    reported: set[Hashable] = field(default_factory=set)
    depth: int = 0
    elements: int = 0
    expanded: int = 0

    def folders_of(self, span: Span) -> list[Path]:
        """Returns the folders in which a file named at `span` is looked for."""
        path = span.source.path
        return [*([Path(path).parent] if path else []), *self.folders]


@dataclass(slots=True)
class Scope:
    """The names that are known at a place, and where their mistakes are reported.

    A scope is a file, an instance of a module, or one round of a loop.

    Attributes:
        parent: the scope around it in the text: a module's is its file, wherever it is used.
        path: what the flat names of its objects begin with, for instance ``net.layer[2].``.
        level: number of instances and named loops around it.
        made: where the instances that it belongs to were made, the innermost first.
        bindings: what the ports of an instance are bound to and in which scope; None elsewhere.
        source: of an imported file, None elsewhere.
        statements: what is still to be declared and expanded in it.
        items: statements that declare no name, and scopes and lists of such between them.
    """

    shared: Shared
    parent: Scope | None = None
    path: str = ""
    level: int = 0
    made: tuple[Label, ...] = ()
    bindings: dict[str, tuple[ast.Binding, Scope]] | None = None
    source: Source | None = None
    statements: tuple[Any, ...] = ()
    symbols: dict[str, Symbol] = field(default_factory=dict)
    items: list[Any] = field(default_factory=list)

    @property
    def reporter(self) -> Reporter:
        """What receives diagnostics."""
        return self.shared.reporter

    @property
    def draft(self) -> Draft:
        """The circuit so far."""
        return self.shared.draft

    @property
    def is_anonymous(self) -> bool:
        """Whether this is a round of a loop without a name."""
        return self.parent is not None and self.path == self.parent.path and self.bindings is None

    def declare(self, kind: Kind, name: ast.Name, resolve: Callable[[], Any]) -> None:
        """Adds a name; a second declaration is reported and dropped."""
        self.enter(name, Symbol(kind, name, resolve))

    def enter(self, name: ast.Name, symbol: Symbol) -> None:
        """Makes a symbol known under a name; a second symbol of the name is reported."""
        if name.text == "spike":
            message = "`spike` always means the weight that fires an open neuron"
            self.reporter.error("E0107", message, name.span, help="choose another name")
            return
        first = self.symbols.setdefault(name.text, symbol)
        if first is not symbol:
            self.shared.reported.add(("twice", name.text))
            self.reporter.error(
                "E0203",
                f"`{name.text}` is declared twice",
                name.span,
                labels=(
                    Label(first.name.span, f"first declared here, as {article(first.kind)}"),
                    *self.made,
                ),
                help="rename one of them",
            )

    def find(self, text: str) -> Symbol | None:
        """Returns the symbol of a name that is known here, None if it is unknown."""
        scope: Scope | None = self
        inside = True
        while scope is not None:
            symbol = scope.symbols.get(text)
            if symbol is not None and (inside or symbol.kind in SEEN_BY_MODULES):
                return symbol
            inside = inside and scope.bindings is None
            scope = scope.parent
        return None

    def _elsewhere(self, name: ast.Name) -> str:
        """Returns where an unknown name is to be found: in an instance, or in the library."""
        if name.text in ("True", "False"):
            return f"did you mean `{name.text.lower()}`?"
        for symbol in self.visible():
            if symbol.kind not in ("instance", "array of instances") or symbol.state != "done":
                continue
            inside = symbol.value
            place = symbol.name.text
            if isinstance(inside, dict):
                place = f"{place}[{max(inside, default=0)}]"
                inside = inside.get(max(inside, default=0))
            if inside is not None and name.text in inside.symbols:
                return f"did you mean `{place}.{name.text}`?"
        words = rf"^(module|neuron|rule|const) {re.escape(name.text)}\b"
        declared = re.compile(words, re.MULTILINE)
        for folder in self.shared.folders:
            for path in sorted(folder.glob("*.sfc"))[:100]:
                if declared.search(path.read_text("utf-8", errors="replace")):
                    return f'it is in the library: `import "{path.name}";`'
        return ""

    def _kind_outside(self, text: str) -> Kind | None:
        """Returns what kind of thing a name stands for in the file, out of a module's sight."""
        scope: Scope | None = self
        while scope is not None:
            if text in scope.symbols:
                return scope.symbols[text].kind
            scope = scope.parent
        return None

    def kind(self, text: str) -> Kind | None:
        """Returns what kind of thing a name stands for, None if it is unknown."""
        symbol = self.find(text)
        return symbol.kind if symbol else None

    def visible(self) -> Iterator[Symbol]:
        """Yields the symbols that are known here, the nearest first."""
        scope: Scope | None = self
        inside = True
        while scope is not None:
            symbols = scope.symbols.values()
            yield from (s for s in symbols if inside or s.kind in SEEN_BY_MODULES)
            inside = inside and scope.bindings is None
            scope = scope.parent

    def lookup(self, name: ast.Name, *kinds: Kind) -> Any:
        """Returns the value of a name of one of `kinds`.

        Raises:
            Abandon: it is unknown, of another kind, or its own declaration has a mistake.
        """
        symbol = self.symbol(name, kinds)
        if symbol.kind not in kinds:
            self.wrong_kind(name.text, name.span, symbol, symbol.kind, kinds)
        return self.value(symbol, name.span)

    def symbol(self, name: ast.Name, kinds: tuple[Kind, ...]) -> Symbol:
        """Returns the symbol of a name; reports one that is unknown where `kinds` are needed."""
        symbol = self.find(name.text)
        if symbol is None:
            hidden = ("instance", "alias", "array of instances")
            known = [s.name.text for s in self.visible() if s.kind in (*kinds, *hidden)]
            help = self._elsewhere(name) or nearest(name.text, known)
            help = help or f"declare {article(kinds[0])} with this name"
            if (hidden_kind := self._kind_outside(name.text)) in (
                "population",
                "input",
                "chain",
                "plastic matrix",
            ):
                help = (
                    f"a module sees the file's {hidden_kind} through a port, bound by its instances"
                )
            self.once(("name", name.text, self.path))
            self.error("E0201", f"unknown name `{name.text}`", name.span, help=help)
        return symbol

    def wrong_kind(
        self, text: str, span: Span, symbol: Symbol, kind: str, kinds: tuple[Kind, ...]
    ) -> NoReturn:
        """Reports a name that stands for another kind of thing than is needed."""
        if ("twice", symbol.name.text) in self.shared.reported:
            raise Abandon
        wanted = " or ".join(article(kind) for kind in kinds)
        relay = kind == "chain" and "population" in kinds
        help = f"write {text}[0] for its first relay" if relay else ""
        if kind in ("instance", "array of instances"):
            help = f"name something in it: {text}{'.' if kind == 'instance' else '[0].'}…"
        message = f"`{text}` is {article(kind)}; {wanted} is needed here"
        labels = (Label(symbol.name.span, "declared here"),)
        self.error("E0202", message, span, labels=labels, help=help)

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
        if self.shared.depth >= DEPTH_LIMIT:
            self.once(("limit", "depth"))
            message = f"definitions and expressions depend on one another over {DEPTH_LIMIT} deep"
            help = "declare names before they are used, and name parts of long expressions"
            self.error("E0106", message, span, help=help)
        self.shared.depth += 1
        try:
            yield
        finally:
            self.shared.depth -= 1

    def count(self, statements: int, span: Span) -> None:
        """Counts statements that are expanded; raises `SfcError` if there are too many."""
        self.shared.expanded += statements
        if self.shared.expanded > EXPANSION_LIMIT:
            message = f"the circuit has more than {EXPANSION_LIMIT:,} statements after expansion"
            help = "use populations of many neurons rather than many populations"
            self.fatal("E0306", message, span, help=help)

    def once(self, key: Hashable) -> None:
        """Raises `Abandon` without a message from the second time on that it gets a key."""
        if key in self.shared.reported:
            raise Abandon
        self.shared.reported.add(key)

    def error(self, *arguments: Any, labels: tuple[Label, ...] = (), **options: Any) -> NoReturn:
        """Reports an error (see `Reporter.error`) and raises `Abandon`.

        In an instance, the message points at where that was made, too.
        """
        self.reporter.error(*arguments, labels=(*labels, *self.made[:3]), **options)
        raise Abandon

    def fatal(self, *arguments: Any, **options: Any) -> NoReturn:
        """Reports an error and raises `SfcError`: nothing after it would make sense."""
        try:
            self.error(*arguments, **options)
        except Abandon:
            self.reporter.fail_on_errors()
        raise AssertionError("an error was reported")
