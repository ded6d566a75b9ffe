"""Warnings that nobody has to ask for: what of a circuit's timing cannot be meant."""

from __future__ import annotations

from collections.abc import Iterable

from sfc.analysis.advice_learning import (
    broken_ties,
    idle_rewards,
    unopened_coincidences,
)
from sfc.analysis.advice_spikes import (
    blind_readouts,
    idle_gates,
    late_spikes,
    never_firing,
    never_read,
    open_and_unguarded,
    stopped_clock,
    wasted_spikes,
)
from sfc.analysis.effects import effects
from sfc.analysis.phases import Phases
from sfc.diagnostics import Reporter


def advise(phases: Phases, reporter: Reporter, observed: Iterable[str] = ()) -> None:
    """Reports what cannot be meant, by the conditional reading, as warnings.

    Args:
        phases: the analysis of a circuit.
        reporter: receives the warnings.
        observed: populations that something outside of the circuit reads, such as its tests.
    """
    reached = phases.conditional
    if stopped_clock(reached, reporter):
        return
    followed = effects(reached.reading)
    silent = never_firing(reached, followed, reporter)
    late = late_spikes(reached, followed, silent, reporter)
    idle_gates(reached, followed, silent, reporter)
    open_and_unguarded(reached, reporter)
    blind_readouts(reached, reporter)
    unread = never_read(reached, frozenset(observed), silent, reporter)
    wasted_spikes(reached, followed, frozenset(observed) | unread, late, reporter)
    unopened_coincidences(reached, reporter)
    idle_rewards(reached, reporter)
    broken_ties(reached, reporter)
