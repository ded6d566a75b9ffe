"""What became of a test, in data and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sfc.diagnostics import Diagnostic, SfcError
from sfc.ir.testbench import Expectation, Testbench
from sfc.sim.clock import Phase
from sfc.sim.drive import Drive
from sfc.sim.observation import Mismatch

_SHOWN = 32
"""Neurons or weights whose expected and found values are shown side by side."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference between what was expected and what was found.

    Attributes:
        frame: from 0; None in a circuit without chains.
        phase: that the step is; None if it is none, or for weights.
        step: since the beginning of the test; the last of the frame for weights.
        name: of the neuron or weight, for instance ``h[2, 3]``.
        place: index of the neuron in the population's shape, or row and column of the weight.
        expected, found: 0 and 1 for spikes, weight units for membranes and weights.
        count, size: how many of how many neurons or weights differ in this step.
        drive: what arrived at the neuron; None for inputs and weights.
    """

    expectation: Expectation
    frame: int | None
    phase: Phase | None
    step: int
    name: str
    place: tuple[int, ...]
    expected: float
    found: float
    count: int
    size: int
    drive: Drive | None

    @property
    def when(self) -> str:
        """Frame, phase and step, as far as the circuit has them."""
        if self.frame is None:
            at_end = "the end of " if self.expectation.quantity == "weights" else ""
            return f"{at_end}step {self.step}"
        if self.expectation.quantity == "weights":
            return f"the end of frame {self.frame}"
        phase = f", phase {self.phase[0]}[{self.phase[1]}]" if self.phase else ""
        return f"frame {self.frame}{phase} (step {self.step})"

    @property
    def message(self) -> str:
        """What differs, in one sentence."""
        expected, found = _number(self.expected), _number(self.found)
        if self.expectation.quantity == "weights":
            return f"weight {self.name} is {found} at {self.when}, expected {expected}"
        if self.expectation.quantity == "membrane":
            return f"the membrane of `{self.name}` is {found} in {self.when}, expected {expected}"
        if self.expected:
            return f"`{self.name}` is silent in {self.when}, expected a spike"
        return f"`{self.name}` spikes in {self.when}, expected silence"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a test failed.

    Attributes:
        diagnostics: E0710, or what kept the circuit from running.
        difference: the first, if there is one.
        details: further lines: what differs, and what drove the neuron.
    """

    diagnostics: tuple[Diagnostic, ...]
    difference: Difference | None = None
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a test.

    Attributes:
        failure: None if nothing differed; a test that expects nothing passes.
        steps: how many were run.
        seconds: how long that took.
    """

    test: Testbench
    failure: Failure | None
    steps: int
    seconds: float

    def __repr__(self) -> str:
        return f"<Outcome of {self.test.title!r}: {'passed' if self.passed else 'failed'}>"

    def __str__(self) -> str:
        lines = [f"{self.test.title}: {'passed' if self.passed else 'failed'}"]
        if self.failure is not None:
            lines += [str(diagnostic) for diagnostic in self.failure.diagnostics]
            lines += [f"  {line}" for line in self.failure.details]
        return "\n".join(lines)

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return self.failure is None

    @property
    def expects_nothing(self) -> bool:
        """Whether the test has no expectation."""
        return not self.test.expectations

    def check(self) -> None:
        """Raises an `SfcError` if the test failed."""
        if self.failure is not None:
            raise SfcError(self.failure.diagnostics)


def failure_of(difference: Difference, mismatch: Mismatch, hints: list[str]) -> Failure:
    """Returns the failure that a difference is; hints are further lines on it."""
    diagnostic = Diagnostic("E0710", difference.message, difference.expectation.span)
    drive = difference.drive.lines() if difference.drive else []
    return Failure((diagnostic,), difference, (*_side_by_side(mismatch), *hints, *drive))


def _side_by_side(mismatch: Mismatch) -> list[str]:
    """Returns expected and found values of a few neurons or weights, one above the other."""
    size, count = len(mismatch.numbers), len(mismatch.differing)
    unit = "weights" if mismatch.expectation.quantity == "weights" else "neurons"
    if size == 1:
        return []
    counts = f"{count} of {size} {unit} differ"
    if size > _SHOWN:
        return [counts]
    rows = [[_number(value) for value in row] for row in (mismatch.expected, mismatch.found)]
    width = max(len(text) for row in rows for text in row)
    expected, found = (" ".join(text.rjust(width) for text in row) for row in rows)
    return [f"{counts}:", f"  expected {expected}", f"  found    {found}"]


def _number(value: Any) -> str:
    return f"{np.float64(value):.12g}"
