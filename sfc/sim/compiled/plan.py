"""Makes a program of a circuit: which sets of neurons are worked out in a frame, and from what.

The conditional reading of the phase analysis says which cells fire, and which fire alike. What it
supposes (that cells nobody opened stay silent, that nothing leaves 24 bits, that samples keep to
the bounds of their inputs) becomes guards.
"""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass, field

from sfc.analysis.cells import Arrival
from sfc.analysis.readings import read
from sfc.analysis.solve import Found, Reading
from sfc.analysis.ties import changes, compare, is_by_coincidence
from sfc.ir.circuit import Circuit, Projection, Tie, Weight
from sfc.ir.integers import STATE_LIMIT, UNIT
from sfc.sim.compiled.program import (
    Bounded,
    Carry,
    Drive,
    Evaluate,
    Everyone,
    Group,
    Guard,
    Known,
    Lesson,
    Moment,
    Operation,
    Program,
    ReadInput,
    Resume,
)

_MOST_ROWS = 2**16
"""Rows of a matrix, so that sums of weights in state units fit 32 bits."""


class NotCompiled(Exception):
    """Says why a circuit has no program."""


@dataclass(slots=True)
class _Terms:
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


def make_program(circuit: Circuit) -> Program:
    """Returns the program of a circuit.

    Raises:
        NotCompiled: its frames are not alike, or something in it is not provided for.
    """
    if not circuit.schedule.clock:
        raise NotCompiled("the circuit has no frames")
    for projection in circuit.projections.values():
        rule = circuit.rule_of(projection)
        if rule is not None and (rule.dt or not is_by_coincidence(rule)):
            raise NotCompiled(f"rule `{rule.name}` sees more than coincidences of spikes")
    reading = read(circuit, True).reading
    timeline = reading.timeline
    if timeline.frame is None or timeline.tree or timeline.length != timeline.frame:
        raise NotCompiled("frames are not all of one length, or phases cannot be told apart")
    best = _Planner(circuit, reading, timeline.frame).plan()
    admitted: frozenset[tuple[str, Moment]] = frozenset()
    for cells in _open_cells(reading):
        wider = read(circuit, True, admitted=admitted | cells).reading
        with suppress(NotCompiled):
            program = _Planner(circuit, wider, timeline.frame).plan()
            if _is_only_wider(best, program, cells):
                best, admitted = program, admitted | cells
    return best


def _open_cells(reading: Reading) -> list[frozenset[tuple[str, Moment]]]:
    """Returns the cells that nobody opens and that only the frame before may make fire.

    Those are together at which the same spikes arrive; those that need least come first.
    """
    found: dict[tuple[int, Hashable], set[tuple[str, Moment]]] = {}
    for (number, moment), cell in reading.found.items():
        block = reading.network.blocks[number]
        if block.kind == "population" and cell.is_shut and cell.may_fire and not cell.firing.high:
            coming = [a for a in reading.coming(number, moment) if a.firing.low < a.firing.high]
            if coming and all(arrival.is_old for arrival in coming):
                level = block.threshold - block.bias - cell.total.certain
                sent = frozenset((a.link.source, a.link.latency) for a in coming)
                found.setdefault((level, (moment, sent)), set()).add((block.name, moment))
    return [frozenset(found[key]) for key in sorted(found, key=lambda key: key[0])]


def _is_only_wider(narrow: Program, wide: Program, cells: frozenset[tuple[str, Moment]]) -> bool:
    """Tells whether a program differs from another only by more cells that fire."""
    if {*wide.cells} != {*narrow.cells, *cells} or wide.groups != narrow.groups:
        return False
    if len(wide.lessons) != len(narrow.lessons):
        return False
    pairs = {(narrow.cells[cell], wide.cells[cell]) for cell in narrow.cells}
    return len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})


