"""Warnings on populations that never fire, at the one that is the cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sfc.analysis.effects import Landing
from sfc.analysis.readings import Reached
from sfc.analysis.sentences import action_text, amount_text, cells_text, names_text, phases_text
from sfc.analysis.silence import is_drive
from sfc.analysis.solve import Reading
from sfc.analysis.survey import Survey
from sfc.analysis.table import Cell
from sfc.diagnostics import Label, Reporter
from sfc.ir.circuit import Population, Projection
from sfc.ir.integers import DELAY_LIMIT


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a population never fires, what would help, and where to look.

    Attributes:
        driver: the population or input that drives it in vain; empty if none does.
    """

    text: str
    help: str
    labels: tuple[Label, ...] = ()
    driver: str = ""


@dataclass(slots=True)
class Told:
    """What messages on silent populations speak of, and needs no other.

    Attributes:
        sources: populations and inputs that drive them in vain, or whom they should read.
        gates: projections that open another population in their place.
    """

    sources: set[str] = field(default_factory=set)
    gates: set[str] = field(default_factory=set)


def never_firing(
    seen: Survey,
    meant: Iterable[str],
    unread: Iterable[str],
    idle: Mapping[str, list[Landing]],
    reporter: Reporter,
) -> Told:
    """Reports populations that never fire for a reason of their own; one message for a reason.

    Args:
        meant: populations that are silent on purpose, or of which an error says so already.
        unread: populations that fire and that nobody reads.
        idle: landings of gates that open what nothing drives.
    """
    told = Told()
    stray = {cell.population for cell in seen.reached.open()}
    groups: dict[str, list[tuple[Population, Reason]]] = {}
    for name in seen.quiet.causes:
        population = seen.circuit.populations[name]
        if population.origin is None and name not in meant:
            reason = why_never(seen, population)
            groups.setdefault(reason.text, []).append((population, reason))
    for text, group in groups.items():
        population, reason = group[0]
        names = [member.name for member, _ in group]
        help = _instead(seen, names, unread, idle, told) or reason.help
        if len(group) > 1:
            text = _plural(text)
            help = help.replace(f"open {names[0]};", f"open {', '.join(names)};")
        verb = "fires" if len(group) == 1 else "fire"
        if stray.intersection(names):
            verb += " in a phase that opens " + ("it" if len(group) == 1 else "them")
        message = f"{names_text(names)} never {verb}: {text}"
        reporter.warning("W0506", message, population.span, labels=reason.labels, help=help)
        told.sources |= {reason.driver for _, reason in group}
    return told


def _plural(text: str) -> str:
    for one, many in (
        ("it is ", "they are "),
        ("it fires", "they fire"),
        ("its drive", "their drive"),
        ("reaches it", "reaches them"),
        ("drives it", "drives them"),
        ("opens it", "opens them"),
    ):
        text = text.replace(one, many)
    return text


def _instead(
    seen: Survey,
    names: list[str],
    unread: Iterable[str],
    idle: Mapping[str, list[Landing]],
    told: Told,
) -> str:
    """Returns what may have been meant for a silent population, and went elsewhere."""
    name, circuit = names[0], seen.circuit
    cells = seen.reached.table.of(name)
    opened = {cell.phase for cell in cells if cell.opened}
    driven = {cell.phase for cell in cells if cell.drive[1] > 0}
    if driven and not opened:
        for gate, landings in idle.items():
            phases = {seen.reading.timeline.phase(landing.cell[1]) for landing in landings}
            projection = circuit.projections[gate]
            if phases & driven and projection.target not in names:
                told.gates.add(gate)
                when = phases_text(seen.reading, (landing.cell[1] for landing in landings))
                other = projection.target
                return f"{when} opens `{other}`, which nothing drives then: was `{name}` meant?"
    if not opened and not driven:
        return ""
    if opened and (driven or any(is_drive(p) for p in seen.incoming.get(name, ()))):
        return ""
    for other in unread:
        fires = [cell for cell in seen.reached.table.of(other) if cell.count[1]]
        if any(not cell.chain or cell.phase + 1 in opened | driven for cell in fires):
            told.sources.add(other)
            joined = f"{other} -> {', '.join(names)} …;"
            joined = f"gate {joined}" if driven else joined
            return f"`{other}` fires in {cells_text(fires)}, and nothing reads it: `{joined}`"
    return ""


