"""Spikes that travel between cores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfc.chips.chip import Chip
from sfc.ir.circuit import Circuit
from sfc.place.activity import Activity
from sfc.place.demand import Group
from sfc.place.flows import flows
from sfc.place.mesh import positions
from sfc.place.placement import Piece

Reals = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Traffic:
    """Messages between pairs of cores; those that a core sends to itself included.

    A spike is one message for each of its axon lists. Spikes of inputs, which the host sends, are
    not counted.

    Attributes:
        source, target: (pairs,) numbers of cores, ascending.
        spikes: (pairs,) messages in a sample.
    """

    source: Numbers
    target: Numbers
    spikes: Reals

    @property
    def total(self) -> float:
        """Messages in a sample."""
        return float(self.spikes.sum())

    def hop_weighted(self, chip: Chip) -> float:
        """Returns messages times tiles that each travels, in a sample; chips lie in a row."""
        between = np.abs(positions(chip, self.source) - positions(chip, self.target)).sum(axis=1)
        return float((self.spikes * between).sum())

    def between_cores(self) -> float:
        """Returns messages that leave their core."""
        return float(self.spikes[self.source != self.target].sum())

    def rows(self) -> list[tuple[int, int, float]]:
        """Returns (from, to, messages in a sample) of every pair."""
        return list(
            zip(self.source.tolist(), self.target.tolist(), self.spikes.tolist(), strict=True)
        )

    def by_chip(self, chip: Chip) -> Traffic:
        """Returns the messages between chips."""
        width = 1 + int(max(self.source.max(initial=0), self.target.max(initial=0))) // chip.cores
        keys = self.source // chip.cores * width + self.target // chip.cores
        found, places = np.unique(keys, return_inverse=True)
        total = np.bincount(places.ravel(), self.spikes, len(found)).astype(np.float64)
        return Traffic(found // width, found % width, total)

    def matrix(self, count: int) -> Reals:
        """Returns the messages between cores 0..count-1 in either direction, (count, count)."""
        found = np.zeros((count, count))
        found[self.source, self.target] = self.spikes
        np.fill_diagonal(found, 0)
        both: Reals = found + found.T
        return both


def traffic(
    circuit: Circuit,
    pieces: Mapping[str, tuple[Piece, ...]],
    activity: Activity,
) -> Traffic:
    """Returns the messages between cores.

    The spikes of a population count as spread evenly over its neurons.

    Args:
        circuit: that is placed.
        pieces: by population, in the order of their neurons.
        activity: spikes in a sample.
    """
    cores = {name: np.array([p.core for p in parts], np.int64) for name, parts in pieces.items()}
    width = 1 + max((int(numbers.max()) for numbers in cores.values()), default=0)
    keys: list[Numbers] = [np.zeros(0, np.int64)]
    spikes: list[Reals] = [np.zeros(0)]
    for projection in circuit.projections.values():
        name = projection.source
        if name not in pieces or not activity.spikes[name].any():
            continue
        rate = float(activity.spikes[name].sum()) / circuit.size(name)
        for part in flows(circuit, projection, pieces[name], pieces[projection.target]):
            keys.append(cores[name][part.sources] * width + cores[projection.target][part.targets])
            spikes.append(part.lists * rate)
    found, places = np.unique(np.concatenate(keys), return_inverse=True)
    total = np.bincount(places.ravel(), np.concatenate(spikes), len(found))
    return Traffic(found // width, found % width, total.astype(np.float64))


def pulls(
    circuit: Circuit, groups: Sequence[Group], activity: Activity
) -> dict[tuple[int, int], float]:
    """Returns the spikes that two groups send each other in a sample, by their numbers."""
    of_population = {p.name: group.number for group in groups for p in group.populations}
    found: dict[tuple[int, int], float] = {}
    for projection in circuit.projections.values():
        if projection.source in of_population:
            ends = of_population[projection.source], of_population[projection.target]
            spikes = float(activity.spikes[projection.source].sum())
            for pair in (ends, ends[::-1]):
                found[pair] = found.get(pair, 0.0) + spikes
    return found


def output_axons(
    circuit: Circuit, pieces: Mapping[str, tuple[Piece, ...]], chip: Chip
) -> dict[int, int]:
    """Returns the entries for outgoing axons by core: one a list, and more to another chip."""
    further = chip.limit("other_chip_entries") or 0
    entries: dict[int, int] = {}
    cores = {name: np.array([p.core for p in parts], np.int64) for name, parts in pieces.items()}
    for projection in circuit.projections.values():
        name = projection.source
        if name not in pieces:
            continue
        for part in flows(circuit, projection, pieces[name], pieces[projection.target]):
            source, target = cores[name][part.sources], cores[projection.target][part.targets]
            leaves = source // chip.cores != target // chip.cores
            counts = np.bincount(source, part.lists * np.where(leaves, 1 + further, 1))
            for core in np.flatnonzero(counts).tolist():
                entries[core] = entries.get(core, 0) + int(counts[core])
    return entries