def _covers(operation: Operation, guard: Guard) -> bool:
    """Tells whether a guard holds whenever an operation, which is perhaps a guard, lets pass."""
    if not isinstance(operation, Guard) or operation.parts != guard.parts:
        return False
    is_below = guard.least is None or (
        operation.least is not None and operation.least >= guard.least
    )
    return operation.most <= guard.most and is_below


class _Planner:
    def __init__(self, circuit: Circuit, reading: Reading, frame: int) -> None:
        self.circuit = circuit
        self.reading = reading
        self.frame = frame
        self.blocks = reading.network.blocks
        self.numbers: dict[Hashable, int] = {}
        self.sizes: list[int] = []
        self.operations: list[Operation] = []
        self.made: set[int] = set()
        self.drives: dict[tuple[int, int, tuple[int, ...]], int] = {}
        self.exact: dict[tuple[int, int, tuple[int, ...]], Drive] = {}
        self.drive_count = 0
        self.groups: list[Group] = []
        self.group_of: dict[str, int] = {}
        self.lessons: list[tuple[Moment, Lesson]] = []
        self.membranes: dict[tuple[str, Moment], int] = {}
        self.carried: dict[int, list[tuple[int, Moment]]] = {}
        driven = [pair for pairs in reading.network.triggered.values() for pair in pairs]
        self.early = {line for line, is_first in driven if is_first}
        if self.early & {line for line, is_first in driven if not is_first}:
            raise NotCompiled("an input is presented in phase 0 and in others in one way")

    def plan(self) -> Program:
        self._check()
        self._group_copies()
        recorded = self._recorded()
        found = self.reading.found
        for number in sorted(self.early):
            if (number, self.frame - 1) in found:
                self._make(number, self.frame - 1, found[number, self.frame - 1])
        for moment in range(self.frame):
            here = [(b, found[b, moment]) for b in range(len(self.blocks)) if (b, moment) in found]
            for number, cell in here:
                if cell.firing.high:
                    self._make(number, moment, cell)
            for name in sorted(name for name, phase in recorded if phase == moment):
                self._record(name, moment)
            for number, cell in here:
                self._guard(number, moment, cell, old=False)
            self._learn(moment)
        for (number, moment), cell in found.items():
            self._guard(number, moment, cell, old=True)
        for made, early in self.carried.items():
            self._carry(made, early)
        self._check_bounds()
        cells = {
            (self.blocks[number].name, moment): self._set_of(number, moment)
            for (number, moment), cell in found.items()
            if cell.firing.high and self.blocks[number].kind == "population"
        }
        return Program(
            self.frame,
            tuple(self.groups),
            tuple(self.sizes),
            tuple(self.operations),
            tuple(lesson for _, lesson in self.lessons),
            cells,
            self.membranes,
            self._pending(),
            self._spiked(),
            self._room(),
        )

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

    def _check_bounds(self) -> None:
        """Reads inputs that matter no more than that they have to keep to their bounds."""
        read = {o.input for o in self.operations if isinstance(o, ReadInput)}
        for source in self.circuit.inputs.values():
            has_bounds = source.at_least > 0 or source.at_most is not None
            if has_bounds and source.name not in read:
                made = self._number(("checked", source.name), source.size)
                self.operations.insert(0, self._read(made, source.name))

    def _recorded(self) -> set[tuple[str, Moment]]:
        """Returns the cells whose membranes the circuit itself records."""
        schedule = self.circuit.schedule
        clock = schedule.clock
        assert clock is not None
        found = set()
        for probe in schedule.probes:
            if probe.quantity == "membrane":
                if probe.chain != clock.name:
                    raise NotCompiled(
                        f"the membrane of `{probe.population}` is probed in every step"
                    )
                found |= {(probe.population, phase) for phase in probe.phases}
        for readout in schedule.readouts:
            if readout.chain != clock.name:
                raise NotCompiled(f"`{readout.population}` is read in a phase of `{readout.chain}`")
            found.add((readout.population, readout.phase))
        return found

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

    def _terms(self, block: int, moment: Moment) -> tuple[_Terms, _Terms]:
        """Returns what arrives at a cell from this frame, and from the one before."""
        new, old = _Terms(), _Terms()
        for arrival in self.reading.coming(block, moment):
            if arrival.firing.high:
                is_old = arrival.is_old and not self._is_early(arrival)
                self._add(old if is_old else new, arrival)
        return new, old

    def _is_early(self, arrival: Arrival) -> bool:
        """Tells whether an arrival is of this frame's sample, sent just before the frame began."""
        return arrival.link.source in self.early and arrival.sent.steps == 0  # type: ignore[attr-defined]

    def _add(self, terms: _Terms, arrival: Arrival) -> None:
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

    def _make(self, number: int, moment: Moment, cell: Found) -> None:
        """Adds what makes the set of a cell, unless it is there already."""
        block = self.blocks[number]
        if block.kind == "kick":
            return
        made = self._set_of(number, moment)
        if block.kind == "line":
            # Where all of it is sure to be on, the set is everyone's; that is still to be checked.
            made = self._number((cell.firing.number, block.place), block.size)
        if made in self.carried:
            self.carried[made].append((number, moment))
        if made in self.made:
            return
        self.made.add(made)
        if block.kind == "line":
            self.operations.append(self._read(made, block.name))
            return
        new, old = self._terms(number, moment)
        if old.varies and not new.varies:
            self.carried[made] = [(number, moment)]
            self.operations.append(Resume(made))
            return
        self.operations.append(self._evaluate(number, moment, made, is_recorded=False))

    def _read(self, made: int, name: str) -> ReadInput:
        source = self.circuit.inputs[name]
        if source.size != self.sizes[made]:
            raise NotCompiled(f"part of input `{name}` is presented")
        most = source.size if source.at_most is None else source.at_most
        return ReadInput(made, name, source.at_least, most)

    def _carry(self, made: int, cells: list[tuple[int, Moment]]) -> None:
        """Adds what works out at the end of a frame who fires early in the next."""
        number, moment = cells[0]
        cells = [cell for cell in cells if self._terms(*cell)[1].varies]
        block = self.blocks[number]
        new, old = self._terms(number, moment)
        level = block.threshold - block.bias - new.constant - old.constant
        blocked = []
        for step in range(1, block.rest + 1):
            if self.reading.firing(number, (moment - step) % self.frame).high:
                if not 0 < step - moment <= self.frame:
                    raise NotCompiled(f"`{block.name}` is refractory from frame to frame")
                blocked.append(self._set_of(number, (moment - step) % self.frame))
        parts = [self._part(*term) for term in old.drives]
        exact = tuple(part.exact.number if part.exact else part.drive for part in parts)  # type: ignore[union-attr]
        parts += [Bounded(s, min(amount, 0), max(amount, 0)) for s, amount in old.counts]
        most = level - sum(max(amount, 0) for _, amount in old.pairs)
        after = self._number(("next", made), self.sizes[made])
        evaluate = Evaluate(
            after,
            level,
            tuple(old.pairs),
            tuple(old.counts),
            exact,
            tuple(dict.fromkeys(blocked)),
            (),
        )
        early = tuple(
            (self.blocks[block].name, when, self._needed(block, when)) for block, when in cells
        )
        self.operations.append(Carry(made, early, tuple(parts), most, evaluate))

    def _needed(self, number: int, moment: Moment) -> int:
        """Returns what spikes of the frame before have to exceed for a neuron to fire.

        What the host sends just before a frame begins is not among them.
        """
        block, here = self.blocks[number], _Terms()
        for arrival in self.reading.coming(number, moment):
            is_host = self.blocks[arrival.link.source].kind != "population"
            if arrival.firing.high and (is_host or arrival.sent.steps < 0):  # type: ignore[attr-defined]
                self._add(here, arrival)
        return block.threshold - block.bias - here.constant

    def _record(self, name: str, moment: Moment) -> None:
        """Adds the evaluation of a cell whose membrane is recorded."""
        (number,) = self.reading.network.blocks_of[name]
        made = self._number(("recorded", name, moment), self.blocks[number].size)
        self.membranes[name, moment] = made
        self.operations.append(self._evaluate(number, moment, made, is_recorded=True))

    def _evaluate(self, number: int, moment: Moment, made: int, is_recorded: bool) -> Evaluate:
        block = self.blocks[number]
        new, old = self._terms(number, moment)
        if old.varies:
            where = f"`{block.name}` in phase {moment}"
            raise NotCompiled(f"what fires in one frame decides over {where} of the next")
        level = block.threshold - block.bias - new.constant
        drives = tuple(self._drive(*term) for term in new.drives)
        return Evaluate(
            made,
            level,
            tuple(new.pairs),
            tuple(new.counts),
            drives,
            self._blocked(number, moment),
            () if is_recorded else self._needs(new, level),
            new.constant + block.bias if is_recorded else None,
        )

    def _blocked(self, number: int, moment: Moment) -> tuple[int, ...]:
        """Returns the sets of neurons that fired so shortly before that they are refractory."""
        found = []
        for step in range(1, self.blocks[number].rest + 1):
            before = (moment - step) % self.frame
            if not self.reading.firing(number, before).high:
                continue
            if moment < step:
                raise NotCompiled(f"`{self.blocks[number].name}` is refractory from frame to frame")
            found.append(self._set_of(number, before))
        return tuple(dict.fromkeys(found))

    def _needs(self, terms: _Terms, level: int) -> tuple[tuple[int, ...], ...]:
        if level < 0:
            return ()
        helping = [(s, a) for s, a in terms.pairs if a > 0]
        several = [(s, a * self.sizes[s]) for s, a in terms.counts if a > 0]
        driving = [s for _, s, _ in terms.drives]
        needs = [tuple(dict.fromkeys([*(s for s, _ in helping + several), *driving]))]
        if not driving:
            total = sum(amount for _, amount in helping + several)
            for chosen in dict.fromkeys(s for s, _ in helping + several):
                own = sum(amount for s, amount in helping + several if s == chosen)
                if total - own <= level:
                    needs.append((chosen,))
        return tuple(dict.fromkeys(needs))

    def _lessons_before(self, group: int, moment: Moment) -> tuple[int, ...]:
        return tuple(
            index
            for index, (when, lesson) in enumerate(self.lessons)
            if lesson.group == group and when < moment
        )

    def _drive(self, group: int, chosen: int, moment: Moment) -> int:
        """Returns the number of a drive, which is added if it is not there."""
        key = (group, chosen, self._lessons_before(group, moment))
        if key not in self.drives:
            self.drives[key] = self.drive_count
            self.operations.append(Drive(self.drive_count, *key))
            self.drive_count += 1
        return self.drives[key]

    def _part(self, group: int, chosen: int, moment: Moment) -> Known | Bounded:
        """Returns what is known of a drive without working it out."""
        lessons = self._lessons_before(group, moment)
        for length in range(len(lessons), -1, -1):
            known = self.drives.get((group, chosen, lessons[:length]))
            if known is not None:
                unit, since = self.groups[group].unit, lessons[length:]
                growth = tuple((i, unit * self.lessons[i][1].change) for i in since)
                exact = self._exact(group, chosen, lessons, known, since) if since else None
                return Known(known, chosen, growth, exact)
        exact = self._exact(group, chosen, lessons)
        low, high, unit = self.groups[group].low, self.groups[group].high, self.groups[group].unit
        return Bounded(chosen, min(low, 0) * unit, max(high, 0) * unit, exact)

    def _exact(
        self,
        group: int,
        chosen: int,
        lessons: tuple[int, ...],
        like: int | None = None,
        since: tuple[int, ...] = (),
    ) -> Drive:
        """Returns a drive that is worked out only where bounds do not suffice."""
        key = (group, chosen, lessons)
        if key not in self.exact:
            self.exact[key] = Drive(self.drive_count, group, chosen, lessons, like, since)
            self.drive_count += 1
        return self.exact[key]

    def _guard(self, number: int, moment: Moment, cell: Found, old: bool) -> None:
        """Adds the guards of a cell, on what comes from this frame or goes over into the next."""
        block = self.blocks[number]
        may_fire = cell.is_shut and cell.may_fire > 0 and not cell.firing.high
        if block.kind != "population" or not (may_fire or cell.overflows):
            return
        terms = self._terms(number, moment)
        here, other = (terms[1], terms[0]) if old else terms
        if not (here.varies or other.varies):
            raise NotCompiled(f"`{block.name}` fires or overflows in phase {moment} of every frame")
        if not here.varies:
            return
        low, high = self._static(other) if old else (0, 0)
        constant = terms[0].constant + terms[1].constant
        pairs_low = sum(min(amount, 0) for _, amount in here.pairs)
        pairs_high = sum(max(amount, 0) for _, amount in here.pairs)
        parts: list[Known | Bounded] = [
            Bounded(chosen, min(amount, 0), max(amount, 0)) for chosen, amount in here.counts
        ]
        parts += [self._part(*term) for term in here.drives]
        level = block.threshold - block.bias
        most = STATE_LIMIT - max(block.bias, 0)
        least = -STATE_LIMIT - min(block.bias, 0)
        if may_fire:
            most = min(most, level)
        most -= constant + pairs_high + high
        least -= constant + pairs_low + low
        where = (block.name, moment)
        if most < 0 or least > 0:
            raise NotCompiled(f"what arrives at `{block.name}` in phase {moment} has no bounds")
        bound = least if cell.overflows else None
        guard = Guard(tuple(parts), most, bound, where)
        if not any(_covers(other, guard) for other in self.operations):
            self.operations.append(guard)

    def _static(self, terms: _Terms) -> tuple[int, int]:
        """Returns bounds of terms that hold in every frame."""
        amounts = [amount for _, amount in terms.pairs]
        amounts += [amount * self.sizes[chosen] for chosen, amount in terms.counts]
        for number, chosen, _ in terms.drives:
            group = self.groups[number]
            amounts += [
                bound * group.unit * self.sizes[chosen] for bound in (group.low, group.high)
            ]
        return sum(min(a, 0) for a in amounts), sum(max(a, 0) for a in amounts)

    def _learn(self, moment: Moment) -> None:
        for group in self.groups:
            projection = self.circuit.projections[group.projections[0]]
            rule = self.circuit.rule_of(projection)
            assert rule is not None
            sources = (
                self.reading.network.lines.get(projection.name)
                or (self.reading.network.blocks_of[projection.source])
            )
            targets = self.reading.network.blocks_of[projection.target]
            active = [
                [block for block in end if self.reading.firing(block, moment).high]
                for end in (sources, targets)
            ]
            if not (active[0] and active[1] and rule.dw):
                continue
            change = changes(self.reading, rule, 1)[moment]
            if len(change) > 1:
                raise NotCompiled(f"phase {moment} is rewarded in some frames only")
            if len(active[0]) > 1 or self._is_next_sample(active[0][0], moment):
                raise NotCompiled(f"`{projection.name}` learns from the sample of the next frame")
            if change[0]:
                pre, post = (self._set_of(end[0], moment) for end in active)
                lesson = Lesson(group.number, pre, post, change[0] // group.step)
                self.lessons.append((moment, lesson))

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

    def _room(self) -> dict[tuple[str, Moment], int]:
        found = {}
        for (number, moment), cell in self.reading.found.items():
            block = self.blocks[number]
            if block.kind == "population" and not cell.firing.high:
                new, _ = self._terms(number, moment)
                level = block.threshold - block.bias - new.constant
                found[block.name, moment] = level - self._static(new)[1]
        return found
