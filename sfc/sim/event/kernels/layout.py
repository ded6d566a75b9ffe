"""The circuit and its state as flat arrays: the kernels are compiled once, a circuit is data.

Kernels are given one record, MACHINE, that says where the arrays lie: a function that takes forty
arrays takes Numba a second to compile.

Populations come first among the nodes, then inputs. Projections lie in the order of their sources.
Phases of all chains are numbered one chain after the other. `table` holds every list of numbers;
where a field says "in the table", it is the place of the first of them there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

ALL_TO_ALL, ONE_TO_ONE, LISTED, PLASTIC = range(4)
"""Kinds of projections."""

FIXED, BY_COINCIDENCE, BY_RULE = range(3)
"""How a projection learns: not, by a number where both ends spike, or by whatever its rule says."""

OVER, FULL, STOPPED = range(3)
"""Why a kernel returned: the run is over, the log is full, a chain stopped."""

LEVEL, SINGLE, RESTLESS = 1, 2, 4
"""What comes to a population in a step: to all alike, to single neurons, what it does by itself."""


def _record(*names: str) -> np.dtype[Any]:
    return np.dtype([(name, np.int64) for name in names])


NODE = _record(
    *("start", "size"),  # of its neurons among all; inputs come after populations
    *("threshold", "bias", "decay_u", "decay_v"),  # in state units
    "rest",  # steps for which a neuron is silent after a spike
    "remembers",  # whether current or membrane do not vanish in a step
    "restless",  # whether it fires though nothing comes
    *("first_out", "end_out"),  # its projections
    "phase",  # that follows a relay's spike, -1
    "dense_step",  # when u and v were last worked out neuron by neuron
    *("level_step", "level"),  # when and what came to all alike, where only that came
    "rest_until",  # no neuron is silent from this step on
    *("spike_step", "spikes"),  # when it last spiked and how many neurons; who is in `spikes`
    "rows",  # an input's: address of its samples, (length, size) bytes, 0 without
    "sample",  # the one that is in `spikes`
    "before_step",  # the step before which it last sent spikes that arrive in a phase 0
)
"""A population or an input."""

PROJECTION = _record(
    *("source", "target", "kind", "delay"),
    "amount",  # what a spike adds, in state units
    "rows",  # in the table, by neuron of the source its row or -1; -1 if they agree
    "column",  # first neuron of the target, -1 if they do not follow each other
    "columns",  # else in the table: neurons of the target
    "whole",  # whether the target is a whole population
    *("n_pre", "n_post"),
    *("first", "targets", "amounts"),  # in the table, for listed synapses
    "weights",  # address, (n_pre, n_post) int16
    "block",  # rows whose sum 16 bits hold
    "from_input",
    "line_step",  # when an input was last presented by it
    *("learns", "change_bits", "step", "low", "high", "needs_pre", "needs_post"),
    *("first_dw", "end_dw", "end_dt"),  # products
    "tags",  # place, -1
    *("pre_cells", "post_cells"),  # in the table: neurons by row and by column; -1 if they agree
    "post_columns",  # in the table, by neuron of the target its column or -1; -1 if they agree
    *("x1", "x2", "y1", "y2", "y3", "r1"),  # traces, -1
)

PRODUCT = _record(
    *("x0", "x1", "x2", "y0", "y1", "y2", "y3", "w", "t"),  # powers
    *("first", "end"),  # terms
)
TERM = _record("coefficient", "r0", "r1", "d")
"""A coefficient in units of 2^-8, and powers."""

TRACE = _record(
    "owner",  # a node, or a projection from an input; -1 for the reward
    "by_line",  # whether it is a projection
    *("start", "size", "impulse"),
    "is_live",  # whether any value may differ from 0
)
CHAIN = _record("first_phase", "relay", "ring", "started")
"""`relay` is the population of the first relay; `started` tells whether populations start it."""

PHASE = _record(
    *("chain", "index", "rewarded"),
    *("first_present", "end_present"),
)
PRESENT = _record("input", "first", "end")
"""`first` to `end` in the table: projections."""

TAP = _record(
    *("node", "is_of_spikes", "waits"),
    *("start", "capacity", "count"),  # in the log: pairs of a step and a neuron, or rows
    "place",  # of the first row's values
)
OVERFLOW = _record("count", "step", "neuron")
"""`step` is -1 as long as there is none."""

_LONG, _INT, _SHORT, _BYTE = np.int64, np.int32, np.int16, np.uint8

ARRAYS: dict[str, Any] = {
    "nodes": NODE,
    "projections": PROJECTION,
    "plastic": _LONG,  # the projections that learn
    "table": _INT,
    "chains": CHAIN,
    "phase_table": PHASE,
    "presents": PRESENT,
    "products": PRODUCT,
    "terms": TERM,
    "traces": TRACE,
    "trace_values": _LONG,
    "decayed": _LONG,  # (traces, values): what becomes of a value in a step
    "tags": _SHORT,
    "u": _INT,  # by neuron, in state units; of a population that remembers nothing see `dense_step`
    "v": _INT,
    "until": _LONG,  # by neuron, the step from which it is not silent
    "arriving": _LONG,  # (delays, neurons), in state units; a ring by steps
    "level": _LONG,  # (delays, populations): what arrives at all neurons alike, beside `arriving`
    "mark": _BYTE,  # (delays, populations): what comes, see LEVEL
    "queue": _INT,  # (delays, populations): the marked ones, `queued` (delays,) of them
    "queued": _LONG,
    "spikes": _INT,  # by node from its `start` on, the neurons that spiked last
    "phases": _LONG,  # that follow from the step before
    "now": _LONG,  # scratch: the phases of a step
    "fired": _INT,  # scratch: the populations that spike in a step
    "rows": _INT,  # scratch: numbers of neurons
    "cells": _INT,  # scratch: likewise
    "sums": _SHORT,  # scratch, by column
    "changes": _SHORT,  # scratch, by column
    "factors": _LONG,  # scratch, (products, columns + 1)
    "is_on": _BYTE,  # by neuron, 0 between steps
    "overflows": _LONG,  # scratch, (2, 2)
}
"""The arrays of a machine."""

MACHINE = _record(
    *("step", "frame", "frame_start"),
    *("main", "main_chain", "main_ring", "main_length"),  # its first phase, -1 without chains
    "longest",  # steps after which a chain counts as stopped
    "spiked",  # how many relays did in the step before, see `phases`
    *("by_frames", "length", "frames", "steps"),  # the stimulus
    *("delays", "populations", "neurons"),  # of populations and inputs
    "columns",  # of the widest projection
    *ARRAYS,  # addresses
    *(f"n_{name}" for name in ARRAYS),  # numbers of elements
)

LOGS: dict[str, Any] = {
    "phases": _LONG,  # (capacity, 2)
    "frame_starts": _LONG,  # (capacity,)
    "overflows": OVERFLOW,  # of currents and of membranes
    "taps": TAP,
    "every": _LONG,  # membrane taps that are due in every step
    "node_first": _LONG,  # where a node's part of `node_taps` begins
    "node_taps": _LONG,  # spike taps that are due in every step
    "phase_first": _LONG,
    "phase_taps": _LONG,  # taps that are due in a phase
    "due": _LONG,  # by tap, the step in which it was last due
    "pairs": _INT,  # (k, 2) steps and neurons, a region for each tap
    "values": _INT,  # membranes, likewise
    "rows": _INT,  # the steps of the membranes
    "counts": _LONG,  # (rows, populations) spikes by step of the frame, from `base` on
}
"""The arrays of a log; steps count from the start of the stretch."""

LOG = _record(
    *("steps", "frames"),  # so far
    "capacity",  # steps
    "has_begun",  # whether a frame of the run has begun
    "is_full",  # whether a tap may not hold another step
    *("is_counted", "base", "longest"),  # whether spikes are counted, from which step of a frame on
    *LOGS,
    *(f"n_{name}" for name in LOGS),
)


def records(dtype: np.dtype[Any], rows: Sequence[Mapping[str, int]]) -> Any:
    """Returns an array of records, each given by some of its fields; the others are 0."""
    array = np.zeros(len(rows), dtype)
    for number, row in enumerate(rows):
        for name, value in row.items():
            array[number][name] = value
    return array


def bind(record: Any, arrays: Mapping[str, Any], dtypes: Mapping[str, Any]) -> None:
    """Writes where arrays lie into a record; who calls it keeps them alive."""
    for name, dtype in dtypes.items():
        array = arrays[name]
        assert array.dtype == dtype
        assert array.flags.c_contiguous
        record[name], record[f"n_{name}"] = array.ctypes.data, array.size
