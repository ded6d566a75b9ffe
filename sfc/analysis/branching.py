"""Frames that divide: the tree of moments of a circuit in which populations start chains.

The tree grows with what the analysis finds. A moment at which relays fire for certain is followed
by the moment that these make; one at which they may fire or not is divided by what may happen. In
the end every moment of the tree does what its place in the tree says, so that it covers all runs.
"""

from __future__ import annotations

from itertools import product
from math import prod

from sfc.analysis.cells import Firing
from sfc.analysis.network import Network
from sfc.analysis.sets import Condition, conditions
from sfc.analysis.solve import NOBODY, Reading, solve
from sfc.analysis.timeline import Moment, Phase, Timeline

_MOST_MOMENTS = 300
"""Moments of a frame, in all its branches, beyond which they are not told apart."""

_MOST_CASES = 4096
"""Cases of what decides the outcomes of one moment, beyond which its outcomes are not found."""

_MOST_OUTCOMES = 16
"""Outcomes of one moment beyond which a circuit's moments are not told apart."""


def branching(network: Network, conditional: bool) -> Reading | None:
    """Returns a reading in which every branch of a frame has moments of its own.

    Returns:
        None if there is none: where chains overlap from frame to frame, where a frame may not end,
        or where there are too many moments.
    """
    tree = _Tree(network)
    while len(tree.moments) <= _MOST_MOMENTS:
        reading = solve(network, tree.timeline(), conditional)
        grown = tree.grow(reading)
        if grown is None:
            return None
        if not grown:
            return reading
    return None


class _Tree:
    """A tree that grows.

    Attributes:
        moments: of the tree, a parent before its children.
        done: moments that have a child, or end the frame.
        ends: moments that end the frame.
    """

    def __init__(self, network: Network) -> None:
        """Begins with the first moment of a frame."""
        schedule = network.circuit.schedule
        clock = schedule.clock
        assert clock is not None
        self.clock = clock
        started = [clock, *(c for c in schedule.chains if not (c.ring or c.started_by))]
        self.moments = [Moment(-1, tuple((chain.name, 0) for chain in started), {})]
        self.done: dict[int, frozenset[str]] = {}
        self.ends: set[int] = set()
        self.relays = {
            relay: (chain.name, index)
            for chain in schedule.chains
            for index, relay in enumerate(chain.relays)
        }
        self.blocks = {relay: network.blocks_of[relay][0] for relay in self.relays}
        latencies = [link.latency for links in network.outgoing for link in links]
        self.patience = max(latencies, default=1)

    def timeline(self) -> Timeline:
        """Returns the timeline as far as it is known."""
        moments, ends = tuple(self.moments), frozenset(self.ends)
        return Timeline(len(moments), None, self.clock, moments, ends)

    def grow(self, reading: Reading) -> bool | None:
        """Adds what follows from a reading; returns whether it did, None if there is no tree."""
        grown = False
        for number in range(len(self.moments)):
            firings = {
                relay: firing
                for relay, block in self.blocks.items()
                if (firing := reading.firing(block, number)).high
            }
            certain = frozenset(relay for relay, firing in firings.items() if firing.low)
            doubtful = [relay for relay, firing in firings.items() if not firing.low]
            if number in self.done:
                if doubtful or certain != self.done[number] or self._misses(reading, number):
                    return None
                continue
            grown = True
            if doubtful:
                if not self._divide(reading, number, doubtful):
                    return None
            elif not self._follow(number, certain):
                return None
        return grown

    def _misses(self, reading: Reading, number: int) -> bool:
        """Tells whether a divided moment can have an outcome for which there is no moment."""
        moment = self.moments[number]
        if not moment.outcome:
            return False
        relays = list(moment.outcome)
        found = [reading.found.get((self.blocks[relay], number)) for relay in relays]
        offered = [NOBODY if one is None or one.offered is None else one.offered for one in found]
        possible = _outcomes(reading, offered)
        known = {
            tuple(other.outcome[relay] for relay in relays)
            for other in self.moments
            if other.parent == moment.parent and other.outcome.keys() == moment.outcome.keys()
        }
        return possible is None or not known.issuperset(possible)

    def _divide(self, reading: Reading, number: int, doubtful: list[str]) -> bool:
        """Divides a moment by which of its relays fire."""
        if self.moments[number].outcome:
            return False
        firings = [reading.firing(self.blocks[relay], number) for relay in doubtful]
        found = _outcomes(reading, firings)
        if found is None:
            return False
        for index, fires in enumerate(found):
            outcome = dict(zip(doubtful, fires, strict=True))
            moment = self.moments[number]._replace(outcome=outcome)
            if index == 0:
                self.moments[number] = moment
            else:
                self.moments.append(moment)
        return True

    def _follow(self, number: int, fires: frozenset[str]) -> bool:
        """Adds what comes after a moment, or lets the frame end with it."""
        self.done[number] = fires
        if self.clock.relays[0] in fires:
            self.ends.add(number)
            return len(fires) == 1
        phases: tuple[Phase, ...] = tuple(sorted(self.relays[relay] for relay in fires))
        if not phases and self._idle(number) >= self.patience:
            return False
        self.moments.append(Moment(number, phases, {}))
        return True

    def _idle(self, number: int) -> int:
        """Returns for how many steps no relay fired."""
        idle = 0
        while number >= 0 and not self.moments[number].phases:
            number, idle = self.moments[number].parent, idle + 1
        return idle


def _outcomes(reading: Reading, firings: list[Firing]) -> list[tuple[bool, ...]] | None:
    """Returns which of some single neurons may fire together; None if there are too many ways."""
    found = [_condition(reading, firing) for firing in firings]
    levels: dict[object, set[int]] = {}
    for each in found:
        for axis in each.axes:
            levels.setdefault(axis.ladder, set()).update(axis.levels)
    ladders = list(levels)
    heights = [range(len(levels[ladder]) + 1) for ladder in ladders]
    if prod(len(height) for height in heights) > _MOST_CASES:
        return None
    outcomes: set[tuple[bool, ...]] = set()
    for case in product(*heights):
        reached = {
            ladder: set(sorted(levels[ladder])[:height])
            for ladder, height in zip(ladders, case, strict=True)
        }
        outcomes.add(tuple(_holds(each, reached) for each in found))
        if len(outcomes) > _MOST_OUTCOMES:
            return None
    return sorted(outcomes, reverse=True)


def _condition(reading: Reading, firing: Firing) -> Condition:
    """Returns what decides whether a single neuron fires."""
    if firing.low or not firing.high:
        return Condition((), {(): bool(firing.low)})
    return conditions(reading.numbers, firing.number)


def _holds(condition: Condition, reached: dict[object, set[int]]) -> bool:
    """Tells whether a neuron is in a set, by the levels that its drives reach."""
    case = tuple(len(reached[axis.ladder].intersection(axis.levels)) for axis in condition.axes)
    return condition.fires[case]
