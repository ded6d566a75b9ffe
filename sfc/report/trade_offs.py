"""Allocations that trade cores, step and traffic against one another, as a table and a plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from sfc.diagnostics import fail
from sfc.place.allocation import Allocation
from sfc.report.allocation_sheets import Column, Sheet
from sfc.report.pictures import INK, pdf, png, svg

_WRITERS = {".svg": svg, ".png": png, ".pdf": pdf}

_TICKS = (1, 2, 5)


def trade_offs_sheet(found: Sequence[Allocation]) -> Sheet:
    """Returns a row for each allocation."""
    rows = tuple(
        (
            f"{one.cores_used:,}",
            "n/a" if one.step_time_us is None else f"{one.step_time_us:,.1f}",
            f"{one.hop_weighted:,.0f}",
            f"{one.most_plastic:,}",
        )
        for one in found
    )
    headings = ("cores", "longest step\nµs", "spikes x hops\na sample", "most plastic\nsynapses")
    columns = tuple(Column(heading, is_number=True) for heading in headings)
    title = "allocations that no other beats in cores, step and traffic together"
    notes = (f"activity: {found[0].activity.basis}",)
    return Sheet("trade-offs", title, columns, rows, notes)


def check_suffix(path: Path) -> None:
    """Reports a file that no picture can be written to, before the work.

    Raises:
        SfcError: E0802.
    """
    if path.suffix not in _WRITERS:
        help = f"give a file that ends in {', '.join(_WRITERS)}"
        fail("E0802", f"no picture can be written to {path}", help=help)


def plot(found: Sequence[Allocation], suffix: str) -> bytes:
    """Draws step over cores, as .svg, .png or .pdf; the area of a dot is its spikes times hops."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    cores = [one.cores_used for one in found]
    steps = [one.step_time_us or 0.0 for one in found]
    most = max((one.hop_weighted for one in found), default=0) or 1
    areas = [30 + 500 * one.hop_weighted / most for one in found]
    axes.plot(cores, steps, color=INK, linewidth=1, zorder=1)
    axes.scatter(cores, steps, areas, color=INK, alpha=0.6, zorder=2)
    if min(steps, default=0) > 0:
        axes.set_xscale("log")
        axes.set_yscale("log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(LogLocator(subs=_TICKS))
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("cores")
    axes.set_ylabel("longest step, µs")
    circuit, chip = found[0].circuit.name, found[0].chip.title
    largest = f"area: spikes x hops a sample, at most {most:,.0f}"
    axes.set_title(f"{circuit} on {chip}\n{largest}", fontsize=10)
    axes.grid(True, which="both", alpha=0.2)
    return _WRITERS[suffix](figure)
