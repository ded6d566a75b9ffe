"""What a target is, and which there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol

from sfc.diagnostics import Reporter, fail, nearest
from sfc.ir.circuit import Circuit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Program:
    """A circuit with its weights, ready to be emitted.

    Attributes:
        weights: (n_pre, n_post) in weight units, of every plastic projection by name.
    """

    circuit: Circuit
    weights: Mapping[str, NDArray[np.int16]]


class Target(Protocol):
    """Something that programs are emitted for.

    A third party adds one by an entry point in the group ``sfc.targets`` that names an object of
    this form.
    """

    name: str
    summary: str

    def check(self, program: Program, reporter: Reporter) -> None:
        """Reports what the target cannot hold."""

    def emit(self, program: Program) -> dict[str, bytes]:
        """Returns the files of a bundle by relative path; reads and writes nothing."""


def targets() -> dict[str, Target]:
    """Returns every target by name: our own and those of installed packages."""
    from sfc.targets.netlist import NetlistTarget

    found: dict[str, Target] = {NetlistTarget.name: NetlistTarget()}
    for entry in entry_points(group="sfc.targets"):
        found.setdefault(entry.name, entry.load())
    return found


def target(name: str) -> Target:
    """Returns a target; E0707 if there is none of this name."""
    found = targets()
    if name not in found:
        help = nearest(name, found) or f"the targets are {', '.join(found)}"
        fail("E0707", f"unknown target `{name}`", help=help)
    return found[name]
