"""Tables for the terminal."""

from __future__ import annotations

import numpy as np
from rich.table import Table

from sfc.ir.circuit import Circuit
from sfc.sim.activity import Activity
from sfc.sim.training import Evaluation

_MOST_COLUMNS = 24
_MOST_EVENTS = 20
_MOST_NEURONS = 12


def confusion_table(evaluation: Evaluation) -> Table:
    """Shows which classes were taken for which, by spikes."""
    counts = evaluation.confusion_by_spikes
    table = Table(title="test set by output spikes: true class down, answer across")
    table.add_column("", justify="right")
    for index in range(len(counts)):
        table.add_column(str(index), justify="right")
    for index, row in enumerate(counts):
        table.add_row(str(index), *("" if n == 0 else str(n) for n in row))
    return table


def activity_table(circuit: Circuit, activity: Activity) -> Table:
    """Shows spikes by population and phase; in total only, where there are many phases."""
    widest = max((np.size(counts) for counts in activity.tally.spikes.values()), default=0)
    clock = circuit.schedule.clock
    by_phase = clock is not None and widest <= _MOST_COLUMNS
    table = Table(title=f"spikes by phase of {clock.name}" if clock and by_phase else "spikes")
    table.add_column("population", no_wrap=True)
    for phase in range(widest if by_phase else 0):
        table.add_column(str(phase), justify="right")
    table.add_column("total", justify="right")
    for name, counts in activity.tally.spikes.items():
        cells = ["" if n == 0 else str(n) for n in counts] if by_phase else []
        cells += [""] * (widest - len(cells)) if by_phase else []
        table.add_row(name, *cells, str(int(np.sum(counts))))
    return table


def event_table(activity: Activity) -> Table:
    """Shows the first spikes of probed populations."""
    phases = any(event.phase for event in activity.events)
    rest = len(activity.events) - _MOST_EVENTS
    more = f"{rest} more rows with --json" if rest > 0 else None
    table = Table(title="first probed spikes", caption=more)
    for heading in ("step", "phase", "population", "neurons"):
        if heading != "phase" or phases:
            table.add_column(heading)
    for event in activity.events[:_MOST_EVENTS]:
        neurons = ", ".join(str(neuron) for neuron in event.neurons[:_MOST_NEURONS])
        if len(event.neurons) > _MOST_NEURONS:
            neurons += f", … ({len(event.neurons)})"
        phase = [f"{event.phase[0]}[{event.phase[1]}]" if event.phase else ""] if phases else []
        table.add_row(str(event.step), *phase, event.population, neurons)
    return table
