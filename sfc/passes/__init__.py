"""Every pass, and what the optimisation levels run.

A pass takes a circuit and returns one that does the same, in the sense that it states
(`sfc.passes.base.MEANINGS`). Each has a file of its own; docs/passes.md shows what they do.
"""

from __future__ import annotations

from collections.abc import Mapping

from sfc.passes.base import Pass
from sfc.passes.drop_rest import DropRest
from sfc.passes.drop_unread import DropUnread
from sfc.passes.drop_useless import DropUseless
from sfc.passes.merge_gates import MergeGates
from sfc.passes.merge_twins import MergeTwins
from sfc.passes.quantise import Quantise
from sfc.passes.relay_delays import RelayDelays
from sfc.passes.share_copies import ShareCopies

PASSES: tuple[type[Pass], ...] = (
    Quantise,
    MergeGates,
    MergeTwins,
    DropUnread,
    DropUseless,
    DropRest,
    ShareCopies,
    RelayDelays,
)
"""Every pass. quantise is in no level: compiling runs it where weights are real;
relay-delays neither: a target that needs it asks for it."""

LEVELS: Mapping[int, tuple[Pass, ...]] = {
    # The circuit as it is written.
    0: (),
    # Every population stays.
    1: (MergeGates(), ShareCopies()),
    # What is proved to change no spike goes first, then populations that nobody reads or that do
    # what others do. Before twins are looked for, projections are summed up, so that likes look
    # alike; afterwards, what twins projected to has parallel projections from the one that stays.
    2: (
        DropUseless(),
        DropUnread(),
        MergeGates(),
        MergeTwins(),
        MergeGates(),
        DropRest(),
        ShareCopies(),
    ),
}
