"""The fixed point over all frames: for every block and moment, who may fire there.

Moments are gone through in their order, again and again, until nothing changes. A spike always
arrives later than it was sent, so that one pass is the first frame exactly; what comes from the
frame before is joined with "nothing", which is what came before the first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field, replace

from sfc.analysis.cells import (
    CURRENT_HIGH,
    CURRENT_LOW,
    Arrival,
    Firing,
    Numbering,
    Root,
    Sum,
    add_up,
)
from sfc.analysis.counts import fewest_firing, most_firing
from sfc.analysis.network import Block, Link, Network
from sfc.analysis.sets import numbered
from sfc.analysis.timeline import Past, Timeline
from sfc.ir.integers import DECAY_LIMIT, STATE_LIMIT

Key = tuple[int, int]
"""(block, moment)."""

_ROOT_PATIENCE = 10
"""Changes of a cell after which it is its own root: roots go round in loops through frames."""

_PATIENCE = 40
"""Changes of a cell after which its number of spikes is no longer bounded."""

BEFORE = -1
"""The moment before the first frame."""

NOBODY = Firing(0, 0, -1, Root("", -1))


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of a block in a moment; amounts in state units.

    Attributes:
        firing: as far as the reading lets it go on.
        may_fire: the most neurons that fire, whether or not that is assumed away.
        total: of what arrives.
        margin: how much more could arrive before a neuron fires; negative if it may fire.
        is_shut: something opens the block at other times, but nothing now.
        overflows: its current or membrane may leave 24 bits.
        may_rest: whether neurons may be refractory.
        offered: of a relay whose firing tells moments apart, what arrives lets it do; else None.
    """

    firing: Firing
    may_fire: int
    total: Sum
    margin: int
    is_shut: bool = False
    overflows: bool = False
    may_rest: bool = False
    offered: Firing | None = None


@dataclass(slots=True)
class Reading:
    """A fixed point.

    Attributes:
        conditional: whether cells that nobody opened are assumed to be silent.
        admitted: those of which that is not assumed, by (population, moment).
        found: what was found, by (block, moment); what is not in it is silent, with nothing
            arriving.
        arrivals: links by which spikes arrive at a block in a moment.
        announced: links, by identity, and the moments for which they are among the arrivals.
        pending: by moment, the blocks to look at again.
        hulls: of blocks that keep something from step to step, bounds of what ever arrives.
        updates: how often a cell changed.
        kicked: who fires one step before the first frame.
        is_first: whether this is the first frame, before which nothing else fired.
    """

    network: Network
    timeline: Timeline
    conditional: bool
    admitted: frozenset[tuple[str, int]] = frozenset()
    numbers: Numbering = field(default_factory=Numbering)
    found: dict[Key, Found] = field(default_factory=dict)
    arrivals: dict[Key, list[Link]] = field(default_factory=lambda: defaultdict(list))
    announced: set[Key] = field(default_factory=set)
    pending: list[set[int]] = field(default_factory=list)
    hulls: dict[int, tuple[int, int]] = field(default_factory=dict)
    updates: dict[Key, int] = field(default_factory=lambda: defaultdict(int))
    kicked: dict[int, Firing] = field(default_factory=dict)
    is_first: bool = True

    def firing(self, block: int, moment: int) -> Firing:
        """Returns who fires of a block in a moment."""
        found = self.found.get((block, moment))
        return NOBODY if found is None else found.firing

    def sent(self, block: int, past: Past) -> tuple[Firing, bool]:
        """Returns who fired at a time, and whether that was before this frame."""
        if past.steps < 0:
            return self.firing(block, past.moments[0]), False
        start = self.kicked.get(block) if past.is_start else None
        if self.is_first:
            may_kick = past.steps == 0 or not self.timeline.has_frames
            return start if start and may_kick else NOBODY, False
        before = [self.firing(block, earlier) for earlier in past.moments]
        if past.steps == 0 and start is not None and all(f[:3] == start[:3] for f in before):
            return start, False
        widest = max(before, key=lambda firing: firing.high, default=NOBODY)
        high = max(widest.high, start.high if start else 0)
        if high == 0:
            return NOBODY, True
        number = self.numbers.number(("before", block, past.steps))
        return Firing(0, high, number, widest.root), True

    def coming(self, block: int, moment: int) -> list[Arrival]:
        """Returns what arrives at a block in a moment."""
        found = []
        for link in self.arrivals.get((block, moment), ()):
            past = self.timeline.past(moment, link.latency)
            found.append(Arrival(link, *self.sent(link.source, past), past))
        return found


