"""What a kernel leaves of frames, turned into what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfc.sim.compiled.layout import Layout, membrane_lanes, membrane_place, words
from sfc.sim.compiled.program import Program
from sfc.sim.recorder import Recorder
from sfc.sim.stretch import Rows, Stretch, Tap

_MOST_FRAMES = 4096
"""Frames whose results are kept as the kernel leaves them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run wants of a kernel.

    Attributes:
        spikes: by tap the (moment, set) of its cells.
        membranes: by tap the (moment, set) of its cells.
        all_sets: whether all sets are needed, not the kept ones alone.
    """

    spikes: Mapping[Tap, list[tuple[int, int]]]
    membranes: Mapping[Tap, list[tuple[int, int]]]
    all_sets: bool


class Outputs:
    """Room for the results of some frames, a row each; a full one is handed over to the recorder.

    Attributes:
        filled: rows that the kernel wrote.
    """

    def __init__(
        self,
        program: Program,
        layout: Layout,
        kept: tuple[int, ...],
        phases: NDArray[np.int64],
        wanted: Wanted,
        recorder: Recorder | None,
        frames: int,
    ) -> None:
        """Takes memory for results.

        Args:
            program, layout: of the kernel.
            kept: sets that it always hands over.
            phases: (steps of a frame, 2) as in `Stretch`.
            wanted: what the recorder asks for.
            recorder: None if nobody does.
            frames: that are to come.
        """
        self.program = program
        self.layout = layout
        self.kept_sets = kept
        self.phases = phases
        self.filled = 0
        self._wanted = wanted
        self._recorder = recorder
        self._frames = min(frames, _MOST_FRAMES)
        self._take()

    def _take(self) -> None:
        sizes, frames = self.program.sizes, self._frames
        self.kept = np.empty((frames, sum(words(sizes[s]) for s in self.kept_sets)), np.uint64)
        self.membranes = np.empty((frames, membrane_lanes(self.program)), np.int32)
        rows = frames if self._wanted.all_sets else 0
        self.sets = np.empty((rows, self.layout.set_bytes), np.uint8)

    def addresses(self) -> list[int]:
        """Returns where the kernel writes the next frame: kept sets, membranes, all sets or 0."""
        arrays = (self.kept, self.membranes, self.sets)
        found = [a.ctypes.data + self.filled * a.strides[0] for a in arrays]
        return found if self._wanted.all_sets else [*found[:2], 0]

    def make_room(self, count: int) -> None:
        """Makes room for so many frames, at most as many as there is memory for."""
        assert count <= self._frames
        if self.filled + count > self._frames:
            self.hand_over()

    def hand_over(self) -> None:
        """Gives the recorder what there is; it may hold on to it."""
        if self._recorder is not None and self.filled:
            self._recorder.extend(self._stretch(self._recorder))
            self._take()
        self.filled = 0

    def bits(self, chosen: int) -> NDArray[np.uint8]:
        """Returns the bits of a set, packed eight to a byte, (frames, bytes)."""
        size = self.program.sizes[chosen]
        length = -(-size // 8)
        if chosen in self.kept_sets:
            sizes = self.program.sizes
            before = self.kept_sets[: self.kept_sets.index(chosen)]
            start = 8 * sum(words(sizes[other]) for other in before)
            return self.kept[: self.filled].view(np.uint8)[:, start : start + length]
        start = self.layout.sets[chosen]
        return self.sets[: self.filled, start : start + length]

    def spikes(self, chosen: int) -> NDArray[np.bool_]:
        """Returns a set in every frame, (frames, n)."""
        size = self.program.sizes[chosen]
        unpacked = np.unpackbits(self.bits(chosen), axis=1, count=size, bitorder="little")
        return unpacked.view(np.bool_)

    def _stretch(self, recorder: Recorder) -> Stretch:
        length, wants_counts = self.program.frame, recorder.counts is not None
        return Stretch(
            self.filled * length,
            np.tile(self.phases, (self.filled, 1)),
            np.arange(self.filled, dtype=np.int64) * length,
            {tap: self._pairs(cells) for tap, cells in self._wanted.spikes.items()},
            {tap: self._rows(cells) for tap, cells in self._wanted.membranes.items()},
            (),
            self._counts(recorder) if wants_counts else None,
            length if wants_counts else 0,
        )

    def _pairs(self, cells: list[tuple[int, int]]) -> NDArray[np.int64]:
        length = self.program.frame
        parts = [np.zeros((0, 2), np.int64)]
        for moment, chosen in cells:
            pairs = np.argwhere(self.spikes(chosen)).astype(np.int64, copy=False)
            pairs[:, 0] = pairs[:, 0] * length + moment
            parts.append(pairs)
        if len(cells) == 1:
            return parts[1]
        joined = np.concatenate(parts)
        return joined[np.argsort(joined[:, 0], kind="stable")]

    def _rows(self, cells: list[tuple[int, int]]) -> Rows:
        length, sizes = self.program.frame, self.program.sizes
        frames = np.arange(self.filled, dtype=np.int64)[:, None]
        steps = frames * length + np.array([moment for moment, _ in cells])
        values = []
        for _, chosen in cells:
            start = membrane_place(self.program, chosen)
            values.append(self.membranes[: self.filled, start : start + sizes[chosen]])
        stacked = values[0] if len(cells) == 1 else np.stack(values, axis=1)
        return Rows(steps.ravel(), stacked.reshape(len(steps.ravel()), sizes[cells[0][1]]))

    def _counts(self, recorder: Recorder) -> NDArray[np.int64]:
        numbers = {name: n for n, name in enumerate(recorder.circuit.populations)}
        totals: dict[int, int] = {}
        found = []
        for (name, moment), chosen in self.program.cells.items():
            if chosen not in totals:
                totals[chosen] = int(np.unpackbits(self.bits(chosen)).sum(dtype=np.int64))
            found.append((moment, numbers[name], totals[chosen]))
        return np.array(found, np.int64).reshape(-1, 3)
