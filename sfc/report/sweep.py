"""Pictures of a sweep: accuracies of both readouts over a parameter or over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sfc.report.pictures import png, svg

_MOST_PANELS = 12
_MOST_TICKS = 16
_ACROSS = 3
_LOGARITHMIC = 10
"""Ratio of the largest to the smallest value from which the axis is logarithmic."""

_READOUTS = (
    ("by_membrane", "by membrane", "#d55e00", "s"),
    ("by_spikes", "by spikes", "#0072b2", "o"),
)
"""Attribute of a point, words, colour (of Okabe and Ito's palette), marker."""

_KEY = "small dots: runs; line: their mean; band: from the worst to the best"


@dataclass(frozen=True, slots=True)
class Point:
    """A run: where it stands on the axis, and the fractions that it got right.

    Attributes:
        place: a number, or a text where places have no order.
    """

    place: float | str
    by_spikes: float
    by_membrane: float


@dataclass(frozen=True, slots=True)
class Panel:
    """Runs that share one pair of axes; there are one or more."""

    title: str
    points: tuple[Point, ...]


def sweep_pictures(title: str, axis: str, panels: Sequence[Panel]) -> dict[str, bytes]:
    """Returns a PNG and an SVG: a dot a run, the mean and the band from worst to best.

    Args:
        title: of the picture.
        axis: what the places of points are.
        panels: one or more; the first dozen is drawn.
    """
    drawn = panels[:_MOST_PANELS]
    if len(drawn) < len(panels):
        title += f" (the first {len(drawn)} of {len(panels)} panels)"
    across = min(_ACROSS, len(drawn))
    down = -(-len(drawn) // across)
    size = (7.5, 4.8) if len(drawn) == 1 else (1.5 + 3.6 * across, 1.2 + 3.0 * down)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    places = list(dict.fromkeys(point.place for panel in drawn for point in panel.points))
    for axes, panel in zip(np.ravel(grid), drawn, strict=False):
        _draw(axes, panel, places)
    for axes in np.ravel(grid)[len(drawn) :]:
        axes.set_visible(False)
    for axes in np.ravel(grid)[max(0, len(drawn) - across) : len(drawn)]:
        axes.set_xlabel(axis)
        axes.tick_params(labelbottom=True)
    for row in grid:
        row[0].set_ylabel("test accuracy (%)")
    first = grid[0][0]
    _set_places(first, places)
    _set_heights(first, drawn)
    handles, labels = first.get_legend_handles_labels()
    are_spread = any(len({p.place for p in panel.points}) < len(panel.points) for panel in drawn)
    figure.suptitle(title)
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=len(labels),
        frameon=False,
        title=_KEY if are_spread else None,
    )
    return {"sweep.png": png(figure), "sweep.svg": svg(figure)}


def _draw(axes: Axes, panel: Panel, places: Sequence[float | str]) -> None:
    held = [point.place for point in panel.points]
    x = _positions(held, places)
    middles = sorted(set(x))
    single = len(held) == len(middles)
    for name, words, color, marker in _READOUTS:
        y = np.array([100 * getattr(point, name) for point in panel.points])
        parts = [y[x == middle] for middle in middles]
        means = [part.mean() for part in parts]
        style: dict[str, Any] = {"color": color, "marker": marker, "label": words}
        if single:
            axes.plot(middles, means, markersize=5, linewidth=1.2, **style)
            continue
        axes.fill_between(
            middles,
            [part.min() for part in parts],
            [part.max() for part in parts],
            color=color,
            alpha=0.15,
            linewidth=0,
        )
        axes.plot(x, y, linestyle="none", color=color, marker=marker, markersize=4, alpha=0.45)
        axes.plot(middles, means, markersize=6, linewidth=1.8, markeredgecolor="white", **style)
    axes.set_title(panel.title, fontsize="medium")
    axes.grid(alpha=0.3)


def _positions(held: Sequence[float | str], places: Sequence[float | str]) -> NDArray[np.float64]:
    """Returns where places stand on the axis: numbers where they are, texts side by side."""
    if any(isinstance(place, str) for place in places):
        return np.array([places.index(place) for place in held], float)
    return np.array(held, float)


def _set_places(axes: Axes, places: Sequence[float | str]) -> None:
    at = _positions(places, places)
    if all(isinstance(place, str) for place in places):
        axes.set_xticks(at, [str(place) for place in places], rotation=20, ha="right")
        return
    if at.min() > 0 and at.max() >= _LOGARITHMIC * at.min():
        axes.set_xscale("log")
    if len(places) <= _MOST_TICKS:
        axes.set_xticks(at, [f"{place:,}" for place in places])
        axes.set_xticks([], minor=True)


def _set_heights(axes: Axes, panels: Sequence[Panel]) -> None:
    values = [v for panel in panels for p in panel.points for v in (p.by_spikes, p.by_membrane)]
    low, high = 100 * min(values), 100 * max(values)
    margin = max(0.5, 0.08 * (high - low))
    axes.set_ylim(max(-1, low - margin), min(101, high + margin))