def solve(
    network: Network,
    timeline: Timeline,
    conditional: bool,
    admitted: frozenset[tuple[str, int]] = frozenset(),
) -> Reading:
    """Returns the fixed point of one reading."""
    reading = Reading(network, timeline, conditional, admitted)
    reading.pending = [set() for _ in range(timeline.length)]
    restless = [n for n, block in enumerate(network.blocks) if block.is_restless]
    for waiting in reading.pending:
        waiting.update(restless)
    _begin(reading)
    _go_through(reading)
    reading.is_first = False
    fired = [key for key, found in reading.found.items() if found.firing.high]
    for block, moment in (*fired, *((kicked, BEFORE) for kicked in reading.kicked)):
        _announce(reading, block, moment, is_over=True)
    while any(reading.pending):
        _go_through(reading)
    return reading


def _go_through(reading: Reading) -> None:
    """Goes through all moments once."""
    for moment, waiting in enumerate(reading.pending):
        while waiting:
            _update(reading, waiting.pop(), moment)


def _begin(reading: Reading) -> None:
    """Makes fire what the host makes fire, before the first frame and in every one."""
    network, timeline = reading.network, reading.timeline
    surely = timeline.has_frames
    for block in (*network.kicked, *network.kicks):
        number = reading.numbers.number(("all", block))
        root = Root(network.blocks[block].name, BEFORE)
        reading.kicked[block] = Firing(int(surely), 1, number, root)
        for line, is_first in network.triggered.get(block, ()):
            reading.kicked[line] = _on_line(reading, line, BEFORE, is_first, surely)
    for block in reading.kicked:
        _announce(reading, block, BEFORE)
    if not network.circuit.schedule.chains:
        for (line,) in network.lines.values():
            _drive(reading, line, 0, _on_line(reading, line, 0, False, False))
    for kick in network.kicks:
        for moment in timeline.beats:
            _drive(reading, kick, moment, reading.kicked[kick])


def _drive(reading: Reading, block: int, moment: int, firing: Firing) -> None:
    """Lets a block fire in a moment because the host makes it, and the lines that go with it."""
    before = reading.found.get((block, moment))
    found = Found(firing, firing.high, Sum(), -1)
    if before is not None:
        found = _joined(before, found)
    if found == before:
        return
    reading.found[block, moment] = found
    _announce(reading, block, moment)
    _trigger(reading, block, moment, found.firing)


def _trigger(reading: Reading, block: int, moment: int, firing: Firing) -> None:
    """Lets the lines spike that the host drives when a block fires."""
    for line, is_first in reading.network.triggered.get(block, ()):
        sample = _on_line(reading, line, moment, is_first, firing.low == 1)
        _drive(reading, line, moment, sample)


def _on_line(reading: Reading, line: int, moment: int, is_first: bool, surely: bool) -> Firing:
    """Returns what spikes on an input's line in a moment.

    Args:
        reading: to number it in.
        line: block of the line.
        moment: in which the spikes are sent.
        is_first: whether they are for a phase 0, which begins in the next step.
        surely: whether the input is presented in every frame; if not, the line may be silent while
            others bring the sample.
    """
    block, timeline = reading.network.blocks[line], reading.timeline
    source = reading.network.circuit.inputs[block.name]
    part = reading.network.circuit.projections[block.projection].source_part
    frame = 0
    if timeline.frame:
        frame = (moment + is_first) // timeline.frame % (timeline.length // timeline.frame)
    key: Hashable = ("input", block.name, part, frame, is_first)
    if reading.network.circuit.schedule.chains and not surely:
        key = ("line", line, moment)
    most = block.size if source.at_most is None else min(source.at_most, block.size)
    fewest = max(0, source.at_least - (source.size - block.size)) if surely else 0
    return Firing(fewest, most, reading.numbers.number(key), Root(block.name, -1))


