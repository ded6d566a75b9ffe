"""The update of plastic projections."""

from __future__ import annotations

import numpy as np

from sfc.ir.integers import COEFFICIENT_BITS, TAG_RANGE, TRACE_LIMIT
from sfc.sim.event.kernels.layout import BY_COINCIDENCE
from sfc.sim.event.kernels.memory import (
    inner,
    ints,
    long_rows,
    longs,
    nodes_of,
    octets,
    products_of,
    projections_of,
    short_rows,
    shorts,
    terms_of,
    traces_of,
)
from sfc.sim.event.kernels.synapses import rows_of

SPARSE = 8
"""One column of so many: from there on whole rows are changed rather than single weights."""

LOWEST_TAG, HIGHEST_TAG = TAG_RANGE.start, TAG_RANGE.stop - 1


@inner
def advance(trace, values, decayed, neurons, count):
    """Lets a trace decay by a step in which these neurons spiked.

    Args:
        trace: its record.
        values: of the trace.
        decayed: by value what becomes of it.
    """
    if trace.is_live:
        highest = 0
        for i in range(len(values)):
            values[i] = decayed[values[i]]
            highest = max(highest, values[i])
        trace.is_live = highest > 0
    for k in range(count):
        values[neurons[k]] = min(values[neurons[k]] + trace.impulse, TRACE_LIMIT)
    if count > 0 and trace.impulse > 0:
        trace.is_live = 1


@inner
def scalar_of(product, terms, rewarded, r1, delay):
    """Returns the sum of a product's coefficients with what is the same for every synapse."""
    total = np.int64(0)
    for k in range(product.first, product.end):
        term = terms[k]
        value = term.coefficient
        if term.r0 > 0 and not rewarded:
            value = np.int64(0)
        for _ in range(term.r1):
            value *= r1
        for _ in range(term.d):
            value *= delay
        total += value
    return total


@inner
def truncated(value, bits, step):
    """Rounds to a multiple of `step` towards zero, from units of 2^-COEFFICIENT_BITS."""
    magnitude = (abs(value) >> bits) * step
    return -magnitude if value < 0 else magnitude


@inner
def change_all(m, projection, change, rows, n_rows, columns, n_columns):
    """Adds a number to the weights between neurons that spiked together, and clips them."""
    weights = short_rows(projection.weights, projection.n_pre, projection.n_post)
    low, high = projection.low, projection.high
    reach = abs(change) + max(abs(low), abs(high))
    if n_columns == 0:
        return
    if n_columns * SPARSE < projection.n_post or reach >= 2**15:
        for i in range(n_rows):
            row = weights[rows[i]]
            for j in range(n_columns):
                row[columns[j]] = min(max(row[columns[j]] + change, low), high)
        return
    added = shorts(m.changes, projection.n_post)
    added[:] = 0
    for j in range(n_columns):
        added[columns[j]] = change
    lowest, highest = np.int16(low), np.int16(high)
    for i in range(n_rows):
        row = weights[rows[i]]
        for j in range(len(added)):
            row[j] = min(max(np.int16(row[j] + added[j]), lowest), highest)


@inner
def power(base, exponent):
    """Returns an integer's power, 1 for exponent 0."""
    value = np.int64(1)
    for _ in range(exponent):
        value *= base
    return value


@inner
def traced(traces, values, number, neuron):
    """Returns the value of a neuron's trace; 0 for trace -1, which no factor has."""
    return values[traces[number].start + neuron] if number >= 0 else np.int64(0)


