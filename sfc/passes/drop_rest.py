"""The pass drop-rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from sfc.analysis.solve import Reading
from sfc.diagnostics import Reporter
from sfc.ir.circuit import Circuit, Population, by_name
from sfc.passes.base import Preserves
from sfc.passes.timing import seen_membranes, timing


@dataclass(frozen=True, slots=True)
class DropRest:
    """Drops refractoriness where a neuron would be silent after its spikes in any case.

    By the sound reading of the phase analysis, without the bounds that inputs declare: after every
    phase in which a population may fire, what can arrive in the silent steps that follow is too
    little to make it fire. Spikes are the same; the membrane, held at 0 while a neuron rests, is
    not, so populations whose membrane is probed or read out stay as they are, and those that keep
    anything from step to step.
    """

    name: ClassVar[str] = "drop-rest"
    summary: ClassVar[str] = "refractoriness goes where it is proved to hold nothing back"
    preserves: ClassVar[Preserves] = "spikes"

    def run(self, circuit: Circuit, reporter: Reporter) -> Circuit:
        """Returns the circuit without refractoriness that changes nothing."""
        resting = [p for p in circuit.populations.values() if p.neuron.refractory > 1]
        if not resting:
            return circuit
        reading = timing(circuit).reading
        shown = seen_membranes(circuit)
        free = {p.name for p in resting if p.name not in shown and _is_idle(reading, p)}
        if not free:
            return circuit
        return replace(
            circuit,
            populations=by_name(
                replace(p, neuron=replace(p.neuron, refractory=0)) if p.name in free else p
                for p in circuit.populations.values()
            ),
        )


def _is_idle(reading: Reading, population: Population) -> bool:
    """Tells whether a population's neurons would be silent in all steps in which they rest."""
    timeline = reading.timeline
    for number in reading.network.blocks_of[population.name]:
        block = reading.network.blocks[number]
        if block.has_memory or block.is_restless:
            return False
        for moment in range(timeline.length):
            if not reading.firing(number, moment).high:
                continue
            for step in range(1, timeline.steps_of(block.rest) + 1):
                for later in timeline.future(moment, step):
                    after = reading.found.get((number, later))
                    if after is not None and (after.margin < 0 or after.overflows):
                        return False
    return True
