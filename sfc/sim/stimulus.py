"""What the host presents in a run, and how long the run is."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sfc.diagnostics import fail, nearest, printable
from sfc.ir.circuit import Circuit, Input
from sfc.sim.clock import Clock

_NOTHING = np.array([], np.intp)


class Stimulus:
    """Samples for the frames of a run, or rows for the steps of a circuit without chains.

    Attributes:
        by_frames: whether `length` counts frames, else steps.
        length: of the run.
        rows: (length, size) booleans of every input that is driven, row after row.
        frames, steps: how many have begun; an engine counts them.
    """

    def __init__(self, by_frames: bool, length: int, rows: Mapping[str, NDArray[np.bool_]]) -> None:
        """Stands before the first frame or step."""
        self.by_frames = by_frames
        self.length = length
        self.rows = {name: np.ascontiguousarray(row) for name, row in rows.items()}
        self.frames = 0
        self.steps = 0

    def is_over(self, clock: Clock) -> bool:
        """Tells whether the run ends before the next step."""
        if self.by_frames:
            return self.frames >= self.length and (clock.frame_is_over or self.length == 0)
        return self.steps >= self.length

    def presented(self) -> dict[str, int]:
        """Returns how many bits of each input are on, in all samples of the run."""
        rows = self.rows.items()
        return {name: int(np.count_nonzero(row[: self.length])) for name, row in rows}

    def next_frame(self, count: int = 1) -> None:
        """Goes to the next sample, or on by several."""
        self.frames += count

    def sample(self, name: str) -> NDArray[np.intp]:
        """Returns which generators of an input spike in this frame's sample."""
        if name not in self.rows or not 0 < self.frames <= self.length:
            return _NOTHING
        return np.flatnonzero(self.rows[name][self.frames - 1])

    def sent_in_step(self, clock: Clock) -> dict[str, NDArray[np.intp]]:
        """Returns which generators spike in this step, for a circuit without chains."""
        self.steps += 1
        if clock.chains:
            return {}
        rows = ((name, np.flatnonzero(row[self.steps - 1])) for name, row in self.rows.items())
        return {name: neurons for name, neurons in rows if len(neurons)}


def patterns(circuit: Circuit, texts: Iterable[str]) -> dict[str, NDArray[np.bool_]]:
    """Returns the patterns of inputs, each written as ``name=1010,0110``, a row a pattern.

    Args:
        circuit: whose inputs they are.
        texts: a pattern is a bit a generator; several take turns, frame by frame or step by step.

    Raises:
        SfcError: E0703 for a text of another form, or a pattern of another size.
    """
    rows: dict[str, NDArray[np.bool_]] = {}
    for text in texts:
        name, equals, bits = text.partition("=")
        if not equals or not bits or set(bits) - set("01,"):
            message = f"expected NAME=BITS such as a=1010, found {printable(text)}"
            fail("E0703", message, help="a bit is 0 or 1; a comma separates patterns in turn")
        if name in rows:
            message = f"input `{name}` is given twice"
            fail("E0703", message, help=f"patterns in turn are written {name}=1010,0110")
        if name not in circuit.inputs:
            help = nearest(name, circuit.inputs) or f"its inputs: {', '.join(circuit.inputs)}"
            fail("E0703", f"the circuit has no input `{printable(name)}`", help=help)
        turns = bits.split(",")
        size = circuit.inputs[name].size
        if wrong := [turn for turn in turns if len(turn) != size]:
            message = (
                f"input `{name}` has {size} elements; pattern `{wrong[0]}` has {len(wrong[0])}"
            )
            help = "a comma separates patterns in turn" if len(turns) > 1 else ""
            fail("E0703", message, circuit.inputs[name].span, help=help)
        rows[name] = np.array([[bit == "1" for bit in turn] for turn in turns])
    return rows


def make_stimulus(
    circuit: Circuit,
    inputs: Mapping[str, ArrayLike] | None,
    frames: int | None,
    steps: int | None,
) -> Stimulus:
    """Checks what a run is given.

    Args:
        circuit: that will run.
        inputs: by input, (n, size) booleans, or (n,) integers that choose one generator each; n
            frames, or steps of a circuit without chains.
        frames: number of frames, where there are no inputs.
        steps: number of steps, where there are no inputs or no chains.

    Raises:
        SfcError: E0703 for arrays that do not fit, E0708 for a length that makes no sense.
    """
    has_chains = bool(circuit.schedule.chains)
    if inputs is not None and not isinstance(inputs, Mapping):
        names = ", ".join(f'"{name}": …' for name in circuit.inputs)
        fail("E0703", "inputs are given by name", help=f"write run({{{names}}})")
    rows = {name: _rows(circuit, name, value) for name, value in (inputs or {}).items()}
    lengths = {name: len(array) for name, array in rows.items()}
    if len(set(lengths.values())) > 1:
        listing = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        fail("E0703", f"inputs must have as many rows as each other: {listing}")
    if frames is not None and steps is not None:
        fail("E0708", "give frames or steps, not both")
    if frames is not None and not has_chains:
        fail("E0708", "the circuit has no chain and so no frames", help="give steps instead")
    if rows and steps is not None and has_chains:
        fail("E0708", "inputs come a row a frame; steps cannot be given with them")
    length = next(iter(lengths.values()), None)
    wanted = frames if frames is not None else steps
    if wanted is not None:
        wanted = operator.index(wanted)
        if wanted < 0 or (length is not None and wanted > length):
            available = f"; the inputs have {length} rows" if length is not None else ""
            unit = "steps" if frames is None else "frames"
            fail("E0708", f"a run cannot last {wanted} {unit}{available}")
        length = wanted
    if length is None:
        fail("E0708", "a run needs inputs, or a number of frames or steps")
    return Stimulus(has_chains and steps is None, length, rows)


def _rows(circuit: Circuit, name: str, value: ArrayLike) -> NDArray[np.bool_]:
    source = circuit.inputs.get(name)
    if source is None:
        listing = ", ".join(circuit.inputs) or "none"
        help = nearest(name, circuit.inputs) or f"its inputs are: {listing}"
        fail("E0703", f"the circuit has no input `{name}`", help=help)
    array = np.asarray(value)
    if array.ndim == 1 and array.dtype.kind in "iu":
        return _one_hot(array, source)
    if array.ndim == 1 + len(source.shape) and array.shape[1:] == source.shape:
        array = array.reshape(len(array), source.size)
    if array.ndim != 2 or array.shape[1] != source.size:
        message = f"input `{name}` takes (n, {source.size}) booleans, found {array.shape}"
        fail("E0703", message, source.span)
    if array.dtype != np.bool_:
        if array.dtype.kind not in "iuf" or not np.isin(array, (0, 1)).all():
            message = f"input `{name}` takes booleans or 0 and 1, found {array.dtype} values"
            fail("E0703", message, help="compare with a threshold, for instance images > 127")
        array = array.astype(np.bool_)
    return array


def _one_hot(labels: NDArray[Any], source: Input) -> NDArray[np.bool_]:
    if len(labels) and not 0 <= labels.min() <= labels.max() < source.size:
        message = (
            f"input `{source.name}` has {source.size} generators; its numbers must be 0 to "
            f"{source.size - 1}, found {labels.min()} to {labels.max()}"
        )
        fail("E0703", message, source.span)
    rows = np.zeros((len(labels), source.size), np.bool_)
    rows[np.arange(len(labels)), labels.astype(np.intp)] = True
    return rows
