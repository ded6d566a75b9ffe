"""Where cores lie, and which of them the packed ones take.

A chip is a mesh of tiles with a few cores each; messages go east or west first, then north or
south. How chips are joined is not published: here they lie in a row, so that messages between them
count the tiles in between.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sfc.chips.chip import Chip

Numbers = NDArray[np.int64]

_MOST_EXCHANGES = 4000


def positions(chip: Chip, cores: Sequence[int] | Numbers) -> Numbers:
    """Returns the tile of every core as (cores, 2): columns and rows, chips side by side."""
    numbers = np.asarray(cores, np.int64)
    columns, _ = chip.mesh
    chips, within = np.divmod(numbers, chip.cores)
    rows, column = np.divmod(within // chip.cores_per_tile, columns)
    return np.stack([chips * columns + column, rows], axis=1)


def distances(chip: Chip, cores: Sequence[int] | Numbers) -> Numbers:
    """Returns the hops between all pairs of cores, (cores, cores)."""
    places = positions(chip, cores)
    hops: Numbers = np.abs(places[:, None, :] - places[None, :, :]).sum(axis=2)
    return hops


def nearest_first(chip: Chip) -> list[int]:
    """Returns the cores of a chip, those of tiles near a corner first: few of them lie close."""
    places = positions(chip, range(chip.cores))
    order = sorted(range(chip.cores), key=lambda core: (places[core].sum(), *places[core], core))
    return order


def numbered(
    chip: Chip, wanted: Sequence[int | None], between: NDArray[np.float64] | None
) -> list[int]:
    """Returns a number for every packed core, such that hop-weighted traffic is small.

    Args:
        chip: whose cores they are.
        wanted: numbers that an author chose; None for cores that may lie anywhere.
        between: spikes between packed cores, (cores, cores), symmetric; None if there are too many
            to look at, which then lie in the order in which they were packed.
    """
    taken = {number for number in wanted if number is not None}
    order = nearest_first(chip)
    chips = -(-len(wanted) // chip.cores) + 1 + max(taken, default=0) // chip.cores
    free = (c * chip.cores + k for c in range(chips) for k in order)
    usable = (number for number in free if number not in taken)
    numbers = [next(usable) if number is None else number for number in wanted]
    if between is None:
        return numbers
    movable = np.array([number is None for number in wanted])
    found = _exchanged(np.array(numbers), movable, between, distances(chip, numbers))
    return [int(number) for number in found]


def _exchanged(
    numbers: Numbers, movable: NDArray[np.bool_], between: NDArray[np.float64], hops: Numbers
) -> Numbers:
    """Exchanges the two cores that shorten most, until no exchange does."""
    at = np.arange(len(numbers))
    far = hops.astype(np.float64)
    cost = between @ far
    allowed = movable[:, None] & movable[None, :]
    for _ in range(_MOST_EXCHANGES):
        own = np.diagonal(cost)
        change = cost + cost.T - own[:, None] - own[None, :] + 2 * between * far
        change[~allowed] = 0
        first, second = np.unravel_index(int(change.argmin()), change.shape)
        if change[first, second] > -1e-9:
            break
        pair = [first, second]
        cost += np.outer(between[:, first] - between[:, second], far[second] - far[first])
        at[pair] = at[pair[::-1]]
        far[pair] = far[pair[::-1]]
        far[:, pair] = far[:, pair[::-1]]
        cost[:, pair] = cost[:, pair[::-1]]
    result: Numbers = numbers[at]
    return result
