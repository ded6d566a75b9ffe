"""The kernel of the event engine: many steps at once, and only what something comes to is stepped.

The order of a step is that of the reference engine, see docs/semantics.md.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sfc.ir.integers import STATE_LIMIT
from sfc.sim.event.kernels.layout import FULL, OVER, RESTLESS, SINGLE, STOPPED
from sfc.sim.event.kernels.learning import go_on, learn_from
from sfc.sim.event.kernels.memory import (
    chains_of,
    inner,
    ints,
    list_above,
    longs,
    nodes_of,
    octets,
    phases_of,
    presents_of,
    projections_of,
)
from sfc.sim.event.kernels.neurons import forget, hush, remember
from sfc.sim.event.kernels.recording import has_room, note_overflow, take_down
from sfc.sim.event.kernels.synapses import deliver, mark, sample


@njit(no_cfunc_wrapper=True, error_model="numpy")
def run(machine, log, learn, frames):
    """Runs until the stimulus is over, so many frames are (-1: any number), or the log is full.

    Args:
        machine, log: one record each.
        learn: whether weights change.
        frames: how many may begin.

    Returns:
        OVER, FULL or STOPPED, and how many frames have begun.
    """
    m, log = machine[0], log[0]
    begun = 0
    while True:
        frame_is_over = _frame_is_over(m)
        if m.by_frames:
            if m.frames >= m.length and (frame_is_over or m.length == 0):
                return OVER, begun
        elif m.steps >= m.length:
            return OVER, begun
        if frame_is_over and 0 <= frames <= begun:
            return OVER, begun
        starts = frame_is_over and (m.main_ring != 0 or m.by_frames != 0 or m.step == 0)
        if not has_room(m, log, starts):
            return FULL, begun
        if starts:
            m.frame += 1
            m.frame_start = m.step
            m.frames += 1
            begun += 1
        if m.by_frames and m.step - m.frame_start > m.longest:
            return STOPPED, begun
        _step(m, log, starts, learn)


@inner
def _frame_is_over(m):
    if m.main < 0:
        return False
    if m.step == 0:
        return True
    if not m.main_ring:
        return m.step - m.frame_start >= m.main_length
    phases, is_over = longs(m.phases, m.n_phases), False
    for k in range(m.spiked):
        is_over |= phases[k] == m.main
    return is_over


@inner
def _step(m, log, starts, learn):
    step = m.step
    nodes, phases = nodes_of(m), phases_of(m)
    now, following = longs(m.now, m.n_now), longs(m.phases, m.n_phases)
    fired = ints(m.fired, m.n_fired)
    n_now = _begin(m, starts)
    rewarded = np.bool_(False)
    for k in range(n_now):
        phase = phases[now[k]]
        rewarded |= phase.rewarded != 0
        if phase.index == 0:
            _present(m, phase, step - 1)
    n_fired = _update(m, log)
    _follow(m, n_fired)
    for k in range(n_fired):
        _send(m, nodes[fired[k]], step)
    if m.main < 0:
        _show(m)
    m.steps += 1
    for k in range(m.spiked):
        phase = phases[following[k]]
        if phase.index > 0:
            _present(m, phase, step)
    for k in range(m.n_traces):
        go_on(m, k, step, rewarded)
    if learn:
        plastic, projections = longs(m.plastic, m.n_plastic), projections_of(m)
        for k in range(m.n_plastic):
            learn_from(m, projections[plastic[k]], step, rewarded)
    take_down(m, log, starts, n_now, n_fired)
    _reset(m, n_fired)
    m.step += 1


@inner
def _begin(m, starts):
    """Lists the phases of this step in `now`, and lets the host kick chains; returns how many."""
    now, phases, neurons = longs(m.now, m.n_now), longs(m.phases, m.n_phases), ints(m.cells, 1)
    n_now = m.spiked
    for k in range(n_now):
        now[k] = phases[k]
    if not starts:
        return n_now
    chains, nodes, projections = chains_of(m), nodes_of(m), projections_of(m)
    for c in range(m.n_chains):
        chain = chains[c]
        if (chain.ring and m.step > 0) or (not chain.ring and chain.started):
            continue
        is_known = False
        for k in range(n_now):
            is_known |= now[k] == chain.first_phase
        if not is_known:
            now[n_now] = chain.first_phase
            n_now += 1
        relay = nodes[chain.relay]
        neurons[0] = 0
        for j in range(relay.first_out, relay.end_out):
            deliver(m, projections[j], neurons, np.int64(1), m.step - 1)
    return n_now


@inner
def _send(m, node, step):
    """Sends the spikes of a node over all its projections."""
    neurons = ints(m.spikes, m.neurons)[node.start : node.start + node.size]
    projections = projections_of(m)
    for j in range(node.first_out, node.end_out):
        projection = projections[j]
        projection.line_step = step
        deliver(m, projection, neurons, node.spikes, step)


@inner
def _present(m, phase, step):
    """Presents samples in this step or the one before, so that they arrive in a phase."""
    presents, nodes, projections = presents_of(m), nodes_of(m), projections_of(m)
    table = ints(m.table, m.n_table)
    for k in range(phase.first_present, phase.end_present):
        present = presents[k]
        node = nodes[present.input]
        if node.rows == 0 or not 0 < m.frames <= m.length:
            continue
        neurons = ints(m.spikes, m.neurons)[node.start : node.start + node.size]
        if node.sample != m.frames:
            node.sample = m.frames
            node.spikes = sample(node.rows, m.frames - 1, node.size, neurons)
        if node.spikes == 0:
            continue
        if step == m.step:
            node.spike_step = step
        else:
            node.before_step = m.step
        for place in range(present.first, present.end):
            projection = projections[table[place]]
            projection.line_step = step
            deliver(m, projection, neurons, node.spikes, step)


@inner
def _show(m):
    """Lets inputs spike as the stimulus has it for this step, in a circuit without chains."""
    nodes = nodes_of(m)
    for number in range(m.populations, m.n_nodes):
        node = nodes[number]
        if node.rows == 0:
            continue
        neurons = ints(m.spikes, m.neurons)[node.start : node.start + node.size]
        node.spikes = sample(node.rows, m.steps, node.size, neurons)
        if node.spikes > 0:
            node.spike_step = m.step
            _send(m, node, m.step)


@inner
def _update(m, log):
    """Goes through the populations that something comes to; lists and counts those that fire."""
    slot, following = m.step % m.delays, (m.step + 1) % m.delays
    queue, queued = ints(m.queue, m.n_queue), longs(m.queued, m.delays)
    marks, levels = octets(m.mark, m.n_mark), longs(m.level, m.n_level)
    nodes, fired = nodes_of(m), ints(m.fired, m.n_fired)
    first = slot * m.populations
    n_fired = 0
    for k in range(queued[slot]):
        p = queue[first + k]
        what, level = marks[first + p], levels[first + p]
        marks[first + p], levels[first + p] = 0, 0
        node = nodes[p]
        count, goes_on = _population(m, log, slot, node, what & SINGLE != 0, level)
        if count > 0:
            fired[n_fired] = p
            n_fired += 1
        if goes_on:
            mark(m, following, np.int64(p), np.int64(RESTLESS))
    queued[slot] = 0
    return n_fired


@inner
def _population(m, log, slot, node, is_single, level):
    """Steps a population; returns how many neurons spike, and whether it goes on by itself.

    Args:
        m, log: machine and log.
        slot: of this step, in what arrives.
        node: the population.
        is_single: whether anything comes to single neurons.
        level: what comes to all alike.
    """
    step, first, end = m.step, node.start, node.start + node.size
    if not node.remembers and not is_single:
        membrane = level + node.bias
        fits = abs(level) <= STATE_LIMIT and abs(membrane) <= STATE_LIMIT
        if fits and membrane <= node.threshold:
            node.level_step, node.level = step, level
            return 0, node.restless != 0
    u, v = ints(m.u, m.n_u)[first:end], ints(m.v, m.n_v)[first:end]
    comes = longs(m.arriving, m.n_arriving)[slot * m.n_u + first : slot * m.n_u + end]
    until = longs(m.until, m.n_until)[first:end]
    is_general = node.remembers != 0
    highest, changed = node.threshold, False
    if not is_general:
        highest, is_general = forget(comes, u, v, level, node.bias)
        if node.rest_until > step:
            highest = hush(v, until, step)
    if is_general:
        overflows = longs(m.overflows, 4)
        highest, changed = remember(comes, u, v, until, step, level, node, overflows)
        for which in range(2):
            count, neuron = overflows[2 * which], first + overflows[2 * which + 1]
            if count > 0:
                note_overflow(log, np.int64(which), count, neuron)
                changed = True
    if is_single:
        for j in range(len(comes)):
            comes[j] = 0
    node.dense_step = step
    count = 0
    if highest > node.threshold:
        neurons = ints(m.spikes, m.neurons)[first:end]
        count = list_above(v, node.threshold, neurons)
        node.spike_step, node.spikes = step, count
        if node.rest > 0:
            node.rest_until = step + node.rest + 1
            for k in range(count):
                until[neurons[k]] = node.rest_until
    if not node.remembers:
        return count, node.restless != 0
    is_driven = is_single or level != 0 or node.rest_until > step
    return count, count > 0 or changed or is_driven


@inner
def _follow(m, n_fired):
    """Lists the phases that follow from relays that spiked, in the order of populations."""
    phases, fired, nodes = longs(m.phases, m.n_phases), ints(m.fired, m.n_fired), nodes_of(m)
    count = 0
    for k in range(n_fired):
        p = fired[k]
        if nodes[p].phase < 0:
            continue
        place = count
        while place > 0 and phases[place - 1] > p:
            phases[place] = phases[place - 1]
            place -= 1
        phases[place] = p
        count += 1
    for k in range(count):
        phases[k] = nodes[phases[k]].phase
    m.spiked = count


@inner
def _reset(m, n_fired):
    """Sets the membranes of neurons that spiked to 0."""
    nodes, fired = nodes_of(m), ints(m.fired, m.n_fired)
    v, spikes = ints(m.v, m.n_v), ints(m.spikes, m.neurons)
    for k in range(n_fired):
        node = nodes[fired[k]]
        first, count = node.start, node.spikes
        for i in range(first, first + count):
            v[first + spikes[i]] = 0
