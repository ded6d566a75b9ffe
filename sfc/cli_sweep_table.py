"""The table of a sweep for the terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from sfc.sweeps.rows import cell
from sfc.sweeps.summary import Spread
from sfc.sweeps.sweep import Sweep


def sweep_table(sweep: Sweep) -> Table:
    """Shows the test accuracy of both readouts for every combination of parameter values."""
    plan = sweep.plan
    epochs = f"{plan.options.epochs} epoch{'' if plan.options.epochs == 1 else 's'}"
    table = Table(title=f"test accuracy in % after {epochs}, over {plan.circuit}'s runs")
    groups = sweep.groups
    fails = any(group.failed for group in groups)
    headings = [*plan.values, "runs", *(["failed"] if fails else [])]
    for readout in ("spikes", "membrane"):
        headings += [f"{readout}\nmean", "min", "max"]
    for heading in headings:
        table.add_column(Text(heading), justify="right")
    for group in groups:
        values = [cell(value) for value in group.parameters.values()]
        runs = [str(group.runs), *([str(group.failed)] if fails else [])]
        table.add_row(*values, *runs, *_percents(group.by_spikes), *_percents(group.by_membrane))
    return table


def _percents(spread: Spread | None) -> list[str]:
    if spread is None:
        return [""] * 3
    return [f"{100 * part:.1f}" for part in (spread.mean, spread.lowest, spread.highest)]
