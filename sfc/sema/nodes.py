"""Populations and inputs as they are referred to: as a whole or in part."""

from __future__ import annotations

from dataclasses import dataclass

from sfc.ir.circuit import Input, Population
from sfc.ir.patterns import Part, shape_of, size_of
from sfc.span import Span


@dataclass(frozen=True, slots=True)
class Node:
    """A population, relay or input, or a slice of one.

    Attributes:
        part: the slice, None for all.
        single: for each dimension of a slice whether it is one index, which drops the dimension.
    """

    thing: Population | Input
    part: Part | None = None
    single: tuple[bool, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents, without the dimensions that are one index."""
        shape = shape_of(self.thing.shape, self.part)
        kept = [size for size, single in zip(shape, self.single, strict=False) if not single]
        return tuple(kept) or (1,) if self.part is not None else shape

    @property
    def size(self) -> int:
        """Number of neurons or generators."""
        return size_of(self.thing.shape, self.part)

    @property
    def name(self) -> str:
        """The name of the population, with the slice."""
        return f"{self.thing.name}{part_text(self.part)}"

    @property
    def span(self) -> Span | None:
        """Where the population or input is declared."""
        return self.thing.span


def part_text(part: Part | None) -> str:
    """Returns a slice as it is written, nothing for None."""
    if part is None:
        return ""
    ranges = (f"{low}" if low == high else f"{low}..{high}" for low, high in part)
    return f"[{', '.join(ranges)}]"
