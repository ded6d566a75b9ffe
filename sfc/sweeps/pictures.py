"""Pictures of a sweep: what stands on the axis, and what gets a panel of its own."""

from __future__ import annotations

from collections.abc import Sequence

from sfc.report.sweep import Panel, Point, sweep_pictures
from sfc.sweeps.plan import Plan
from sfc.sweeps.rows import Row, cell


def pictures(plan: Plan, rows: Sequence[Row]) -> dict[str, bytes]:
    """Returns pictures of the accuracies by file name.

    Over the first parameter with several numbers, or else with several arrays, or else the seed;
    a panel for every combination of the other parameters that have several values.
    """
    several = [name for name, values in plan.values.items() if len(values) > 1]
    arrays = [name for name in several if isinstance(plan.values[name][0], tuple)]
    axis = next((name for name in several if name not in arrays), next(iter(several), None))
    others = [name for name in several if name != axis]
    points: dict[str, list[Point]] = {}
    for row in rows:
        if row.test_by_spikes is None or row.test_by_membrane is None:
            continue
        title = ", ".join(f"{name} = {cell(row.parameters[name])}" for name in others)
        place = row.parameters[axis] if axis else row.seed
        point = Point(
            cell(place) if isinstance(place, tuple) else place,
            row.test_by_spikes,
            row.test_by_membrane,
        )
        points.setdefault(title, []).append(point)
    epochs = f"{plan.options.epochs} epoch{'' if plan.options.epochs == 1 else 's'}"
    seeds = f"{len(plan.seeds)} seed{'' if len(plan.seeds) == 1 else 's'}"
    title = f"{plan.circuit} on {plan.data}: {epochs}, {seeds}"
    panels = [Panel(title, tuple(found)) for title, found in points.items()]
    return sweep_pictures(title, axis or "seed", panels) if panels else {}
