"""Writes a program as LLVM IR: one function that runs frames until something surprises it."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any

from llvmlite import ir

from sfc.sim.compiled.layout import Machine, all_drives, words
from sfc.sim.compiled.program import (
    Bounded,
    Carry,
    Drive,
    Evaluate,
    Everyone,
    Guard,
    Known,
    Lesson,
    Operation,
    Program,
    ReadInput,
    Resume,
)
from sfc.sim.compiled.write_evaluation import EvaluationWriter
from sfc.sim.compiled.writer import I1, I64, POINTER


def emit(program: Program, kept: tuple[int, ...], machine: Machine) -> str:
    """Returns the text of a module with the function `frames(table, first, count, learn)`.

    The table holds addresses and strides as 64-bit integers: the arena (see `Layout`), the weights
    of each group, address and stride of the rows of each input in the order of the operations that
    read them, then where results go: the words of the kept sets, the recorded membranes, and all
    sets, or 0; a row a frame each. The function returns the number of frames that it completed;
    in the next one a guard, whose number it leaves in the table's last entry, was broken, and
    nothing of that frame happened.
    """
    return _Emitter(program, kept, machine).text()


def table_size(program: Program) -> int:
    """Returns the number of entries in the table."""
    inputs = sum(isinstance(operation, ReadInput) for operation in program.operations)
    return 1 + len(program.groups) + 2 * inputs + 3 + 1


def _together(lessons: tuple[Lesson, ...]) -> list[list[Lesson]]:
    """Returns lessons in an order that changes nothing: those of one set that follow each other."""
    found: list[list[Lesson]] = []
    for group in dict.fromkeys(lesson.group for lesson in lessons):
        of_group = [lesson for lesson in lessons if lesson.group == group]
        found += [list(part) for _, part in groupby(of_group, key=lambda lesson: lesson.pre)]
    return found


class _Emitter(EvaluationWriter):
    """Writes whole programs.

    Attributes:
        kept: sets whose words are handed over in every frame.
        worked_out: variables: whether a drive that only guards ask for is there, by its number.
    """

    def __init__(self, program: Program, kept: tuple[int, ...], machine: Machine) -> None:
        """Prepares to write a program."""
        super().__init__(program, machine)
        self.kept = kept
        scheduled = {o.number for o in program.operations if isinstance(o, Drive)}
        exact = [d.number for d in all_drives(program) if d.number not in scheduled]
        self.worked_out = {n: self._local(I1, f"done{n}") for n in exact}

    def text(self) -> str:
        """Returns the module's text."""
        table, first, count, learn = self.function.args
        program = self.program
        entry = iter(range(table_size(program)))

        def address() -> Any:
            pointer = self.b.gep(table, [I64(next(entry))], source_etype=I64)
            return self._load(POINTER, pointer, 8)

        def number() -> Any:
            pointer = self.b.gep(table, [I64(next(entry))], source_etype=I64)
            return self._load(I64, pointer, 8)

        self.arena = address()
        self.weights = [address() for _ in program.groups]
        self.inputs = {
            operation.set: (address(), number())
            for operation in program.operations
            if isinstance(operation, ReadInput)
        }
        self.kept_out, self.membranes_out, self.sets_out = address(), address(), address()
        self.surprise = self.b.gep(table, [I64(next(entry))], source_etype=I64)
        self.learn = self.b.icmp_unsigned("!=", learn, I64(0))
        for operation in program.operations:
            if isinstance(operation, Everyone):
                self._everyone(operation.set)
        stop = self.b.add(first, count)
        with self._loop(first, stop) as frame:
            self.frame = frame
            self.b.store(self.b.sub(frame, first), self.result)
            for done in self.worked_out.values():
                self._store(I1(0), done, 1)
            self.numbered = iter(range(len(program.operations)))
            for operation in program.operations:
                self._operation(operation)
            self._record()
            for lessons in _together(program.lessons):
                self._learn(lessons)
            for operation in program.operations:
                if isinstance(operation, Carry):
                    self._hand_on(operation)
        self.b.store(count, self.result)
        self.b.branch(self.done)
        self.b.position_at_end(self.done)
        self.b.ret(self._get(self.result))
        self.entry.position_at_end(self.function.entry_basic_block)
        self.entry.branch(self.function.basic_blocks[1])
        text = re.sub(r"^(define .*\))$", r"\1 #0", str(self.module), flags=re.MULTILINE)
        return text + '\nattributes #0 = { "min-legal-vector-width"="512" nounwind }\n'

    def _operation(self, operation: Operation) -> None:
        number = next(self.numbered)
        if isinstance(operation, ReadInput):
            self._read(operation, number)
        elif isinstance(operation, Resume):
            self._resume(operation.set)
        elif isinstance(operation, Carry):
            self._carry(operation)
        elif isinstance(operation, Drive):
            self._drive(operation)
        elif isinstance(operation, Evaluate):
            self._evaluate(operation)
        elif isinstance(operation, Guard):
            self._guard(operation, number)

    def _guard(self, guard: Guard, number: int) -> None:
        broken = self._broken(guard, exact=False)
        if all(part.exact is None for part in guard.parts):
            self._fail_if(broken, number)
            return
        with self.b.if_then(broken, likely=False):
            self._work_out(guard.parts)
            self._fail_if(self._broken(guard, exact=True), number)

    def _work_out(self, parts: tuple[Known | Bounded, ...]) -> None:
        """Works out the exact drives of parts."""
        for part in parts:
            if part.exact is None:
                continue
            done = self.worked_out[part.exact.number]
            with self.b.if_then(self.b.not_(self._get(done))):
                if part.exact.set not in self.listed:
                    self._list(part.exact.set)
                self._drive(part.exact)
                self._store(I1(1), done, 1)

    def _carry(self, carry: Carry) -> None:
        high = I64(0)
        for part in carry.parts:
            high = self.b.add(high, self._bounds(part, exact=False)[1])
        may_fire = self.b.icmp_signed(">", high, I64(carry.most))
        with self.b.if_else(may_fire, likely=False) as (then, otherwise):
            with then:
                self._work_out(carry.parts)
                self._decide(carry.evaluate)
            with otherwise:
                self._empty(carry.evaluate.set)

    def _hand_on(self, carry: Carry) -> None:
        """Leaves a set to the next frame."""

        def copy(index: Any) -> None:
            word = self._load(I64, self._word(carry.evaluate.set, index), 8)
            self._store(word, self._word(carry.set, index), 8)

        self._each_chunk(self.program.sizes[carry.set], copy)

    def _broken(self, guard: Guard, exact: bool) -> Any:
        """Tells whether a guard's bounds are left."""
        low = high = I64(0)
        for part in guard.parts:
            below, above = self._bounds(part, exact)
            low, high = self.b.add(low, below), self.b.add(high, above)
        broken = self.b.icmp_signed(">", high, I64(guard.most))
        if guard.least is not None:
            too_low = self.b.icmp_signed("<", low, I64(guard.least))
            broken = self.b.or_(broken, too_low)
        return broken

    def _bounds(self, part: Known | Bounded, exact: bool) -> tuple[Any, Any]:
        if isinstance(part, Bounded) and not (exact and part.exact):
            count = self._get(self.count[part.set])
            return self.b.mul(count, I64(part.low)), self.b.mul(count, I64(part.high))
        is_exact = exact and part.exact is not None
        number = part.exact.number if is_exact else part.drive  # type: ignore[union-attr]
        bounds = []
        for extreme, sign in ((self.low, -1), (self.high, 1)):
            value = self.b.sext(self._get(extreme[number]), I64)
            value = self.b.mul(value, I64(self.units[number]))
            for index, change in () if is_exact else part.growth:  # type: ignore[union-attr]
                if change * sign > 0:
                    more = self.b.mul(self._get(self.count[part.set]), I64(change))
                    applies = self._takes_place(self.program.lessons[index])
                    value = self.b.add(value, self.b.select(applies, more, I64(0)))
            bounds.append(value)
        return bounds[0], bounds[1]

    def _record(self) -> None:
        total = sum(words(self.program.sizes[chosen]) for chosen in self.kept)
        place = self.b.mul(self.frame, I64(total))
        for chosen in self.kept:
            for index in range(words(self.program.sizes[chosen])):
                word = self._load(I64, self._word(chosen, I64(index)), 8)
                self._store(word, self.b.gep(self.kept_out, [place], source_etype=I64), 8)
                place = self.b.add(place, I64(1))
        wanted = self.b.icmp_unsigned("!=", self.b.ptrtoint(self.sets_out, I64), I64(0))
        with self.b.if_then(wanted):
            size = I64(self.layout.set_bytes)
            row = self._at(self.sets_out, self.b.mul(self.frame, size))
            void = ir.VoidType()
            self._call("llvm.memcpy.p0.p0.i64", void, row, self.arena, size, I1(0))
