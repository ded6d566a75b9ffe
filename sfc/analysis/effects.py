"""Which arrivals matter: those without which other neurons would fire."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from sfc.analysis.cells import Firing, amount
from sfc.analysis.network import Link
from sfc.analysis.solve import Found, Key, Reading


class Landing(NamedTuple):
    """Spikes of a link that arrive.

    Attributes:
        sent: (block, moment) of the spikes.
        cell: (block, moment) at which they arrive.
        matters: whether other neurons would fire without them.
    """

    link: Link
    sent: Key
    cell: Key
    matters: bool


@dataclass(slots=True)
class Effects:
    """What becomes of all spikes of a reading.

    Attributes:
        by_projection: landings of each projection that brings any.
        used: cells of whose spikes any arrival matters.
    """

    by_projection: dict[str, list[Landing]] = field(default_factory=lambda: defaultdict(list))
    used: set[Key] = field(default_factory=set)


def effects(reading: Reading) -> Effects:
    """Follows all spikes of a reading to where they arrive."""
    found = Effects()
    for cell, links in reading.arrivals.items():
        number, moment = cell
        there = reading.found.get(cell)
        for link in links:
            for earlier in reading.timeline.past(moment, link.latency).moments:
                sent = (link.source, earlier)
                firing = reading.firing(*sent)
                if there is None or firing.high == 0:
                    continue
                matters = _matters(reading, link, firing, there, number)
                found.by_projection[link.projection].append(Landing(link, sent, cell, matters))
                if matters:
                    found.used.add(sent)
    return found


def _matters(reading: Reading, link: Link, firing: Firing, there: Found, number: int) -> bool:
    """Tells whether neurons would fire otherwise if a link brought nothing to a cell.

    What arrives where nobody opened the target does not matter, unless it keeps it silent.
    """
    block = reading.network.blocks[number]
    if link.contact.is_pairwise:
        low, high = min(link.contact.low, 0), max(link.contact.high, 0)
    else:
        low, high = amount(link, firing, reading.network.blocks[link.source].size)
    if there.is_shut:
        return link.gate == "close" and there.margin + low < 0
    if there.firing.high == 0:
        return low < 0 and there.margin + low < 0
    surely = (
        there.firing.low == block.size and there.total.low - high > block.threshold - block.bias
    )
    return not surely
