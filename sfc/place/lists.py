"""Axon lists: what the synapses of a projection take on the core of their targets.

For every source neuron with a synapse to some neurons of a piece there is one list. The three kinds
of pattern answer the same questions for any range of targets: those that are a word in closed
form, all others from their synapses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sfc.chips.chip import Chip
from sfc.chips.formats import Format, Sign, WeightField, formats, weight_field
from sfc.ir.circuit import Circuit, Projection, Weight
from sfc.ir.patterns import Part
from sfc.ir.synapses import cells, synapses

PLASTIC_BITS = 8
"""Of a plastic weight, which has the whole range of its rule."""

TAG_BITS = 8
"""Of a synapse whose tag learns: numTagBits of lanl/spikingBackprop, loihi_groups.py."""


@dataclass(frozen=True, slots=True)
class Take:
    """What the lists of a projection to a range of targets take.

    A dense list holds every target from the piece's first to its own last. Lists that are as long
    dense as sparse are sparse, so that a core needs fewer formats.

    Attributes:
        lists: one for every source neuron that has synapses there.
        synapses: of all lists.
        near, far: words of synaptic memory, where a dense list may be used and where not.
        near_format, far_format: of the lists.
    """

    lists: int
    synapses: int
    near: int
    far: int
    near_format: Format
    far_format: Format


class Lists(Protocol):
    """The axon lists of one projection; ranges are of its target population's neurons."""

    @property
    def projection(self) -> Projection:
        """Whose lists they are."""

    @property
    def learns(self) -> bool:
        """Whether their synapses learn."""

    def take(self, first: int, stop: int) -> Take:
        """Returns what the lists to targets first..stop-1 take."""

    def senders(self, first: int, stop: int) -> NDArray[np.intp]:
        """Returns the numbers of the source neurons that have synapses to such targets."""

    def least_words(self) -> int:
        """Returns words that all lists together take at least, however the targets are cut."""


def lists_of(circuit: Circuit, projection: Projection, chip: Chip) -> Lists | None:
    """Returns the lists of a projection; None if a weight of it cannot be held by the chip."""
    learns = circuit.learns(projection)
    weight = projection.weight
    source, target = circuit.ends(projection)
    rows = _numbers(source.shape, projection.source_part)
    columns = _numbers(target.shape, projection.target_part)
    if projection.pattern in ("all_to_all", "one_to_one"):
        values = np.array([weight.mantissa if isinstance(weight, Weight) else 1])
        written = _written(circuit, projection, chip, values)
        if written is None:
            return None
        is_block = projection.pattern == "all_to_all"
        kind = _Block if is_block else _Pairs
        return kind(projection, learns, rows, columns, *written)
    found = synapses(circuit, projection)
    assert isinstance(weight, Weight)
    values = np.unique(found.mantissas).astype(np.int64) * weight.mantissa
    written = _written(circuit, projection, chip, values)
    if written is None:
        return None
    return _Synapses(projection, learns, rows[found.sources], columns[found.targets], *written)


def _numbers(shape: tuple[int, ...], part: Part | None) -> NDArray[np.intp]:
    return np.arange(int(np.prod(shape))) if part is None else cells(shape, part)


def _written(
    circuit: Circuit, projection: Projection, chip: Chip, values: NDArray[np.int64]
) -> tuple[Format, Format] | None:
    """Returns the dense and the sparse format of a projection; None if the chip has none."""
    weight = projection.weight
    rule = circuit.rule_of(projection)
    if isinstance(weight, Weight):
        values = values if values.any() else np.array([1])
        field = weight_field(chip, values, weight.exponent)
    else:
        assert rule is not None
        sign: Sign = (
            "mixed" if rule.low < 0 < rule.high else "excitatory" if rule.high > 0 else "inhibitory"
        )
        field = WeightField(PLASTIC_BITS, rule.weights.exponent, sign)
    if field is None:
        return None
    learning = rule.name if rule is not None and circuit.learns(projection) else ""
    tag_bits = TAG_BITS if rule is not None and rule.dt else 0
    return formats(chip, field, projection.delay, tag_bits, learning)


