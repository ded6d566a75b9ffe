"""Which neurons a projection joins, where that is more than one to one or all to all.

Rows are sources, columns are targets, both numbered row by row within the part of the population
that the projection names. A weight is a mantissa of the pattern times the projection's weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from sfc.span import Span

Part = tuple[tuple[int, int], ...]
"""A slice of a population: first and last index, both inclusive, of every dimension."""


@dataclass(frozen=True, slots=True)
class Sparse:
    """Every pair with a probability, drawn once from a seed; see `sfc.ir.synapses`."""

    probability: float
    seed: int


@dataclass(frozen=True, slots=True)
class Convolution:
    """A kernel that slides over the source, as in machine learning (without a flip).

    Source [y*stride - padding + a, x*stride - padding + b] reaches target [y, x] with kernel[a, b];
    a population of one dimension is one row.

    Attributes:
        kernel: rows of mantissas; 0 makes no synapse.
        stride, padding: in rows and columns.
    """

    kernel: tuple[tuple[int, ...], ...]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)

    def target_shape(self, source: tuple[int, int]) -> tuple[int, int]:
        """Returns the (rows, columns) that a source of so many rows and columns yields."""
        kernel = (len(self.kernel), len(self.kernel[0]))
        rows, columns = (
            (size + 2 * padding - width) // stride + 1
            for size, width, stride, padding in zip(
                source, kernel, self.stride, self.padding, strict=True
            )
        )
        return rows, columns


@dataclass(frozen=True, slots=True)
class Toeplitz:
    """The weight depends on the distance: source i reaches target j with values[j - i - first]."""

    first: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Synapses one by one.

    Attributes:
        count: of the synapses.
        data: base64 of zlib of little-endian int32, (count, 3): source, target, mantissa.
    """

    count: int
    data: str


@dataclass(frozen=True, slots=True)
class RealTable:
    """Synapses one by one with real weights, which the pass `quantise` makes integers of.

    Nothing runs a circuit that has them; see `sfc.ir.reals`.

    Attributes:
        count: of the synapses.
        reals: base64 of zlib of (count,) records of a source and a target, little-endian int32, and
            a weight in weight units, little-endian float64, neither 0 nor infinite.
        span: of what gives the weights.
    """

    count: int
    reals: str
    span: Span | None = None


def shape_of(shape: tuple[int, ...], part: Part | None) -> tuple[int, ...]:
    """Returns the shape of a part of a population; None stands for the whole."""
    return shape if part is None else tuple(high - low + 1 for low, high in part)


def size_of(shape: tuple[int, ...], part: Part | None) -> int:
    """Returns the number of neurons of a part of a population; None stands for the whole."""
    return prod(shape_of(shape, part))


def as_rows(shape: tuple[int, ...]) -> tuple[int, int]:
    """Returns a shape of one or two dimensions as (rows, columns)."""
    return (1, shape[0]) if len(shape) == 1 else (shape[0], shape[1])
