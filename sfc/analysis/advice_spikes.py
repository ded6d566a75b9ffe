"""Warnings on spikes and gates: what arrives at the wrong time, and what it arrives for."""

from __future__ import annotations

from collections.abc import Iterable

from sfc.analysis.effects import Effects, Landing
from sfc.analysis.readings import Reached
from sfc.analysis.sentences import amount_text, listed, names_text, phases_text
from sfc.analysis.solve import Reading
from sfc.analysis.table import Cell
from sfc.analysis.ties import endings
from sfc.diagnostics import Reporter
from sfc.ir.circuit import Circuit, Population
from sfc.ir.integers import DELAY_LIMIT


def stopped_clock(reached: Reached, reporter: Reporter) -> bool:
    """Reports a ring that does not make frames of its length, and tells whether it is so."""
    reading = reached.reading
    circuit = reading.network.circuit
    clock = circuit.schedule.clock
    if clock is None or circuit.schedule.frame_length is None or reading.timeline.frame is not None:
        return False
    message = f"chain `{clock.name}` may not make frames of {len(clock.relays)} phases"
    help = (
        "each relay must fire one step after the one before it, and at no other time: see the "
        "weight `ring`, and what else drives the relays"
    )
    reporter.warning("W0509", message, clock.span, help=help)
    return True


def never_firing(reached: Reached, followed: Effects, reporter: Reporter) -> frozenset[str]:
    """Reports populations that never fire, and returns their names."""
    circuit = reached.reading.network.circuit
    firing = {cell.population for cell in reached.table.firing()}
    silent = [p for p in circuit.populations.values() if p.name not in firing]
    for population in silent:
        if population.origin is not None:
            continue
        reason, help = _why_never(reached, population)
        reporter.warning(
            "W0506", f"`{population.name}` never fires: {reason}", population.span, help=help
        )
    return frozenset(population.name for population in silent)


def _why_never(reached: Reached, population: Population) -> tuple[str, str]:
    """Returns why a population never fires, and what would help."""
    circuit, reading = reached.reading.network.circuit, reached.reading
    name = population.name
    incoming = [p for p in circuit.projections.values() if p.target == name]
    cells = reached.table.of(name)
    opened = [cell for cell in cells if cell.opened]
    driven = [cell for cell in cells if cell.drive[1] > 0]
    if any(block.gated for block in _blocks(reading, name)) and opened:
        best = min(opened, key=lambda cell: cell.margin)
        if best.drive[1] > 0:
            where = _phase(best)
            return (
                f"{where} its drive is at most {amount_text(best.drive[1])}, and it fires above "
                f"{amount_text(best.level)}",
                "raise the weight that drives it, or lower the level at which it is opened",
            )
        where = _listed(opened)
        if driven:
            return (
                f"it is opened in {where}, and driven in {_listed(driven)}",
                "let delays and phases meet",
            )
        return f"it is opened in {where}, and nothing drives it", _source_help(incoming, reading)
    if population.neuron.bias < 0 and driven:
        return (
            f"it is driven in {_listed(driven)}, and nothing opens it",
            f"open it in a phase: `phase {driven[0].phase} {{ open {name}; }}`"
            if driven[0].chain
            else f"open it in a phase, or by a gate: `gate … -> {name} …;`",
        )
    if driven:
        best = min(driven, key=lambda cell: cell.margin)
        return (
            f"its drive is at most {amount_text(best.drive[1])}, and it fires above "
            f"{amount_text(best.level)}",
            "raise the weight that drives it, or lower its threshold",
        )
    return "nothing drives it", _source_help(incoming, reading)


def _source_help(incoming: Iterable[object], reading: Reading) -> str:
    sources = sorted({p.source for p in incoming if not getattr(p.origin, "chain", "")})  # type: ignore[attr-defined]
    if sources:
        return f"what would drive it, {names_text(sources)}, is silent or arrives with no effect"
    return "draw a projection to it, or present an input to it"


def _blocks(reading: Reading, name: str) -> list:  # type: ignore[type-arg]
    return [reading.network.blocks[number] for number in reading.network.blocks_of[name]]


def _phase(cell: Cell) -> str:
    return f"in phase {cell.phase}" if cell.chain else "in any step"


def _listed(cells: list[Cell]) -> str:
    if not cells[0].chain:
        return "any step"
    numbers = [str(cell.phase) for cell in cells]
    return f"phase{'s' * (len(numbers) > 1)} {listed(numbers)}"


