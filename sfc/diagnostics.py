"""Messages to the user: what they hold, how they are collected, how they look as plain text.

A mistake of the user becomes a `Diagnostic`. Stages report into a `Reporter`, go on as far as
they sensibly can, and then call `Reporter.fail_on_errors`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, NoReturn

from sfc.codes import CODES
from sfc.span import Span

Severity = Literal["error", "warning"]

ERROR_LIMIT = 100
"""Errors after which a run of the compiler stops."""

_TAB = "    "
_UNSEEN = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
"""Characters that control a terminal, reorder a line or cannot be written (surrogates)."""

_CONTROL = re.compile(rf"\x1b\[[0-9;?]*[ -/]*[@-~]|{_UNSEEN}")
_REPLACED = re.compile(_UNSEEN)
_CANDIDATES, _LONGEST = 1000, 200
"""Names that `nearest` looks at, and characters of the one that it looks for."""


def printable(text: str) -> str:
    """Returns `text` without terminal escapes and control characters (tab and newline stay)."""
    return _CONTROL.sub("", text)


def shortened(text: str, length: int = 60) -> str:
    """Returns a text that a message quotes: printable, and cut where it is very long."""
    return printable(text if len(text) <= length else f"{text[:length]}…")


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that a diagnostic points at, with a few words on it."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message about one mistake.

    Attributes:
        code: a key of `sfc.codes.CODES`.
        message: what is wrong, in one sentence that names both sides of a mismatch.
        span: where; None for mistakes outside any source text (a flag, a data file).
        pointer: a few words printed beside the caret.
        labels: other places that matter.
        help: the smallest fix.
    """

    code: str
    message: str
    span: Span | None = None
    pointer: str = ""
    labels: tuple[Label, ...] = ()
    help: str = ""
    severity: Severity = "error"

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"undocumented diagnostic code {self.code}")

    def __str__(self) -> str:
        place = f"{self.span}: " if self.span else ""
        lines = [f"{place}{self.severity}[{self.code}]: {self.message}"]
        if self.span:
            lines += _excerpt(self.span, self.pointer)
        for label in self.labels:
            lines.append(f"  {label.span}: {label.text}")
            lines += _excerpt(label.span, "")
        if self.help:
            lines.append(f"  help: {self.help}")
        return printable("\n".join(lines))


def _excerpt(span: Span, pointer: str) -> list[str]:
    text = span.source.line(span.line)
    if text is None:
        return []
    end = span.end_column if span.end_line == span.line else len(text) + 1
    before = _columns(text[: span.column - 1])
    marked = _columns(text[span.column - 1 : end - 1])
    shown, start = _window(_columns(text), len(before))
    carets = "^" * max(1, min(len(marked), len(shown) - start))
    number = f"{span.line:>6}"
    return [
        f"{number} | {shown}",
        f"{' ' * len(number)} | {' ' * start}{carets}{' ' + pointer if pointer else ''}",
    ]


def _columns(text: str) -> str:
    """Returns a part of a line as it is printed: a column for every character, four for a tab."""
    return _REPLACED.sub("\N{REPLACEMENT CHARACTER}", text.replace("\t", _TAB))


def _window(text: str, start: int, width: int = 160) -> tuple[str, int]:
    """Cuts a very long line to the part around `start`; returns it and where `start` is in it."""
    if len(text) <= width:
        return text, start
    low = max(0, min(start - width // 2, len(text) - width))
    return text[low : low + width], start - low


class SfcError(Exception):
    """A mistake of the user's, as one or more diagnostics; `str()` renders them as plain text."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(str(d) for d in self.diagnostics))

    def __reduce__(self) -> tuple[type[SfcError], tuple[tuple[Diagnostic, ...]]]:
        return type(self), (self.diagnostics,)


def fail(
    code: str, message: str, span: Span | None = None, *, pointer: str = "", help: str = ""
) -> NoReturn:
    """Raises an `SfcError` with one diagnostic."""
    raise SfcError([Diagnostic(code, message, span, pointer, help=help)])


@dataclass(slots=True)
class Reporter:
    """Collects the diagnostics of a run of the compiler."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    _known: set[object] = field(default_factory=set, repr=False)
    _errors: int = 0

    def report(self, diagnostic: Diagnostic) -> None:
        """Adds a diagnostic, but not a second one of the same code at the same place.

        Raises:
            SfcError: there are `ERROR_LIMIT` errors.
        """
        key = (diagnostic.code, diagnostic.span or diagnostic.message)
        if key in self._known:
            return
        self._known.add(key)
        self.diagnostics.append(diagnostic)
        self._errors += diagnostic.severity == "error"
        if self._errors >= ERROR_LIMIT:
            self.fail_on_errors()

    def error(
        self,
        code: str,
        message: str,
        span: Span | None = None,
        *,
        pointer: str = "",
        labels: tuple[Label, ...] = (),
        help: str = "",
    ) -> None:
        """Reports an error."""
        self.report(Diagnostic(code, message, span, pointer, labels, help))

    def warning(
        self,
        code: str,
        message: str,
        span: Span | None = None,
        *,
        pointer: str = "",
        labels: tuple[Label, ...] = (),
        help: str = "",
    ) -> None:
        """Reports a warning."""
        self.report(Diagnostic(code, message, span, pointer, labels, help, "warning"))

    def sorted(self) -> list[Diagnostic]:
        """Returns all diagnostics by place, those without a place first."""

        def place(diagnostic: Diagnostic) -> tuple[str, int, int]:
            span = diagnostic.span
            return (span.source.name, span.line, span.column) if span else ("", 0, 0)

        return sorted(self.diagnostics, key=place)

    def fail_on_errors(self) -> None:
        """Raises `SfcError` with every diagnostic if one of them is an error."""
        if any(d.severity == "error" for d in self.diagnostics):
            raise SfcError(self.sorted())


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Returns a "did you mean" help text for a name that was not found, or an empty string."""
    known = islice(candidates, _CANDIDATES)
    matches = difflib.get_close_matches(name[:_LONGEST], known, n=1, cutoff=0.6)
    return f"did you mean `{matches[0]}`?" if matches else ""
