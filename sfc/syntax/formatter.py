"""The canonical layout of circuit files.

It works on tokens, so that every comment stays, and changes only white space: a statement a line,
two spaces an indentation, a short block of simple statements on one line, at most 100 columns where
a line can be broken, groups of statements apart by one blank line as the author set them.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field

from sfc.span import Source
from sfc.syntax.parser import parse, tokens
from sfc.syntax.words import CLAUSES

WIDTH = 100
_INDENT, _CONTINUATION = "  ", "    "

_TALL = {"else", "for", "if", "module", "test"}
"""What begins a block that is never put on one line."""

_CALLED = {"conv", "matrix", "sparse", "toeplitz"}
"""Keywords that an opening parenthesis follows without a space."""

_TIGHT = {"*", "/", "%", "**", ".", ".."}
_NO_SPACE_BEFORE = {";", ",", ")", "]", *_TIGHT}
_NO_SPACE_AFTER = {"(", "[", *_TIGHT}


@dataclass(frozen=True, slots=True)
class Word:
    """A token or comment.

    Attributes:
        kind: "comment", "name", "number", "text", "keyword" or "sign".
    """

    text: str
    line: int
    kind: str

    @property
    def is_comment(self) -> bool:
        """Whether it is a comment."""
        return self.kind == "comment"

    @property
    def wants_operand(self) -> bool:
        """Whether a sign after it belongs to the number that follows."""
        if self.kind == "keyword":
            return self.text not in ("true", "false")
        return self.kind == "sign" and self.text not in (")", "]")


@dataclass(slots=True)
class _Item:
    """A statement, a run of comments, or what is left of either.

    Attributes:
        blank: whether a blank line stands before it.
        comments: on lines of their own before it.
        head: its words, without the braces of its block.
        block: its statements, None if it has no block.
        inner: comments before the closing brace.
        trailing: a comment on its last line.
        opening: a comment on the line of its opening brace.
    """

    blank: bool = False
    comments: list[Word] = field(default_factory=list)
    head: list[Word] = field(default_factory=list)
    block: list[_Item] | None = None
    trailing: str = ""
    opening: str = ""


def format_source(source: Source) -> str:
    """Returns a circuit file's text in the canonical layout; formatting that again changes nothing.

    Raises:
        SfcError: the text is not in the language.
    """
    source = Source(source.name, source.text.removeprefix("\ufeff"), source.path)
    parse(source)
    items = _Reader(_words(source)).items()
    return "\n".join(_laid_out(items, "")) + "\n"


def unified_diff(source: Source, text: str) -> str:
    """Returns what formatting a source to `text` changes, as a unified diff."""
    before, after = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
    name = source.path or source.name
    return "".join(difflib.unified_diff(before, after, name, f"{name} (formatted)"))


def _words(source: Source) -> list[Word]:
    """Returns the tokens and comments of a text that parses, in order."""
    return [Word(token.text, token.span.line, kind) for kind, token in tokens(source)]


class _Reader:
    """Reads words into items."""

    def __init__(self, stream: list[Word]) -> None:
        self.stream = stream
        self.position = 0

    def items(self) -> list[_Item]:
        """Returns the items up to the end or a closing brace, which is taken too."""
        items: list[_Item] = []
        while True:
            item = self._item()
            if item.head or item.comments:
                items.append(item)
            if not item.head:
                self.position += 1
                return items

    def _item(self) -> _Item:
        item = _Item(blank=self._blank_before())
        while (word := self._peek()) is not None and word.is_comment:
            if item.comments and self._blank_before():
                return self._only_comments(item)
            item.comments.append(self._take())
        if word is None or word.text == "}":
            return item
        if item.comments and self._blank_before():
            return self._only_comments(item)
        while (word := self._peek()) is not None:
            if word.is_comment:
                item.comments.append(self._take())
                continue
            if word.text == "{":
                self._take()
                item.opening = self._comment_on_line(word.line)
                item.block = self.items()
                item.trailing = self._comment_on_line(self.stream[self.position - 1].line)
                return item
            item.head.append(self._take())
            if word.text == ";":
                item.trailing = self._comment_on_line(word.line)
                return item
        return item

    def _only_comments(self, item: _Item) -> _Item:
        item.head = [Word("", 0, "sign")]
        return item

    def _blank_before(self) -> bool:
        if not 0 < self.position < len(self.stream):
            return False
        return self.stream[self.position].line > self.stream[self.position - 1].line + 1

    def _comment_on_line(self, line: int) -> str:
        word = self._peek()
        if word is None or not word.is_comment or word.line != line:
            return ""
        return "  " + self._take().text

    def _peek(self) -> Word | None:
        return self.stream[self.position] if self.position < len(self.stream) else None

    def _take(self) -> Word:
        self.position += 1
        return self.stream[self.position - 1]


def _laid_out(items: list[_Item], indent: str) -> list[str]:
    """Lays items out one after the other; an `else` follows the brace before it."""
    lines: list[str] = []
    for position, item in enumerate(items):
        is_else = bool(item.head) and item.head[0].text == "else"
        if item.blank and position and not is_else:
            lines.append("")
        following = _lines(item, indent)
        if is_else and not item.comments and lines and lines[-1] == f"{indent}}}":
            following[0] = f"{lines.pop()} {following[0].lstrip()}"
        lines += following
    return lines


def _lines(item: _Item, indent: str) -> list[str]:
    lines = [indent + comment.text for comment in item.comments]
    head = _joined(item.head)
    if not head:
        return lines
    if item.block is None:
        return lines + _wrapped(item.head, indent, item.trailing)
    simple = all(i.block is None and not (i.comments or i.trailing) for i in item.block)
    if simple and not item.opening and (not item.block or item.head[0].text not in _TALL):
        inside = " ".join(_joined(i.head) for i in item.block)
        line = f"{indent}{head} {{ {inside} }}" if inside else f"{indent}{head} {{}}"
        if len(line) <= WIDTH:
            return [*lines, line + item.trailing]
    lines += _wrapped([*item.head, Word("{", 0, "sign")], indent, item.opening)
    lines += _laid_out(item.block, indent + _INDENT)
    return [*lines, f"{indent}}}{item.trailing}"]


def _wrapped(head: list[Word], indent: str, trailing: str) -> list[str]:
    """Lays a statement out on one line, or on several broken after commas and before clauses."""
    pieces: list[list[Word]] = [[]]
    depth = 0
    for word in head:
        depth += (word.text in "([") - (word.text in ")]") if word.text else 0
        if depth == 0 and word.text in CLAUSES and pieces[-1]:
            pieces.append([])
        pieces[-1].append(word)
        if word.text == ",":
            pieces.append([])
    lines: list[str] = []
    current: list[Word] = []
    for piece in pieces:
        prefix = indent if not lines else indent + _CONTINUATION
        if current and len(prefix + _joined([*current, *piece])) > WIDTH:
            lines.append(prefix + _joined(current))
            current = []
        current = [*current, *piece]
    lines.append((indent if not lines else indent + _CONTINUATION) + _joined(current) + trailing)
    return lines


def _joined(head: list[Word]) -> str:
    text = ""
    before: Word | None = None
    unary = False
    for word in head:
        if before is not None and not unary and _space_between(before, word):
            text += " "
        unary = word.text in ("-", "+") and (before is None or before.wants_operand)
        text += word.text
        before = word
    return text


def _space_between(before: Word, word: Word) -> bool:
    if word.text in _NO_SPACE_BEFORE or before.text in _NO_SPACE_AFTER:
        return False
    is_called = before.kind == "name" or before.text == "]" or before.text in _CALLED
    return not (word.text in ("(", "[") and is_called)
