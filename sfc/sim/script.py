"""A test as it is played: which weights it sets, and what it presents when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit
from sfc.ir.synapses import cells
from sfc.ir.testbench import Stimulus, Testbench
from sfc.sim.initial import first_weights
from sfc.sim.recorder import Recorder
from sfc.sim.reference import ReferenceEngine
from sfc.sim.stimulus import make_stimulus
from sfc.sim.weights import Weights

SEED = 0
"""Of the first weights that a test does not set."""

_STEPS = 1000
"""Steps played at once, in a circuit without chains."""


class Script:
    """What a test does to a circuit, part by part: a frame, or steps of a circuit without chains.

    Attributes:
        by_frames: whether the test's length counts frames, else steps.
    """

    def __init__(self, circuit: Circuit, test: Testbench) -> None:
        """Sorts the test's stimuli by frame or step."""
        self.circuit = circuit
        self.test = test
        self.by_frames = bool(circuit.schedule.chains)
        self._stimuli: dict[int, list[Stimulus]] = defaultdict(list)
        for stimulus in test.stimuli:
            self._stimuli[stimulus.frame].append(stimulus)

    def parts(self, length: int | None = None) -> Iterator[range]:
        """Yields the numbers of the frames or steps of each part.

        Args:
            length: of all parts together; that of the test by default.
        """
        length = self.test.length if length is None else length
        size = 1 if self.by_frames else _STEPS
        for first in range(0, length, size):
            yield range(first, min(first + size, length))

    def inputs(self, part: range) -> dict[str, NDArray[np.bool_]]:
        """Returns what is presented in a part: for an input (len(part), size)."""
        rows: dict[str, NDArray[np.bool_]] = {}
        for number in part:
            for stimulus in self._stimuli.get(number, ()):
                source = self.circuit.inputs[stimulus.input]
                whole = rows.setdefault(source.name, np.zeros((len(part), source.size), np.bool_))
                every = tuple((0, extent - 1) for extent in source.shape)
                chosen = cells(source.shape, stimulus.part or every)
                whole[number - part.start, chosen] = stimulus.values
        return rows

    def set_weights(self, weights: Weights) -> None:
        """Gives a simulator the first weights that the test sets.

        Raises:
            SfcError: the circuit cannot hold them.
        """
        for assignment in self.test.assignments:
            name = assignment.subject
            if assignment.part is None:
                matrix = self.circuit.matrices.get(name)
                projections = self.circuit.projections
                shape = matrix.shape if matrix else self.circuit.synapse_shape(projections[name])
                values = np.array(assignment.values, np.int64)
                weights[name] = np.broadcast_to(_shaped(values, shape), shape)
            else:
                array = weights[name]
                place = tuple(slice(low, high + 1) for low, high in assignment.part)
                array[place] = _shaped(np.array(assignment.values), array[place].shape)
                weights[name] = array

    def first_weights(self) -> dict[str, NDArray[np.int16]]:
        """Returns the weights of every plastic projection before the first frame."""
        arrays = first_weights(self.circuit, SEED)
        self.set_weights(Weights(self.circuit, arrays))
        return arrays

    def play(self, engine: ReferenceEngine, recorder: Recorder, length: int | None = None) -> None:
        """Plays the test's first frames or steps on an engine, by default all of them.

        Raises:
            SfcError: E0706, a chain stopped; the recorder holds what happened before.
        """
        for part in self.parts(length):
            frames, steps = (len(part), None) if self.by_frames else (None, len(part))
            engine.run(
                make_stimulus(self.circuit, self.inputs(part), frames, steps), recorder, True
            )


def _shaped(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Returns values row by row in a shape; a single one stays as it is."""
    return values if len(values) == 1 else values.reshape(shape)
