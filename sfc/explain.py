"""The page of each diagnostic code: why it is a mistake, and an example wrong and right."""

from __future__ import annotations

from sfc.codes import CODES
from sfc.diagnostics import fail, nearest, shortened
from sfc.resources import resource

_GROUPS = {
    "E01": "reading",
    "E02": "names",
    "E03": "numbers",
    "E04": "projections",
    "E05": "phases and gates",
    "E06": "plasticity",
    "E07": "data and runs",
    "E08": "files that sfc wrote",
    "E09": "passes",
    "E10": "placement",
    "W": "warnings",
}
"""Beginnings of codes, and what those codes are about."""


def page(code: str) -> str:
    """Returns the page of a diagnostic code, in Markdown.

    Args:
        code: such as "E0201"; small letters do as well.

    Raises:
        SfcError: E0201, there is no such code.
    """
    known = code.upper()
    if known not in CODES:
        help = nearest(known, CODES) or "`sfc explain` lists all of them"
        fail("E0201", f"there is no diagnostic `{shortened(code)}`", help=help)
    return (resource("errors") / f"{known}.md").read_text("utf-8")


def grouped() -> dict[str, dict[str, str]]:
    """Returns the meaning of every code, by what the codes are about."""
    return {
        about: {code: meaning for code, meaning in CODES.items() if code.startswith(start)}
        for start, about in _GROUPS.items()
    }
