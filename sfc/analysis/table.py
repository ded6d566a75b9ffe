"""The phase table: what a reading says of every population and phase of a frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sfc.analysis.cells import Sum
from sfc.analysis.solve import NOBODY, Found, Reading
from sfc.ir.circuit import Circuit
from sfc.ir.integers import UNIT

State = Literal["silent", "may_fire", "must_fire", "open"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A population in a phase, in every frame; amounts in weight units.

    Attributes:
        chain, phase: of the frame; "" and -1 where the circuit has no frames of one length, and
            one cell stands for every step.
        state: silent, may_fire, must_fire (at least one neuron does), or open: nobody opened it,
            and it is not proved silent.
        drive: least and most that arrives at a neuron, gates left out.
        level: a neuron fires if its drive exceeds this, with the gates as they may be.
        margin: level minus the most that arrives; negative if a neuron may fire.
        count: least and most neurons that fire.
        opened, closed: whether a gate that opens or closes may arrive.
    """

    population: str
    chain: str
    phase: int
    state: State
    drive: tuple[float, float]
    level: float
    margin: float
    count: tuple[int, int]
    opened: bool
    closed: bool

    def data(self) -> dict[str, Any]:
        """Returns it as JSON data."""
        return {
            "population": self.population,
            "chain": self.chain,
            "phase": self.phase,
            "state": self.state,
            "drive": list(self.drive),
            "level": self.level,
            "margin": self.margin,
            "count": list(self.count),
            "opened": self.opened,
            "closed": self.closed,
        }


@dataclass(frozen=True, slots=True)
class PhaseTable:
    """Cells by population and phase.

    Attributes:
        chain: whose phases they are, "" without frames.
        phases: how many, 1 without frames.
        known: cells at which something arrives, or that fire, by (population, phase).
    """

    circuit: Circuit
    chain: str
    phases: int
    known: Mapping[tuple[str, int], Cell]

    @property
    def numbers(self) -> range:
        """The phases, or -1 alone without frames."""
        return range(self.phases) if self.chain else range(-1, 0)

    def cell(self, population: str, phase: int = -1) -> Cell:
        """Returns a cell; KeyError for an unknown population."""
        known = self.known.get((population, phase))
        if known is not None:
            return known
        neuron = self.circuit.populations[population].neuron
        level = float(neuron.threshold - neuron.bias)
        return Cell(
            population, self.chain, phase, "silent", (0, 0), level, level, (0, 0), False, False
        )

    def of(self, population: str) -> list[Cell]:
        """Returns the cells of a population at which something arrives, or that fire."""
        cells = (self.known.get((population, phase)) for phase in self.numbers)
        return [cell for cell in cells if cell is not None]

    def cells(self) -> Iterator[Cell]:
        """Yields every cell, population by population."""
        for population in self.circuit.populations:
            for phase in self.numbers:
                yield self.cell(population, phase)

    def firing(self) -> list[Cell]:
        """Returns the cells that fire or may fire, without those that are assumed silent."""
        return [cell for cell in self.known.values() if cell.state in ("may_fire", "must_fire")]

    def open(self) -> list[Cell]:
        """Returns the cells that nobody opened and that are not proved silent."""
        return [cell for cell in self.known.values() if cell.state == "open"]


def tabulate(reading: Reading) -> PhaseTable:
    """Returns the phase table of a reading."""
    network, timeline = reading.network, reading.timeline
    chain = timeline.clock.name if timeline.clock else ""
    gathered: dict[tuple[str, int], dict[int, list[Found]]] = {}
    for (block, moment), found in reading.found.items():
        if network.blocks[block].kind == "population":
            key = (network.blocks[block].name, timeline.phase(moment))
            gathered.setdefault(key, {}).setdefault(moment, []).append(found)
    repeats = timeline.length // timeline.frame if timeline.frame else 1
    known = {}
    for (name, phase), by_moment in gathered.items():
        blocks = len(network.blocks_of[name])
        counts = [_count(several) for several in by_moment.values()]
        if len(counts) < repeats:
            counts.append((0, 0))
        count = min(low for low, _ in counts), max(high for _, high in counts)
        several = [found for there in by_moment.values() for found in there]
        is_whole = len(several) == repeats * blocks
        known[name, phase] = _cell(network.circuit, chain, name, phase, several, count, is_whole)
    order = {name: index for index, name in enumerate(network.circuit.populations)}
    ordered = dict(sorted(known.items(), key=lambda item: (order[item[0][0]], item[0][1])))
    return PhaseTable(network.circuit, chain, timeline.frame or 1, ordered)


def _count(found: list[Found]) -> tuple[int, int]:
    """Returns how many neurons of all blocks fire at least and at most."""
    return sum(f.firing.low for f in found), sum(f.may_fire for f in found)


def _cell(
    circuit: Circuit,
    chain: str,
    name: str,
    phase: int,
    found: list[Found],
    count: tuple[int, int],
    is_whole: bool,
) -> Cell:
    """Returns a cell.

    Args:
        circuit, chain, name, phase: of which.
        found: of its blocks, in all moments that are that phase.
        count: of spikes.
        is_whole: whether something was found of every block in every moment.
    """
    state: State = "silent"
    if any(f.may_fire and f.is_shut for f in found):
        state = "open"
    elif count[1]:
        state = "must_fire" if count[0] else "may_fire"
    if not is_whole:
        neuron = circuit.populations[name].neuron
        found = [*found, Found(NOBODY, 0, Sum(), UNIT * (neuron.threshold - neuron.bias))]
    worst = min(found, key=lambda f: f.margin)
    drive = (
        min(f.total.drive_low for f in found) / UNIT,
        max(f.total.drive_high for f in found) / UNIT,
    )
    return Cell(
        name,
        chain,
        phase,
        state,
        drive,
        (worst.margin + worst.total.drive_high) / UNIT,
        worst.margin / UNIT,
        count,
        any(f.total.opened for f in found),
        any(f.total.closed for f in found),
    )
