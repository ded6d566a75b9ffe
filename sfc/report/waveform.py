"""Waveforms of a test: a VCD file, which GTKWave and other viewers open, and the same as arrays."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vcd import VCDWriter

from sfc.sim.arrays import npz_bytes
from sfc.sim.trace import Trace

_WIDEST = 4096
"""Most neurons in one signal."""

_COMMENT = f"""\
1 us stands for one step.
A population or input is a vector of its neurons, row by row, neuron 0 leftmost; 1 is a spike.
One of more than {_WIDEST} neurons has a signal for every {_WIDEST} of them.
NAME_open and NAME_close are 1 in the steps in which a gate arrives at any neuron of NAME.
A chain is a vector of its relays, relay 0 leftmost; CHAIN_phase is z in a step that is no phase.\
"""


def vcd_bytes(trace: Trace) -> bytes:
    """Returns a value change dump of a trace; equal traces give equal bytes."""
    file = io.StringIO()
    title = f"Test: {trace.title.replace('$', '')}"
    stopped = [f"The run ended early: {trace.stopped}"] if trace.stopped else []
    comment = "\n".join([title, *stopped, _COMMENT])
    writer = VCDWriter(file, timescale="1 us", date="", comment=comment, version="sfc")
    signals = _Signals(writer, trace.circuit.name.replace(".", "_"))
    for name, spikes in trace.spikes.items():
        signals.vector(name, spikes)
    for ending, gates in (("open", trace.opened), ("close", trace.closed)):
        for name, arriving in gates.items():
            signals.vector(f"{name}_{ending}", arriving[:, np.newaxis])
    for name, phases in trace.phases.items():
        signals.number(f"{name}_phase", phases)
    if trace.phases:
        signals.number("frame", trace.frame)
    signals.write(trace.steps)
    return file.getvalue().encode()


def waveform_npz(trace: Trace) -> bytes:
    """Returns a trace as an npz file.

    ``spikes/NAME`` are (steps, n) booleans by population, input and chain; ``frame`` and ``phase``
    are (steps,) integers, -1 for none; the phase is that of the chain which makes the frames, and
    ``phase/CHAIN`` that of each.
    """
    arrays: dict[str, NDArray[Any]] = {f"spikes/{n}": array for n, array in trace.spikes.items()}
    arrays |= {f"phase/{name}": array for name, array in trace.phases.items()}
    clock = trace.circuit.schedule.clock
    none = np.full(trace.steps, -1, np.int64)
    arrays["phase"] = none if clock is None else trace.phases[clock.name]
    arrays["frame"] = trace.frame
    return npz_bytes(arrays)


class _Signals:
    """The signals of a waveform; a name's path becomes scopes below the circuit's own."""

    def __init__(self, writer: VCDWriter, root: str) -> None:
        """Starts without signals."""
        self._writer = writer
        self._root = root
        self._changes: dict[int, list[tuple[Any, Any]]] = defaultdict(list)
        self._taken: set[tuple[str, ...]] = set()

    def vector(self, name: str, bits: NDArray[np.bool_]) -> None:
        """Adds a signal of so many bits, (steps, n), or several where they are many."""
        size = bits.shape[1]
        for low in range(0, size, _WIDEST):
            part = bits[:, low : low + _WIDEST]
            high = low + part.shape[1] - 1
            number = f"_{low // _WIDEST}" if size > _WIDEST else ""
            texts = (bytes(row).decode() for row in (part[_changes(part)] + np.uint8(48)))
            self._add(
                name + number,
                f"[{low}:{high}]" * (size > 1),
                "wire",
                part.shape[1],
                _changes(part),
                texts,
            )

    def number(self, name: str, values: NDArray[np.int64]) -> None:
        """Adds an integer, (steps,); -1 is shown as z."""
        steps = _changes(values[:, np.newaxis])
        numbers = (value if value >= 0 else None for value in values[steps].tolist())
        self._add(name, "", "integer", 32, steps, numbers)

    def _add(
        self, name: str, index: str, kind: str, size: int, steps: list[int], values: Iterable[Any]
    ) -> None:
        """Adds a signal that takes these values from these steps on."""
        *scopes, leaf = name.split(".")
        while (*scopes, leaf) in self._taken:
            leaf += "_"
        self._taken.add((*scopes, leaf))
        scope = (self._root, *scopes)
        variable = self._writer.register_var(scope, leaf + index, kind, size)
        for step, value in zip(steps, values, strict=True):
            self._changes[step].append((variable, value))

    def write(self, steps: int) -> None:
        """Writes all changes, and the end after so many steps."""
        for step, changes in sorted(self._changes.items()):
            for variable, value in changes:
                self._writer.change(variable, step, value)
        self._writer.close(steps)


def _changes(values: NDArray[Any]) -> list[int]:
    """Returns the first step and those in which a row differs from the one before."""
    changed = np.ones(len(values), np.bool_)
    changed[1:] = (values[1:] != values[:-1]).any(axis=1)
    return [int(step) for step in np.flatnonzero(changed)]
