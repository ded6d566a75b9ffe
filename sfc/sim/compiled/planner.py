"""Makes a program of one reading: which sets are worked out in a frame, and from what."""

from __future__ import annotations

from sfc.analysis.solve import Found, Reading
from sfc.analysis.ties import changes
from sfc.ir.circuit import Circuit
from sfc.ir.integers import STATE_LIMIT
from sfc.sim.compiled.layout import words
from sfc.sim.compiled.program import (
    Bounded,
    Carry,
    Drive,
    Evaluate,
    Guard,
    Known,
    Lesson,
    Moment,
    Operation,
    Program,
    ReadInput,
    Resume,
)
from sfc.sim.compiled.terms import Arrivals, NotCompiled, Terms

_MOST_CHANGE = 127
"""Of a stored weight, so that it can be held in 8 bits."""

_MOST_WORK = 3000
"""Words of sets in a frame, beyond which a kernel takes minutes to compile."""


def _covers(operation: Operation, guard: Guard) -> bool:
    """Tells whether a guard holds whenever an operation, which is perhaps a guard, lets pass."""
    if not isinstance(operation, Guard) or operation.parts != guard.parts:
        return False
    is_below = guard.least is None or (
        operation.least is not None and operation.least >= guard.least
    )
    return operation.most <= guard.most and is_below


def _parts_of(change: int, span: int) -> list[int]:
    """Returns changes of at most 7 bits that together change a clipped weight likewise.

    A change by more than the span of the range ends at the same end of it.
    """
    left, sign = min(abs(change), span), 1 if change > 0 else -1
    parts = []
    while left:
        parts.append(sign * min(left, _MOST_CHANGE))
        left -= abs(parts[-1])
    return parts


class Planner(Arrivals):
    """Goes through a frame and writes down what happens in it."""

    def __init__(self, circuit: Circuit, reading: Reading, frame: int) -> None:
        """Looks at one reading of a circuit whose frames have so many steps."""
        super().__init__(circuit, reading, frame)
        self.drives: dict[tuple[int, int, tuple[int, ...]], int] = {}
        self.exact: dict[tuple[int, int, tuple[int, ...]], Drive] = {}
        self.drive_count = 0
        self.lessons: list[tuple[Moment, Lesson]] = []
        self.changes: dict[str, list[tuple[int, ...]]] = {}
        self.membranes: dict[tuple[str, Moment], int] = {}
        self.carried: dict[int, list[tuple[int, Moment]]] = {}

    def plan(self) -> Program:
        """Returns the program; NotCompiled if something is not provided for."""
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
        work = sum(min(words(size), 16) for size in self.sizes)
        if work + len(self.operations) > _MOST_WORK:
            raise NotCompiled("too much happens in a frame")
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
            if not self._is_sure(number, moment):
                raise NotCompiled(f"`{block.name}` is presented in some frames only")
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
            (self.blocks[number].name, when, self._level(number, when)) for number, when in cells
        )
        self.operations.append(Carry(made, early, tuple(parts), most, evaluate))

    def _level(self, number: int, moment: Moment) -> int:
        """Returns what spikes of the frame before have to exceed for a neuron to fire."""
        block = self.blocks[number]
        return block.threshold - block.bias - self._here(number, moment).constant

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

    def _needs(self, terms: Terms, level: int) -> tuple[tuple[int, ...], ...]:
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
            if rule.name not in self.changes:
                self.changes[rule.name] = changes(self.reading, rule, 1)
            change = self.changes[rule.name][moment]
            if len(change) > 1:
                raise NotCompiled(f"phase {moment} is rewarded in some frames only")
            if len(active[0]) > 1 or self._is_next_sample(active[0][0], moment):
                raise NotCompiled(f"`{projection.name}` learns from the sample of the next frame")
            if change[0]:
                pre, post = (self._set_of(end[0], moment) for end in active)
                for part in _parts_of(change[0] // group.step, group.high - group.low):
                    self.lessons.append((moment, Lesson(group.number, pre, post, part)))