def _announce(reading: Reading, block: int, moment: int, is_over: bool = False) -> None:
    """Lets everything be looked at again on which a block's spikes in a moment have a bearing.

    Args:
        reading: it is part of.
        block, moment: of the spikes.
        is_over: whether only what lies in later frames is to be looked at again.
    """
    timeline = reading.timeline
    for link in reading.network.outgoing[block]:
        for arrival in timeline.future(moment, link.latency):
            if (id(link), arrival) not in reading.announced:
                reading.announced.add((id(link), arrival))
                reading.arrivals[link.target, arrival].append(link)
            if not is_over or timeline.past(arrival, link.latency).steps >= 0:
                reading.pending[arrival].add(link.target)
    for step in range(1, timeline.steps_of(reading.network.blocks[block].rest) + 1):
        for later in timeline.future(moment, step):
            if not is_over or timeline.past(later, step).steps >= 0:
                reading.pending[later].add(block)


def _update(reading: Reading, number: int, moment: int) -> None:
    before = reading.found.get((number, moment))
    block = reading.network.blocks[number]
    found = _evaluate(reading, number, block, moment)
    if before is not None:
        found = _joined(before, found)
    if found.firing.high and found.firing.number == NOBODY.number:
        opaque = reading.numbers.number(("cell", number, moment))
        found = replace(found, firing=found.firing._replace(number=opaque))
    if found == before:
        return
    reading.updates[number, moment] += 1
    changes = reading.updates[number, moment]
    if changes > _ROOT_PATIENCE and found.firing.high:
        here = Root(block.name, moment)
        found = replace(found, firing=found.firing._replace(root=here))
    if changes > _PATIENCE and found.firing.high:
        wide = found.firing._replace(high=block.size)
        found = replace(found, firing=wide, may_fire=block.size)
    reading.found[number, moment] = found
    if block.has_memory:
        _widen(reading, number, found.total)
    if found.firing != (NOBODY if before is None else before.firing):
        _announce(reading, number, moment)
        _trigger(reading, number, moment, found.firing)


def _joined(before: Found, after: Found) -> Found:
    """Returns what holds of both."""
    firing = after.firing
    old = before.firing
    low, high = min(old.low, firing.low), max(old.high, firing.high)
    root = firing.root if firing.high >= old.high else old.root
    return Found(
        Firing(low, high, firing.number, root),
        max(before.may_fire, after.may_fire),
        after.total,
        min(before.margin, after.margin),
        before.is_shut and after.is_shut,
        before.overflows or after.overflows,
        before.may_rest or after.may_rest,
        _offered(before, after),
    )


def _offered(before: Found, after: Found) -> Firing | None:
    old, new = before.offered, after.offered
    if old is None or new is None:
        return old or new
    return new._replace(low=min(old.low, new.low), high=max(old.high, new.high))


def _widen(reading: Reading, number: int, total: Sum) -> None:
    """Keeps bounds of what arrives in any moment, on which what a neuron keeps depends."""
    low, high = reading.hulls.get(number, (0, 0))
    hull = (min(low, total.low), max(high, total.high))
    if hull != (low, high):
        reading.hulls[number] = hull
        for waiting in reading.pending:
            waiting.add(number)


