"""Sets of neurons, as bits."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from sfc.sim.compiled.layout import WORD, chunk, words
from sfc.sim.compiled.program import ReadInput
from sfc.sim.compiled.writer import I1, I8, I32, I64, UNROLLED, Writer


class SetWriter(Writer):
    """Writes what reads sets, and what is kept of them: words, counts, lists of neurons."""

    def _word(self, chosen: int, index: Any) -> Any:
        base = self._at(self.arena, self.layout.sets[chosen])
        pointer = self.b.gep(base, [index], source_etype=I64)
        return pointer

    def _bits(self, chosen: int, index: Any) -> Any:
        """Returns a chunk of a set as a vector of booleans."""
        lanes = chunk(self.program.sizes[chosen])
        word = self._load(I64, self._word(chosen, index), 8)
        if lanes < WORD:
            word = self.b.trunc(word, ir.IntType(lanes))
        return self.b.bitcast(word, ir.VectorType(I1, lanes))

    def _mask(self, size: int, index: Any, word: Any) -> Any:
        """Returns a word without the bits beyond the last neuron."""
        rest = size % WORD
        if rest == 0:
            return word
        last = I64((1 << rest) - 1)
        if isinstance(index, ir.Constant):
            return self.b.and_(word, last) if index.constant == words(size) - 1 else word
        is_last = self.b.icmp_signed("==", index, I64(words(size) - 1))
        return self.b.and_(word, self.b.select(is_last, last, I64(2**64 - 1)))

    def _finish_set(self, chosen: int, any_: Any) -> None:
        """Notes whether a set is empty, and its count and rows if they are asked for."""
        self._store(self.b.icmp_unsigned("!=", any_, I64(0)), self.nonempty[chosen], 1)
        if chosen in self.counted or chosen in self.listed:
            self._count(chosen)
        if chosen in self.listed:
            self._list(chosen)

    def _count(self, chosen: int) -> None:
        total = I64(0)
        size = self.program.sizes[chosen]
        if words(size) <= UNROLLED:
            for index in range(words(size)):
                word = self._load(I64, self._word(chosen, I64(index)), 8)
                total = self.b.add(total, self._call("llvm.ctpop.i64", I64, word))
            self.b.store(total, self.count[chosen])
            return
        self.b.store(total, self.count[chosen])
        with self._loop(I64(0), I64(words(size))) as index:
            word = self._load(I64, self._word(chosen, index), 8)
            more = self._call("llvm.ctpop.i64", I64, word)
            self.b.store(self.b.add(self._get(self.count[chosen]), more), self.count[chosen])

    def _list(self, chosen: int) -> None:
        """Writes the numbers of a set's neurons one after the other."""
        rows = self._at(self.arena, self.layout.rows[chosen])
        place = self._local(I64, "place")
        left = self._local(I64, "left")
        self.b.store(I64(0), place)
        with self._loop(I64(0), I64(words(self.program.sizes[chosen]))) as index:
            self.b.store(self._load(I64, self._word(chosen, index), 8), left)
            head, body, done = (self.function.append_basic_block("list") for _ in range(3))
            self.b.branch(head)
            self.b.position_at_end(head)
            word = self._get(left)
            self.b.cbranch(self.b.icmp_unsigned("!=", word, I64(0)), body, done)
            self.b.position_at_end(body)
            bit = self._call("llvm.cttz.i64", I64, word, I1(1))
            number = self.b.add(self.b.mul(index, I64(WORD)), bit)
            at = self._get(place)
            self._store(self.b.trunc(number, I32), self.b.gep(rows, [at], source_etype=I32), 4)
            self.b.store(self.b.add(at, I64(1)), place)
            self.b.store(self.b.and_(word, self.b.sub(word, I64(1))), left)
            self.b.branch(head)
            self.b.position_at_end(done)

    def _empty(self, chosen: int) -> None:
        self._store(I1(0), self.nonempty[chosen], 1)
        self.b.store(I64(0), self.count[chosen])
        self._each_chunk(
            self.program.sizes[chosen],
            lambda index: self._store(I64(0), self._word(chosen, index), 8),
        )

    def _everyone(self, chosen: int) -> None:
        size = self.program.sizes[chosen]
        self._each_chunk(
            size,
            lambda index: self._store(
                self._mask(size, index, I64(2**64 - 1)), self._word(chosen, index), 8
            ),
        )
        self._finish_set(chosen, I64(1))

    def _resume(self, chosen: int) -> None:
        any_ = self._local(I64, "any")
        self.b.store(I64(0), any_)
        self._each_chunk(
            self.program.sizes[chosen],
            lambda index: self.b.store(
                self.b.or_(self._get(any_), self._load(I64, self._word(chosen, index), 8)), any_
            ),
        )
        self._finish_set(chosen, self._get(any_))

    def _fail_if(self, condition: Any, number: int) -> None:
        fail = self.function.append_basic_block("fail")
        good = self.function.append_basic_block("good")
        self.b.cbranch(condition, fail, good)
        self.b.position_at_end(fail)
        self._store(I64(number), self.surprise, 8)
        self.b.branch(self.done)
        self.b.position_at_end(good)

    def _read(self, operation: ReadInput, number: int) -> None:
        """Packs a row of booleans, one byte each, into words."""
        base, stride = self.inputs[operation.set]
        row = self._at(base, self.b.mul(self.frame, stride))
        size = self.program.sizes[operation.set]
        any_ = self._local(I64, "any")
        self.b.store(I64(0), any_)

        def piece(start: Any, lanes: int) -> Any:
            values = self._load(ir.VectorType(I8, lanes), self._at(row, start), 1)
            zero = self._vector(ir.VectorType(I8, lanes), 0)
            bits = self.b.bitcast(self.b.icmp_unsigned("!=", values, zero), ir.IntType(lanes))
            return self.b.zext(bits, I64) if lanes < WORD else bits

        def put(index: Any, word: Any) -> None:
            self._store(word, self._word(operation.set, index), 8)
            self.b.store(self.b.or_(self._get(any_), word), any_)

        whole = size // WORD
        if whole:
            self._each_chunk(
                whole * WORD, lambda index: put(index, piece(self.b.mul(index, I64(WORD)), WORD))
            )
        if size % WORD:
            word, shift = I64(0), 0
            for lanes in (32, 16, 8, 4, 2, 1):
                if size % WORD & lanes:
                    part = piece(whole * WORD + shift, lanes)
                    word = self.b.or_(word, self.b.shl(part, I64(shift)))
                    shift += lanes
            put(I64(whole), word)
        self._finish_set(operation.set, self._get(any_))
        count = self._get(self.count[operation.set])
        if operation.most < size:
            self._fail_if(self.b.icmp_signed(">", count, I64(operation.most)), number)
        if operation.least > 0:
            self._fail_if(self.b.icmp_signed("<", count, I64(operation.least)), number)
