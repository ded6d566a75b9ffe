"""Parses circuit files; with `build` and `tables` of this folder the only place that knows Lark."""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from pathlib import Path
from typing import NoReturn

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from sfc.diagnostics import (
    Diagnostic,
    Label,
    SfcError,
    fail,
    nearest,
    printable,
    shortened,
)
from sfc.ir.limits import SOURCE_BYTES, STATEMENT_TOKEN_LIMIT, TOKEN_LIMIT
from sfc.span import Source, Span
from sfc.syntax import ast
from sfc.syntax.build import Builder
from sfc.syntax.tables import lark_parser
from sfc.syntax.words import (
    AFTER,
    AT_STATEMENT,
    CHARACTERS,
    DECLARATIONS,
    GROUPS,
    INSTEAD,
    NEXT_STATEMENT,
    RESERVED_NAMES,
    TERMINALS,
)

LANGUAGE_VERSION = 1

_VERSION = re.compile(r"(?:\s+|//[^\n]*\n)*(?:(sfc)\s+([0-9][\w.]*))?")
_COMMENT = re.compile(r'("[^"\n]*")|//[^\n]*')
"""A comment, or a text in quotes, which may hold what looks like one (group 1)."""

_DOC = re.compile(r"\s*///(?!/)(.*)")
_TOKEN = re.compile(r"\w+|[^\w\s]")
_STATEMENT = re.compile(r"[^;{}]+")
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")


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
        message = f"{name} is not UTF-8 text: byte {data[error.start]:#04x} in line {line}"
        fail("E0102", message, help="save it as UTF-8")
    return Source(Path(path).name, text, name)


def parse(source: Source) -> ast.CircuitFile:
    """Returns the syntax tree of a source.

    Raises:
        SfcError: the text is not in the language; the first mistake is reported.
    """
    source = Source(source.name, source.text.removeprefix("\ufeff"), source.path)
    _check_characters(source)
    _check_version(source)
    _check_length(source)
    lines = source.text.split("\n")
    comments = _comments(source, lines)
    file_doc = [comment.text[3:].strip() for comment in comments if comment.text[:3] == "//!"]
    docs = {n: m[1].strip() for n, line in enumerate(lines, start=1) if (m := _DOC.match(line))}
    try:
        tree = lark_parser().parse(source.text)
    except UnexpectedToken as error:
        _fail_at_token(source, error)
    except UnexpectedCharacters as error:
        _fail_at_character(source, error)
    statements = Builder(source, docs).all(tree.children[1:])
    return ast.CircuitFile(source, statements, "\n".join(file_doc), comments)


def _check_characters(source: Source) -> None:
    if match := _UNREADABLE.search(source.text):
        span = _end_of(source, source.text[: match.end()])
        message = f"the character U+{ord(match[0]):04X} does not belong in a text file"
        fail("E0102", message, span, help="delete it, and save the file as UTF-8")


def _check_length(source: Source) -> None:
    """Refuses what would take long to parse."""
    total = 0
    text = _COMMENT.sub(_blanked, source.text)
    for match in _STATEMENT.finditer(text):
        tokens = islice(_TOKEN.finditer(match[0]), STATEMENT_TOKEN_LIMIT + 1)
        count = sum(1 for _ in tokens)
        total += count
        if count > STATEMENT_TOKEN_LIMIT:
            message = f"a statement has more than {STATEMENT_TOKEN_LIMIT:,} words and signs"
            start = match.end() - len(match[0].lstrip())
            fail("E0106", message, _end_of(source, text[: start + 1]), help="split it")
        if total > TOKEN_LIMIT:
            fail("E0103", f"{source.name} has more than {TOKEN_LIMIT:,} words and signs")


def _blanked(found: re.Match[str]) -> str:
    """Returns blanks for a comment, and one word for a text in quotes."""
    length = len(found[0])
    return "_" * length if found[1] else " " * length


def _check_version(source: Source) -> None:
    match = _VERSION.match(source.text)
    start = match.end() if match else 0
    found = match[2] if match else None
    if found is None:
        span = _end_of(source, source.text[:start] + " ")
        message = "a circuit file begins with its language version"
        fail("E0104", message, span, help="write `sfc 1;` before this")
    if found.lstrip("0") != str(LANGUAGE_VERSION):
        end = _end_of(source, source.text[:start])
        span = Span(source, end.line, end.end_column - len(found), end.line, end.end_column)
        message = f"language version {found[:20]} is not known; this compiler knows version 1"
        fail("E0104", message, span, help="install a newer sfc, or write `sfc 1;`")


def tokens(source: Source) -> list[tuple[str, ast.Name]]:
    """Returns every token and comment in order, each with its kind.

    Kinds are "comment", "name", "number", "text", "keyword" and "sign".
    """
    found = [("comment", comment) for comment in _comments(source, source.text.split("\n"))]
    for token in lark_parser().lex(source.text):
        kind = "keyword" if token.isidentifier() else "sign"
        kind = {"NAME": "name", "NUMBER": "number", "STRING": "text"}.get(token.type, kind)
        found.append((kind, ast.Name(str(token), _token_span(source, token))))
    return sorted(found, key=lambda pair: (pair[1].span.line, pair[1].span.column))