def stopped_chains(seen: Survey, reporter: Reporter) -> None:
    """Reports chains whose relays do not pass their spike on."""
    circuit = seen.circuit
    for chain in circuit.schedule.chains:
        silent = [n for n, name in enumerate(chain.relays) if name in seen.quiet.causes]
        if silent and silent[0] == 0 and not (chain.ring or chain.started_by):
            del silent[0]  # The host's kick stands for its first relay, and is no spike.
        if not silent:
            continue
        number = silent[0]
        relay = chain.relays[number]
        reason = stopped_relay(seen.reached, relay) or "nothing drives it"
        message = f"chain `{chain.name}` stops at relay {number}: {reason}"
        help = "raise the weight `ring` of its model, or of the projection that drives it"
        reporter.warning("W0509", message, chain.span, help=help)


def stopped_relay(reached: Reached, relay: str) -> str:
    """Returns how a relay is driven too weakly; empty if it is not driven."""
    driven = [cell for cell in reached.table.of(relay) if cell.drive[1] > 0]
    if not driven:
        return ""
    best = min(driven, key=lambda cell: cell.margin)
    return _too_weak(best) if best.margin >= 0 else ""


def _too_weak(cell: Cell) -> str:
    return (
        f"its drive is at most {amount_text(cell.drive[1])}, and it fires above "
        f"{amount_text(cell.level)}"
    )


def why_never(seen: Survey, population: Population) -> Reason:
    """Returns why a population never fires."""
    reading, name = seen.reading, population.name
    cells = seen.reached.table.of(name)
    opened = [cell for cell in cells if cell.opened]
    driven = [cell for cell in cells if cell.drive[1] > 0]
    is_gated = any(reading.network.blocks[n].gated for n in reading.network.blocks_of[name])
    if is_gated and opened:
        return _opened(seen, name, opened, driven)
    if population.neuron.bias < 0 and driven:
        help = f"open it in a phase, or by a gate: `gate … -> {name} …;`"
        if driven[0].chain:
            help = action_text(seen.circuit, driven[0], "open", [name])
        return Reason(
            f"it is driven in {cells_text(driven)}, and nothing opens it",
            help,
            *_driver_label(seen, name, driven),
        )
    if driven:
        best = min(driven, key=lambda cell: cell.margin)
        return Reason(
            _too_weak(best),
            "raise the weight that drives it, or lower its threshold",
            *_driver_label(seen, name, [best]),
        )
    return _undriven(seen, name, "", cells)


def _opened(seen: Survey, name: str, opened: list[Cell], driven: list[Cell]) -> Reason:
    """Returns why a population that is opened does not fire."""
    best = min(opened, key=lambda cell: (cell.drive[1] <= 0, cell.margin))
    if best.drive[1] > 0:
        where = f"in phase {best.phase} " if best.chain else ""
        help = "raise the weight that drives it, or lower the level at which it is opened"
        if best.closed:
            help = "something closes it there, too"
        elsewhere = [cell for cell in driven if not cell.opened]
        if elsewhere and (missing := _driver(seen, name, elsewhere)) is not None:
            projection, landings = missing
            help = f"`{projection.name}` arrives in {cells_text(elsewhere)}, where nothing opens it"
            better = better_delay(seen.reading, landings, projection.delay)
            if better is not None and projection.origin is None:
                help += f": delay {better} would reach {cells_text([best])}"
            label = _driver_label(seen, name, elsewhere)
            return Reason(f"{where}{_too_weak(best)}", help, *label)
        return Reason(f"{where}{_too_weak(best)}", help, *_driver_label(seen, name, [best]))
    where = cells_text(opened)
    if not driven:
        return _undriven(seen, name, f"it is opened in {where}, and ", opened)
    return Reason(
        f"it is opened in {where}, and driven in {cells_text(driven)}",
        _meeting(seen, name, opened, driven),
        *_driver_label(seen, name, driven),
    )


