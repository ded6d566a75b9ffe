"""The synapses of a projection, one by one; all engines and targets take them from here."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit, Pattern, Projection
from sfc.ir.limits import SYNAPSE_TABLE_LIMIT
from sfc.ir.patterns import Convolution, Part, RealTable, Sparse, Table, Toeplitz, as_rows, shape_of

Indices = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Synapses:
    """Synapses in the order of their sources, then of their targets.

    Attributes:
        sources, targets: (k,) indices within the projection's parts.
        mantissas: (k,) integers that multiply the projection's weight.
    """

    sources: Indices
    targets: Indices
    mantissas: Indices


def synapses(circuit: Circuit, projection: Projection) -> Synapses:
    """Returns the synapses of a projection whose pattern is more than a word.

    Raises:
        ValueError: the pattern's data are damaged, there are too many, or the weights are real.
    """
    if isinstance(projection.pattern, RealTable):
        raise ValueError("real weights, which are not quantised yet")
    source, target = circuit.ends(projection)
    rows = shape_of(source.shape, projection.source_part)
    columns = shape_of(target.shape, projection.target_part)
    return _expanded(projection.pattern, rows, columns)


def cells(shape: tuple[int, ...], part: Part) -> NDArray[np.intp]:
    """Returns the numbers of a part's neurons within its population, (n,)."""
    numbers = np.arange(int(np.prod(shape))).reshape(shape)
    chosen: NDArray[np.intp] = numbers[tuple(slice(low, high + 1) for low, high in part)]
    return chosen.ravel()


def table(sources: Any, targets: Any, mantissas: Any) -> Table:
    """Returns the pattern of the given synapses; of equal (source, target) all are kept."""
    order = np.lexsort((targets, sources))
    rows = np.stack([np.asarray(a, "<i4")[order] for a in (sources, targets, mantissas)], axis=1)
    return Table(len(rows), pack(rows))


def pack(rows: NDArray[Any], level: int = 6) -> str:
    """Returns the bytes of an array as base64 of zlib, compressed at a level of 1..9."""
    packed = zlib.compress(np.ascontiguousarray(rows).tobytes(), level)
    return base64.b64encode(packed).decode("ascii")


def unpack(text: str, count: int, item_bytes: int) -> bytes:
    """Returns the bytes of `count` synapses that `pack` gave a text for.

    Raises:
        ValueError: the text is damaged, or those are not as many; no more are unpacked.
    """
    if not 0 <= count <= SYNAPSE_TABLE_LIMIT:
        raise ValueError(f"more than {SYNAPSE_TABLE_LIMIT:,} synapses")
    unpacker = zlib.decompressobj()
    try:
        packed = base64.b64decode(text, validate=True)
        data = unpacker.decompress(packed, item_bytes * count + 1)
    except (ValueError, zlib.error):
        raise ValueError("synapses cannot be unpacked") from None
    if len(data) != item_bytes * count or not unpacker.eof:
        raise ValueError(f"not {count} synapses")
    return data


def check_ends(sources: Indices, targets: Indices, rows: int, columns: int) -> None:
    """Raises ValueError for synapses outside (rows, columns)."""
    for ends, limit in ((sources, rows), (targets, columns)):
        if len(ends) and not 0 <= ends.min() <= ends.max() < limit:
            raise ValueError("synapses of neurons that are not there")


@lru_cache(maxsize=64)
def _expanded(pattern: Pattern, source: tuple[int, ...], target: tuple[int, ...]) -> Synapses:
    rows = _MAKERS[type(pattern)](pattern, source, target)
    if len(rows) > SYNAPSE_TABLE_LIMIT:
        raise ValueError(f"more than {SYNAPSE_TABLE_LIMIT:,} synapses")
    if (np.abs(rows[:, 2]) >= 2**31).any():
        raise ValueError("mantissas of more than 32 bits")
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))].astype(np.int32)
    columns = np.ascontiguousarray(rows.T)
    columns.flags.writeable = False
    return Synapses(columns[0], columns[1], columns[2])