def _evaluate(reading: Reading, number: int, block: Block, moment: int) -> Found:
    arrivals = reading.coming(number, moment)
    total = add_up(arrivals, reading.network.blocks, reading.numbers)
    kept_low, kept_high, overflows = _kept(reading, number, block, total)
    low, high = total.low + kept_low, total.high + kept_high
    overflows |= not -STATE_LIMIT <= low + block.bias <= high + block.bias <= STATE_LIMIT
    if overflows and not reading.conditional:
        low, high = CURRENT_LOW - STATE_LIMIT, CURRENT_HIGH + STATE_LIMIT
    level = block.threshold - block.bias
    may_rest, must_rest = _rests(reading, number, block, moment)
    margin = level - high
    size = block.size
    opaque = reading.numbers.number(("cell", number, moment))
    here = Root(block.name, moment)
    if margin >= 0 or must_rest:
        firing = NOBODY
    elif low > level and not may_rest:
        firing = Firing(size, size, reading.numbers.number(("all", number)), here)
    else:
        bound, root = most_firing(block, total, level - kept_high, here)
        if overflows and not reading.conditional:
            bound, root = size, here
        fewest = 0 if may_rest or overflows else fewest_firing(total, level - kept_low)
        set_number = opaque
        if not (may_rest or overflows or block.has_memory):
            set_number = numbered(reading.numbers, total, level - total.certain)
        firing = Firing(min(fewest, bound), bound, set_number, root)
    outcome, offered = reading.timeline.outcome(moment, block.name), None
    if outcome is not None:
        offered = firing if firing.number >= 0 else firing._replace(number=opaque)
        certain = Firing(1, 1, reading.numbers.number(("all", number)), here)
        firing = certain if outcome else NOBODY
    is_shut = block.gated and not total.opened
    is_assumed = reading.conditional and (block.name, moment) not in reading.admitted
    passed = NOBODY if is_assumed and is_shut else firing
    return Found(passed, firing.high, total, margin, is_shut, overflows, may_rest, offered)


def _kept(reading: Reading, number: int, block: Block, total: Sum) -> tuple[int, int, bool]:
    """Returns bounds of what the steps before add, and whether anything may leave 24 bits."""
    low, high = CURRENT_LOW, CURRENT_HIGH
    if not block.has_memory:
        return 0, 0, not low <= total.low <= total.high <= high
    hull = reading.hulls.get(number, (0, 0))
    neuron = block.neuron
    u_low, u_high = (_limit(bound, neuron.decay_u) for bound in hull)
    wraps = u_low < low or u_high > high
    if wraps:
        u_low, u_high = low, high
    u_low, u_high = _decayed(u_low, u_high, neuron.decay_u)
    v_low = _limit(min(u_low + hull[0] + block.bias, 0), neuron.decay_v)
    v_high = min(_limit(max(u_high + hull[1] + block.bias, 0), neuron.decay_v), block.threshold)
    clips = v_low < -STATE_LIMIT
    v_low = max(v_low, -STATE_LIMIT)
    v_low, v_high = _decayed(v_low, v_high, neuron.decay_v)
    return u_low + v_low, u_high + v_high, wraps or clips


def _decayed(low: int, high: int, decay: int) -> tuple[int, int]:
    """Returns bounds of what one step leaves of an amount, rounded outwards."""
    kept = DECAY_LIMIT - decay
    return low * kept // DECAY_LIMIT, -(-high * kept // DECAY_LIMIT)


def _limit(amount: int, decay: int) -> int:
    """Returns where a sum settles to which an amount is added in every step, at most 2^40."""
    if decay == 0:
        return 0 if amount == 0 else (2**40 if amount > 0 else -(2**40))
    settled = -(-abs(amount) * DECAY_LIMIT // decay)
    return settled if amount > 0 else -settled


def _rests(reading: Reading, number: int, block: Block, moment: int) -> tuple[bool, bool]:
    """Tells whether neurons may be refractory in a moment, and whether all of them are.

    No neuron is before the first frame; the kick of a ring is not a spike.
    """
    may = must = False
    for step in range(1, reading.timeline.steps_of(block.rest) + 1):
        past = reading.timeline.past(moment, step)
        for earlier in past.moments:
            firing = reading.firing(number, earlier)
            may |= firing.high > 0
            must |= firing.low == block.size and past.steps < 0
    return may, must
