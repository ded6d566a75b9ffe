"""Binary images, eight pixels a byte."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_ROWS = 1000
"""Images that are compared with levels at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Binary images, which read as a (n, n_inputs) bool array does: `images[50:100]`.

    Whatever is taken out is an ordinary array. What chooses whole images unpacks these alone;
    `np.asarray(images)` and other indices unpack all, a byte a pixel.

    Attributes:
        bits: (n, ceil(n_inputs / 8)) uint8, little bit order, zeros after the last pixel.
        n_inputs: pixels per image.
    """

    bits: NDArray[np.uint8]
    n_inputs: int

    @property
    def shape(self) -> tuple[int, int]:
        """(n, n_inputs)."""
        return len(self.bits), self.n_inputs

    @property
    def dtype(self) -> np.dtype[np.bool_]:
        """That of what is taken out."""
        return np.dtype(np.bool_)

    def __repr__(self) -> str:
        return f"<Images: {len(self)} of {self.n_inputs} pixels>"

    def __len__(self) -> int:
        return len(self.bits)

    def __iter__(self) -> Iterator[NDArray[np.bool_]]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, key: Any) -> NDArray[Any]:
        if isinstance(key, slice | int | np.integer) and not isinstance(key, bool):
            return self._unpacked(self.bits[key])
        if isinstance(key, list | np.ndarray) and np.ndim(key) == 1:
            return self._unpacked(self.bits[key])
        whole: NDArray[Any] = np.asarray(self)[key]
        return whole

    def __array__(self, dtype: DTypeLike = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("packed images cannot be given as an array without a copy")
        return self._unpacked(self.bits).astype(dtype or np.bool_, copy=False)

    def _unpacked(self, bits: NDArray[np.uint8]) -> NDArray[np.bool_]:
        pixels = np.unpackbits(bits, axis=-1, count=self.n_inputs, bitorder="little")
        return pixels.view(np.bool_)


def pack(pixels: NDArray[np.bool_]) -> Images:
    """Packs (n, …) booleans."""
    n_inputs = math.prod(pixels.shape[1:])
    flat = pixels.reshape(len(pixels), n_inputs)
    return Images(np.packbits(flat, axis=1, bitorder="little"), n_inputs)


def pack_planes(grey: NDArray[np.uint8], levels: Sequence[int]) -> Images:
    """Packs (n, height, width) grey values, a plane of pixels for each level, one after the other.

    A pixel of plane k is on if its grey value is at least `levels[k]`.
    """
    steps = np.array(levels, np.uint8)[:, None, None]
    n_inputs = math.prod(grey.shape[1:]) * len(levels)
    bits = np.empty((len(grey), (n_inputs + 7) // 8), np.uint8)
    for row in range(0, len(grey), _ROWS):
        part = grey[row : row + _ROWS, None] >= steps
        bits[row : row + _ROWS] = pack(part).bits
    return Images(bits, n_inputs)


def from_bits(bits: NDArray[np.uint8], n_inputs: int) -> Images:
    """Takes rows of packed pixels, of which the last byte may hold more than pixels."""
    if n_inputs % 8:
        bits[:, -1] &= (1 << n_inputs % 8) - 1
    return Images(bits, n_inputs)
