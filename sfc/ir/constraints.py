"""What a circuit's author asks of its placement on the cores of a chip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sfc.span import Span

ConstraintKind = Literal["on", "together", "apart"]


@dataclass(frozen=True, slots=True)
class Constraint:
    """A `place` statement.

    Attributes:
        kind: on (neurons are dealt in order over the given cores, ceil(n / cores) to each: all
            neurons of a chain's relays as of one population, those of a population otherwise),
            together (neurons of the same index share a core), apart (no core holds neurons of two
            of the populations).
        populations: by name.
        first, last: the cores of "on", both inclusive; -1 otherwise.
    """

    kind: ConstraintKind
    populations: tuple[str, ...]
    first: int = -1
    last: int = -1
    span: Span | None = None
