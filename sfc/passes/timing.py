"""What passes take from the phase analysis: what holds of every run, whatever is presented."""

from __future__ import annotations

from dataclasses import replace

from sfc.analysis.readings import Reached, read
from sfc.analysis.timeline import timeless
from sfc.ir.circuit import Circuit, Tie, by_name


def timing(circuit: Circuit, begin_equal: bool = False) -> Reached:
    """Returns the sound reading of a circuit, without the bounds that its inputs declare.

    It holds of every step: where no ring makes frames, a run by steps goes on after the last one.

    Args:
        circuit: any.
        begin_equal: suppose that the copies of a matrix are equal when a run begins.
    """
    clock = circuit.schedule.clock
    moments = None if clock is not None and clock.ring else timeless()
    weights = {p.weight for p in circuit.projections.values() if isinstance(p.weight, Tie)}
    apart = frozenset() if begin_equal else frozenset(weights)
    free = by_name(replace(source, at_least=0, at_most=None) for source in circuit.inputs.values())
    return read(replace(circuit, inputs=free), False, moments, apart)


def seen_membranes(circuit: Circuit) -> frozenset[str]:
    """Returns the populations of which something names the membrane."""
    schedule = circuit.schedule
    probed = {probe.population for probe in schedule.probes if probe.quantity == "membrane"}
    return frozenset(probed | {readout.population for readout in schedule.readouts})
