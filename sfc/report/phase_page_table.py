"""The lanes of the page with a timing chart, as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sfc.report.document import html
from sfc.report.phase_chart import lane_ids
from sfc.report.phase_events import Events
from sfc.report.phase_groups import Group, label_of, note_of
from sfc.report.phase_lanes import LANE, Grid, base, cell, rewarded
from sfc.report.phase_rows import Row, Slot, merged
from sfc.report.sizes import shortened
from sfc.report.strokes import attribute, number

_MANY_LANES = 60
"""Lanes beyond which the innermost modules are folded at first."""

_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Drawing:
    """How cells are drawn, in both readings.

    Attributes:
        events, others: of the reading that is shown at first, and of the other.
        sound: which reading is shown at first.
    """

    grid: Grid
    events: Events
    others: Events
    sound: bool


def table_rows(drawing: Drawing, groups: Sequence[Group]) -> Iterator[str]:
    """Yields a row of the table for every module and every lane."""
    ids = lane_ids(groups)
    folded = len(ids) > _MANY_LANES
    for group in groups:
        if group.name:
            yield _module(drawing, group, folded and group.rows == group.inner)
        for row in group.rows:
            depth = min(group.depth + 1, _DEEPEST) if group.name else 0
            inside = f' class="inside{depth}"' if depth else ""
            name = f"{html(shortened(label_of(row)))} <small>{html(note_of(row))}</small>"
            yield (
                f'<tr id="{ids[row.name]}" data-name={attribute(row.name)}>'
                f'<th scope="row"{inside}>{name}</th><td>{_lane(drawing, row)}</td></tr>'
            )


def _module(drawing: Drawing, group: Group, folded: bool) -> str:
    depth = min(group.depth, _DEEPEST)
    inside = f' class="inside{depth}"' if depth else ""
    label = html(shortened(group.name.split(".")[-1]))
    return (
        f'<tr class="module{" folded" * folded}" data-name={attribute(group.name)}>'
        f'<th scope="row"{inside}><button aria-expanded="{"false" if folded else "true"}">{label}'
        f"</button> <small>{len(group.inner):,}</small></th>"
        f"<td>{_lane(drawing, merged(group.name, group.inner))}</td></tr>"
    )


def _lane(drawing: Drawing, row: Row) -> str:
    """Draws a lane; cells of which the readings know different things are drawn for each."""
    grid, sound = drawing.grid, drawing.sound
    names = ("sound", "conditional") if sound else ("conditional", "sound")
    parts = [*rewarded(grid, drawing.events, LANE), base(grid)]
    for phase, slot in row.slots.items():
        here, there = (
            events.get((row.name, phase), []) for events in (drawing.events, drawing.others)
        )
        if slot.cells == slot.others and here == there:
            parts.append(cell(grid, row, phase, slot, here, sound))
            continue
        turned = Slot(slot.others, slot.cells)
        parts.append(cell(grid, row, phase, slot, here, sound, names[0]))
        parts.append(cell(grid, row, phase, turned, there, not sound, names[1]))
    size = f'width="{number(grid.width)}" height="{number(LANE)}"'
    return f'<svg class="sfc" {size} aria-hidden="true">{"".join(parts)}</svg>'