def _sparse(pattern: Sparse, source: tuple[int, ...], target: tuple[int, ...]) -> NDArray[np.int64]:
    """Goes through all pairs, row after row, by gaps with a geometric distribution.

    A gap g has P(gap >= g) = q^g; it is found from a uniform number by comparing it with products
    of q^(2^k). Only products and comparisons of doubles enter, so every machine draws the same.
    A gap too long to be found so is cut there, and another follows it.
    """
    rows, columns = int(np.prod(source)), int(np.prod(target))
    total = rows * columns
    if pattern.probability * total > 2 * SYNAPSE_TABLE_LIMIT:
        raise ValueError(f"more than {SYNAPSE_TABLE_LIMIT:,} synapses")
    if pattern.probability >= 1:
        places = np.arange(total)
    else:
        generator = np.random.default_rng(pattern.seed)
        powers = [1.0 - pattern.probability]
        while len(powers) < 40:
            powers.append(powers[-1] * powers[-1])
        found: list[NDArray[np.int64]] = []
        last = -1
        while pattern.probability > 0 and last < total:
            uniform = 1.0 - generator.random(2**14)
            product, gaps = np.ones(len(uniform)), np.zeros(len(uniform), np.int64)
            for k in reversed(range(len(powers))):
                further = product * powers[k]
                longer = further >= uniform
                product = np.where(longer, further, product)
                gaps += longer.astype(np.int64) << k
            is_cut = gaps == 2 ** len(powers) - 1
            ends = last + np.cumsum(gaps + ~is_cut)
            found.append(ends[~is_cut])
            last = int(ends[-1])
            if len(found) * 2**14 > 2 * SYNAPSE_TABLE_LIMIT:
                raise ValueError(f"more than {SYNAPSE_TABLE_LIMIT:,} synapses")
        places = np.concatenate([np.zeros(0, np.int64), *found])
        places = places[places < total]
    return np.stack([places // columns, places % columns, np.ones(len(places), np.int64)], axis=1)


def _convolution(
    pattern: Convolution, source: tuple[int, ...], target: tuple[int, ...]
) -> NDArray[np.int64]:
    height, width = as_rows(source)
    rows, columns = as_rows(target)
    if rows * columns * len(pattern.kernel) * len(pattern.kernel[0]) > SYNAPSE_TABLE_LIMIT:
        raise ValueError(f"more than {SYNAPSE_TABLE_LIMIT:,} synapses")
    y, x = (axis.ravel() for axis in np.mgrid[:rows, :columns])
    parts = [np.zeros((0, 3), np.int64)]
    for a, kernel_row in enumerate(pattern.kernel):
        for b, mantissa in enumerate(kernel_row):
            from_y = y * pattern.stride[0] - pattern.padding[0] + a
            from_x = x * pattern.stride[1] - pattern.padding[1] + b
            inside = (from_y >= 0) & (from_y < height) & (from_x >= 0) & (from_x < width)
            inside &= mantissa != 0
            sources = (from_y * width + from_x)[inside]
            targets = (y * columns + x)[inside]
            parts.append(np.stack([sources, targets, np.full(len(sources), mantissa)], axis=1))
    return np.concatenate(parts)


def _toeplitz(
    pattern: Toeplitz, source: tuple[int, ...], target: tuple[int, ...]
) -> NDArray[np.int64]:
    rows, columns = int(np.prod(source)), int(np.prod(target))
    parts = [np.zeros((0, 3), np.int64)]
    total = 0
    for distance, mantissa in enumerate(pattern.values, start=pattern.first):
        sources = np.arange(max(0, -distance), min(rows, columns - distance))
        if mantissa and len(sources):
            total += len(sources)
            if total > SYNAPSE_TABLE_LIMIT:
                raise ValueError(f"more than {SYNAPSE_TABLE_LIMIT:,} synapses")
            ends = [sources, sources + distance, np.full(len(sources), mantissa)]
            parts.append(np.stack(ends, axis=1))
    return np.concatenate(parts)


def _table(pattern: Table, source: tuple[int, ...], target: tuple[int, ...]) -> NDArray[np.int32]:
    rows = np.frombuffer(unpack(pattern.data, pattern.count, 12), "<i4").reshape(-1, 3)
    check_ends(rows[:, 0], rows[:, 1], int(np.prod(source)), int(np.prod(target)))
    return rows


_MAKERS: dict[type, Callable[..., NDArray[Any]]] = {
    Sparse: _sparse,
    Convolution: _convolution,
    Toeplitz: _toeplitz,
    Table: _table,
}
