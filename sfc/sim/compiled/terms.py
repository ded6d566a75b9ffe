"""What arrives at a cell: constants, sets pair by pair or counted, drives of weights."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from sfc.analysis.cells import Arrival
from sfc.analysis.solve import Reading
from sfc.analysis.ties import compare
from sfc.ir.circuit import Circuit, Projection, Tie, Weight
from sfc.ir.integers import STATE_LIMIT, UNIT
from sfc.sim.compiled.program import Everyone, Group, Moment, Operation

_MOST_ROWS = 2**16
"""Rows of a matrix, so that sums of weights in state units fit 32 bits."""


class NotCompiled(Exception):
    """Says why a circuit has no program."""


@dataclass(slots=True)
class Terms:
    """What arrives at a cell.

    Attributes:
        constant: what surely arrives.
        pairs, counts: see `Evaluate`.
        drives: (group, set, moment in which the spikes were sent).
    """

    constant: int = 0
    pairs: list[tuple[int, int]] = field(default_factory=list)
    counts: list[tuple[int, int]] = field(default_factory=list)
    drives: list[tuple[int, int, Moment]] = field(default_factory=list)

    @property
    def varies(self) -> bool:
        """Whether anything arrives in some frames only."""
        return bool(self.pairs or self.counts or self.drives)


def bounds_of_strays(threshold: int, bias: int, low: int, high: int) -> tuple[int, int]:
    """Returns what may arrive at a silent neuron beside low..high: it stays so, and in 24 bits."""
    least = -STATE_LIMIT - min(bias, 0) - low
    most = min(threshold - bias, STATE_LIMIT - max(bias, 0)) - high
    return least, most


class Arrivals:
    """What arrives where, in the terms of a program.

    Attributes:
        blocks: of the network.
        sizes: of the sets, by number.
        operations: so far.
        made: sets that an operation makes.
        groups: of copies that stay equal; `group_of` says whose a projection is.
        early: lines on which the host sends a sample just before its frame.
    """

    def __init__(self, circuit: Circuit, reading: Reading, frame: int) -> None:
        """Looks at one reading of a circuit whose frames have so many steps."""
        self.circuit = circuit
        self.reading = reading
        self.frame = frame
        self.blocks = reading.network.blocks
        self.numbers: dict[Hashable, int] = {}
        self.sizes: list[int] = []
        self.operations: list[Operation] = []
        self.made: set[int] = set()
        self.groups: list[Group] = []
        self.group_of: dict[str, int] = {}
        driven = [pair for pairs in reading.network.triggered.values() for pair in pairs]
        self.early = {line for line, is_first in driven if is_first}
        if self.early & {line for line, is_first in driven if not is_first}:
            raise NotCompiled("an input is presented in phase 0 and in others in one way")
        self._check()
        self._group_copies()

    def _check(self) -> None:
        circuit = self.circuit
        if max((p.delay for p in circuit.projections.values()), default=0) >= self.frame:
            raise NotCompiled("a delay is longer than a frame")
        for name, blocks in self.reading.network.blocks_of.items():
            if len(blocks) > 1:
                raise NotCompiled(f"projections join parts of `{name}`")
        for number, _ in self.reading.found:
            if self.blocks[number].has_memory:
                raise NotCompiled(f"`{self.blocks[number].name}` keeps current or membrane")

    def _group_copies(self) -> None:
        """Gives copies of a matrix that are proved to stay equal one group."""
        groups: dict[Hashable, list[Projection]] = {}
        for projection in self.circuit.projections.values():
            tie = projection.weight
            if not isinstance(tie, Tie):
                continue
            rule = self.circuit.rule_of(projection)
            assert rule is not None
            first = groups.setdefault(tie, [projection])[0]
            if first is projection:
                continue
            if compare(self.reading, rule, first, projection).state == "proved":
                groups[tie].append(projection)
            else:
                groups[projection.name] = [projection]
        for copies in groups.values():
            rule = self.circuit.rule_of(copies[0])
            assert rule is not None
            rows, columns = self.circuit.synapse_shape(copies[0])
            if rows > _MOST_ROWS:
                raise NotCompiled(f"`{copies[0].name}` has more than {_MOST_ROWS:,} rows")
            step = rule.weights.step
            names = tuple(projection.name for projection in copies)
            number = len(self.groups)
            low, high = rule.low // step, rule.high // step
            self.groups.append(Group(number, names, rows, columns, low, high, step, UNIT * step))
            self.group_of |= dict.fromkeys(names, number)

    def _number(self, key: Hashable, size: int) -> int:
        if key not in self.numbers:
            self.numbers[key] = len(self.sizes)
            self.sizes.append(size)
        return self.numbers[key]

    def _set_of(self, block: int, moment: Moment) -> int:
        """Returns the set of a block's neurons that fire in a moment, which must have been made."""
        whole, firing = self.blocks[block], self.reading.firing(block, moment)
        if firing.low == whole.size:
            return self._everyone(whole.size)
        return self._number((firing.number, whole.place), whole.size)

    def _everyone(self, size: int) -> int:
        number = self._number(("all", size), size)
        if number not in self.made:
            self.made.add(number)
            self.operations.append(Everyone(number))
        return number

    def _terms(self, block: int, moment: Moment) -> tuple[Terms, Terms]:
        """Returns what arrives at a cell from this frame, and from the one before."""
        new, old = Terms(), Terms()
        for arrival in self.reading.coming(block, moment):
            if arrival.firing.high:
                is_old = arrival.is_old and not self._is_early(arrival)
                self._add(old if is_old else new, arrival)
        return new, old

    def _is_early(self, arrival: Arrival) -> bool:
        """Tells whether an arrival is of this frame's sample, sent just before the frame began."""
        return arrival.link.source in self.early and arrival.sent.steps == 0  # type: ignore[attr-defined]

    def _add(self, terms: Terms, arrival: Arrival) -> None:
        link = arrival.link
        projection = self.circuit.projections[link.projection]
        if projection.source_part is not None or projection.target_part is not None:
            raise NotCompiled(f"`{projection.name}` joins parts of populations")
        source = self.blocks[link.source]
        (moment,) = arrival.sent.moments  # type: ignore[attr-defined]
        is_certain = arrival.firing.low == source.size and not arrival.is_old
        weight = projection.weight
        if not isinstance(projection.pattern, str):
            raise NotCompiled(f"`{projection.name}` joins neurons one by one")
        if not isinstance(weight, Weight):
            chosen = self._set_of(link.source, moment)
            terms.drives.append((self.group_of[projection.name], chosen, moment))
            return
        amount = int(UNIT * weight.value)
        is_pairwise = projection.pattern == "one_to_one"
        if is_certain:
            terms.constant += amount * (1 if is_pairwise else source.size)
            return
        chosen = self._set_of(link.source, moment)
        (terms.pairs if is_pairwise else terms.counts).append((chosen, amount))

    def _static(self, terms: Terms) -> tuple[int, int]:
        """Returns bounds of terms that hold in every frame."""
        amounts = [amount for _, amount in terms.pairs]
        amounts += [amount * self.sizes[chosen] for chosen, amount in terms.counts]
        for number, chosen, _ in terms.drives:
            group = self.groups[number]
            amounts += [
                bound * group.unit * self.sizes[chosen] for bound in (group.low, group.high)
            ]
        return sum(min(a, 0) for a in amounts), sum(max(a, 0) for a in amounts)

    def _here(self, number: int, moment: Moment) -> Terms:
        """Returns what arrives at a cell but for what populations sent in the frame before.

        What the host sends just before a frame begins is part of it.
        """
        here = Terms()
        for arrival in self.reading.coming(number, moment):
            is_host = self.blocks[arrival.link.source].kind != "population"
            if arrival.firing.high and (is_host or arrival.sent.steps < 0):  # type: ignore[attr-defined]
                self._add(here, arrival)
        return here

    def _is_sure(self, line: int, moment: Moment) -> bool:
        """Tells whether the host sends a sample over a line in a moment of every frame."""
        reading = self.reading
        if moment == self.frame - 1 and line in self.early:
            first = reading.kicked.get(line)
            if first is None or first.number != reading.firing(line, moment).number:
                return False
        triggers = [
            trigger
            for trigger, driven in reading.network.triggered.items()
            if any(line == other for other, _ in driven)
        ]
        return any(reading.firing(trigger, moment).low for trigger in triggers)

    def _is_next_sample(self, block: int, moment: Moment) -> bool:
        return block in self.early and moment == self.frame - 1

    def _pending(self) -> tuple[tuple[int, str, int], ...]:
        """Returns what those populations send over the end of a frame that fire as a whole."""
        found: dict[tuple[int, str], int] = {}
        for number, block in enumerate(self.blocks):
            if block.kind != "population":
                continue
            for moment in range(self.frame):
                if self.reading.firing(number, moment).low < block.size:
                    continue
                for link in self.reading.network.outgoing[number]:
                    offset = moment + link.latency - self.frame
                    projection = self.circuit.projections[link.projection]
                    if offset < 0 or not isinstance(projection.weight, Weight):
                        continue
                    if not isinstance(projection.pattern, str):
                        raise NotCompiled(f"`{projection.name}` joins neurons one by one")
                    many = 1 if projection.pattern == "one_to_one" else block.size
                    key = (offset, projection.target)
                    found[key] = found.get(key, 0) + many * int(UNIT * projection.weight.value)
        return tuple((*key, amount) for key, amount in sorted(found.items()) if amount)

    def _spiked(self) -> tuple[tuple[str, int], ...]:
        """Returns the relays that spike in the last step of a frame, in the populations' order."""
        relays = {
            relay: (chain.name, index)
            for chain in self.circuit.schedule.chains
            for index, relay in enumerate(chain.relays)
        }
        found = []
        for number, block in enumerate(self.blocks):
            if block.kind == "population" and block.name in relays:
                firing = self.reading.firing(number, self.frame - 1)
                if firing.high > firing.low:
                    raise NotCompiled(f"relay `{block.name}` does not spike in every frame")
                if firing.high:
                    found.append(relays[block.name])
        return tuple(found)

    def _room(self) -> dict[tuple[str, Moment], tuple[int, int]]:
        """Returns bounds of what the frame before may bring to each cell that is to be silent."""
        return {
            (self.blocks[number].name, moment): self._bounds(number, self._here(number, moment))
            for number, moment in self.reading.found
            if self.blocks[number].kind == "population"
        }

    def _bounds(self, number: int, here: Terms) -> tuple[int, int]:
        block = self.blocks[number]
        low, high = self._static(here)
        return bounds_of_strays(
            block.threshold, block.bias, here.constant + low, here.constant + high
        )