@inner
def change_by_rule(m, projection, rewarded, pre_on, post_on):
    """Updates weights and tags by whatever the rule says.

    Args:
        m: the machine.
        projection: its record.
        rewarded: whether the reward is on.
        pre_on, post_on: by neuron of source and target, whether it spikes.
    """
    table, products = ints(m.table, m.n_table), products_of(m)
    traces, trace_values = traces_of(m), longs(m.trace_values, m.n_trace_values)
    tags, terms, columns = shorts(m.tags, m.n_tags), terms_of(m), ints(m.cells, m.n_cells)
    factors = long_rows(m.factors, m.n_factors // (m.columns + 1), m.columns + 1)
    n_post = projection.n_post
    first, middle, end = projection.first_dw, projection.end_dw, projection.end_dt
    r1 = traced(traces, trace_values, projection.r1, np.int64(0))
    own = factors[:, m.columns]
    for q in range(first, end):
        own[q - first] = scalar_of(products[q], terms, rewarded, r1, projection.delay)
    n_columns = 0
    for j in range(n_post):
        post = table[projection.post_cells + j] if projection.post_cells >= 0 else j
        y0 = np.int64(post_on[post])
        y1 = traced(traces, trace_values, projection.y1, post)
        y2 = traced(traces, trace_values, projection.y2, post)
        y3 = traced(traces, trace_values, projection.y3, post)
        found = False
        for q in range(first, end):
            product = products[q]
            value = own[q - first] * power(y0, product.y0) * power(y1, product.y1)
            value *= power(y2, product.y2) * power(y3, product.y3)
            factors[q - first, j] = value
            found |= value != 0
        columns[n_columns] = j
        n_columns += found
    if n_columns == 0:
        return
    weights = short_rows(projection.weights, projection.n_pre, n_post)
    for i in range(projection.n_pre):
        pre = table[projection.pre_cells + i] if projection.pre_cells >= 0 else i
        x0 = np.int64(pre_on[pre])
        x1 = traced(traces, trace_values, projection.x1, pre)
        x2 = traced(traces, trace_values, projection.x2, pre)
        found = False
        for q in range(first, end):
            product = products[q]
            value = power(x0, product.x0) * power(x1, product.x1) * power(x2, product.x2)
            own[q - first] = value
            found |= value != 0
        if not found:
            continue
        for c in range(n_columns):
            j = columns[c]
            tag_place = projection.tags + i * n_post + j
            weight = np.int64(weights[i, j])
            tag = np.int64(tags[tag_place]) if projection.tags >= 0 else np.int64(0)
            dw = dt = np.int64(0)
            for q in range(first, end):
                value = factors[q - first, j] * own[q - first]
                if value == 0:
                    continue
                value *= power(weight, products[q].w) * power(tag, products[q].t)
                if q < middle:
                    dw += value
                else:
                    dt += value
            if dw != 0:
                change = truncated(dw, projection.change_bits, projection.step)
                weights[i, j] = min(max(weight + change, projection.low), projection.high)
            if dt != 0:
                change = tag + truncated(dt, np.int64(COEFFICIENT_BITS), np.int64(1))
                tags[tag_place] = min(max(change, LOWEST_TAG), HIGHEST_TAG)


@inner
def go_on(m, number, step, rewarded):
    """Lets a trace go on by a step."""
    trace, nodes = traces_of(m)[number], nodes_of(m)
    values = longs(m.trace_values, m.n_trace_values)[trace.start : trace.start + trace.size]
    decayed = long_rows(m.decayed, m.n_traces, TRACE_LIMIT + 1)[number]
    if trace.owner < 0:
        rewards = ints(m.cells, m.n_cells)
        rewards[0] = 0
        advance(trace, values, decayed, rewards, np.int64(rewarded))
        return
    owner, spike_step = trace.owner, np.int64(-1)
    if trace.by_line:
        projection = projections_of(m)[trace.owner]
        owner, spike_step = projection.source, projection.line_step
    else:
        spike_step = nodes[owner].spike_step
    node = nodes[owner]
    neurons = ints(m.spikes, m.neurons)[node.start : node.start + node.size]
    count = node.spikes if spike_step == step else np.int64(0)
    advance(trace, values, decayed, neurons, count)


@inner
def learn_from(m, projection, step, rewarded):
    """Updates the weights of a projection by what happened in a step."""
    nodes, spikes = nodes_of(m), ints(m.spikes, m.neurons)
    pre, post = nodes[projection.source], nodes[projection.target]
    pre_step = projection.line_step if projection.from_input else pre.spike_step
    n_pre = pre.spikes if pre_step == step else 0
    n_post = post.spikes if post.spike_step == step else 0
    if (projection.needs_pre and n_pre == 0) or (projection.needs_post and n_post == 0):
        return
    sources = spikes[pre.start : pre.start + pre.size]
    targets = spikes[post.start : post.start + post.size]
    if projection.learns == BY_COINCIDENCE:
        change = _coincidence(m, projection, rewarded)
        if change != 0:
            table, spare = ints(m.table, m.n_table), ints(m.rows, m.n_rows)
            rows, n_rows = rows_of(projection.rows, table, sources, n_pre, spare)
            spare = ints(m.cells, m.n_cells)
            columns, n_columns = rows_of(projection.post_columns, table, targets, n_post, spare)
            change_all(m, projection, change, rows, n_rows, columns, n_columns)
        return
    is_on = octets(m.is_on, m.neurons)
    for k in range(n_pre):
        is_on[pre.start + sources[k]] = 1
    for k in range(n_post):
        is_on[post.start + targets[k]] = 1
    pre_on = is_on[pre.start : pre.start + pre.size]
    change_by_rule(m, projection, rewarded, pre_on, is_on[post.start : post.start + post.size])
    for k in range(n_pre):
        is_on[pre.start + sources[k]] = 0
    for k in range(n_post):
        is_on[post.start + targets[k]] = 0


@inner
def _coincidence(m, projection, rewarded):
    """Returns what is added to a weight whose ends spike together."""
    products, terms = products_of(m), terms_of(m)
    r1 = np.int64(0)
    if projection.r1 >= 0:
        r1 = longs(m.trace_values, m.n_trace_values)[traces_of(m)[projection.r1].start]
    total = np.int64(0)
    for q in range(projection.first_dw, projection.end_dw):
        total += scalar_of(products[q], terms, rewarded, r1, projection.delay)
    return truncated(total, projection.change_bits, projection.step)
