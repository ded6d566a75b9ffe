"""Source texts and places in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Source:
    """A text with a name.

    Attributes:
        name: the file's name without folders, or a name such as ``<text>``. Two sources with the
            same name are equal: what sfc writes does not depend on where the file lay.
        text: the whole text; empty where only the name survived (a circuit read back from a
            bundle).
        path: as the user gave it, for messages; empty likewise.
    """

    name: str
    text: str = field(default="", compare=False, repr=False)
    path: str = field(default="", compare=False, repr=False)

    def line(self, number: int) -> str | None:
        """Returns line `number` (from 1) without its end, or None if the text has no such line."""
        lines = _lines(self.text)
        return lines[number - 1].rstrip("\r") if 1 <= number <= len(lines) else None


@lru_cache(maxsize=8)
def _lines(text: str) -> list[str]:
    return text.split("\n")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of source text: lines and columns count from 1, the end column is exclusive."""

    source: Source
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.source.path or self.source.name}:{self.line}:{self.column}"

    def to(self, end: Span) -> Span:
        """Returns the span from the start of this one to the end of `end`."""
        return Span(self.source, self.line, self.column, end.end_line, end.end_column)
