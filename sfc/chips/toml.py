"""Reads a TOML file that comes from outside, and finds the lines of its keys."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from sfc.chips.schema import FILE_BYTES
from sfc.diagnostics import fail, printable
from sfc.span import Source, Span

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?")
_KEY = re.compile(r"""\s*(["']?)([\w-]+)\1\s*[.=]""")
_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){16}""")
"""Dotted names, which tomllib takes long to read."""

_HELP = "docs/chips.md shows what a chip file looks like"
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Document:
    """A TOML file: its text, and what it says.

    Attributes:
        lines: where tables and keys are first spoken of, as far as they begin a line.
    """

    source: Source
    tables: Mapping[str, Any]
    lines: Mapping[tuple[str, ...], int]

    def span(self, *path: str) -> Span:
        """Returns the line of a table or key, or of the innermost around it that is found."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return _line(self.source, self.lines[path[:length]])
        return _line(self.source, 1)


def read_toml(path: Path, others: Sequence[str]) -> Document:
    """Reads a file of at most 1 MiB.

    Args:
        path: of the file.
        others: names that might have been meant instead, for the help.

    Raises:
        SfcError: E1001, it is missing, unreadable, too large or not UTF-8; E1002, it is not TOML.
    """
    name = printable(str(path))
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        help = f"give the path of a chip file, or one of {', '.join(others)}"
        fail("E1001", f"cannot read {name}: {reason}", help=help)
    except ValueError:
        fail("E1001", f"{name!r} is not a path")
    if len(data) > FILE_BYTES:
        fail("E1001", f"{name} is larger than {FILE_BYTES // 2**20} MiB, too large for a chip file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message = f"{name} is not UTF-8 text: byte {data[error.start]:#04x} in line {line}"
        fail("E1001", message, help="save it as UTF-8")
    source = Source(path.name, text, str(path))
    deep = f"{name} is not a chip file: it is nested too deeply"
    if _LONG_KEY.search(text):
        fail("E1002", deep, help=_HELP)
    try:
        return Document(source, tomllib.loads(text), _lines(text))
    except RecursionError:
        fail("E1002", deep, help=_HELP)
    except ValueError as error:
        _fail_at(source, str(error))


def _fail_at(source: Source, reason: str) -> NoReturn:
    place = _PLACE.search(reason)
    reason = _PLACE.sub("", reason)
    span = _line(source, source.text.count("\n") + 1)
    if place and place[1]:
        line, column = int(place[1]), int(place[2])
        span = Span(source, line, column, line, column + 1)
    fail("E1002", f"this is not TOML: {printable(reason)}", span, help=_HELP)


def _lines(text: str) -> dict[tuple[str, ...], int]:
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.fullmatch(line.rstrip("\r")):
            table = tuple(part.strip(" \t\"'") for part in header[1].split("."))
            for length in range(1, len(table) + 1):
                lines.setdefault(table[:length], number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, key[2]), number)
    return lines


def _line(source: Source, number: int) -> Span:
    line = source.line(number) or ""
    start = len(line) - len(line.lstrip()) + 1
    return Span(source, number, start, number, max(len(line.rstrip()), start) + 1)
