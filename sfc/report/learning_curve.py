"""The figure of a training: accuracies by epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from sfc.report.learning import Reference, Summary
from sfc.report.pictures import ACCENT, INK

Points: TypeAlias = Sequence[tuple[float, float, float]]
"""(epochs, fraction right by spikes, by membrane)."""

_DASHES = ((5, 2), (2, 2), (7, 2, 2, 2), (1, 1.5))
_STEPS = (1, 2, 5, 10)
_SHORT = 2
"""Up to so many tests everything is shown."""

_MARKERS = 30
"""Up to so many tests are marked one by one."""


def learning_curve(
    title: str,
    samples: int,
    learning: Points,
    tests: Points,
    reached: Summary | None,
    references: Sequence[Reference] = (),
) -> Figure:
    """Draws test accuracies by epoch, by spikes and by membrane, and those while learning.

    The axis begins below the lowest test and reference; what is lower while learning, at the
    beginning of a training of several epochs, is cut off.

    Args:
        title: of the figure.
        samples: in an epoch.
        learning: while learning, averaged over some samples each.
        tests: after epochs.
        reached: for the legend.
        references: dashed lines.
    """
    figure = Figure(figsize=(7, 4.6), layout="constrained")
    axes = figure.subplots()
    last = max([point[0] for point in (*learning, *tests)], default=1.0)
    left, right = [], []
    for column, color, name in ((2, ACCENT, "membrane"), (1, INK, "spikes")):
        label = f"test, by {name}{_numbers(reached, name)}"
        left += _line(axes, tests, column, color=color, label=label, linewidth=1.6, zorder=3)
        label = f"while learning, by {name}"
        right += _line(axes, learning, column, color=color, label=label, linewidth=0.9, alpha=0.45)
    for number, reference in enumerate(references):
        label = f"{reference.label}: {reference.percent:.4g} %"
        dashes = (0, _DASHES[number % len(_DASHES)])
        line = axes.axhline(reference.percent, color="#444444", linewidth=1, linestyle=dashes)
        line.set_label(label)
        (left if len(left) <= len(right) else right).append(line)
    axes.set(xlabel=f"epochs of {samples:,} training samples", ylabel="accuracy (%)")
    axes.set(xlim=(0, last), ylim=_limits(learning, tests, references))
    axes.set_title(title, parse_math=False)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, steps=_STEPS))
    if last >= 2:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=_STEPS))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    legend = figure.legend(
        handles=[*left, *right],
        loc="outside lower center",
        ncols=2,
        frameon=False,
        fontsize="small",
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def _numbers(reached: Summary | None, name: str) -> str:
    if reached is None:
        return ""
    reading = reached.by_spikes if name == "spikes" else reached.by_membrane
    if reached.epochs == 1:
        return f": {100 * reading.last:.1f} %"
    last = f"{100 * reading.last:.1f} % (mean of the last {reached.epochs} epochs)"
    return f": {last}, best {100 * reading.best:.1f} %"


def _line(axes: Axes, points: Points, column: int, **style: Any) -> list[Line2D]:
    if not points:
        return []
    is_marked = "alpha" not in style and len(points) <= _MARKERS
    marker = "o" if is_marked else ""
    across, up = [p[0] for p in points], [100 * p[column] for p in points]
    return axes.plot(across, up, marker=marker, markersize=3.5, clip_on=not is_marked, **style)


def _limits(
    learning: Points, tests: Points, references: Sequence[Reference]
) -> tuple[float, float]:
    shown = learning[-1:] if len(tests) > _SHORT else learning
    ends = [*tests, *shown]
    values = [100 * value for point in ends for value in point[1:]]
    values += [reference.percent for reference in references]
    low = 5 * math.floor((min(values, default=0) - 1) / 5)
    high = 5 * math.ceil((max(values, default=100) + 1) / 5)
    return max(0, low), min(100, high)
