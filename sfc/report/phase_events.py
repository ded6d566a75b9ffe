"""What happens to populations in the phases of a frame: inputs are presented, weights learn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sfc.analysis.readings import Reached
from sfc.analysis.ties import is_by_coincidence, lessons, moments_of
from sfc.ir.circuit import Tie

EventKind = Literal["present", "reward", "grow", "shrink", "learn"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens in a phase of the frame.

    Attributes:
        kind: present (of an input), reward, or what a projection learns from spikes of both its
            ends: grow, shrink, or learn where that depends on more.
        text: in words.
        matrix: that learns; empty for others.
    """

    kind: EventKind
    text: str
    matrix: str = ""


Events = Mapping[tuple[str, int], list[Event]]
"""By (population, phase of the clock); rewards have no population: their name is empty."""


def events_of(reached: Reached) -> Events:
    """Returns what happens in a reading of a circuit."""
    found: dict[tuple[str, int], dict[Event, None]] = {}
    for name, phase, event in (*_presents(reached), *_rewards(reached), *_lessons(reached)):
        found.setdefault((name, phase), {})[event] = None
    return {key: list(events) for key, events in found.items()}


def _presents(reached: Reached) -> Iterator[tuple[str, int, Event]]:
    circuit = reached.table.circuit
    for present in circuit.schedule.presents:
        for phase in _phases(reached, present.chain, present.phase):
            for name in present.projections:
                target = circuit.projections[name].target
                yield target, phase, Event("present", f"{present.input} is presented")


def _rewards(reached: Reached) -> Iterator[tuple[str, int, Event]]:
    for reward in reached.table.circuit.schedule.rewards:
        for phase in _phases(reached, reward.chain, reward.phase):
            yield "", phase, Event("reward", "reward")


def _phases(reached: Reached, chain: str, phase: int) -> list[int]:
    """Returns the phases of the frame that may be a phase of a chain."""
    if chain == reached.table.chain:
        return [phase]
    timeline = reached.reading.timeline
    return sorted({timeline.phase(m) for m in moments_of(reached.reading, chain, phase)})


def _lessons(reached: Reached) -> Iterator[tuple[str, int, Event]]:
    circuit = reached.table.circuit
    for projection in circuit.projections.values():
        tie = projection.weight
        if not isinstance(tie, Tie) or not circuit.learns(projection):
            continue
        rule = circuit.rule_of(projection)
        if rule is None or not is_by_coincidence(rule):
            continue
        for lesson in lessons(reached.reading, projection):
            phase = reached.reading.timeline.phase(lesson.moment)
            changes = [tie.sign * change for change in lesson.change[:2]]
            kind: EventKind = "learn"
            if len(changes) == 1:
                kind = "grow" if changes[0] > 0 else "shrink"
            by = " or ".join(f"{change:+,}" for change in changes)
            yield (
                projection.target,
                phase,
                Event(kind, f"{projection.name} learns {by}", tie.matrix),
            )