def _comments(source: Source, lines: list[str]) -> tuple[ast.Name, ...]:
    comments = []
    for number, line in enumerate(lines, start=1):
        for match in _COMMENT.finditer(line):
            if match[1]:
                continue
            column = match.start() + 1
            span = Span(source, number, column, number, match.end() + 1)
            comments.append(ast.Name(match[0].rstrip(), span))
    return tuple(comments)


def _end_of(source: Source, text: str) -> Span:
    """Returns the place of the last character of `text`, a beginning of the source."""
    line = text.count("\n") + 1
    column = max(1, len(text) - text.rfind("\n") - 1)
    return Span(source, line, column, line, column + 1)


def _fail_at_character(source: Source, error: UnexpectedCharacters) -> NoReturn:
    span = Span(source, error.line, error.column, error.line, error.column + 1)
    message = f"unexpected character `{error.char}`"
    if not error.char.isascii():
        message += f" (U+{ord(error.char):04X} {unicodedata.name(error.char, 'without a name')})"
    other = "a name has the letters a-z and A-Z, digits and _" if error.char.isalpha() else ""
    fail("E0105", message, span, help=CHARACTERS.get(error.char, other))


def _fail_at_token(source: Source, error: UnexpectedToken) -> NoReturn:
    token, previous = error.token, _previous_token(error)
    if previous in RESERVED_NAMES:
        message = f"`{previous}` is reserved for a later version of the language"
        fail("E0107", message, _token_span(source, previous))
    accepted = error.accepts or error.expected
    if "SEMICOLON" in accepted and previous is not None and _is_next_line(token, previous):
        span = _token_span(source, previous)
        after = Span(source, span.end_line, span.end_column, span.end_line, span.end_column + 1)
        fail("E0105", "a `;` is missing", after, pointer="expected `;` here")
    span = _token_span(source, token)
    if token.type == "$END":
        span = _end_of(source, source.text.rstrip() or " ")
    is_keyword = token.isidentifier() and token.type != "NAME"
    if is_keyword and accepted == {"NAME"}:
        help = f"choose another name, for instance `{token}_`"
        fail("E0107", f"`{token}` is a keyword and cannot be a name", span, help=help)
    found = _terminal(token.type) if token.type == "$END" else f"`{shortened(token)}`"
    expected = _listing(sorted({_terminal(name) for name in accepted}))
    message = f"expected {expected}, found {found}{' (a keyword)' if is_keyword else ''}"
    labels = _open_brace(source) if token.type == "$END" and "RBRACE" in accepted else ()
    help = _hint(token, previous, accepted)
    raise SfcError([Diagnostic("E0105", message, span, labels=labels, help=help)])


def _open_brace(source: Source) -> tuple[Label, ...]:
    """Returns a label at the last brace that is not closed."""
    unclosed = []
    for token in lark_parser().lex(source.text):
        if token == "{":
            unclosed.append(token)
        elif token == "}" and unclosed:
            unclosed.pop()
    return tuple(Label(_token_span(source, t), "this `{` is not closed") for t in unclosed[-1:])


def _is_next_line(token: Token, previous: Token) -> bool:
    """Tells whether a token belongs to what comes after a statement, not to the statement."""
    return token.line != previous.end_line or token.type in NEXT_STATEMENT


def _hint(token: Token, previous: Token | None, accepted: set[str]) -> str:
    """Returns what the user may have meant by a token that does not fit."""
    before = str(previous) if previous is not None else ""
    if "PARAM" in accepted:
        return AT_STATEMENT.get(token.type, "")
    if before in AFTER:
        return AFTER[before]
    if before in INSTEAD and "ARROW" in accepted:
        return INSTEAD[before]
    if token.type == "COLON" and "ARROW" in accepted:
        return f"say what `{before}` is: `population {before} : …` or `instance {before} : …`"
    if token.type == "COLON" and "LBRACE" in accepted:
        return "write `{`, and `}` after the last statement"
    if token.type == "COLON" and (before == "[" or "RSQB" in accepted):
        return "a slice is written x[0..3], with both its ends"
    if token.type == "EQUAL" and "LBRACE" in accepted:
        return "write `==` to compare"
    if token.type == "EQUAL" and "ARROW" in accepted:
        return f"write `const {before} = …`, or `instance {before} : …`"
    if token.type == "AT" and accepted <= {"LSQB", "COMMA", "SEMICOLON"}:
        return "a port has the bounds of the input that is bound to it"
    if token.type == "AT" and "SEMICOLON" in accepted:
        return "`at` stands before `=`"
    if token.type == "SEMICOLON" and "EQUAL" in accepted:
        return "say what is expected: `= [1, 0, 1]`; `==` compares numbers"
    if token.type == "NAME" and accepted == {"COLON", "LSQB"}:
        return f"write `instance {token} : {before} …`"
    if token.type in ("IF", "FOR") and "REWARD" in accepted:
        return f"put the `{token}` around the phase: blocks of one phase add up"
    if "RBRACE" in accepted and token.type in NEXT_STATEMENT:
        return "end the block before it with `}`"
    if "ARROW" in accepted and previous is not None:
        return nearest(previous.lower(), DECLARATIONS)
    return nearest(token.lower(), (name.lower() for name in accepted if name not in TERMINALS))


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
