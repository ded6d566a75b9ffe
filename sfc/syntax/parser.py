"""Parses circuit files; with `sfc.syntax.build` the only place that knows Lark."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NoReturn

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from sfc.diagnostics import fail, printable
from sfc.ir.limits import SOURCE_BYTES
from sfc.resources import resource
from sfc.span import Source, Span
from sfc.syntax import ast
from sfc.syntax.build import Builder
from sfc.syntax.words import GROUPS, RESERVED_NAMES, TERMINALS

LANGUAGE_VERSION = 1

_VERSION = re.compile(r"(?:\s|//[^\n]*\n)*(?:(sfc)\s+(\d+))?")
_COMMENT = re.compile(r"//[^\n]*")


def read_source(path: str | Path) -> Source:
    """Reads a circuit file.

    Raises:
        SfcError: it is missing, unreadable, too large or not UTF-8 text.
    """
    name = str(path)
    try:
        with Path(path).open("rb") as file:
            data = file.read(SOURCE_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        fail("E0101", f"cannot read {name}: {reason}", help="give the path of a .sfc file")
    except ValueError:
        fail("E0101", f"{printable(name)!r} is not a path")
    if len(data) > SOURCE_BYTES:
        fail("E0103", f"{name} is larger than {SOURCE_BYTES // 2**20} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        fail("E0102", f"{name} is not UTF-8 text: byte {data[error.start]:#04x} in line {line}")
    return Source(name, text)


def parse(source: Source) -> ast.CircuitFile:
    """Returns the syntax tree of a source.

    Raises:
        SfcError: the text is not in the language; the first mistake is reported.
    """
    _check_version(source)
    comments = _comments(source)
    file_doc = [comment.text[3:].strip() for comment in comments if comment.text[:3] == "//!"]
    docs = {c.span.line: c.text[3:].strip() for c in comments if c.text[:3] == "///"}
    try:
        tree = _lark().parse(source.text)
    except UnexpectedToken as error:
        _fail_at_token(source, error)
    except UnexpectedCharacters as error:
        span = Span(source, error.line, error.column, error.line, error.column + 1)
        fail("E0105", f"unexpected character `{printable(error.char)}`", span)
    statements = Builder(source, docs).all(tree.children[1:])
    return ast.CircuitFile(source, statements, "\n".join(file_doc), comments)


@cache
def _lark() -> Lark:
    grammar = (resource("grammars") / "sfc.lark").read_text("utf-8")
    return Lark(
        grammar, parser="lalr", lexer="basic", propagate_positions=True, maybe_placeholders=True
    )


def _check_version(source: Source) -> None:
    match = _VERSION.match(source.text)
    start = match.end() if match else 0
    found = match[2] if match else None
    if found is None:
        span = _end_of(source, source.text[:start] + " ")
        fail("E0104", "a circuit file begins with its language version", span, help="add `sfc 1;`")
    if found.lstrip("0") != str(LANGUAGE_VERSION):
        span = _end_of(source, source.text[:start])
        message = f"language version {found[:20]} is not known; this compiler knows version 1"
        fail("E0104", message, span, help="install a newer sfc, or write `sfc 1;`")


def _comments(source: Source) -> tuple[ast.Name, ...]:
    comments = []
    for number, line in enumerate(source.text.split("\n"), start=1):
        if match := _COMMENT.search(line):
            column = match.start() + 1
            span = Span(source, number, column, number, match.end() + 1)
            comments.append(ast.Name(match[0].rstrip(), span))
    return tuple(comments)


def _end_of(source: Source, text: str) -> Span:
    """Returns the place of the last character of `text`, a beginning of the source."""
    line = text.count("\n") + 1
    column = max(1, len(text) - text.rfind("\n") - 1)
    return Span(source, line, column, line, column + 1)


def _fail_at_token(source: Source, error: UnexpectedToken) -> NoReturn:
    token = error.token
    span = Span(source, token.line, token.column, token.end_line, token.end_column)
    previous = _previous_token(error)
    if previous in RESERVED_NAMES:
        message = f"`{previous}` is reserved for a later version of the language"
        fail("E0107", message, _token_span(source, previous))
    expected = sorted({_terminal(name) for name in error.accepts or error.expected})
    if "`;`" in expected and previous is not None and token.line != previous.end_line:
        span = _token_span(source, previous)
        after = Span(source, span.end_line, span.end_column, span.end_line, span.end_column + 1)
        fail("E0105", "a `;` is missing", after, pointer="expected `;` here")
    if token.type == "$END":
        span = _end_of(source, source.text.rstrip() or " ")
    found = _terminal(token.type) if token.type == "$END" else f"`{token}`"
    keyword = " (a keyword)" if token.type == str(token).upper() and token.isalpha() else ""
    message = f"expected {_listing(expected)}, found {printable(found)}{keyword}"
    fail("E0105", message, span)


def _previous_token(error: UnexpectedToken) -> Token | None:
    stack = error.interactive_parser.parser_state.value_stack if error.interactive_parser else []
    return stack[-1] if stack and isinstance(stack[-1], Token) else None


def _token_span(source: Source, token: Token) -> Span:
    return Span(source, token.line, token.column, token.end_line, token.end_column)  # type: ignore[arg-type]


def _terminal(name: str) -> str:
    return TERMINALS.get(name, f"`{name.lower()}`")


def _listing(names: list[str]) -> str:
    for group, summary in GROUPS:
        if group <= set(names):
            names = [*(name for name in names if name not in group), summary]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]