def late_spikes(
    reached: Reached, followed: Effects, silent: frozenset[str], reporter: Reporter
) -> frozenset[str]:
    """Reports projections whose spikes arrive only where they change nothing.

    Returns:
        The sources of those that are reported.
    """
    reading = reached.reading
    circuit = reading.network.circuit
    reported: set[str] = set()
    for name, landings in followed.by_projection.items():
        projection = circuit.projections[name]
        kind = projection.origin.kind if projection.origin else ""
        if kind not in ("", "present", "start") or any(landing.matters for landing in landings):
            continue
        if projection.target in silent or _is_weightless(landings):
            continue
        sent = phases_text(reading, (landing.sent[1] for landing in landings))
        arriving = phases_text(reading, (landing.cell[1] for landing in landings))
        wanted = [cell for cell in reached.table.of(projection.target) if cell.opened]
        if reading.timeline.frame is None:
            message = f"spikes of `{projection.source}` change nothing in `{projection.target}`"
        else:
            message = (
                f"spikes of `{projection.source}` reach `{projection.target}` in {arriving}, and "
                "change nothing there"
            )
        help = f"they are sent in {sent}"
        if wanted and reading.timeline.frame is not None:
            help += f"; it is opened in {_listed(wanted)}"
            better = _better_delay(reading, landings, projection.delay)
            help += f": delay {better} would reach that" if better is not None else ""
        reported.add(projection.source)
        reporter.warning("W0503", message, projection.span, help=help)
    return frozenset(reported)


def _is_weightless(landings: list[Landing]) -> bool:
    return all(landing.link.low == landing.link.high == 0 for landing in landings)


def _better_delay(reading: Reading, landings: list[Landing], delay: int) -> int | None:
    """Returns the nearest delay with which spikes reach an opened target in the same frame."""

    def reaches(other: int) -> bool:
        for landing in landings:
            moment = landing.sent[1]
            there = reading.found.get((landing.link.target, moment + 1 + other))
            if there is not None and there.total.opened:
                return True
        return False

    others = sorted(range(DELAY_LIMIT + 1), key=lambda other: (abs(other - delay), other))
    return next((other for other in others if reaches(other)), None)


def idle_gates(
    reached: Reached, followed: Effects, silent: frozenset[str], reporter: Reporter
) -> None:
    """Reports gates that open nothing that is driven."""
    reading = reached.reading
    circuit = reading.network.circuit
    for name, landings in followed.by_projection.items():
        projection = circuit.projections[name]
        if landings[0].link.gate != "open" or projection.target in silent:
            continue
        if any(reading.firing(*landing.cell).high for landing in landings):
            continue
        where = phases_text(reading, (landing.cell[1] for landing in landings))
        cells = reached.table.of(projection.target)
        there = [
            reached.table.cell(projection.target, reading.timeline.phase(landing.cell[1]))
            for landing in landings
        ]
        best = min(there, key=lambda cell: cell.margin)
        driven = [cell for cell in cells if cell.drive[1] > 0]
        message = f"`{projection.target}` is opened in {where}, where nothing drives it"
        help = f"it is driven in {_listed(driven)}" if driven else "nothing ever drives it"
        if best.drive[1] > 0:
            message = (
                f"`{projection.target}` is opened in {where} and does not fire: its drive is at "
                f"most {amount_text(best.drive[1])}, and it fires above {amount_text(best.level)}"
            )
            help = "raise the weight that drives it, or lower the level at which it is opened"
            if best.closed:
                help = "something closes it there too"
        reporter.warning("W0504", message, projection.span, help=help)


def open_and_unguarded(reached: Reached, reporter: Reporter) -> None:
    """Reports cells that are driven, neither opened nor closed, and not proved silent."""
    reading = reached.reading
    circuit = reading.network.circuit
    groups: dict[tuple[int, str], list[Cell]] = {}
    for cell in reached.table.open():
        if not cell.closed:
            driver = _driver(reading, cell)
            groups.setdefault((cell.phase, driver), []).append(cell)
    for (phase, _), cells in groups.items():
        names = [cell.population for cell in cells]
        worst = max(cells, key=lambda cell: cell.drive[1] - cell.level)
        where = f"in phase {phase}" if worst.chain else "at times"
        message = (
            f"{names_text(names)} may fire {where}, in which nobody opens or closes "
            f"{'it' if len(names) == 1 else 'them'}: a drive of up to "
            f"{amount_text(worst.drive[1])} arrives, and {amount_text(worst.level)} is safe"
        )
        help = f"`phase {phase} {{ close {', '.join(names)}; }}`" if worst.chain else ""
        reporter.warning("W0505", message, circuit.populations[names[0]].span, help=help)


