"""Room for what the event engine's kernels take down, and the stretches that come of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.sim.event.kernels import layout
from sfc.sim.event.program import Fields, Program
from sfc.sim.recorder import Recorder
from sfc.sim.stretch import Overflow, Rows, Stretch, Tap

_STEPS = 4096
"""Most steps between two looks at the keyboard."""

_NUMBERS = 2**20
"""About so many numbers are kept of all taps together before they are handed over."""


class EventLog:
    """What is taken down between two times that it is handed over.

    Attributes:
        record: for the kernels; says where `arrays` are.
    """

    def __init__(self, program: Program, recorder: Recorder) -> None:
        """Makes room for what a recorder wants."""
        self.program = program
        self.recorder = recorder
        self.taps = recorder.taps
        taps, room = self._regions()
        counted = len(program.circuit.populations) if recorder.counts is not None else 0
        longest = min(max(_NUMBERS // max(counted, 1), 1), _STEPS)
        self.arrays: dict[str, NDArray[Any]] = {
            "phases": np.empty((_STEPS, 2), np.int64),
            "frame_starts": np.empty(_STEPS, np.int64),
            "overflows": layout.records(layout.OVERFLOW, [{"step": -1}, {"step": -1}]),
            "taps": layout.records(layout.TAP, taps),
            "due": np.full(len(taps), -1),
            "pairs": np.empty((room["pairs"], 2), np.int32),
            "values": np.empty(room["values"], np.int32),
            "rows": np.empty(room["rows"], np.int32),
            "counts": np.zeros((longest, counted), np.int64),
            **self._lists(),
        }
        begun, is_counted = int(recorder.frames > 0), int(counted > 0)
        fields = {"capacity": _STEPS, "has_begun": begun, "is_counted": is_counted}
        self.record = layout.records(layout.LOG, [fields])
        layout.bind(self.record[0], self.arrays, layout.LOGS)

    def _regions(self) -> tuple[list[Fields], dict[str, int]]:
        """Returns the records of taps, and how much room they take."""
        share = _NUMBERS // max(len(self.taps), 1)
        room = {"pairs": 0, "rows": 0, "values": 0}
        records = []
        for tap in self.taps:
            size = self.program.circuit.size(tap.name)
            fields = {"node": self.program.nodes[tap.name], "waits": int(tap.waits)}
            fields["is_of_spikes"] = int(tap.quantity == "spikes")
            if tap.quantity == "spikes":
                fields["capacity"] = max(4 * size, min(share // 2, _STEPS * size))
                fields["start"] = room["pairs"]
                room["pairs"] += fields["capacity"]
            else:
                fields["capacity"] = max(1, min(share // size, _STEPS))
                fields["start"], fields["place"] = room["rows"], room["values"]
                room["rows"] += fields["capacity"]
                room["values"] += fields["capacity"] * size
            records.append(fields)
        return records, room

    def _lists(self) -> dict[str, NDArray[np.int64]]:
        """Returns which taps are due in every step: membranes, spikes by node; and by phase."""
        always = [(number, tap) for number, tap in enumerate(self.taps) if tap.phases is None]
        every = [number for number, tap in always if tap.quantity == "membrane"]
        nodes, phases = self.program.nodes, self.program.phases
        by_node = [(nodes[tap.name], n) for n, tap in always if tap.quantity == "spikes"]
        by_phase = [
            (phases[phase], number)
            for number, tap in enumerate(self.taps)
            for phase in tap.phases or ()
        ]
        lists = {"every": np.array(every, np.int64)}
        lists["node_first"], lists["node_taps"] = _grouped(by_node, len(nodes))
        lists["phase_first"], lists["phase_taps"] = _grouped(by_phase, len(phases))
        return lists

    def hand_over(self) -> None:
        """Gives the recorder what was taken down, and forgets it."""
        arrays, about = self.arrays, self.record[0]
        steps, frames = int(about["steps"]), int(about["frames"])
        if not steps:
            return
        spikes: dict[Tap, NDArray[np.int64]] = {}
        membranes: dict[Tap, Rows] = {}
        for tap, row in zip(self.taps, arrays["taps"], strict=True):
            count, start, place = int(row["count"]), int(row["start"]), int(row["place"])
            if not count:
                continue
            if tap.quantity == "spikes":
                spikes[tap] = arrays["pairs"][start : start + count].astype(np.int64)
                continue
            size = self.program.circuit.size(tap.name)
            values = arrays["values"][place : place + count * size].reshape(count, size)
            found = arrays["rows"][start : start + count].astype(np.int64)
            membranes[tap] = Rows(found, values.copy())
        self.recorder.extend(
            Stretch(
                steps,
                arrays["phases"][:steps].copy(),
                arrays["frame_starts"][:frames].copy(),
                spikes,
                membranes,
                tuple(self._overflows()),
                self._counts() if about["is_counted"] else None,
                int(about["longest"]),
            )
        )
        arrays["taps"]["count"] = 0
        arrays["due"][:] = -1
        arrays["overflows"]["count"], arrays["overflows"]["step"] = 0, -1
        for field in ("steps", "frames", "is_full"):
            about[field] = 0

    def _overflows(self) -> Iterable[Overflow]:
        found = [
            (int(o["step"]), q, o) for q, o in zip("uv", self.arrays["overflows"], strict=True)
        ]
        for step, quantity, overflow in sorted(found, key=lambda item: item[:2]):
            if step >= 0:
                name, neuron = self.program.neuron(int(overflow["neuron"]))
                yield Overflow(quantity, int(overflow["count"]), name, neuron, step)

    def _counts(self) -> NDArray[np.int64]:
        counts = self.arrays["counts"]
        rows, populations = counts.nonzero()
        found: NDArray[np.int64] = np.stack([rows, populations, counts[rows, populations]], axis=1)
        found[:, 0] += self.record[0]["base"]
        counts[:] = 0
        return found


def _grouped(pairs: list[tuple[int, int]], length: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Returns second numbers grouped by first ones: where each group begins, and all of them."""
    ordered = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    return np.searchsorted(ordered[:, 0], np.arange(length + 1)), ordered[:, 1].copy()
