"""How kernels are compiled, and how they get at arrays by their addresses."""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import carray, njit, types
from numba.extending import intrinsic

from sfc.sim.event.kernels import layout

inner = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, error_model="numpy")
"""Compiles a function that other kernels call, and Python does not: there is no way into it."""

LANES = 64
"""Values that are compared at once."""

_NODE, _PROJECTION, _TAP = layout.NODE, layout.PROJECTION, layout.TAP
_CHAIN, _PHASE, _PRESENT = layout.CHAIN, layout.PHASE, layout.PRESENT
_PRODUCT, _TERM, _TRACE, _OVERFLOW = layout.PRODUCT, layout.TERM, layout.TRACE, layout.OVERFLOW


@intrinsic
def _at(_context, _address):
    """Makes a pointer of an address."""

    def code(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.voidptr(types.int64), code


@intrinsic
def _above(_context, _address, _threshold):
    """Makes 64 bits of 64 32-bit values at an address: which exceed a threshold."""

    def code(context, builder, signature, arguments):
        address, threshold = arguments
        number, lanes = ir.IntType(32), ir.VectorType(ir.IntType(32), LANES)
        nothing, zeros = ir.Constant(lanes, ir.Undefined), ir.Constant(lanes, [0] * LANES)
        loaded = builder.load(builder.inttoptr(address, lanes.as_pointer()), align=4)
        alone = builder.insert_element(nothing, builder.trunc(threshold, number), number(0))
        repeated = builder.shuffle_vector(alone, nothing, zeros)
        is_above = builder.icmp_signed(">", loaded, repeated)
        return builder.bitcast(is_above, ir.IntType(LANES))

    return types.uint64(types.int64, types.int64), code


@intrinsic
def _lowest(_context, _bits):
    """Returns the number of the lowest bit that is set, of at least one."""

    def code(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), code


@inner
def list_above(values, threshold, found):
    """Lists the numbers of the 32-bit values above a threshold; returns how many there are."""
    count, first = 0, 0
    while first + LANES <= len(values):
        bits = _above(values.ctypes.data + 4 * first, threshold)
        while bits:
            found[count] = first + _lowest(bits)
            count += 1
            bits &= bits - np.uint64(1)
        first += LANES
    for j in range(first, len(values)):
        found[count] = j
        count += values[j] > threshold
    return count


@inner
def longs(address, size):
    """Returns the 64-bit integers at an address."""
    return carray(_at(address), size, np.int64)


@inner
def long_rows(address, rows, columns):
    """Returns the (rows, columns) 64-bit integers at an address."""
    return carray(_at(address), (rows, columns), np.int64)


@inner
def ints(address, size):
    """Returns the 32-bit integers at an address."""
    return carray(_at(address), size, np.int32)


@inner
def shorts(address, size):
    """Returns the 16-bit integers at an address."""
    return carray(_at(address), size, np.int16)


@inner
def short_rows(address, rows, columns):
    """Returns the (rows, columns) 16-bit integers at an address."""
    return carray(_at(address), (rows, columns), np.int16)


@inner
def octets(address, size):
    """Returns the bytes at an address."""
    return carray(_at(address), size, np.uint8)


@inner
def nodes_of(m):
    """Returns populations and inputs."""
    return carray(_at(m.nodes), m.n_nodes, _NODE)


@inner
def projections_of(m):
    """Returns the projections."""
    return carray(_at(m.projections), m.n_projections, _PROJECTION)


@inner
def chains_of(m):
    """Returns the chains."""
    return carray(_at(m.chains), m.n_chains, _CHAIN)


@inner
def phases_of(m):
    """Returns the phases of all chains."""
    return carray(_at(m.phase_table), m.n_phase_table, _PHASE)


@inner
def presents_of(m):
    """Returns what is presented when."""
    return carray(_at(m.presents), m.n_presents, _PRESENT)


@inner
def products_of(m):
    """Returns the products of rules."""
    return carray(_at(m.products), m.n_products, _PRODUCT)


@inner
def terms_of(m):
    """Returns the terms of products."""
    return carray(_at(m.terms), m.n_terms, _TERM)


@inner
def traces_of(m):
    """Returns the traces."""
    return carray(_at(m.traces), m.n_traces, _TRACE)


@inner
def taps_of(log):
    """Returns the taps of a log."""
    return carray(_at(log.taps), log.n_taps, _TAP)


@inner
def overflows_of(log):
    """Returns the overflows of a log, of currents and of membranes."""
    return carray(_at(log.overflows), 2, _OVERFLOW)
