"""Sums over rows of weights, and lessons."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from sfc.sim.compiled.layout import WORD, chunk, padded, weight_bits
from sfc.sim.compiled.program import Drive, Group, Lesson
from sfc.sim.compiled.write_sets import SetWriter
from sfc.sim.compiled.writer import I1, I16, I32, I64, UNROLLED


class DriveWriter(SetWriter):
    """Writes sums over rows of weights, and what changes weights."""

    def _drive(self, drive: Drive) -> None:
        self._store(I1(0), self.has[drive.number], 1)
        for extreme in (self.low, self.high):
            self.b.store(I32(0), extreme[drive.number])
        with self.b.if_then(self._get(self.nonempty[drive.set])):
            self._store(I1(1), self.has[drive.number], 1)
            if drive.like is None:
                self._sum_rows(drive)
            else:
                changed = I1(0)
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
        size = I64(4 * padded(self.program.groups[drive.group].columns))
        self._call("llvm.memcpy.p0.p0.i64", ir.VoidType(), *places, size, I1(0))

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
        sums = {v: self._local(ir.VectorType(I16, lanes), "sum") for v in tile}
        count = self._get(self.count[drive.set])
        rows = self._at(self.arena, self.layout.rows[drive.set])
        stored = ir.VectorType(ir.IntType(weight_bits(group)), lanes)
        zero = self._vector(ir.VectorType(I16, lanes), 0)
        step = self._local(I64, "from")
        self.b.store(I64(0), step)
        head, body, done = (self.function.append_basic_block("tile") for _ in range(3))
        self.b.branch(head)
        self.b.position_at_end(head)
        start = self._get(step)
        self.b.cbranch(self.b.icmp_signed("<", start, count), body, done)
        self.b.position_at_end(body)
        wanted = self.b.add(start, I64(capacity))
        end = self.b.select(self.b.icmp_signed("<", wanted, count), wanted, count)
        for v in tile:
            self.b.store(zero, sums[v])
        with self._loop(start, end) as index:
            pointer = self.b.gep(rows, [index], source_etype=I32)
            row = self.b.zext(self._load(I32, pointer, 4), I64)
            base = self._row(group, row)
            pending = self._pending(drive, row)
            for v in tile:
                offset = v * lanes * weight_bits(group) // 8
                values = self._load(stored, self._at(base, offset), weight_bits(group) // 8)
                for lesson, applies in pending:
                    learned = self._learned(group, values, self._change(lesson, v, lanes, stored))
                    values = self.b.select(self._splat_bool(applies, lanes), learned, values)
                if weight_bits(group) < 16:
                    values = self.b.sext(values, ir.VectorType(I16, lanes))
                self.b.store(self.b.add(self._get(sums[v]), values), sums[v])
        is_first = self.b.icmp_signed("==", start, I64(0))
        buffer = self._at(self.arena, self.layout.drives[drive.number])
        wide = ir.VectorType(I32, lanes)
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
        return self._splat(value, ir.VectorType(I1, lanes))

    def _row(self, group: Group, row: Any) -> Any:
        stride = padded(group.columns) * weight_bits(group) // 8
        return self._at(self.weights[group.number], self.b.mul(row, I64(stride)))

    def _pending(self, drive: Drive, row: Any) -> list[tuple[Lesson, Any]]:
        """Returns the lessons that come before a drive, and whether each applies to a row."""
        found = []
        for index in drive.lessons:
            lesson = self.program.lessons[index]
            at = self.b.lshr(row, I64(6))
            word = self._load(I64, self._word(lesson.pre, at), 8)
            bit = self.b.lshr(word, self.b.and_(row, I64(63)))
            applies = self.b.and_(self.b.trunc(bit, I1), self._takes_place(lesson))
            found.append((lesson, applies))
        return found

    def _change(self, lesson: Lesson, vector: int, lanes: int, stored: Any) -> Any:
        """Returns by how much the weights to some columns change."""
        size = self.program.sizes[lesson.post]
        first = vector * lanes
        pointer = self._word(lesson.post, I64(first // WORD))
        word = self.b.lshr(self._load(I64, pointer, 8), I64(first % WORD))
        assert lanes <= chunk(size)
        kind = ir.IntType(lanes)
        bits = word if lanes == WORD else self.b.trunc(word, kind)
        chosen = self.b.bitcast(bits, ir.VectorType(I1, lanes))
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
        type_ = ir.VectorType(I32, lanes)
        count = -(-columns // lanes)
        for name, extreme in (("smin", self.low), ("smax", self.high)):
            best = self._local(type_, name)
            self.b.store(self._vector(type_, 0), best)

            def widen(index: Any, name: str = name, best: Any = best) -> None:
                place = self.b.gep(buffer, [self.b.mul(index, I64(lanes))], source_etype=I32)
                values = self._load(type_, place, 4)
                chosen = self._call(f"llvm.{name}.v{lanes}i32", type_, self._get(best), values)
                self.b.store(chosen, best)

            if count <= 2 * UNROLLED:
                for index in range(count):
                    widen(I64(index))
            else:
                with self._loop(I64(0), I64(count)) as index:
                    widen(index)
            reduced = self._call(f"llvm.vector.reduce.{name}.v{lanes}i32", I32, self._get(best))
            self.b.store(reduced, extreme[drive.number])

    def _learn(self, lessons: list[Lesson]) -> None:
        """Goes once through the rows of a set, for all lessons of one group that it gives."""
        first = lessons[0]
        group = self.program.groups[first.group]
        lanes = min(WORD, chunk(group.columns))
        stored = ir.VectorType(ir.IntType(weight_bits(group)), lanes)
        bytes_ = weight_bits(group) // 8
        vectors = -(-group.columns // lanes)
        per_tile = max(1, self.machine.registers // 2 // bytes_ // len(lessons))
        takes_place = I1(0)
        for lesson in lessons:
            takes_place = self.b.or_(takes_place, self._takes_place(lesson))
        with self.b.if_then(takes_place):
            rows = self._at(self.arena, self.layout.rows[first.pre])
            for start in range(0, vectors, per_tile):
                tile = range(start, min(start + per_tile, vectors))
                changes = {
                    v: [self._change(lesson, v, lanes, stored) for lesson in lessons] for v in tile
                }
                with self._loop(I64(0), self._get(self.count[first.pre])) as index:
                    pointer = self.b.gep(rows, [index], source_etype=I32)
                    row = self.b.zext(self._load(I32, pointer, 4), I64)
                    base = self._row(group, row)
                    for v in tile:
                        place = self._at(base, v * lanes * bytes_)
                        values = self._load(stored, place, bytes_)
                        for change in changes[v]:
                            values = self._learned(group, values, change)
                        self._store(values, place, bytes_)
