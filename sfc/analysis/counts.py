"""How many neurons of a block fire at most and at least, by the spikes that each of them needs."""

from __future__ import annotations

from sfc.analysis.cells import Root, Sum
from sfc.analysis.network import Block


def most_firing(block: Block, total: Sum, level: int, here: Root) -> tuple[int, Root]:
    """Returns the most neurons that fire, by the spikes that each of them needs.

    Args:
        block: of the neurons.
        total: what arrives.
        level: what it has to exceed.
        here: the root, if nothing bounds the number.
    """
    pairwise = total.high
    for climbs in total.climbs.values():
        pairwise -= max(0, *(drive + gate for drive, gate in climbs))
    gap = level - pairwise
    if gap < 0:
        return block.size, here
    bounds: list[tuple[int, Root]] = []
    brought = 0
    for steps in total.ladders.values():
        helping = [step for step in steps if step.drive + step.gate > 0]
        if helping:
            widest = max(helping, key=lambda step: step.high)
            bounds.append((widest.high, widest.root))
        brought += sum(step.high * (step.drive + step.gate) for step in helping)
    count = min(block.size, sum(high for high, _ in bounds), brought // (gap + 1))
    if len(bounds) == 1 and count == bounds[0][0]:
        return bounds[0]
    return count, here


def fewest_firing(total: Sum, level: int) -> int:
    """Returns how many neurons fire at least: those for which one spike is enough."""
    fewest = 0
    for key, steps in total.ladders.items():
        climbs = total.climbs[key]
        levels = sorted({step.level for step in steps})
        floor = total.low - min(0, *(drive + gate for drive, gate in climbs))
        for step in steps:
            reached = min(d + g for d, g in climbs[levels.index(step.level) :])
            if floor + reached > level:
                fewest = max(fewest, step.low)
    return fewest
