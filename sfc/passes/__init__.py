"""Every pass, and what the optimisation levels run.

A pass takes a circuit and returns one that does the same, in the sense that it states
(`sfc.passes.base.MEANINGS`). Each has a file of its own; docs/passes.md shows what they do.
"""

from __future__ import annotations

from collections.abc import Mapping

from sfc.passes.base import Pass
from sfc.passes.merge_gates import MergeGates

PASSES: tuple[type[Pass], ...] = (MergeGates,)

LEVELS: Mapping[int, tuple[Pass, ...]] = {
    # The circuit as it is written.
    0: (),
    # Every population stays, and does the same.
    1: (MergeGates(),),
    2: (MergeGates(),),
}
