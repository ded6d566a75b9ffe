"""Warnings on spikes and gates: what arrives at the wrong time, and what it arrives for."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sfc.analysis.advice_silence import better_delay, stopped_relay
from sfc.analysis.effects import Landing
from sfc.analysis.readings import Reached
from sfc.analysis.sentences import (
    action_text,
    amount_text,
    cells_text,
    closing_text,
    names_text,
    phases_text,
)
from sfc.analysis.solve import Key, Reading
from sfc.analysis.survey import Survey
from sfc.analysis.table import Cell
from sfc.analysis.ties import endings
from sfc.diagnostics import Reporter
from sfc.ir.circuit import Circuit, Population, Projection


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
    others = [
        projection.name
        for projection in circuit.projections.values()
        if projection.target in clock.relays and projection.origin is None
    ]
    if others:
        message += f": {names_text(others)} may drive its relays, too"
        help = (
            "a relay should be driven by the one before it alone: draw that to another population"
        )
    for number, relay in enumerate(clock.relays):
        if reason := stopped_relay(reached, relay):
            message = f"chain `{clock.name}` stops at relay {number}: {reason}"
            help = "raise the weight `ring` of its model, which joins a relay to the next"
            break
    reporter.warning("W0509", message, clock.span, help=help)
    return True


def late_spikes(
    seen: Survey, told: Collection[str], reporter: Reporter
) -> tuple[frozenset[str], frozenset[str]]:
    """Reports projections whose spikes arrive only where they change nothing.

    Of several projections from one source or to one target the first is reported.

    Args:
        told: sources that are spoken of already.

    Returns:
        Sources and targets of those that are reported.
    """
    circuit = seen.circuit
    sources: set[str] = set()
    targets: set[str] = set()
    for name, landings in seen.effects.by_projection.items():
        projection = circuit.projections[name]
        source, target = projection.source, projection.target
        kind = projection.origin.kind if projection.origin else ""
        if kind not in ("", "present", "start") or any(landing.matters for landing in landings):
            continue
        if seen.quiet.excuses(target) or source in told or _is_weightless(landings):
            continue
        if source not in sources and target not in targets:
            message, help = _late(seen, projection, landings)
            reporter.warning("W0503", message, projection.span, help=help)
        sources.add(source)
        targets.add(target)
    return frozenset(sources), frozenset(targets)


def _late(seen: Survey, projection: Projection, landings: list[Landing]) -> tuple[str, str]:
    """Returns what is said of a projection whose spikes change nothing, and the help."""
    reading, source, target = seen.reading, projection.source, projection.target
    table = seen.reached.table
    if reading.timeline.frame is None:
        message = f"spikes of `{source}` change nothing in `{target}`"
        return message, "see its weights and the threshold, or drop the projection"
    arriving = phases_text(reading, (landing.cell[1] for landing in landings))
    message = f"spikes of `{source}` reach `{target}` in {arriving}, and change nothing there"
    there = {reading.timeline.phase(landing.cell[1]) for landing in landings}
    for cell in (table.cell(target, phase) for phase in sorted(there)):
        if cell.opened and cell.drive[1] > 0 and not cell.count[1]:
            drive, level = amount_text(cell.drive[1]), amount_text(cell.level)
            message += f": the drive of `{target}` is at most {drive}, and it fires above {level}"
            return message, "raise the weight, or lower the level at which it is opened"
    ways = []
    wanted = [cell for cell in table.of(target) if cell.opened]
    idle = [cell for cell in wanted if not cell.count[1]]
    sent = phases_text(reading, (landing.sent[1] for landing in landings))
    said = [f"they are sent in {sent}"] if projection.origin is None else []
    said += [f"`{target}` is opened in {cells_text(wanted)}"] if wanted else []
    better = better_delay(reading, landings, projection.delay) if idle else None
    if better is not None and projection.origin is None:
        ways.append(f"delay {better}")
    first = table.cell(target, min(there))
    if not first.opened and target not in seen.circuit.inputs:
        ways.append(action_text(seen.circuit, first, "open", [target]))
    return message, ": ".join(filter(None, [", and ".join(said), ", or ".join(ways)]))


def _is_weightless(landings: list[Landing]) -> bool:
    return all(landing.link.contact.low == landing.link.contact.high == 0 for landing in landings)


def idle_gates(seen: Survey) -> dict[str, list[Landing]]:
    """Returns gates that open what does not fire then, with their landings."""
    return {
        name: landings
        for name, landings in seen.effects.by_projection.items()
        if landings[0].link.gate == "open"
        and not seen.quiet.excuses(seen.circuit.projections[name].target)
        and not any(seen.reading.firing(*landing.cell).high for landing in landings)
    }


def report_idle_gates(
    seen: Survey,
    idle: Mapping[str, list[Landing]],
    late: Collection[str],
    told: Collection[str],
    reporter: Reporter,
) -> frozenset[str]:
    """Reports gates that open nothing that is driven, and returns what they open.

    Args:
        idle: the gates.
        late: targets of which it is reported that spikes come at the wrong time.
        told: gates that are spoken of already.
    """
    table = seen.reached.table
    groups: dict[tuple[str, str, tuple[float, float, bool] | None], list[str]] = {}
    for name, landings in idle.items():
        projection = seen.circuit.projections[name]
        target = projection.target
        if target in late or name in told:
            continue
        phases = {seen.reading.timeline.phase(landing.cell[1]) for landing in landings}
        best = min((table.cell(target, phase) for phase in phases), key=lambda cell: cell.margin)
        where = phases_text(seen.reading, (landing.cell[1] for landing in landings))
        said = (best.drive[1], best.level, best.closed) if best.drive[1] > 0 else None
        groups.setdefault((projection.source, where, said), []).append(name)
    for (_, where, said), names in groups.items():
        projection = seen.circuit.projections[names[0]]
        targets = [seen.circuit.projections[name].target for name in names]
        one = len(targets) == 1
        message = f"{names_text(targets)} {'is' if one else 'are'} opened in {where}"
        if said:
            drive, level = amount_text(said[0]), amount_text(said[1])
            message += f" and {'does' if one else 'do'} not fire: "
            message += f"{'its' if one else 'their'} drive is at most {drive}, and "
            message += f"{'it fires' if one else 'they fire'} above {level}"
            help = "raise the weight that drives it, or lower the level at which it is opened"
            help = "something closes it there, too" if said[2] else help
        else:
            message += f", where nothing drives {'it' if one else 'them'}"
            driven = [cell for cell in table.of(targets[0]) if cell.drive[1] > 0]
            help = f"nothing ever drives `{targets[0]}`"
            if driven:
                help = f"`{targets[0]}` is driven in {cells_text(driven)}"
        reporter.warning("W0504", message, projection.span, help=help)
    return frozenset(seen.circuit.projections[name].target for g in groups.values() for name in g)


def open_and_unguarded(seen: Survey, told: frozenset[tuple[str, int]], reporter: Reporter) -> None:
    """Reports cells that are driven, neither opened nor closed, and not proved silent.

    Args:
        told: populations and phases of which an error says so already.
    """
    reading, circuit = seen.reading, seen.circuit
    groups: dict[tuple[int, str], list[Cell]] = {}
    for cell in seen.reached.table.open():
        is_told = (cell.population, cell.phase) in told or cell.population in seen.quiet.causes
        if not cell.closed and not is_told:
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
        excess = max(cell.drive[1] - cell.level for cell in cells)
        help = closing_text(circuit, worst, names, excess)
        reporter.warning("W0505", message, circuit.populations[names[0]].span, help=help)


def _driver(reading: Reading, cell: Cell) -> str:
    """Returns the source of most of what arrives at a cell."""
    best, most = "", 0
    for number in reading.network.blocks_of[cell.population]:
        for moment in reading.timeline.at(cell.chain, cell.phase):
            for link, firing, *_ in reading.coming(number, moment):
                brought = min(firing.high * link.contact.high, link.contact.most)
                if brought > most:
                    best, most = reading.network.blocks[link.source].name, brought
    return best


def blind_readouts(seen: Survey, reporter: Reporter) -> None:
    """Reports readouts in phases in which nothing that varies arrives."""
    for readout in seen.circuit.schedule.readouts:
        cell = seen.reached.table.cell(readout.population, readout.phase)
        if cell.chain != readout.chain or cell.drive[0] != cell.drive[1]:
            continue
        if seen.quiet.excuses(readout.population):
            continue
        cells = seen.reached.table.of(readout.population)
        driven = [cell for cell in cells if cell.opened and cell.drive[0] != cell.drive[1]]
        where = f"phase {readout.phase}"
        message = f"`{readout.population}` is read out in {where}, where nothing varies"
        help = f"it is opened and driven in {cells_text(driven)}" if driven else ""
        reporter.warning("W0510", message, readout.span, help=help)


def unread_populations(seen: Survey, observed: frozenset[str]) -> list[Population]:
    """Returns populations that fire and whose spikes nobody reads."""
    circuit = seen.circuit
    read = observed | seen.quiet.silent | _recorded(circuit)
    read |= {p.source for p in circuit.projections.values()}
    read |= {p.target for p in circuit.projections.values() if circuit.learns(p)}
    return [p for p in circuit.populations.values() if p.name not in read]


def never_read(unread: list[Population], reporter: Reporter) -> None:
    """Reports populations that nobody reads."""
    for population in unread:
        if population.origin is not None:
            continue
        message = f"nothing reads the spikes of `{population.name}`"
        help = f"add `probe {population.name};` to record them, or drop it"
        reporter.warning("W0508", message, population.span, help=help)


def _recorded(circuit: Circuit) -> frozenset[str]:
    schedule = circuit.schedule
    names = {probe.population for probe in schedule.probes}
    names |= {readout.population for readout in schedule.readouts}
    return frozenset(names)


def wasted_spikes(
    seen: Survey,
    read: frozenset[str],
    late: Collection[str],
    unrewarded: Collection[tuple[str, int]],
    reporter: Reporter,
) -> None:
    """Reports phases in which a population fires and nothing comes of it.

    Args:
        read: populations of which it is known what they are for, or that are reported already.
        late: populations of which it is reported that they are driven, or opened, at the wrong
            time.
        unrewarded: populations and moments in which they should have learned.
    """
    reading, circuit = seen.reading, seen.circuit
    if reading.timeline.frame is None:
        return
    learning = _learning(reading)
    skipped = read | _recorded(circuit) | _drivers(seen, late)
    used = seen.effects.used | _reaching_open(seen)
    wasted: dict[str, list[int]] = {}
    for (number, moment), found in reading.found.items():
        block = reading.network.blocks[number]
        is_plain = block.kind == "population" and circuit.populations[block.name].origin is None
        if not is_plain or block.name in skipped or not found.firing.high:
            continue
        if (block.name, moment) in unrewarded:
            continue
        if (number, moment) not in used and (number, moment) not in learning:
            wasted.setdefault(block.name, []).append(moment)
    for name, moments in wasted.items():
        where = phases_text(reading, moments)
        message = f"nothing comes of the spikes of `{name}` in {where}"
        help = "they reach nothing that is open, and no plastic synapse learns from them"
        reporter.warning("W0507", message, circuit.populations[name].span, help=help)


def _reaching_open(seen: Survey) -> set[Key]:
    """Returns cells whose spikes reach what is open: they may make it fire."""
    found = seen.reading.found
    return {
        landing.sent
        for landings in seen.effects.by_projection.values()
        for landing in landings
        if (there := found.get(landing.cell)) is not None and there.is_shut and there.may_fire
    }


def _drivers(seen: Survey, late: Collection[str]) -> frozenset[str]:
    """Returns who drives, or learns with, anything that is known to miss something."""
    if not seen.quiet.silent and not late:
        return frozenset()
    excused = {name for name in seen.incoming if seen.quiet.excuses(name) or name in late}
    partners = {
        projection.target
        for projection in seen.circuit.projections.values()
        if seen.circuit.learns(projection) and projection.source in excused
    }
    return frozenset(p.source for name in excused for p in seen.incoming[name]) | partners


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