def _shorter(lists: int, count: int, near: int, far: int, dense: Format, sparse: Format) -> Take:
    """Returns what so many lists and synapses take, given their words dense and sparse."""
    if near < far:
        return Take(lists, count, near, far, dense, sparse)
    return Take(lists, count, far, far, sparse, sparse)


@dataclass(frozen=True, slots=True)
class _Uniform:
    """A pattern that is a word: rows are the source neurons that it joins, columns the targets."""

    projection: Projection
    learns: bool
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    dense: Format
    sparse: Format

    def _within(self, first: int, stop: int) -> tuple[int, int]:
        """Returns the range of columns whose targets are first..stop-1."""
        low, high = np.searchsorted(self.columns, (first, stop)).tolist()
        return low, high


class _Block(_Uniform):
    """Every source to every target."""

    __slots__ = ()

    def take(self, first: int, stop: int) -> Take:
        low, high = self._within(first, stop)
        count, lists = high - low, len(self.rows)
        if not count or not lists:
            return Take(0, 0, 0, 0, self.dense, self.sparse)
        near = lists * self.dense.words(int(self.columns[high - 1]) + 1 - first)
        far = lists * self.sparse.words(count)
        return _shorter(lists, lists * count, near, far, self.dense, self.sparse)

    def senders(self, first: int, stop: int) -> NDArray[np.intp]:
        low, high = self._within(first, stop)
        return self.rows if low < high else self.rows[:0]

    def least_words(self) -> int:
        return len(self.rows) * self.dense.least_words(len(self.columns))


class _Pairs(_Uniform):
    """One to one: lists of one synapse."""

    __slots__ = ()

    def take(self, first: int, stop: int) -> Take:
        low, high = self._within(first, stop)
        lists = high - low
        near = int(self.dense.words(self.columns[low:high] + 1 - first).sum())
        far = lists * self.sparse.words(1)
        return _shorter(lists, lists, near, far, self.dense, self.sparse)

    def senders(self, first: int, stop: int) -> NDArray[np.intp]:
        low, high = self._within(first, stop)
        return self.rows[low:high]

    def least_words(self) -> int:
        return len(self.rows) * self.dense.words(1)


class _Synapses:
    """Synapses one by one, in the order of their targets."""

    def __init__(
        self,
        projection: Projection,
        learns: bool,
        sources: NDArray[np.intp],
        targets: NDArray[np.intp],
        dense: Format,
        sparse: Format,
    ) -> None:
        order = np.argsort(targets, kind="stable")
        self.projection, self.learns = projection, learns
        self._sources = sources[order].astype(np.int32)
        self._targets = targets[order].astype(np.int32)
        self._dense, self._sparse = dense, sparse
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(self._targets))])
        same = (np.diff(self._sources) == 0) & (np.diff(self._targets) == 0)
        self._is_simple = not same.any()

    def take(self, first: int, stop: int) -> Take:
        sources, targets = self._within(first, stop)
        if not len(sources):
            return Take(0, 0, 0, 0, self._dense, self._sparse)
        counts = np.bincount(sources)
        reached = np.flatnonzero(counts)
        last = np.empty(len(counts), np.int64)
        last[sources] = targets
        far = int(self._sparse.words(counts[reached]).sum())
        near = int(self._dense.words(last[reached] + 1 - first).sum())
        near = near if self._is_simple else far
        return _shorter(len(reached), len(sources), near, far, self._dense, self._sparse)

    def senders(self, first: int, stop: int) -> NDArray[np.intp]:
        return np.flatnonzero(np.bincount(self._within(first, stop)[0]))

    def least_words(self) -> int:
        counts = np.bincount(self._sources)
        return int(self._dense.least_words(counts).sum())

    def _within(self, first: int, stop: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        last = len(self._starts) - 1
        low, high = self._starts[[min(first, last), min(stop, last)]].tolist()
        return self._sources[low:high], self._targets[low:high]
