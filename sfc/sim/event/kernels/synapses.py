"""Delivery: what spikes bring to the steps to come."""

from __future__ import annotations

import numpy as np

from sfc.ir.integers import UNIT
from sfc.sim.event.kernels.layout import ALL_TO_ALL, LEVEL, LISTED, ONE_TO_ONE, SINGLE
from sfc.sim.event.kernels.memory import inner, ints, longs, octets, short_rows, shorts

TOGETHER = 8
"""Rows that are added in one pass."""


@inner
def sample(address, row, size, neurons):
    """Lists the generators that are on in a row of samples; returns how many."""
    bits = octets(address + row * size, size)
    count = 0
    for j in range(size):
        neurons[count] = j
        count += bits[j] != 0
    return count


@inner
def rows_of(place, table, neurons, count, rows):
    """Lists the rows of neurons that spiked, in `rows` where they are not the neurons themselves.

    Args:
        place: in the table, of each neuron's row or -1; -1 where they agree.

    Returns:
        The rows, of which the first so many count.
    """
    if place < 0:
        return neurons, count
    found = 0
    for k in range(count):
        row = table[place + neurons[k]]
        if row >= 0:
            rows[found] = row
            found += 1
    return rows, found


@inner
def mark(m, slot, population, what):
    """Notes that something comes to a population."""
    place = slot * m.populations
    marks = octets(m.mark, m.n_mark)
    if marks[place + population] == 0:
        queued = longs(m.queued, m.delays)
        ints(m.queue, m.n_queue)[place + queued[slot]] = population
        queued[slot] += 1
    marks[place + population] |= what


@inner
def deliver(m, projection, neurons, count, step):
    """Delivers spikes of a step over a projection."""
    table = ints(m.table, m.n_table)
    rows, count = rows_of(projection.rows, table, neurons, count, ints(m.rows, m.n_rows))
    if count == 0:
        return
    slot = (step + 1 + projection.delay) % m.delays
    kind, column, amount = projection.kind, projection.column, projection.amount
    into = longs(m.arriving, m.n_arriving)[slot * m.n_u : (slot + 1) * m.n_u]
    if kind == ALL_TO_ALL and projection.whole:
        longs(m.level, m.n_level)[slot * m.populations + projection.target] += amount * count
        mark(m, slot, projection.target, np.int64(LEVEL))
        return
    mark(m, slot, projection.target, np.int64(SINGLE))
    if kind == ALL_TO_ALL:
        for j in range(projection.n_post):
            into[column + j if column >= 0 else table[projection.columns + j]] += amount * count
    elif kind == ONE_TO_ONE and column >= 0:
        for k in range(count):
            into[column + rows[k]] += amount
    elif kind == ONE_TO_ONE:
        columns = table[projection.columns : projection.columns + projection.n_post]
        for k in range(count):
            into[columns[rows[k]]] += amount
    elif kind == LISTED:
        for k in range(count):
            place = projection.first + rows[k]
            for s in range(table[place], table[place + 1]):
                j = table[projection.targets + s]
                at = column + j if column >= 0 else table[projection.columns + j]
                into[at] += table[projection.amounts + s]
    else:
        _add_rows(projection, rows, count, table, into, shorts(m.sums, projection.n_post))


@inner
def _add_rows(projection, rows, count, table, into, total):
    """Adds rows of plastic weights, several at a time in 16 bits where they hold the sum."""
    weights = short_rows(projection.weights, projection.n_pre, projection.n_post)
    columns, column = projection.n_post, projection.column
    done = np.int64(0)
    while done < count:
        end = min(done + max(projection.block, 1), count)
        sum_rows(weights, rows, done, end, total)
        if column >= 0:
            target = into[column : column + columns]
            for j in range(columns):
                target[j] += UNIT * total[j]
        else:
            for j in range(columns):
                into[table[projection.columns + j]] += UNIT * total[j]
        done = end


@inner
def sum_rows(weights, rows, first, end, total):
    """Sums the rows from `first` to `end`, at least one, whose sum fits 16 bits, into `total`."""
    row = weights[rows[first]]
    for j in range(len(total)):
        total[j] = row[j]
    k = first + 1
    while k + TOGETHER <= end:
        a, b, c = weights[rows[k]], weights[rows[k + 1]], weights[rows[k + 2]]
        d, e, f = weights[rows[k + 3]], weights[rows[k + 4]], weights[rows[k + 5]]
        g, h = weights[rows[k + 6]], weights[rows[k + 7]]
        for j in range(len(total)):
            eight = a[j] + b[j] + c[j] + d[j] + e[j] + f[j] + g[j] + h[j]
            total[j] = np.int16(total[j] + eight)
        k += TOGETHER
    while k < end:
        row = weights[rows[k]]
        for j in range(len(total)):
            total[j] = np.int16(total[j] + row[j])
        k += 1
