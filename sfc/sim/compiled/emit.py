"""Writes a program as LLVM IR: one function that runs frames until something surprises it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from sfc.sim.compiled.layout import (
    WORD,
    Layout,
    Machine,
    all_drives,
    chunk,
    guarded_drives,
    lay_out,
    padded,
    weight_bits,
    words,
)
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
    Operation,
    Program,
    ReadInput,
    Resume,
)

NAME = "frames"

_I1, _I8, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (1, 8, 16, 32, 64))
_POINTER = ir.PointerType()
_UNROLLED = 16
"""Chunks beyond which a loop goes over them."""


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


class _Emitter:
    def __init__(self, program: Program, kept: tuple[int, ...], machine: Machine) -> None:
        self.program = program
        self.kept = kept
        self.machine = machine
        self.layout: Layout = lay_out(program)
        self.guarded = guarded_drives(program)
        self.module = ir.Module(name=NAME)
        self.module.triple = ""
        signature = ir.FunctionType(_I64, [_POINTER, _I64, _I64, _I64])
        self.function = ir.Function(self.module, signature, NAME)
        self.entry = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.b = self.entry
        self.listed = self._sets_with_rows()
        self.counted = self._sets_with_counts()

    def _sets_with_rows(self) -> set[int]:
        found = {o.set for o in self.program.operations if isinstance(o, Drive)}
        return found | {lesson.pre for lesson in self.program.lessons}

    def _scheduled_drives(self) -> set[int]:
        return {o.number for o in self.program.operations if isinstance(o, Drive)}

    def _sets_with_counts(self) -> set[int]:
        found = {o.set for o in self.program.operations if isinstance(o, ReadInput)}
        for operation in self.program.operations:
            if isinstance(operation, Evaluate):
                found |= {chosen for chosen, _ in operation.counts}
            if isinstance(operation, Guard | Carry):
                found |= {part.set for part in operation.parts}
        return found

    # -- small pieces --------------------------------------------------------------------------

    def _local(self, type_: Any, name: str) -> Any:
        with self.entry.goto_block(self.function.entry_basic_block):
            block = self.function.entry_basic_block
            builder = ir.IRBuilder(block)
            builder.position_at_start(block)
            return builder.alloca(type_, name=name)

    def _at(self, base: Any, offset: Any) -> Any:
        if isinstance(offset, int):
            offset = _I64(offset)
        return self.b.gep(base, [offset], source_etype=_I8)

    def _load(self, type_: Any, pointer: Any, align: int) -> Any:
        return self.b.load(pointer, typ=type_, align=align)

    def _store(self, value: Any, pointer: Any, align: int) -> None:
        self.b.store(value, pointer, align=align)

    def _get(self, variable: Any) -> Any:
        return self.b.load(variable, typ=variable.allocated_type)

    @contextmanager
    def _loop(self, start: Any, stop: Any) -> Iterator[Any]:
        """Goes from start up to stop, which may be no further."""
        counter = self._local(_I64, "n")
        self.b.store(start, counter)
        head, body, done = (self.function.append_basic_block(n) for n in ("head", "body", "done"))
        self.b.branch(head)
        self.b.position_at_end(head)
        index = self.b.load(counter, typ=_I64)
        self.b.cbranch(self.b.icmp_signed("<", index, stop), body, done)
        self.b.position_at_end(body)
        yield index
        self.b.store(self.b.add(index, _I64(1)), counter)
        self.b.branch(head)
        self.b.position_at_end(done)

    def _each_chunk(self, size: int, body: Callable[[Any], None]) -> None:
        count = words(size)
        if count <= _UNROLLED:
            for index in range(count):
                body(_I64(index))
            return
        with self._loop(_I64(0), _I64(count)) as index:
            body(index)

    def _call(self, name: str, type_: Any, *arguments: Any) -> Any:
        function = self.module.globals.get(name)
        if function is None:
            signature = ir.FunctionType(type_, [argument.type for argument in arguments])
            function = ir.Function(self.module, signature, name)
        return self.b.call(function, arguments)

    def _vector(self, type_: Any, value: int) -> Any:
        return ir.Constant(type_, [value] * type_.count)

    def _splat(self, value: Any, type_: Any) -> Any:
        one = self.b.insert_element(ir.Constant(type_, ir.Undefined), value, _I32(0))
        mask = ir.Constant(ir.VectorType(_I32, type_.count), [0] * type_.count)
        return self.b.shuffle_vector(one, one, mask)

    # -- sets ----------------------------------------------------------------------------------

    def _word(self, chosen: int, index: Any) -> Any:
        base = self._at(self.arena, self.layout.sets[chosen])
        pointer = self.b.gep(base, [index], source_etype=_I64)
        return pointer

    def _bits(self, chosen: int, index: Any) -> Any:
        """Returns a chunk of a set as a vector of booleans."""
        lanes = chunk(self.program.sizes[chosen])
        word = self._load(_I64, self._word(chosen, index), 8)
        if lanes < WORD:
            word = self.b.trunc(word, ir.IntType(lanes))
        return self.b.bitcast(word, ir.VectorType(_I1, lanes))

    def _mask(self, size: int, index: Any, word: Any) -> Any:
        """Returns a word without the bits beyond the last neuron."""
        rest = size % WORD
        if rest == 0:
            return word
        last = _I64((1 << rest) - 1)
        if isinstance(index, ir.Constant):
            return self.b.and_(word, last) if index.constant == words(size) - 1 else word
        is_last = self.b.icmp_signed("==", index, _I64(words(size) - 1))
        return self.b.and_(word, self.b.select(is_last, last, _I64(2**64 - 1)))

    def _finish_set(self, chosen: int, any_: Any) -> None:
        """Notes whether a set is empty, and its count and rows if they are asked for."""
        self._store(self.b.icmp_unsigned("!=", any_, _I64(0)), self.nonempty[chosen], 1)
        if chosen in self.counted or chosen in self.listed:
            self._count(chosen)
        if chosen in self.listed:
            self._list(chosen)

    def _count(self, chosen: int) -> None:
        total = _I64(0)
        size = self.program.sizes[chosen]
        if words(size) <= _UNROLLED:
            for index in range(words(size)):
                word = self._load(_I64, self._word(chosen, _I64(index)), 8)
                total = self.b.add(total, self._call("llvm.ctpop.i64", _I64, word))
            self.b.store(total, self.count[chosen])
            return
        self.b.store(total, self.count[chosen])
        with self._loop(_I64(0), _I64(words(size))) as index:
            word = self._load(_I64, self._word(chosen, index), 8)
            more = self._call("llvm.ctpop.i64", _I64, word)
            self.b.store(self.b.add(self._get(self.count[chosen]), more), self.count[chosen])

    def _list(self, chosen: int) -> None:
        """Writes the numbers of a set's neurons one after the other."""
        rows = self._at(self.arena, self.layout.rows[chosen])
        place = self._local(_I64, "place")
        left = self._local(_I64, "left")
        self.b.store(_I64(0), place)
        with self._loop(_I64(0), _I64(words(self.program.sizes[chosen]))) as index:
            self.b.store(self._load(_I64, self._word(chosen, index), 8), left)
            head, body, done = (self.function.append_basic_block("list") for _ in range(3))
            self.b.branch(head)
            self.b.position_at_end(head)
            word = self._get(left)
            self.b.cbranch(self.b.icmp_unsigned("!=", word, _I64(0)), body, done)
            self.b.position_at_end(body)
            bit = self._call("llvm.cttz.i64", _I64, word, _I1(1))
            number = self.b.add(self.b.mul(index, _I64(WORD)), bit)
            at = self._get(place)
            self._store(self.b.trunc(number, _I32), self.b.gep(rows, [at], source_etype=_I32), 4)
            self.b.store(self.b.add(at, _I64(1)), place)
            self.b.store(self.b.and_(word, self.b.sub(word, _I64(1))), left)
            self.b.branch(head)
            self.b.position_at_end(done)

    def _empty(self, chosen: int) -> None:
        self._store(_I1(0), self.nonempty[chosen], 1)
        self.b.store(_I64(0), self.count[chosen])
        self._each_chunk(
            self.program.sizes[chosen],
            lambda index: self._store(_I64(0), self._word(chosen, index), 8),
        )

    # -- the function --------------------------------------------------------------------------

    def text(self) -> str:
        table, first, count, learn = self.function.args
        program = self.program
        body = self.function.append_basic_block("start")
        self.b = ir.IRBuilder(body)
        self.table = table
        entry = iter(range(table_size(program)))

        def address() -> Any:
            pointer = self.b.gep(table, [_I64(next(entry))], source_etype=_I64)
            return self._load(_POINTER, pointer, 8)

        def number() -> Any:
            pointer = self.b.gep(table, [_I64(next(entry))], source_etype=_I64)
            return self._load(_I64, pointer, 8)

        self.arena = address()
        self.weights = [address() for _ in program.groups]
        self.inputs = {
            operation.set: (address(), number())
            for operation in program.operations
            if isinstance(operation, ReadInput)
        }
        self.kept_out, self.membranes_out, self.sets_out = address(), address(), address()
        self.surprise = self.b.gep(table, [_I64(next(entry))], source_etype=_I64)
        self.learn = self.b.icmp_unsigned("!=", learn, _I64(0))
        sets = range(len(program.sizes))
        self.nonempty = [self._local(_I1, f"any{n}") for n in sets]
        self.count = [self._local(_I64, f"count{n}") for n in sets]
        drives = [drive.number for drive in all_drives(program)]
        self.has = {n: self._local(_I1, f"has{n}") for n in drives}
        exact = [n for n in drives if n not in self._scheduled_drives()]
        self.worked_out = {n: self._local(_I1, f"done{n}") for n in exact}
        self.low = {n: self._local(_I32, f"low{n}") for n in drives}
        self.high = {n: self._local(_I32, f"high{n}") for n in drives}
        self.done = self.function.append_basic_block("surprised")
        self.result = self._local(_I64, "result")
        for operation in program.operations:
            if isinstance(operation, Everyone):
                self._everyone(operation.set)
        stop = self.b.add(first, count)
        with self._loop(first, stop) as frame:
            self.frame = frame
            self.b.store(self.b.sub(frame, first), self.result)
            for done in self.worked_out.values():
                self._store(_I1(0), done, 1)
            self.numbered = iter(range(len(program.operations)))
            for operation in program.operations:
                self._operation(operation)
            self._record()
            for lesson in program.lessons:
                self._lesson(lesson)
            for operation in program.operations:
                if isinstance(operation, Carry):
                    self._hand_on(operation)
        self.b.store(count, self.result)
        self.b.branch(self.done)
        self.b.position_at_end(self.done)
        self.b.ret(self._get(self.result))
        with self.entry.goto_block(self.function.entry_basic_block):
            end = ir.IRBuilder(self.function.entry_basic_block)
            end.position_at_end(self.function.entry_basic_block)
            end.branch(body)
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

    def _everyone(self, chosen: int) -> None:
        size = self.program.sizes[chosen]
        self._each_chunk(
            size,
            lambda index: self._store(
                self._mask(size, index, _I64(2**64 - 1)), self._word(chosen, index), 8
            ),
        )
        self._finish_set(chosen, _I64(1))

    def _resume(self, chosen: int) -> None:
        any_ = self._local(_I64, "any")
        self.b.store(_I64(0), any_)
        self._each_chunk(
            self.program.sizes[chosen],
            lambda index: self.b.store(
                self.b.or_(self._get(any_), self._load(_I64, self._word(chosen, index), 8)), any_
            ),
        )
        self._finish_set(chosen, self._get(any_))

    def _fail_if(self, condition: Any, number: int) -> None:
        fail = self.function.append_basic_block("fail")
        good = self.function.append_basic_block("good")
        self.b.cbranch(condition, fail, good)
        self.b.position_at_end(fail)
        self._store(_I64(number), self.surprise, 8)
        self.b.branch(self.done)
        self.b.position_at_end(good)

    def _read(self, operation: ReadInput, number: int) -> None:
        """Packs a row of booleans, one byte each, into words."""
        base, stride = self.inputs[operation.set]
        row = self._at(base, self.b.mul(self.frame, stride))
        size = self.program.sizes[operation.set]
        any_ = self._local(_I64, "any")
        self.b.store(_I64(0), any_)

        def piece(start: Any, lanes: int) -> Any:
            values = self._load(ir.VectorType(_I8, lanes), self._at(row, start), 1)
            zero = self._vector(ir.VectorType(_I8, lanes), 0)
            bits = self.b.bitcast(self.b.icmp_unsigned("!=", values, zero), ir.IntType(lanes))
            return self.b.zext(bits, _I64) if lanes < WORD else bits

        def put(index: Any, word: Any) -> None:
            self._store(word, self._word(operation.set, index), 8)
            self.b.store(self.b.or_(self._get(any_), word), any_)

        whole = size // WORD
        if whole:
            self._each_chunk(
                whole * WORD, lambda index: put(index, piece(self.b.mul(index, _I64(WORD)), WORD))
            )
        if size % WORD:
            word, shift = _I64(0), 0
            for lanes in (32, 16, 8, 4, 2, 1):
                if size % WORD & lanes:
                    part = piece(whole * WORD + shift, lanes)
                    word = self.b.or_(word, self.b.shl(part, _I64(shift)))
                    shift += lanes
            put(_I64(whole), word)
        self._finish_set(operation.set, self._get(any_))
        count = self._get(self.count[operation.set])
        if operation.most < size:
            self._fail_if(self.b.icmp_signed(">", count, _I64(operation.most)), number)
        if operation.least > 0:
            self._fail_if(self.b.icmp_signed("<", count, _I64(operation.least)), number)

    # -- drives --------------------------------------------------------------------------------

    def _drive(self, drive: Drive) -> None:
        self._store(_I1(0), self.has[drive.number], 1)
        for extreme in (self.low, self.high):
            self.b.store(_I32(0), extreme[drive.number])
        with self.b.if_then(self._get(self.nonempty[drive.set])):
            self._store(_I1(1), self.has[drive.number], 1)
            if drive.like is None:
                self._sum_rows(drive)
            else:
                changed = _I1(0)
                for index in drive.since:
                    changed = self.b.or_(changed, self._takes_place(self.program.lessons[index]))
                with self.b.if_else(changed) as (then, otherwise):
                    with then:
                        self._sum_rows(drive)
                    with otherwise:
                        self._copy_drive(drive.like, drive)
            if drive.number in self.guarded:
                self._extremes(drive)

    def _copy_drive(self, source: int, drive: Drive) -> None:
        places = [
            self._at(self.arena, self.layout.drives[number]) for number in (drive.number, source)
        ]
        size = _I64(4 * padded(self.program.groups[drive.group].columns))
        self._call("llvm.memcpy.p0.p0.i64", ir.VoidType(), *places, size, _I1(0))

    def _takes_place(self, lesson: Lesson) -> Any:
        """Tells whether a lesson changes anything."""
        both = self.b.and_(self._get(self.nonempty[lesson.pre]), self.learn)
        return self.b.and_(both, self._get(self.nonempty[lesson.post]))

    def _sum_rows(self, drive: Drive) -> None:
        group = self.program.groups[drive.group]
        lanes = min(self.machine.lanes, chunk(group.columns))
        vectors = -(-group.columns // lanes)
        for start in range(0, vectors, self.machine.registers):
            tile = range(start, min(start + self.machine.registers, vectors))
            self._sum_tile(drive, group, lanes, tile)

    def _sum_tile(self, drive: Drive, group: Group, lanes: int, tile: range) -> None:
        """Adds up some columns of the rows: in 16 bits, and before those are full, in 32."""
        most = max(abs(group.low), abs(group.high), 1)
        capacity = (2**15 - 1) // most
        sums = {v: self._local(ir.VectorType(_I16, lanes), "sum") for v in tile}
        count = self._get(self.count[drive.set])
        rows = self._at(self.arena, self.layout.rows[drive.set])
        stored = ir.VectorType(ir.IntType(weight_bits(group)), lanes)
        zero = self._vector(ir.VectorType(_I16, lanes), 0)
        step = self._local(_I64, "from")
        self.b.store(_I64(0), step)
        head, body, done = (self.function.append_basic_block("tile") for _ in range(3))
        self.b.branch(head)
        self.b.position_at_end(head)
        start = self._get(step)
        self.b.cbranch(self.b.icmp_signed("<", start, count), body, done)
        self.b.position_at_end(body)
        wanted = self.b.add(start, _I64(capacity))
        end = self.b.select(self.b.icmp_signed("<", wanted, count), wanted, count)
        for v in tile:
            self.b.store(zero, sums[v])
        with self._loop(start, end) as index:
            pointer = self.b.gep(rows, [index], source_etype=_I32)
            row = self.b.zext(self._load(_I32, pointer, 4), _I64)
            base = self._row(group, row)
            pending = self._pending(drive, row)
            for v in tile:
                offset = v * lanes * weight_bits(group) // 8
                values = self._load(stored, self._at(base, offset), weight_bits(group) // 8)
                for lesson, applies in pending:
                    learned = self._learned(group, values, self._change(lesson, v, lanes, stored))
                    values = self.b.select(self._splat_bool(applies, lanes), learned, values)
                if weight_bits(group) < 16:
                    values = self.b.sext(values, ir.VectorType(_I16, lanes))
                self.b.store(self.b.add(self._get(sums[v]), values), sums[v])
        is_first = self.b.icmp_signed("==", start, _I64(0))
        buffer = self._at(self.arena, self.layout.drives[drive.number])
        wide = ir.VectorType(_I32, lanes)
        nothing = self._vector(wide, 0)
        for v in tile:
            place = self._at(buffer, 4 * lanes * v)
            before = self.b.select(is_first, nothing, self._load(wide, place, 4))
            total = self.b.add(before, self.b.sext(self._get(sums[v]), wide))
            self._store(total, place, 4)
        self.b.store(end, step)
        self.b.branch(head)
        self.b.position_at_end(done)

    def _splat_bool(self, value: Any, lanes: int) -> Any:
        return self._splat(value, ir.VectorType(_I1, lanes))

    def _row(self, group: Group, row: Any) -> Any:
        stride = padded(group.columns) * weight_bits(group) // 8
        return self._at(self.weights[group.number], self.b.mul(row, _I64(stride)))

    def _pending(self, drive: Drive, row: Any) -> list[tuple[Lesson, Any]]:
        """Returns the lessons that come before a drive, and whether each applies to a row."""
        found = []
        for index in drive.lessons:
            lesson = self.program.lessons[index]
            at = self.b.lshr(row, _I64(6))
            word = self._load(_I64, self._word(lesson.pre, at), 8)
            bit = self.b.lshr(word, self.b.and_(row, _I64(63)))
            applies = self.b.and_(self.b.trunc(bit, _I1), self._takes_place(lesson))
            found.append((lesson, applies))
        return found

    def _change(self, lesson: Lesson, vector: int, lanes: int, stored: Any) -> Any:
        """Returns by how much the weights to some columns change."""
        size = self.program.sizes[lesson.post]
        first = vector * lanes
        pointer = self._word(lesson.post, _I64(first // WORD))
        word = self.b.lshr(self._load(_I64, pointer, 8), _I64(first % WORD))
        assert lanes <= chunk(size)
        kind = ir.IntType(lanes)
        bits = word if lanes == WORD else self.b.trunc(word, kind)
        chosen = self.b.bitcast(bits, ir.VectorType(_I1, lanes))
        change = self._vector(stored, lesson.change)
        return self.b.select(chosen, change, self._vector(stored, 0))

    def _learned(self, group: Group, values: Any, change: Any) -> Any:
        """Returns weights after a change, within their range."""
        type_ = values.type
        bits = type_.element.width
        name = f"v{type_.count}i{bits}"
        total = self._call(f"llvm.sadd.sat.{name}", type_, values, change)
        if group.high < 2 ** (bits - 1) - 1:
            high = self._vector(type_, group.high)
            total = self._call(f"llvm.smin.{name}", type_, total, high)
        if group.low > -(2 ** (bits - 1)):
            low = self._vector(type_, group.low)
            total = self._call(f"llvm.smax.{name}", type_, total, low)
        return total

    def _extremes(self, drive: Drive) -> None:
        """Notes the least and the largest element of a drive."""
        columns = self.program.groups[drive.group].columns
        lanes = 16
        buffer = self._at(self.arena, self.layout.drives[drive.number])
        type_ = ir.VectorType(_I32, lanes)
        count = -(-columns // lanes)
        for name, extreme in (("smin", self.low), ("smax", self.high)):
            best = self._local(type_, name)
            self.b.store(self._vector(type_, 0), best)

            def widen(index: Any, name: str = name, best: Any = best) -> None:
                place = self.b.gep(buffer, [self.b.mul(index, _I64(lanes))], source_etype=_I32)
                values = self._load(type_, place, 4)
                chosen = self._call(f"llvm.{name}.v{lanes}i32", type_, self._get(best), values)
                self.b.store(chosen, best)

            if count <= 2 * _UNROLLED:
                for index in range(count):
                    widen(_I64(index))
            else:
                with self._loop(_I64(0), _I64(count)) as index:
                    widen(index)
            reduced = self._call(f"llvm.vector.reduce.{name}.v{lanes}i32", _I32, self._get(best))
            self.b.store(reduced, extreme[drive.number])

    # -- evaluation ----------------------------------------------------------------------------

    def _evaluate(self, operation: Evaluate) -> None:
        if not operation.needs:
            self._decide(operation)
            return
        met = _I1(1)
        for clause in operation.needs:
            any_ = _I1(0)
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
        any_ = self._local(_I64, "any")
        self.b.store(_I64(0), any_)
        is_plain = not (operation.drives or operation.counts or operation.membrane is not None)
        decide = self._decide_by_bits if is_plain else self._decide_by_sums

        def body(index: Any) -> None:
            word = self._mask(size, index, decide(operation, index))
            for blocked in operation.blocked:
                silent = self._load(_I64, self._word(blocked, index), 8)
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
                loaded[chosen] = self._load(_I64, self._word(chosen, index), 8)
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
        return _I64(2**64 - 1 if found else 0) if isinstance(found, bool) else found

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
        wide = ir.VectorType(_I32, lanes)
        units = {self._unit(number) for number in operation.drives}
        is_bare = len(units) == 1 and not (operation.pairs or operation.counts)
        scale = units.pop() if is_bare else 1
        total = self._vector(wide, 0)
        nothing = self._vector(wide, 0)
        for number in operation.drives:
            buffer = self._at(self.arena, self.layout.drives[number])
            place = self.b.gep(buffer, [self.b.mul(index, _I64(lanes))], source_etype=_I32)
            values = self._load(wide, place, 4)
            if scale == 1:
                values = self.b.mul(values, self._vector(wide, self._unit(number)))
            total = self.b.add(total, self.b.select(self._get(self.has[number]), values, nothing))
        for chosen, amount in operation.pairs:
            bits = self._bits(chosen, index)
            brought = self.b.select(bits, self._vector(wide, amount), nothing)
            total = self.b.add(total, brought)
        for chosen, amount in operation.counts:
            count = self.b.trunc(self._get(self.count[chosen]), _I32)
            brought = self._splat(self.b.mul(count, _I32(amount)), wide)
            total = self.b.add(total, brought)
        if operation.membrane is not None:
            self._note_membrane(operation, index, total, scale)
        level = operation.level // scale
        fired = self.b.icmp_signed(">", total, self._vector(wide, level))
        word = self.b.bitcast(fired, ir.IntType(lanes))
        return word if lanes == WORD else self.b.zext(word, _I64)

    def _unit(self, number: int) -> int:
        drive = next(d for d in all_drives(self.program) if d.number == number)
        return self.program.groups[drive.group].unit

    def _note_membrane(self, operation: Evaluate, index: Any, total: Any, scale: int) -> None:
        """Writes a chunk of membranes, in state units."""
        type_ = total.type
        scaled = self.b.mul(total, self._vector(type_, scale)) if scale != 1 else total
        membrane = self.b.add(scaled, self._vector(type_, operation.membrane or 0))
        for blocked in operation.blocked:
            zero = self._vector(type_, 0)
            membrane = self.b.select(self._bits(blocked, index), zero, membrane)
        row = self.b.mul(self.frame, _I64(membrane_lanes(self.program)))
        start = self.b.add(row, _I64(membrane_place(self.program, operation.set)))
        at = self.b.add(start, self.b.mul(index, _I64(type_.count)))
        self._store(membrane, self.b.gep(self.membranes_out, [at], source_etype=_I32), 4)

    # -- guards, results, lessons --------------------------------------------------------------

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
                self._store(_I1(1), done, 1)

    def _carry(self, carry: Carry) -> None:
        high = _I64(0)
        for part in carry.parts:
            high = self.b.add(high, self._bounds(part, exact=False)[1])
        may_fire = self.b.icmp_signed(">", high, _I64(carry.most))
        with self.b.if_else(may_fire, likely=False) as (then, otherwise):
            with then:
                self._work_out(carry.parts)
                self._decide(carry.evaluate)
            with otherwise:
                self._empty(carry.evaluate.set)

    def _hand_on(self, carry: Carry) -> None:
        """Leaves a set to the next frame."""

        def copy(index: Any) -> None:
            word = self._load(_I64, self._word(carry.evaluate.set, index), 8)
            self._store(word, self._word(carry.set, index), 8)

        self._each_chunk(self.program.sizes[carry.set], copy)

    def _broken(self, guard: Guard, exact: bool) -> Any:
        """Tells whether a guard's bounds are left."""
        low = high = _I64(0)
        for part in guard.parts:
            below, above = self._bounds(part, exact)
            low, high = self.b.add(low, below), self.b.add(high, above)
        broken = self.b.icmp_signed(">", high, _I64(guard.most))
        if guard.least is not None:
            too_low = self.b.icmp_signed("<", low, _I64(guard.least))
            broken = self.b.or_(broken, too_low)
        return broken

    def _bounds(self, part: Known | Bounded, exact: bool) -> tuple[Any, Any]:
        if isinstance(part, Bounded) and not (exact and part.exact):
            count = self._get(self.count[part.set])
            return self.b.mul(count, _I64(part.low)), self.b.mul(count, _I64(part.high))
        is_exact = exact and part.exact is not None
        number = part.exact.number if is_exact else part.drive  # type: ignore[union-attr]
        bounds = []
        for extreme, sign in ((self.low, -1), (self.high, 1)):
            value = self.b.sext(self._get(extreme[number]), _I64)
            value = self.b.mul(value, _I64(self._unit(number)))
            for index, change in () if is_exact else part.growth:  # type: ignore[union-attr]
                if change * sign > 0:
                    more = self.b.mul(self._get(self.count[part.set]), _I64(change))
                    applies = self._takes_place(self.program.lessons[index])
                    value = self.b.add(value, self.b.select(applies, more, _I64(0)))
            bounds.append(value)
        return bounds[0], bounds[1]

    def _record(self) -> None:
        total = sum(words(self.program.sizes[chosen]) for chosen in self.kept)
        place = self.b.mul(self.frame, _I64(total))
        for chosen in self.kept:
            for index in range(words(self.program.sizes[chosen])):
                word = self._load(_I64, self._word(chosen, _I64(index)), 8)
                self._store(word, self.b.gep(self.kept_out, [place], source_etype=_I64), 8)
                place = self.b.add(place, _I64(1))
        wanted = self.b.icmp_unsigned("!=", self.b.ptrtoint(self.sets_out, _I64), _I64(0))
        with self.b.if_then(wanted):
            size = _I64(self.layout.set_bytes)
            row = self._at(self.sets_out, self.b.mul(self.frame, size))
            void = ir.VoidType()
            self._call("llvm.memcpy.p0.p0.i64", void, row, self.arena, size, _I1(0))

    def _lesson(self, lesson: Lesson) -> None:
        group = self.program.groups[lesson.group]
        lanes = min(WORD, chunk(group.columns))
        stored = ir.VectorType(ir.IntType(weight_bits(group)), lanes)
        bytes_ = weight_bits(group) // 8
        vectors = -(-group.columns // lanes)
        per_tile = max(1, self.machine.registers // 2 // bytes_)
        with self.b.if_then(self._takes_place(lesson)):
            rows = self._at(self.arena, self.layout.rows[lesson.pre])
            for start in range(0, vectors, per_tile):
                tile = range(start, min(start + per_tile, vectors))
                changes = {v: self._change(lesson, v, lanes, stored) for v in tile}
                with self._loop(_I64(0), self._get(self.count[lesson.pre])) as index:
                    pointer = self.b.gep(rows, [index], source_etype=_I32)
                    row = self.b.zext(self._load(_I32, pointer, 4), _I64)
                    base = self._row(group, row)
                    for v in tile:
                        place = self._at(base, v * lanes * bytes_)
                        values = self._load(stored, place, bytes_)
                        self._store(self._learned(group, values, changes[v]), place, bytes_)


def membrane_lanes(program: Program) -> int:
    """Returns the lanes of a frame's recorded membranes."""
    return sum(padded(program.sizes[chosen]) for chosen in program.membranes.values())


def membrane_place(program: Program, chosen: int) -> int:
    """Returns the first lane of the membranes of a recorded set."""
    recorded = list(program.membranes.values())
    before = recorded[: recorded.index(chosen)]
    return sum(padded(program.sizes[other]) for other in before)
