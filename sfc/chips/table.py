"""A table of a chip file that says where its mistakes are."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from sfc.chips.schema import TEXT_LENGTH
from sfc.chips.toml import Document
from sfc.diagnostics import fail, nearest, shortened

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,59}")
_HELP = "docs/chips.md says what a chip file holds"


@dataclass(frozen=True, slots=True)
class Table:
    """Part of a document: the keys that lead to it, and what it holds."""

    document: Document
    path: tuple[str, ...]
    content: Mapping[str, Any]

    def __str__(self) -> str:
        where = f"[{shortened('.'.join(self.path))}] of " if self.path else ""
        return f"{where}{self.document.source.name}"

    def text(self, key: str, default: str | None = None) -> str:
        """Returns a text of a line; an error where it is missing and has no default."""
        found = self.content.get(key, default)
        if found is None:
            self.lacks(key)
        if not isinstance(found, str) or not found.isprintable() or len(found) > TEXT_LENGTH:
            self.wrong(key, f"a line of text of at most {TEXT_LENGTH} characters")
        if not found.strip() and default is None:
            self.wrong(key, "a text that is not empty")
        return found

    def name(self, key: str) -> str:
        """Returns a text that is a name."""
        found = self.text(key)
        if not _NAME.fullmatch(found):
            self.wrong(key, "a name of letters, digits, `_` and `-` that begins with a letter")
        return found

    def table(self, key: str, default: Mapping[str, Any] | None = None) -> Table:
        """Returns a table within; an error where it is missing and has no default."""
        found = self.content.get(key, default)
        if found is None:
            self.lacks(key)
        if not isinstance(found, dict):
            self.wrong(key, "a table")
        return Table(self.document, (*self.path, key), found)

    def check_names(self) -> None:
        """Refuses keys that are no names."""
        for key in self.content:
            if not _NAME.fullmatch(key):
                message = f"`{shortened(key)}` in {self} is not a name"
                help = "names have letters, digits, `_` and `-`, and begin with a letter"
                fail("E1003", message, self.document.span(*self.path, key), help=help)

    def check_known(self, known: Collection[str]) -> None:
        """Refuses keys with other names."""
        for key in self.content:
            if key not in known:
                message = f"unknown name `{shortened(key)}` in {self}"
                help = nearest(key, known) or f"these are known: {', '.join(known)}"
                fail("E1003", message, self.document.span(*self.path, key), help=help)

    def wrong(self, key: str, expected: str, help: str = "") -> NoReturn:
        """Reports a value of the wrong type or out of range."""
        value = self.content.get(key)
        found = "a table" if isinstance(value, dict) else shortened(repr(value))
        message = f"`{key}` in {self} is {found}, expected {expected}"
        fail("E1005", message, self.document.span(*self.path, key), help=help or _HELP)

    def lacks(self, key: str, help: str = "") -> NoReturn:
        """Reports a key that is missing."""
        message = f"`{key}` is missing in {self}"
        fail("E1004", message, self.document.span(*self.path), help=help or _HELP)