def _undriven(seen: Survey, name: str, before: str, cells: list[Cell]) -> Reason:
    if any(cell.drive[0] < 0 for cell in cells):
        low = min(cell.drive[0] for cell in cells)
        return Reason(
            f"{before}all that reaches it is negative: its drive is {amount_text(low)} to 0",
            f"draw a projection of positive weight to `{name}`",
        )
    drives = [p for p in seen.incoming.get(name, ()) if is_drive(p)]
    if any(seen.effects.by_projection.get(p.name) for p in drives):
        text = f"{before}what arrives adds up to at most 0"
        return Reason(text, "let something excite it that nothing takes away")
    sources = sorted({p.source for p in drives})
    help = "draw a projection to it, or present an input to it"
    if sources:
        help = f"what would drive it, {names_text(sources)}, is silent or arrives with no effect"
    return Reason(f"{before}nothing drives it", help)


def _meeting(seen: Survey, name: str, opened: list[Cell], driven: list[Cell]) -> str:
    """Returns how what opens a population and what drives it could meet."""
    if gate := _meeting_gate(seen, name, driven):
        return gate
    ways = [action_text(seen.circuit, driven[0], "open", [name])]
    driver = _driver(seen, name, driven)
    if driver is not None:
        projection, landings = driver
        if projection.origin is not None and projection.origin.kind == "present":
            ways.append(f"present `{projection.source}` to it in {cells_text(opened)}")
        elif projection.origin is None:
            better = better_delay(seen.reading, landings, projection.delay)
            if better is not None:
                ways.append(f"delay {better} for `{projection.name}`")
    return ", or ".join(ways)


def _meeting_gate(seen: Survey, name: str, driven: list[Cell]) -> str:
    """Returns when a population that opens another should fire; empty if it is opened by relays."""
    for projection in seen.incoming.get(name, ()):
        landings = seen.effects.by_projection.get(projection.name, [])
        if not landings or landings[0].link.gate != "open":
            continue
        if projection.origin is None or projection.origin.kind != "gate":
            return ""
        for landing in landings:
            sent = seen.reading.timeline.phase(landing.sent[1])
            wanted = driven[0].phase - 1 - sent
            if 0 <= wanted <= DELAY_LIMIT and driven[0].chain:
                return f"delay {wanted} for the gate `{projection.name}`"
        when = driven[0].phase - 1 - projection.delay
        if driven[0].chain and when >= 0:
            return f"`{projection.source}`, which opens it, should fire in phase {when}"
        return ""
    return ""


def better_delay(reading: Reading, landings: list[Landing], delay: int) -> int | None:
    """Returns the nearest delay with which spikes reach an opened target in the same frame.

    Where nothing fires yet is better than where something does.
    """

    def reaches(other: int) -> int:
        best = 0
        for landing in landings:
            there = reading.found.get((landing.link.target, landing.sent[1] + 1 + other))
            if there is not None and there.total.opened:
                best = max(best, 1 if there.firing.high else 2)
        return best

    found = {other: reaches(other) for other in range(DELAY_LIMIT + 1)}
    others = [other for other in found if found[other]]
    return min(others, key=lambda other: (-found[other], abs(other - delay)), default=None)


def _driver(seen: Survey, name: str, cells: list[Cell]) -> tuple[Projection, list[Landing]] | None:
    """Returns the projection that brings most to a population in some phases."""
    reading = seen.reading
    phases = {cell.phase for cell in cells}
    best: tuple[Projection, list[Landing]] | None = None
    most = 0
    for projection in seen.incoming.get(name, ()):
        landings = seen.effects.by_projection.get(projection.name, [])
        there = [x for x in landings if reading.timeline.phase(x.cell[1]) in phases]
        brought = max((x.link.contact.most for x in there if not x.link.gate), default=0)
        if brought > most:
            best, most = (projection, landings), brought
    return best


def _driver_label(seen: Survey, name: str, cells: list[Cell]) -> tuple[tuple[Label, ...], str]:
    """Returns where a population is driven in some phases, and by whom."""
    driver = _driver(seen, name, cells)
    if driver is None or (span := driver[0].span) is None:
        return (), ""
    projection, landings = driver
    if projection.origin is not None or not cells[0].chain:
        return (Label(span, "it is driven here"),), projection.source
    sent = phases_text(seen.reading, (landing.sent[1] for landing in landings))
    how = f"sent in {sent}, delay {projection.delay}" if projection.delay else f"sent in {sent}"
    text = f"what drives it in {cells_text(cells)} is {how}"
    return (Label(span, text),), projection.source
