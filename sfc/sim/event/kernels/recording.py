"""What a kernel takes down of a step."""

from __future__ import annotations

import numpy as np

from sfc.sim.event.kernels.memory import (
    inner,
    ints,
    long_rows,
    longs,
    nodes_of,
    overflows_of,
    phases_of,
    taps_of,
)


@inner
def offset_of(m, starts):
    """Returns which step of its frame the next step is; 0 without chains."""
    return 0 if m.main < 0 or starts else m.step - m.frame_start


@inner
def has_room(m, log, starts):
    """Tells whether the log can hold the next step; an empty one always can."""
    if log.is_full or log.steps >= log.capacity:
        return False
    if not log.is_counted:
        return True
    offset, rows = offset_of(m, starts), log.n_counts // m.populations
    if log.steps == 0:
        log.base = offset if offset >= rows else 0
    return log.base <= offset < log.base + rows


@inner
def note_overflow(log, which, count, neuron):
    """Counts currents (0) or membranes (1) that left their 24 bits; keeps the first neuron."""
    overflow, step = overflows_of(log)[which], log.steps
    if overflow.step < 0 or (overflow.step == step and neuron < overflow.neuron):
        overflow.step, overflow.neuron = step, neuron
    overflow.count += count


@inner
def take_down(m, log, starts, n_now, n_fired):
    """Takes down a step, which the machine has not yet left."""
    if starts:
        longs(log.frame_starts, log.capacity)[log.frames] = log.steps
        log.frames += 1
        log.has_begun = 1
    _main_phase(m, log, n_now)
    if log.n_taps > 0:
        _taps(m, log, n_now, n_fired)
    if log.is_counted:
        offset = offset_of(m, starts)
        counts = long_rows(log.counts, log.n_counts // m.populations, m.populations)
        fired, nodes = ints(m.fired, m.n_fired), nodes_of(m)
        for k in range(n_fired):
            counts[offset - log.base, fired[k]] += nodes[fired[k]].spikes
        log.longest = max(log.longest, offset + 1)
    log.steps += 1


@inner
def _main_phase(m, log, n_now):
    found = longs(log.phases, log.n_phases)
    place = 2 * log.steps
    found[place] = found[place + 1] = -1
    now, phases = longs(m.now, m.n_now), phases_of(m)
    for k in range(n_now):
        phase = phases[now[k]]
        is_main = phase.chain == m.main_chain
        if k == 0 or is_main:
            found[place], found[place + 1] = phase.chain, phase.index
        if is_main:
            break


@inner
def _taps(m, log, n_now, n_fired):
    every = longs(log.every, log.n_every)
    for k in range(log.n_every):
        _membranes(m, log, taps_of(log)[every[k]])
    first, taps = longs(log.node_first, log.n_node_first), longs(log.node_taps, log.n_node_taps)
    fired = ints(m.fired, m.n_fired)
    for k in range(n_fired):
        for place in range(first[fired[k]], first[fired[k] + 1]):
            _spikes(m, log, taps_of(log)[taps[place]])
    for place in range(first[m.populations], first[m.n_nodes]):
        _spikes(m, log, taps_of(log)[taps[place]])
    first, taps = longs(log.phase_first, log.n_phase_first), longs(log.phase_taps, log.n_phase_taps)
    now, due = longs(m.now, m.n_now), longs(log.due, log.n_due)
    for k in range(n_now):
        for place in range(first[now[k]], first[now[k] + 1]):
            t = taps[place]
            tap = taps_of(log)[t]
            if due[t] == m.step or (tap.waits and not log.has_begun):
                continue
            due[t] = m.step
            if tap.is_of_spikes:
                _spikes(m, log, tap)
            else:
                _membranes(m, log, tap)


@inner
def _spikes(m, log, tap):
    """Takes down who spiked in this step, and of an input who did for this step before it."""
    node = nodes_of(m)[tap.node]
    pairs, spikes = ints(log.pairs, log.n_pairs), ints(m.spikes, m.neurons)
    for is_before in range(1, -1, -1):
        if (node.before_step if is_before else node.spike_step) != m.step:
            continue
        for k in range(node.spikes):
            place = 2 * (tap.start + tap.count)
            pairs[place] = log.steps - is_before
            pairs[place + 1] = spikes[node.start + k]
            tap.count += 1
    if tap.count + 2 * node.size > tap.capacity:
        log.is_full = 1


@inner
def _membranes(m, log, tap):
    """Takes down the membranes of a population, which are not yet reset."""
    node = nodes_of(m)[tap.node]
    place = tap.place + tap.count * node.size
    values = ints(log.values, log.n_values)[place : place + node.size]
    if node.remembers or node.dense_step == m.step:
        v = ints(m.v, m.n_v)[node.start : node.start + node.size]
        for j in range(node.size):
            values[j] = v[j]
    else:
        value = node.bias + (node.level if node.level_step == m.step else 0)
        until = longs(m.until, m.n_until)[node.start : node.start + node.size]
        for j in range(node.size):
            values[j] = np.int32(0 if until[j] > m.step else value)
    ints(log.rows, log.n_rows)[tap.start + tap.count] = log.steps
    tap.count += 1
    if tap.count >= tap.capacity:
        log.is_full = 1
