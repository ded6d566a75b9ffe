"""Testbenches: what a circuit is shown, and what it must do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sfc.ir.patterns import Part
from sfc.span import Span

ExpectedQuantity = Literal["spikes", "membrane", "weights"]

ANY_PHASE = -1
"""Stands for every phase of a frame."""


@dataclass(frozen=True, slots=True)
class Stimulus:
    """The pattern of an input in a frame, or in a step of a circuit without chains.

    Attributes:
        values: of 0 and 1, row by row, or one for all.
    """

    input: str
    part: Part | None
    frame: int
    values: tuple[int, ...]
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a population does in a phase, or what weights are at the end of a frame.

    Attributes:
        subject: a population, matrix or projection.
        part: of the population, or rows and columns of the matrix.
        frame: counted from 0; 0 in a circuit without chains; the last for weights that name none.
        chain: of the phase; empty for weights and without chains.
        phase: of the chain, a step in a circuit without chains, or ANY_PHASE; weights have none.
        values: row by row, or one for all: 0 and 1 for spikes, weight units for membranes and
            weights.
    """

    quantity: ExpectedQuantity
    subject: str
    part: Part | None
    frame: int
    chain: str
    phase: int
    values: tuple[float, ...]
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """First weights of a matrix or projection, in weight units, row by row, or one for all."""

    subject: str
    part: Part | None
    values: tuple[float, ...]
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Testbench:
    """A test of a circuit.

    Attributes:
        length: frames to run, or steps without chains.
        expectations: in order of frame and phase.
    """

    title: str
    length: int
    stimuli: tuple[Stimulus, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    doc: str = ""
    span: Span | None = None
