"""The step of a population: arrive, current, membrane."""

from __future__ import annotations

import numpy as np

from sfc.ir.integers import DECAY_LIMIT, STATE_LIMIT
from sfc.sim.event.kernels.memory import inner

WRAP = STATE_LIMIT + 1
MASK = 2 * WRAP - 1
DECAY_BITS = DECAY_LIMIT.bit_length() - 1


@inner
def decay(value, factor):
    """Returns sign(x) * ((|x| * (4096 - factor)) >> 12)."""
    magnitude = (abs(value) * (DECAY_LIMIT - factor)) >> DECAY_BITS
    return -magnitude if value < 0 else magnitude


@inner
def forget(arriving, u, v, level, bias):
    """Steps neurons that remember nothing; `arriving` is left as it is.

    Membranes are neither reset nor kept at 0 where a neuron is silent after a spike.

    Returns:
        The highest membrane, and whether anything left its 24 bits.
    """
    highest, differing = np.int64(-STATE_LIMIT), np.int64(0)
    for j in range(len(u)):
        current = arriving[j] + level
        wrapped = ((current + WRAP) & MASK) - WRAP
        potential = wrapped + bias
        membrane = min(max(potential, -STATE_LIMIT), STATE_LIMIT)
        differing |= (current ^ wrapped) | (potential ^ membrane)
        u[j] = wrapped
        v[j] = membrane
        highest = max(highest, membrane)
    return highest, differing != 0


@inner
def hush(v, until, step):
    """Sets the membranes of neurons that are silent after a spike to 0; returns the highest."""
    highest = np.int32(-STATE_LIMIT)
    for j in range(len(v)):
        membrane = v[j] if until[j] <= step else np.int32(0)
        v[j] = membrane
        highest = np.int32(max(highest, membrane))
    return np.int64(highest)


@inner
def remember(arriving, u, v, until, step, level, node, overflows):
    """Steps neurons of any kind, and counts what left its 24 bits.

    Args:
        arriving, u, v, until: of the population.
        step: the current one.
        level: what arrives at all alike.
        node: the population.
        overflows: (4,) is filled with the count and the first neuron of currents, and of membranes.

    Returns:
        The highest membrane, and whether current or membrane of any neuron changed.
    """
    overflows[0] = overflows[2] = 0
    overflows[1] = overflows[3] = len(u)
    highest, changed = np.int64(-STATE_LIMIT), False
    bias, decay_u, decay_v = node.bias, node.decay_u, node.decay_v
    for j in range(len(u)):
        current = arriving[j] + level + decay(np.int64(u[j]), decay_u)
        wrapped = ((current + WRAP) & MASK) - WRAP
        potential = wrapped + bias + decay(np.int64(v[j]), decay_v)
        if until[j] > step:
            potential = np.int64(0)
        membrane = min(max(potential, -STATE_LIMIT), STATE_LIMIT)
        if current != wrapped:
            overflows[0] += 1
            overflows[1] = min(overflows[1], j)
        if potential != membrane:
            overflows[2] += 1
            overflows[3] = min(overflows[3], j)
        changed |= (u[j] != wrapped) | (v[j] != membrane)
        u[j] = wrapped
        v[j] = membrane
        highest = max(highest, membrane)
    return highest, changed
