"""Divides populations into blocks that no projection tells apart, and bounds what they exchange."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from sfc.ir.circuit import Circuit, Projection, Tie, Weight
from sfc.ir.integers import UNIT
from sfc.ir.patterns import Part

_MOST_BLOCKS = 64
"""Blocks of one population beyond which it is left whole."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of a population.

    Attributes:
        labels: (n,) number of each neuron's block.
        sizes: neurons of each block.
        places: equal for blocks of the same neurons of populations of one size.
    """

    labels: Any
    sizes: list[int]
    places: list[Hashable]


@dataclass(frozen=True, slots=True)
class Contact:
    """How neurons of one block reach those of another; amounts in units of a current.

    Attributes:
        is_pairwise: neuron i reaches neuron i alone.
        low, high: least and largest weight of a synapse.
        least, most: bounds of what one neuron gets, however many sources fire.
        all_low, all_high: bounds of what one neuron gets if all sources fire.
        is_dense: whether every joined source reaches every neuron that is reached at all.
        covers: whether every neuron of the target is reached.
        joined: neurons of the source that have synapses.
    """

    is_pairwise: bool
    low: int
    high: int
    least: int
    most: int
    all_low: int
    all_high: int
    is_dense: bool
    covers: bool
    joined: int


def divide(circuit: Circuit) -> dict[str, Blocks]:
    """Returns the blocks of those populations that consist of more than one."""
    sliced = [p for p in circuit.projections.values() if p.source_part or p.target_part]
    if not sliced:
        return {}
    import numpy as np

    from sfc.ir.synapses import cells

    labels: dict[str, Any] = {}

    def label(name: str) -> Any:
        return labels.setdefault(name, np.zeros(circuit.size(name), np.int64))

    sides = [side for p in sliced for side in _sides(p)]
    for name, part in dict.fromkeys(sides):
        if part is None or name not in circuit.populations:
            continue
        inside = np.zeros(circuit.size(name), np.int64)
        inside[cells(circuit.populations[name].shape, part)] = 1
        labels[name] = _numbered(label(name), inside)
    pairwise = [p for p in circuit.projections.values() if p.pattern == "one_to_one"]
    pairwise = [p for p in pairwise if p.source in circuit.populations]
    changed = True
    while changed:
        changed = False
        for p in pairwise:
            if p.source not in labels and p.target not in labels:
                continue
            ends = []
            for name, part in _sides(p):
                shape = circuit.populations[name].shape
                chosen = np.arange(circuit.size(name)) if part is None else cells(shape, part)
                ends.append((name, chosen))
            both = _numbered(*(label(name)[chosen] for name, chosen in ends)) + 1
            for name, chosen in ends:
                before = label(name)
                joint = np.zeros(len(before), np.int64)
                joint[chosen] = both
                after = _numbered(before, joint)
                if after.max() >= _MOST_BLOCKS:
                    after = before
                changed |= bool(after.max() > before.max())
                labels[name] = after
    return {
        name: _blocks(numbers)
        for name, numbers in labels.items()
        if 0 < numbers.max() < _MOST_BLOCKS
    }


def _sides(projection: Projection) -> tuple[tuple[str, Part | None], ...]:
    """Returns which part of which population is at either end."""
    source, target = projection.source, projection.target
    return (source, projection.source_part), (target, projection.target_part)


def _numbered(first: Any, second: Any) -> Any:
    """Returns numbers from 0 on, equal where both of two labels are equal."""
    import numpy as np

    joint = first * (second.max(initial=0) + 1) + second
    return np.unique(joint, return_inverse=True)[1].reshape(-1)


def _blocks(labels: Any) -> Blocks:
    import numpy as np

    sizes = np.bincount(labels)
    places: list[Hashable] = [
        np.packbits(labels == number).tobytes() for number in range(len(sizes))
    ]
    return Blocks(labels, [int(size) for size in sizes], places)


def contacts(
    circuit: Circuit,
    projection: Projection,
    divided: dict[str, Blocks],
    sources: int,
    targets: int,
) -> Iterator[tuple[int, int, Contact]]:
    """Yields which of so many blocks a projection joins, with bounds of what arrives."""
    rows, columns = circuit.synapse_shape(projection)
    low, high = _weights(circuit, projection)
    is_listed = not isinstance(projection.pattern, str)
    if sources == targets == 1 and not is_listed:
        source, target = circuit.ends(projection)
        is_single = isinstance(projection.weight, Weight) and source.size == target.size == 1
        pairwise = projection.pattern == "one_to_one" or is_single
        most_spikes = 1 if pairwise else rows
        yield 0, 0, _plain(low, high, most_spikes, columns == target.size, rows, pairwise)
        return
    yield from _divided(circuit, projection, divided, low, high)


def _plain(
    low: int,
    high: int,
    most_spikes: int,
    covers: bool,
    joined: int,
    pairwise: bool,
) -> Contact:
    """Returns a contact whose every neuron has `most_spikes` synapses of weights low..high."""
    all_low, all_high = low * most_spikes, high * most_spikes
    return Contact(
        pairwise,
        low,
        high,
        min(all_low, 0),
        max(all_high, 0),
        all_low,
        all_high,
        most_spikes == joined,
        covers,
        joined,
    )


def _weights(circuit: Circuit, projection: Projection) -> tuple[int, int]:
    """Returns the least and the largest weight of a projection's synapses."""
    weight = projection.weight
    if isinstance(weight, Tie):
        rule = circuit.rule_of(projection)
        assert rule is not None
        return UNIT * rule.low, UNIT * rule.high
    value = int(UNIT * weight.value)
    return value, value


