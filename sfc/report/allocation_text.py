"""The cores of an allocation as a table that fits a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sfc.report.allocation_model import AllocationReport, Core, Part
from sfc.report.allocation_sheets import Column, Sheet
from sfc.report.allocation_words import amount, counted, part_text, percent, spaced, tile_text

_GAP = 2
"""Letters between columns."""

_POPULATIONS = 20
"""Letters that the names of populations have at least."""

_MOST_PARTS = 200
"""Populations of a core that are named where all are asked for."""


def cores_sheet(report: AllocationReport, width: int, whole: bool = False) -> Sheet:
    """Returns a row for each core.

    Args:
        report: what is told.
        width: letters of a line; resources that bind the fewest cores are left out where they do
            not fit.
        whole: leave no resource and no population out, however long lines become.
    """
    cores = report.cores
    several = report.chips_used > 1
    tiled = any(core.tile for core in cores)
    fixed = [("core", [str(core.id) for core in cores])]
    if several:
        fixed.append(("chip", [str(core.chip) for core in cores]))
    if tiled:
        fixed.append(("tile", [tile_text(core) for core in cores]))
    room = width - _POPULATIONS - sum(_wide(head, cells) + _GAP for head, cells in fixed)
    shown, left_out = [], []
    for name in _by_weight(report):
        column = (_heading(report, name), [_used(core, name) for core in cores])
        taken = _wide(*column) + _GAP
        if whole or taken <= room:
            shown.append((name, column))
            room -= taken
        else:
            left_out.append(name)
    order = {name: place for place, name in enumerate(report.resources)}
    shown.sort(key=lambda entry: order[entry[0]])
    columns = [*fixed, *(column for _, column in shown)]
    letters = None if whole else max(0, room) + _POPULATIONS
    parts = [parts_text(core.populations, letters) for core in cores]
    rows = tuple(zip(*(cells for _, cells in columns), parts, strict=True)) if cores else ()
    notes = ["* the resource of which a core uses the largest share"]
    if left_out:
        shares = [s for core in cores for name in left_out if (s := _share(core, name)) is not None]
        most = f", at most {100 * max(shares):.0f} % on any core" if shares else ""
        names = ", ".join(spaced(name) for name in left_out)
        notes.append(f"left out{most}: {names}; --all")
        hidden = sum(core.binding in left_out for core in cores)
        if hidden:
            notes.append(f"* is left out on {counted(hidden, 'core')}")
    headings = [Column(head, True) for head, _ in columns] + [Column("populations", bends=True)]
    return Sheet("cores", "cores", tuple(headings), rows, tuple(notes))


def parts_text(parts: Sequence[Part], letters: int | None) -> str:
    """Returns as many populations of a core as fit, the largest first, and how many more."""
    ordered = sorted(parts, key=lambda part: (part.first - part.last, part.name))
    words = [part_text(part) for part in ordered[:_MOST_PARTS]]
    shown = ""
    for count in range(len(words), 0, -1):
        rest = len(ordered) - count
        shown = ", ".join(words[:count]) + (f" … {rest:,} more" if rest else "")
        if letters is None or len(shown) <= letters:
            break
    return shown


def _wide(heading: str, cells: Sequence[str]) -> int:
    return max(len(word) for word in [*heading.split("\n"), *cells])


def _by_weight(report: AllocationReport) -> list[str]:
    """Returns the resources, first those that bind the most cores, then those most used."""
    binding = Counter(core.binding for core in report.cores)

    def weight(name: str) -> tuple[int, float]:
        return binding[name], max((_share(core, name) or 0.0 for core in report.cores), default=0.0)

    return sorted(report.resources, key=weight, reverse=True)


def _share(core: Core, name: str) -> float | None:
    use = core.used.get(name)
    return use.share if use else None


def _heading(report: AllocationReport, name: str) -> str:
    """Returns a resource in several lines, and what a core has of it where all have the same."""
    rooms = {use.available for core in report.cores if (use := core.used.get(name))}
    words = spaced(name).split(" ")
    room = rooms.pop() if len(rooms) == 1 else None
    unit = report.units.get(name, "")
    if room is not None:
        words.append(f"/ {amount(room)}")
    if unit and unit not in words:
        words.append(unit)
    return "\n".join(words)


def _used(core: Core, name: str) -> str:
    use = core.used.get(name)
    if use is None:
        return ""
    share = percent(use).replace(" ", "")
    mark = "*" if core.binding == name else ""
    return f"{mark}{amount(use.used)}" + (f" {share:>4}" if share else "")
