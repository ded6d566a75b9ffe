"""Synapses with real weights, as a user's trained network has them before they are quantised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.diagnostics import fail
from sfc.ir.circuit import Circuit, Projection
from sfc.ir.limits import REAL_WEIGHT_LIMIT
from sfc.ir.patterns import RealTable
from sfc.ir.synapses import Indices, check_ends, pack, unpack
from sfc.span import Span

_RECORD = np.dtype([("source", "<i4"), ("target", "<i4"), ("weight", "<f8")])


@dataclass(frozen=True, slots=True)
class RealSynapses:
    """Synapses in the order of their sources, then of their targets.

    Attributes:
        sources, targets: (k,) indices within the projection's parts.
        weights: (k,) in weight units, neither 0 nor infinite.
    """

    sources: Indices
    targets: Indices
    weights: NDArray[np.float64]


def real_table(sources: Any, targets: Any, weights: Any, span: Span | None = None) -> RealTable:
    """Returns the pattern of the given synapses; a weight of 0 makes none."""
    present = np.flatnonzero(weights)
    order = present[np.lexsort((targets[present], sources[present]))]
    records = np.empty(len(order), _RECORD)
    for name, values in (("source", sources), ("target", targets), ("weight", weights)):
        records[name] = values[order]
    return RealTable(len(records), pack(records, level=1), span)


def real_synapses(circuit: Circuit, projection: Projection) -> RealSynapses:
    """Returns the synapses of a projection whose pattern is a `RealTable`.

    Raises:
        ValueError: the pattern's data are damaged, or a weight is out of range.
    """
    pattern = projection.pattern
    assert isinstance(pattern, RealTable)
    records = np.frombuffer(unpack(pattern.reals, pattern.count, _RECORD.itemsize), _RECORD)
    sources, targets = records["source"].astype(np.int32), records["target"].astype(np.int32)
    check_ends(sources, targets, *circuit.synapse_shape(projection))
    weights = records["weight"].astype(np.float64)
    if not (np.abs(weights) <= REAL_WEIGHT_LIMIT).all() or not weights.all():
        raise ValueError(f"real weights that are 0 or not within {REAL_WEIGHT_LIMIT:g}")
    order = np.lexsort((targets, sources))
    return RealSynapses(sources[order], targets[order], weights[order])


def refuse_real_weights(circuit: Circuit) -> None:
    """Reports the first projection with real weights, before a circuit is run or emitted.

    Raises:
        SfcError: E0303.
    """
    for projection in circuit.real_projections():
        message = f"`{projection.name}` has real weights, and what runs a circuit holds integers"
        help = "`sfc.passes.quantise.Quantise().run(circuit, sfc.Reporter())` rounds them"
        fail("E0303", message, projection.span, help=help)
