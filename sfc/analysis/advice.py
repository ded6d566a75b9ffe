"""Warnings that nobody has to ask for: what of a circuit's timing cannot be meant.

A mistake has consequences: who is never opened drives nobody. What follows from another warning is
left out.
"""

from __future__ import annotations

from collections.abc import Iterable

from sfc.analysis.advice_learning import broken_ties, idle_rewards, unopened_coincidences
from sfc.analysis.advice_silence import never_firing, stopped_chains
from sfc.analysis.advice_spikes import (
    blind_readouts,
    idle_gates,
    late_spikes,
    never_read,
    open_and_unguarded,
    report_idle_gates,
    stopped_clock,
    unread_populations,
    wasted_spikes,
)
from sfc.analysis.obligations import Obligation
from sfc.analysis.phases import Phases
from sfc.analysis.readings import read
from sfc.analysis.survey import survey
from sfc.analysis.timeline import timeless
from sfc.diagnostics import Reporter


def advise(
    phases: Phases,
    reporter: Reporter,
    observed: Iterable[str] = (),
    told: Iterable[Obligation] = (),
) -> None:
    """Reports what cannot be meant, by the conditional reading, as warnings.

    Args:
        phases: the analysis of a circuit.
        reporter: receives the warnings.
        observed: populations that something outside of the circuit reads, such as its tests.
        told: what is reported as an error, and needs no warning.
    """
    reached = phases.conditional
    if reached.reading.timeline.tree:
        reached = read(phases.circuit, True, timeless())
    if stopped_clock(reached, reporter):
        return
    seen, observed, told = survey(reached), frozenset(observed), list(told)
    unread, idle = unread_populations(seen, observed), idle_gates(seen)
    spoken = never_firing(
        seen,
        _silent_on_purpose(phases) | {o.subject for o in told if o.kind == "fires"},
        [population.name for population in unread],
        idle,
        reporter,
    )
    stopped_chains(seen, reporter)
    sources, targets = late_spikes(seen, spoken.sources, reporter)
    opened = report_idle_gates(seen, idle, targets, spoken.gates, reporter)
    cells = frozenset((o.subject, o.phase) for o in told if o.kind == "silent")
    open_and_unguarded(seen, cells, reporter)
    blind_readouts(seen, reporter)
    never_read([p for p in unread if p.name not in spoken.sources], reporter)
    unopened_coincidences(seen, cells, reporter)
    unrewarded = idle_rewards(seen, targets | opened, reporter)
    known = observed | sources | {population.name for population in unread}
    wasted_spikes(seen, known, targets | opened, unrewarded, reporter)
    matrices = {o.subject for o in told if o.kind == "tied"}
    broken_ties(seen, matrices, targets | opened, reporter)


def _silent_on_purpose(phases: Phases) -> set[str]:
    """Returns populations that are asserted to be silent in every phase."""
    asserted: dict[str, set[int]] = {}
    clock = phases.circuit.schedule.clock
    for prop in phases.circuit.properties:
        if prop.kind == "silent" and (clock is None or prop.chain == clock.name):
            for subject in prop.subjects:
                asserted.setdefault(subject, set()).update(prop.phases)
    numbers = set(phases.conditional.table.numbers)
    return {subject for subject, phases_ in asserted.items() if numbers <= phases_}
