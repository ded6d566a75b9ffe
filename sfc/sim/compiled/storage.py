"""Weights as a kernel holds them: each group of equal copies once, in as few bits as they take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.sim.compiled.layout import padded, weight_bits
from sfc.sim.compiled.program import Program

_LINE = 64


def aligned(size: int) -> NDArray[np.uint8]:
    """Returns so many zero bytes that begin at a multiple of 64."""
    raw = np.zeros(size + _LINE, np.uint8)
    start = -raw.ctypes.data % _LINE
    return raw[start : start + size]


class Storage:
    """The weights of all groups.

    Attributes:
        arrays: by group (rows, lanes): weights in steps of the group; lanes beyond its columns
            hold zeros.
    """

    def __init__(self, program: Program) -> None:
        """Takes memory for the groups of a program."""
        self.groups = program.groups
        self.arrays: list[NDArray[Any]] = []
        for group in self.groups:
            bits, lanes = weight_bits(group), padded(group.columns)
            raw = aligned(group.rows * lanes * bits // 8)
            self.arrays.append(raw.view(f"i{bits // 8}").reshape(group.rows, lanes))

    def load(self, weights: Mapping[str, NDArray[np.int16]]) -> bool:
        """Takes in the weights of all projections; False if copies of one group differ."""
        for group, array in zip(self.groups, self.arrays, strict=True):
            first, *others = group.projections
            if any(not np.array_equal(weights[first], weights[other]) for other in others):
                return False
            array[:, : group.columns] = weights[first] >> (group.step.bit_length() - 1)
        return True

    def holds(self, weights: Mapping[str, NDArray[np.int16]]) -> bool:
        """Tells whether these are the weights of all projections."""
        return all(
            np.array_equal(weights[name], array[:, : group.columns] * np.int16(group.step))
            for group, array in zip(self.groups, self.arrays, strict=True)
            for name in group.projections
        )

    def store(self, weights: Mapping[str, NDArray[np.int16]]) -> None:
        """Writes the weights into the arrays of all projections."""
        for group, array in zip(self.groups, self.arrays, strict=True):
            values = array[:, : group.columns]
            for name in group.projections:
                np.multiply(values, group.step, out=weights[name], dtype=np.int16)

    def copy(self) -> list[NDArray[Any]]:
        """Returns a copy of the arrays."""
        return [array.copy() for array in self.arrays]

    def restore(self, arrays: list[NDArray[Any]]) -> None:
        """Goes back to a copy."""
        for array, before in zip(self.arrays, arrays, strict=True):
            array[:] = before
