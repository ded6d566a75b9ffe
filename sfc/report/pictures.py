"""Pictures of runs, as PNG bytes: weights, spike rasters, accuracy curves."""

from __future__ import annotations

import io
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit
from sfc.sim.result import Result

INK = "#1f3a5f"
ACCENT = "#c8553d"
_TILES = 64
_RASTER_STEPS = 200
_LINES = 10


def receptive_fields(
    name: str, weights: NDArray[Any], planes: int, shape: tuple[int, int]
) -> bytes:
    """Draws the first columns of a matrix (rows, columns) as images of `shape`.

    Rows are planes of pixels, which are drawn beside each other.
    """
    count = min(max(_TILES // planes, 1), weights.shape[1])
    across = int(np.ceil(np.sqrt(count / planes)))
    down = -(-count // across)
    height = 6.9 * down * shape[0] / (across * planes * shape[1]) + 0.5
    figure = Figure(figsize=(8, min(max(height, 2.5), 12)), layout="constrained")
    limit = max(1, int(np.abs(weights[:, :count]).max()))
    for index, axes in enumerate(np.ravel(figure.subplots(down, across, squeeze=False))):
        axes.set_axis_off()
        if index < count:
            tile = _beside(weights[:, index].reshape(planes, *shape))
            drawn = axes.imshow(tile, cmap="RdBu_r", vmin=-limit, vmax=limit)
    beside = f", {planes} planes of pixels each" if planes > 1 else ""
    figure.suptitle(f"{name}: weights into the first {count} neurons{beside}")
    figure.colorbar(drawn, ax=figure.axes, shrink=0.6, label="weight")
    return png(figure)


def _beside(planes: NDArray[Any]) -> NDArray[np.float64]:
    """Puts (planes, height, width) in a row, with a column of nothing between two."""
    gap = np.full((planes.shape[1], 1), np.nan)
    parts = [part for plane in planes for part in (gap, plane)]
    row: NDArray[np.float64] = np.hstack(parts[1:])
    return row


def weight_map(name: str, weights: NDArray[Any]) -> bytes:
    """Draws a matrix, rows down, and the histogram of its values."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    limit = max(1, int(np.abs(weights).max()))
    drawn = left.imshow(
        weights, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest"
    )
    figure.colorbar(drawn, ax=left, label="weight")
    left.set(title=name, xlabel="column", ylabel="row")
    width = max(2, limit // 64 * 2)
    right.hist(np.ravel(weights), np.arange(-limit - 2, limit + 2 * width, width), color=INK)
    right.set(title=f"{weights.size:,} weights", xlabel="weight", ylabel="synapses")
    return png(figure)


def raster(circuit: Circuit, result: Result) -> bytes:
    """Draws the spikes of every recorded population over the steps of a run.

    Populations take equal heights; phases are marked where frames begin.
    """
    relays = {relay for chain in circuit.schedule.chains for relay in chain.relays}
    rows = [c.name for c in circuit.schedule.chains]
    rows += [n for n in circuit.populations if n in result.events and n not in relays]
    figure = Figure(figsize=(10, 0.45 * len(rows) + 1.2), layout="constrained")
    axes = figure.subplots()
    for index, name in enumerate(rows):
        events = result.events[name]
        chain = next((c for c in circuit.schedule.chains if c.name == name), None)
        size = len(chain.relays) if chain else circuit.size(name)
        heights = index + 0.1 + 0.8 * (events[:, 1] + 0.5) / size
        color = ACCENT if chain else INK
        axes.plot(events[:, 0] + 0.5, heights, "|", color=color, markersize=4)
        axes.axhline(index, color="#dddddd", linewidth=0.6)
    for start in result.frame_starts:
        axes.axvline(start, color="#999999", linewidth=0.8)
    axes.set_yticks([index + 0.5 for index in range(len(rows))], rows)
    end = max(1, min(result.steps, _RASTER_STEPS))
    axes.set(xlabel="step", xlim=(0, end), ylim=(len(rows), 0))
    axes.set_title(f"{circuit.name}: spikes")
    return png(figure)


def membranes(name: str, values: NDArray[Any]) -> bytes:
    """Draws probed membranes, (frames, n), (frames, phases, n) or (steps, n), a line a neuron."""
    rows = values.reshape(-1, values.shape[-1])[:_RASTER_STEPS, :_LINES]
    figure = Figure(figsize=(10, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot(rows, drawstyle="steps-mid", linewidth=1)
    axes.set(xlabel="recorded step", ylabel="weight units")
    axes.set_title(f"membrane of {name}, neurons 0 to {rows.shape[1] - 1}")
    axes.grid(alpha=0.3)
    return png(figure)


def png(figure: Figure, dpi: int = 110) -> bytes:
    """Returns a figure as PNG."""
    return _written(figure, format="png", dpi=dpi, metadata={"Software": None})


def pdf(figure: Figure) -> bytes:
    """Returns a figure as PDF, for print; equal figures give equal bytes."""
    metadata = {"Creator": None, "Producer": None, "CreationDate": None}
    return _written(figure, format="pdf", metadata=metadata)


def svg(figure: Figure) -> bytes:
    """Returns a figure as SVG; equal figures give equal bytes."""
    with matplotlib.rc_context({"svg.hashsalt": "sfc", "svg.fonttype": "none"}):
        return _written(figure, format="svg", metadata={"Date": None, "Creator": None})


def _written(figure: Figure, **options: Any) -> bytes:
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, **options)
    return buffer.getvalue()
