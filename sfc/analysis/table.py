"""The phase table: what a reading says of every population and phase of a frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sfc.analysis.cells import Sum
from sfc.analysis.solve import NOBODY, Found, Reading
from sfc.analysis.timeline import NO_PHASE, Phase
from sfc.ir.circuit import Circuit
from sfc.ir.integers import UNIT

State = Literal["silent", "may_fire", "must_fire", "open"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A population in a phase, in every frame; amounts in weight units.

    Attributes:
        chain, phase: of the frame; "" and -1 for a step that is no phase, or any step where the
            phases are not told apart.
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
        """Returns a cell; KeyError for an unknown population or phase.

        Where phases are not told apart, it is the same for all.
        """
        phase = phase if self.chain else -1
        if phase not in self.numbers:
            raise KeyError(f"{self.chain} has no phase {phase}")
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


def tabulate(reading: Reading) -> tuple[PhaseTable, ...]:
    """Returns the phase tables of a reading: one, or one for each chain of frames that divide.

    The first is of the chain that makes the frames. Where frames divide, the last is of the steps
    that are no phase, if anything arrives in them.
    """
    circuit, timeline = reading.network.circuit, reading.timeline
    gathered: dict[Phase, dict[str, dict[int, list[Found]]]] = {}
    for (block, moment), found in reading.found.items():
        if reading.network.blocks[block].kind == "population":
            for place in timeline.phases(moment) or (NO_PHASE,):
                cells = gathered.setdefault(place, {})
                by_moment = cells.setdefault(reading.network.blocks[block].name, {})
                by_moment.setdefault(moment, []).append(found)
    known: dict[str, dict[tuple[str, int], Cell]] = {}
    for (chain, phase), cells in gathered.items():
        moments = len(timeline.at(chain, phase))
        for name, there in cells.items():
            known.setdefault(chain, {})[name, phase] = _cell(
                reading, Place(name, chain, phase), there, moments
            )
    lengths = {chain.name: len(chain.relays) for chain in circuit.schedule.chains}
    first = timeline.clock.name if timeline.clock else ""
    others = [name for name in (*lengths, "") if name != first] if timeline.tree else []
    order = {name: index for index, name in enumerate(circuit.populations)}
    tables = []
    for chain in (first, *others):
        cells_of = known.get(chain, {})
        ordered = sorted(cells_of.items(), key=lambda item: (order[item[0][0]], item[0][1]))
        if chain or cells_of or not timeline.tree:
            tables.append(PhaseTable(circuit, chain, lengths.get(chain, 1), dict(ordered)))
    return tuple(tables)


class Place(NamedTuple):
    """A population in a phase of a chain."""

    population: str
    chain: str
    phase: int


def _count(found: list[Found]) -> tuple[int, int]:
    """Returns how many neurons of all blocks fire at least and at most."""
    return sum(f.firing.low for f in found), sum(f.may_fire for f in found)


def _cell(reading: Reading, place: Place, by_moment: dict[int, list[Found]], moments: int) -> Cell:
    """Returns a cell.

    Args:
        reading: in which it was found.
        place: of the cell.
        by_moment: what was found of its blocks, in moments that are that phase.
        moments: how many there are.
    """
    network = reading.network
    name, chain, phase = place
    counts = [_count(several) for several in by_moment.values()]
    if len(counts) < moments:
        counts.append((0, 0))
    count = min(low for low, _ in counts), max(high for _, high in counts)
    found = [one for there in by_moment.values() for one in there]
    is_whole = len(found) == moments * len(network.blocks_of[name])
    state: State = "silent"
    if any(f.may_fire and f.is_shut for f in found):
        state = "open"
    elif count[1]:
        state = "must_fire" if count[0] else "may_fire"
    if not is_whole:
        neuron = network.circuit.populations[name].neuron
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
        worst.margin / UNIT + drive[1],
        worst.margin / UNIT,
        count,
        any(f.total.opened for f in found),
        any(f.total.closed for f in found),
    )
