"""Compiles LLVM IR for this machine, and keeps the machine code from one run to the next."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import llvmlite
import llvmlite.binding as llvm

from sfc.cache import keep, recall
from sfc.sim.compiled.emit import emit
from sfc.sim.compiled.layout import Machine
from sfc.sim.compiled.program import Program
from sfc.sim.compiled.writer import NAME


class Kernel:
    """A compiled program: call it as `emit` says, with the table's address."""

    def __init__(self, code: bytes) -> None:
        """Links the machine code."""
        self._jit = llvm.create_lljit_compiler(_target())
        builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
        self._library = builder.export_symbol(NAME).link(self._jit, NAME)
        integer = ctypes.c_int64
        signature = ctypes.CFUNCTYPE(integer, ctypes.c_void_p, integer, integer, integer)
        self.call: Callable[[int, int, int, int], int] = signature(self._library[NAME])


def compile_program(program: Program, kept: tuple[int, ...]) -> Kernel:
    """Returns the kernel of a program, compiled now or in an earlier run."""
    parts = (repr(program), kept, _host(), llvmlite.__version__, _emitter())
    key = f"kernel-{hashlib.sha256(repr(parts).encode()).hexdigest()}"
    code = recall(key)
    if code is None:
        code = _compile(emit(program, kept, _machine()))
        keep(key, code)
    return Kernel(code)


def _compile(text: str) -> bytes:
    module = llvm.parse_assembly(text)
    module.verify()
    target = _target()
    builder = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(module, builder)
    code: bytes = target.emit_object(module)
    return code


def _target() -> llvm.TargetMachine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = _host()
    triple = llvm.Target.from_default_triple()
    return triple.create_target_machine(cpu=cpu, features=features, opt=3, jit=True)


def _host() -> tuple[str, str]:
    """Returns what LLVM calls this processor, and what it can do."""
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def _machine() -> Machine:
    """Returns what vectors this processor has; a few registers are left for other values."""
    features = _host()[1].split(",")
    if "+avx512bw" in features:
        return Machine(32, 26)
    if "+avx2" in features:
        return Machine(16, 12)
    return Machine(8, 12)


@lru_cache(maxsize=1)
def _emitter() -> str:
    """Returns a digest of what writes kernels: other code writes other kernels."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
