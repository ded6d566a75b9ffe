"""Who fires: by comparing sums with a level, or by Boolean functions of sets."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from sfc.sim.compiled.layout import WORD, chunk, membrane_lanes, membrane_place
from sfc.sim.compiled.program import Evaluate
from sfc.sim.compiled.write_drives import DriveWriter
from sfc.sim.compiled.writer import I1, I32, I64

_MOST_FACTORS = 8
"""Sets of a Boolean function: its size may double with each."""


class EvaluationWriter(DriveWriter):
    """Writes which neurons of a set fire."""

    membranes_out: Any = None

    def _evaluate(self, operation: Evaluate) -> None:
        if not operation.needs:
            self._decide(operation)
            return
        met = I1(1)
        for clause in operation.needs:
            any_ = I1(0)
            for chosen in clause:
                any_ = self.b.or_(any_, self._get(self.nonempty[chosen]))
            met = self.b.and_(met, any_)
        with self.b.if_else(met) as (then, otherwise):
            with then:
                self._decide(operation)
            with otherwise:
                self._empty(operation.set)

    def _decide(self, operation: Evaluate) -> None:
        size = self.program.sizes[operation.set]
        any_ = self._local(I64, "any")
        self.b.store(I64(0), any_)
        is_plain = not (operation.drives or operation.counts or operation.membrane is not None)
        is_plain &= len(operation.pairs) <= _MOST_FACTORS
        decide = self._decide_by_bits if is_plain else self._decide_by_sums

        def body(index: Any) -> None:
            word = self._mask(size, index, decide(operation, index))
            for blocked in operation.blocked:
                silent = self._load(I64, self._word(blocked, index), 8)
                word = self.b.and_(word, self.b.not_(silent))
            self._store(word, self._word(operation.set, index), 8)
            self.b.store(self.b.or_(self._get(any_), word), any_)

        self._each_chunk(size, body)
        self._finish_set(operation.set, self._get(any_))

    def _decide_by_bits(self, operation: Evaluate, index: Any) -> Any:
        """Returns the word of a set that only pairs decide: a Boolean function of their sets."""
        pairs = sorted(operation.pairs, key=lambda pair: -abs(pair[1]))
        known: dict[tuple[int, int], Any] = {}
        loaded: dict[int, Any] = {}

        def word(chosen: int) -> Any:
            if chosen not in loaded:
                loaded[chosen] = self._load(I64, self._word(chosen, index), 8)
            return loaded[chosen]

        for chosen, _ in pairs:
            word(chosen)

        def decide(place: int, need: int) -> Any:
            rest = [amount for _, amount in pairs[place:]]
            if sum(min(amount, 0) for amount in rest) > need:
                return True
            if sum(max(amount, 0) for amount in rest) <= need:
                return False
            if (place, need) not in known:
                chosen, amount = pairs[place]
                known[place, need] = self._choose(
                    word(chosen), decide(place + 1, need - amount), decide(place + 1, need)
                )
            return known[place, need]

        found = decide(0, operation.level)
        return I64(2**64 - 1 if found else 0) if isinstance(found, bool) else found

    def _choose(self, bits: Any, yes: Any, no: Any) -> Any:
        """Returns yes where the bits are 1, no where they are 0; both are words or booleans."""
        if yes is True:
            yes = bits
        elif yes is not False:
            yes = self.b.and_(bits, yes)
        if no is False:
            return yes
        rest = self.b.not_(bits)
        no = rest if no is True else self.b.and_(rest, no)
        return no if yes is False else self.b.or_(yes, no)

    def _decide_by_sums(self, operation: Evaluate, index: Any) -> Any:
        lanes = chunk(self.program.sizes[operation.set])
        wide = ir.VectorType(I32, lanes)
        units = {self.units[number] for number in operation.drives}
        is_bare = len(units) == 1 and not (operation.pairs or operation.counts)
        scale = units.pop() if is_bare else 1
        total = self._vector(wide, 0)
        nothing = self._vector(wide, 0)
        for number in operation.drives:
            buffer = self._at(self.arena, self.layout.drives[number])
            place = self.b.gep(buffer, [self.b.mul(index, I64(lanes))], source_etype=I32)
            values = self._load(wide, place, 4)
            if scale == 1:
                values = self.b.mul(values, self._vector(wide, self.units[number]))
            total = self.b.add(total, self.b.select(self._get(self.has[number]), values, nothing))
        for chosen, amount in operation.pairs:
            bits = self._bits(chosen, index)
            brought = self.b.select(bits, self._vector(wide, amount), nothing)
            total = self.b.add(total, brought)
        for chosen, amount in operation.counts:
            count = self.b.trunc(self._get(self.count[chosen]), I32)
            brought = self._splat(self.b.mul(count, I32(amount)), wide)
            total = self.b.add(total, brought)
        if operation.membrane is not None:
            self._note_membrane(operation, index, total, scale)
        level = operation.level // scale
        fired = self.b.icmp_signed(">", total, self._vector(wide, level))
        word = self.b.bitcast(fired, ir.IntType(lanes))
        return word if lanes == WORD else self.b.zext(word, I64)

    def _note_membrane(self, operation: Evaluate, index: Any, total: Any, scale: int) -> None:
        """Writes a chunk of membranes, in state units."""
        type_ = total.type
        scaled = self.b.mul(total, self._vector(type_, scale)) if scale != 1 else total
        membrane = self.b.add(scaled, self._vector(type_, operation.membrane or 0))
        for blocked in operation.blocked:
            zero = self._vector(type_, 0)
            membrane = self.b.select(self._bits(blocked, index), zero, membrane)
        row = self.b.mul(self.frame, I64(membrane_lanes(self.program)))
        start = self.b.add(row, I64(membrane_place(self.program, operation.set)))
        at = self.b.add(start, self.b.mul(index, I64(type_.count)))
        self._store(membrane, self.b.gep(self.membranes_out, [at], source_etype=I32), 4)
