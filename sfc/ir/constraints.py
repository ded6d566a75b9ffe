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
        kind: on (the neurons of all populations, in order, are dealt over the given cores,
            ceil(n / cores) to each, from the first on), together (neurons of the same number share
            a core), apart (no core holds neurons of two of the populations).
        populations: by name; those that a statement names have an "on" each, the relays of a chain
            one in common.
        first, last: the cores of "on", both inclusive; -1 otherwise.
    """

    kind: ConstraintKind
    populations: tuple[str, ...]
    first: int = -1
    last: int = -1
    span: Span | None = None