def _divided(
    circuit: Circuit,
    projection: Projection,
    divided: dict[str, Blocks],
    low: int,
    high: int,
) -> Iterator[tuple[int, int, Contact]]:
    """Yields the pairs of blocks of divided populations, or of synapses one by one."""
    import numpy as np

    from sfc.ir.synapses import cells, synapses

    ends = circuit.ends(projection)
    labels, sizes = [], []
    for node, (_, part) in zip(ends, _sides(projection), strict=True):
        blocks = divided.get(node.name) if node.name in circuit.populations else None
        whole = np.zeros(node.size, np.int64) if blocks is None else blocks.labels
        labels.append(whole if part is None else whole[cells(node.shape, part)])
        sizes.append(np.bincount(whole))
    rows, columns = labels
    if projection.pattern == "all_to_all":
        for source, joined in enumerate(np.bincount(rows)):
            for target, reached in enumerate(np.bincount(columns)):
                if joined and reached:
                    covers = bool(reached == sizes[1][target])
                    contact = _plain(low, high, int(joined), covers, int(joined), False)
                    yield source, target, contact
        return
    if projection.pattern == "one_to_one":
        for source, target in np.unique(np.stack([rows, columns], axis=1), axis=0).tolist():
            joined = int(((rows == source) & (columns == target)).sum())
            covers = joined == int(sizes[1][target])
            pairwise = covers or joined == int((columns == target).sum())
            yield source, target, _plain(low, high, 1, covers, joined, pairwise and covers)
        return
    assert isinstance(projection.weight, Weight)
    found = synapses(circuit, projection)
    # Several synapses may join one pair of neurons; a spike goes over all of them.
    places = found.sources.astype(np.int64) * len(columns) + found.targets
    distinct, first, which = np.unique(places, return_index=True, return_inverse=True)
    amounts = np.zeros(len(distinct), np.int64)
    each = (found.mantissas * (UNIT * projection.weight.value)).astype(np.int64)
    np.add.at(amounts, which.reshape(-1), each)
    presynaptic, postsynaptic = found.sources[first], found.targets[first]
    for source in range(len(sizes[0])):
        chosen = rows[presynaptic] == source
        if not chosen.any():
            continue
        shape = len(columns)
        picked, weights = postsynaptic[chosen], amounts[chosen]
        positive, negative = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        np.add.at(positive, picked, np.maximum(weights, 0))
        np.add.at(negative, picked, np.minimum(weights, 0))
        joined = len(np.unique(presynaptic[chosen]))
        for target in range(len(sizes[1])):
            reached = columns == target
            here = columns[picked] == target
            if not reached.any() or not here.any():
                continue
            covers = int(reached.sum()) == int(sizes[1][target])
            total = (positive + negative)[reached]
            contact = Contact(
                False,
                int(weights[here].min()),
                int(weights[here].max()),
                int(negative[reached].min()),
                int(positive[reached].max()),
                int(total.min()),
                int(total.max()),
                False,
                covers,
                joined,
            )
            yield source, target, contact
