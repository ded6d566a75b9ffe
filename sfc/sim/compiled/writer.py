"""LLVM IR, an instruction at a time: variables, loops, memory, vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from sfc.sim.compiled.layout import Layout, Machine, all_drives, guarded_drives, lay_out, words
from sfc.sim.compiled.program import Carry, Drive, Evaluate, Guard, Program, ReadInput

NAME = "frames"

I1, I8, I16, I32, I64 = (ir.IntType(bits) for bits in (1, 8, 16, 32, 64))
POINTER = ir.PointerType()
UNROLLED = 16
"""Chunks beyond which a loop goes over them."""


class Writer:
    """Writes instructions into the function of a program.

    Attributes:
        program: what is written.
        machine: for which processor.
        layout: of the arena.
        guarded: drives whose extremes are looked at.
        units: state units of each drive, by number.
        listed, counted: sets whose neurons are listed, or counted.
        b: where the next instruction goes.
        arena, weights, frame, learn: values: the arena, the weights of each group, which frame it
            is, and whether it is learned from.
        nonempty, count: variables, by set.
        has, low, high: variables, by drive: whether it is not zero, and its extremes.
    """

    def __init__(self, program: Program, machine: Machine) -> None:
        """Begins an empty function."""
        self.program = program
        self.machine = machine
        self.layout: Layout = lay_out(program)
        self.guarded = guarded_drives(program)
        self.listed = _sets_with_rows(program)
        self.counted = _sets_with_counts(program)
        self.module = ir.Module(name=NAME)
        self.module.triple = ""
        signature = ir.FunctionType(I64, [POINTER, I64, I64, I64])
        self.function = ir.Function(self.module, signature, NAME)
        self.entry = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.b = ir.IRBuilder(self.function.append_basic_block("start"))
        self.done = self.function.append_basic_block("surprised")
        self.result = self._local(I64, "result")
        sets = range(len(program.sizes))
        self.nonempty = [self._local(I1, f"any{n}") for n in sets]
        self.count = [self._local(I64, f"count{n}") for n in sets]
        self.units = {d.number: program.groups[d.group].unit for d in all_drives(program)}
        drives = self.units.keys()
        self.has = {n: self._local(I1, f"has{n}") for n in drives}
        self.low = {n: self._local(I32, f"low{n}") for n in drives}
        self.high = {n: self._local(I32, f"high{n}") for n in drives}
        self.arena: Any = None
        self.weights: list[Any] = []
        self.inputs: dict[int, tuple[Any, Any]] = {}
        self.surprise: Any = None
        self.frame: Any = None
        self.learn: Any = None

    def _local(self, type_: Any, name: str) -> Any:
        entry = ir.IRBuilder(self.function.entry_basic_block)
        entry.position_at_start(self.function.entry_basic_block)
        return entry.alloca(type_, name=name)

    def _at(self, base: Any, offset: Any) -> Any:
        if isinstance(offset, int):
            offset = I64(offset)
        return self.b.gep(base, [offset], source_etype=I8)

    def _load(self, type_: Any, pointer: Any, align: int) -> Any:
        return self.b.load(pointer, typ=type_, align=align)

    def _store(self, value: Any, pointer: Any, align: int) -> None:
        self.b.store(value, pointer, align=align)

    def _get(self, variable: Any) -> Any:
        return self.b.load(variable, typ=variable.allocated_type)

    @contextmanager
    def _loop(self, start: Any, stop: Any) -> Iterator[Any]:
        """Goes from start up to stop, which may be no further."""
        counter = self._local(I64, "n")
        self.b.store(start, counter)
        head, body, done = (self.function.append_basic_block(n) for n in ("head", "body", "done"))
        self.b.branch(head)
        self.b.position_at_end(head)
        index = self.b.load(counter, typ=I64)
        self.b.cbranch(self.b.icmp_signed("<", index, stop), body, done)
        self.b.position_at_end(body)
        yield index
        self.b.store(self.b.add(index, I64(1)), counter)
        self.b.branch(head)
        self.b.position_at_end(done)

    def _each_chunk(self, size: int, body: Callable[[Any], None]) -> None:
        count = words(size)
        if count <= UNROLLED:
            for index in range(count):
                body(I64(index))
            return
        with self._loop(I64(0), I64(count)) as index:
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
        one = self.b.insert_element(ir.Constant(type_, ir.Undefined), value, I32(0))
        mask = ir.Constant(ir.VectorType(I32, type_.count), [0] * type_.count)
        return self.b.shuffle_vector(one, one, mask)


def _sets_with_rows(program: Program) -> set[int]:
    found = {o.set for o in program.operations if isinstance(o, Drive)}
    return found | {lesson.pre for lesson in program.lessons}


def _sets_with_counts(program: Program) -> set[int]:
    found = {o.set for o in program.operations if isinstance(o, ReadInput)}
    for operation in program.operations:
        if isinstance(operation, Evaluate):
            found |= {chosen for chosen, _ in operation.counts}
        if isinstance(operation, Guard | Carry):
            found |= {part.set for part in operation.parts}
            if isinstance(operation, Carry):
                found |= {chosen for chosen, _ in operation.evaluate.counts}
    return found