def _driver(reading: Reading, cell: Cell) -> str:
    """Returns the source of most of what arrives at a cell."""
    best, most = "", 0
    for number in reading.network.blocks_of[cell.population]:
        for moment in range(reading.timeline.length):
            if reading.timeline.phase(moment) != cell.phase:
                continue
            for link, firing, *_ in reading.coming(number, moment):
                brought = min(firing.high * link.high, link.most)
                if brought > most:
                    best, most = reading.network.blocks[link.source].name, brought
    return best


def blind_readouts(reached: Reached, reporter: Reporter) -> None:
    """Reports readouts in phases in which nothing that varies arrives."""
    for readout in reached.reading.network.circuit.schedule.readouts:
        cell = reached.table.cell(readout.population, readout.phase)
        if cell.chain != readout.chain or cell.drive[0] != cell.drive[1]:
            continue
        cells = (reached.table.cell(readout.population, phase) for phase in reached.table.numbers)
        driven = [cell for cell in cells if cell.opened and cell.drive[0] != cell.drive[1]]
        where = f"phase {readout.phase}"
        message = f"`{readout.population}` is read out in {where}, where nothing varies"
        help = f"it is opened and driven in {_listed(driven)}" if driven else ""
        reporter.warning("W0510", message, readout.span, help=help)


def never_read(
    reached: Reached, observed: frozenset[str], silent: frozenset[str], reporter: Reporter
) -> frozenset[str]:
    """Reports populations that fire and whose spikes nobody reads, and returns their names."""
    circuit = reached.reading.network.circuit
    read = observed | silent | _recorded(circuit)
    read |= {p.source for p in circuit.projections.values()}
    read |= {p.target for p in circuit.projections.values() if circuit.learns(p)}
    unread = [p for p in circuit.populations.values() if p.name not in read]
    for population in unread:
        if population.origin is not None:
            continue
        message = f"nothing reads the spikes of `{population.name}`"
        help = f"add `probe {population.name};` to record them, or drop it"
        reporter.warning("W0508", message, population.span, help=help)
    return frozenset(population.name for population in unread)


def _recorded(circuit: Circuit) -> frozenset[str]:
    schedule = circuit.schedule
    names = {probe.population for probe in schedule.probes}
    names |= {readout.population for readout in schedule.readouts}
    return frozenset(names)


def wasted_spikes(
    reached: Reached,
    followed: Effects,
    read: frozenset[str],
    late: frozenset[str],
    reporter: Reporter,
) -> None:
    """Reports phases in which a population fires and nothing comes of it."""
    reading = reached.reading
    if reading.timeline.frame is None:
        return
    circuit = reading.network.circuit
    learning = _learning(reading)
    skipped = read | late | _recorded(circuit)
    wasted: dict[str, list[int]] = {}
    for (number, moment), found in reading.found.items():
        block = reading.network.blocks[number]
        is_plain = block.kind == "population" and circuit.populations[block.name].origin is None
        if not is_plain or block.name in skipped or not found.firing.high:
            continue
        if (number, moment) not in followed.used and (number, moment) not in learning:
            wasted.setdefault(block.name, []).append(moment)
    for name, moments in wasted.items():
        where = phases_text(reading, moments)
        message = f"nothing comes of the spikes of `{name}` in {where}"
        help = "they reach nothing that is open, and no plastic synapse learns from them"
        reporter.warning("W0507", message, circuit.populations[name].span, help=help)


def _learning(reading: Reading) -> set[tuple[int, int]]:
    """Returns the cells from whose spikes plastic synapses may learn."""
    circuit = reading.network.circuit
    found: set[tuple[int, int]] = set()
    for projection in circuit.projections.values():
        rule = circuit.rule_of(projection)
        if rule is None or not (rule.dw or rule.dt):
            continue
        ends = endings(reading, projection)
        both = all({"x0", "y0"} <= set(term.factors) for term in (*rule.dw, *rule.dt))
        for moment in range(reading.timeline.length):
            firing = [[b for b in end if reading.firing(b, moment).high] for end in ends]
            if all(firing) or not both:
                found |= {(block, moment) for end in firing for block in end}
    return found
