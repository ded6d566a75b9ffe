"""What has to hold: assertions of the author, and what the conditional reading supposes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from sfc.analysis.cells import CURRENT_HIGH, Root, amount
from sfc.analysis.readings import Reached, read
from sfc.analysis.sentences import amount_text, listed, phases_text, root_text, where_text
from sfc.analysis.solve import Found, Key, Reading
from sfc.analysis.table import Cell
from sfc.analysis.ties import moments_of
from sfc.ir.circuit import Circuit, by_name
from sfc.ir.integers import UNIT
from sfc.ir.schedule import Property, PropertyKind
from sfc.span import Span

Status = Literal["proved", "conditional", "open", "refuted"]


@dataclass(frozen=True, slots=True)
class Assumption:
    """What the analysis takes for granted, because the author says so.

    Attributes:
        name: short.
        text: a sentence.
    """

    name: str
    text: str
    span: Span | None = None

    def data(self) -> dict[str, Any]:
        """Returns it as JSON data."""
        return {"name": self.name, "text": self.text, "at": str(self.span) if self.span else None}


@dataclass(frozen=True, slots=True)
class Obligation:
    """A property, and what is known of it.

    Attributes:
        subject: of a population or matrix; empty for no_overflow.
        chain, phase: "" and -1 where there is none.
        status: proved; conditional: proved as long as what is open stays silent; open; refuted.
        text: what is known, as a sentence.
        drive, level, margin: of the cell, see `Cell`; None where there is no one cell.
        is_asserted: whether the author wrote it; else the conditional reading supposes it.
    """

    kind: PropertyKind
    subject: str
    chain: str
    phase: int
    status: Status
    text: str
    drive: tuple[float, float] | None = None
    level: float | None = None
    margin: float | None = None
    is_asserted: bool = False
    span: Span | None = None

    def data(self) -> dict[str, Any]:
        """Returns it as JSON data."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "chain": self.chain,
            "phase": self.phase,
            "status": self.status,
            "text": self.text,
            "drive": None if self.drive is None else list(self.drive),
            "level": self.level,
            "margin": self.margin,
            "asserted": self.is_asserted,
            "at": str(self.span) if self.span else None,
        }


def assumptions(circuit: Circuit) -> tuple[Assumption, ...]:
    """Returns what the analysis takes for granted of a circuit."""
    found = []
    for source in circuit.inputs.values():
        bounds = [f"at least {source.at_least:,}"] if source.at_least else []
        bounds += [f"at most {source.at_most:,}"] if source.at_most is not None else []
        if bounds:
            said = " and ".join(bounds)
            text = f"a sample of {source.name} has {said} of {source.size:,} generators on"
            found.append(Assumption(f"{source.name} {said}", text, source.span))
    learned = [
        matrix
        for matrix in circuit.matrices.values()
        if len(circuit.tied(matrix.name)) > 1 and circuit.rules[matrix.rule].dw
    ]
    if learned:
        names = listed([matrix.name for matrix in learned])
        text = f"the copies of {names} are equal when a run begins"
        found.append(Assumption("copies begin equal", text, learned[0].span))
    if any(prop.kind == "fires" for prop in circuit.properties):
        text = "where a population is asserted to fire, every sample has something on"
        found.append(Assumption("samples are not empty", text))
    return tuple(found)


def obligations(circuit: Circuit, sound: Reached, conditional: Reached) -> tuple[Obligation, ...]:
    """Returns the author's assertions, then what the conditional reading supposes beside them."""
    found: list[Obligation] = []
    if any(prop.kind == "fires" for prop in circuit.properties):
        filled = _with_samples(circuit)
        with_samples = read(filled, False), read(filled, True)
    for prop in circuit.properties:
        readings = with_samples if prop.kind == "fires" else (sound, conditional)
        found += _asserted(prop, *readings)
    known = {(o.kind, o.subject, o.chain, o.phase) for o in found}
    for cell in conditional.open():
        supposed = _silent(conditional, cell)
        if (supposed.kind, supposed.subject, supposed.chain, supposed.phase) not in known:
            found.append(supposed)
    overflow = _overflow(sound, conditional)
    if overflow.status == "open" and ("no_overflow", "", "", -1) not in known:
        found.append(overflow)
    return tuple(found)


def _asserted(prop: Property, sound: Reached, conditional: Reached) -> Iterator[Obligation]:
    if prop.kind == "no_overflow":
        yield replace(_overflow(sound, conditional), is_asserted=True, span=prop.span)
    elif prop.kind == "tied":
        for matrix in prop.subjects:
            found = _tied(matrix, sound, conditional)
            yield replace(found, is_asserted=True, span=prop.span)
    else:
        for subject in prop.subjects:
            for phase in prop.phases:
                found = _at_phase(prop.kind, subject, prop.chain, phase, sound, conditional)
                yield replace(found, is_asserted=True, span=prop.span)


def _with_samples(circuit: Circuit) -> Circuit:
    """Returns the circuit with inputs that have something on in every sample."""
    inputs = by_name(
        source if source.at_most == 0 else replace(source, at_least=max(1, source.at_least))
        for source in circuit.inputs.values()
    )
    return replace(circuit, inputs=inputs)


def _at_phase(
    kind: PropertyKind, subject: str, chain: str, phase: int, sound: Reached, conditional: Reached
) -> Obligation:
    """Returns what is known of `silent` or `fires` in a phase of any chain."""
    cells = [cells_at(reached, subject, chain, phase) for reached in (sound, conditional)]
    here = cells[1]
    if not here or not cells[0]:
        return _never_comes(kind, subject, chain, phase, sound, is_sure=not cells[0])
    where = where_text(sound.reading.network.circuit, chain, phase).strip()
    status: Status
    if kind == "silent":
        if all(cell.state == "silent" for cell in cells[0]):
            status, text = "proved", f"{subject} is silent {where}"
        elif all(cell.state == "silent" for cell in here):
            status = "conditional"
            text = f"{subject} is silent {where}, if what is open stays silent"
        elif any(cell.state == "must_fire" for cell in cells[0]):
            status, text = "refuted", f"{subject} fires {where} in every frame"
        else:
            worst = min(here, key=lambda cell: cell.margin)
            return replace(_silent(conditional, worst), chain=chain, phase=phase)
    elif not comes_always(sound.reading, chain, phase):
        status, text = "open", f"{subject} fires or not {where}, which is not part of every frame"
    elif all(cell.state == "must_fire" for cell in cells[0]):
        status, text = "proved", f"{subject} fires {where} in every frame"
    elif all(cell.state == "must_fire" for cell in here):
        status, text = "conditional", f"{subject} fires {where}, if what is open stays silent"
    elif all(cell.state == "silent" for cell in cells[0]):
        status, text = "refuted", f"{subject} never fires {where}: {_why_silent(here[0])}"
    else:
        status, text = "open", f"{subject} may stay silent {where}: {_why_silent(here[0])}"
    worst = min(here, key=lambda cell: cell.margin)
    return Obligation(
        kind,
        subject,
        chain,
        phase,
        status,
        text,
        worst.drive,
        worst.level,
        worst.margin,
    )


def _never_comes(
    kind: PropertyKind, subject: str, chain: str, phase: int, sound: Reached, is_sure: bool
) -> Obligation:
    """Returns what is known in a phase that does not come, in the conditional reading at least."""
    where = where_text(sound.reading.network.circuit, chain, phase).strip()
    text = f"{subject} is silent {where}, which never comes"
    status: Status = "proved" if is_sure else "conditional"
    if kind == "fires":
        status = "refuted" if is_sure else "open"
    return Obligation(kind, subject, chain, phase, status, text)


def comes_always(reading: Reading, chain: str, phase: int) -> bool:
    """Tells whether a phase is part of every frame."""
    timeline = reading.timeline
    if timeline.tree:
        wanted = set(timeline.at(chain, phase))
        return all(wanted.intersection(timeline.way_to(end)) for end in timeline.ends)
    if timeline.clock is not None and timeline.clock.name == chain:
        return True
    return timeline.has_frames and bool(moments_of(reading, chain, phase, surely=True))


def cells_at(reached: Reached, population: str, chain: str, phase: int) -> list[Cell]:
    """Returns the cells of a population that may be a phase of a chain; none if it never comes."""
    timeline = reached.reading.timeline
    table = reached.table_of(chain)
    if timeline.tree and table is not None:
        return [table.cell(population, phase)] if timeline.at(chain, phase) else []
    phases = {timeline.phase(moment) for moment in moments_of(reached.reading, chain, phase)}
    if timeline.clock is not None and timeline.clock.name == chain:
        phases.add(phase)
    return [reached.table.cell(population, number) for number in sorted(phases)]


def _why_silent(cell: Cell) -> str:
    if cell.drive == (0, 0):
        return "nothing drives it"
    low, high = (amount_text(bound) for bound in cell.drive)
    return f"its drive is {low} to {high}, and it fires above {amount_text(cell.level)}"


def _silent(reached: Reached, cell: Cell) -> Obligation:
    """Returns what is known of a cell that is not proved silent."""
    circuit = reached.reading.network.circuit
    has_phases = reached.reading.timeline.has_frames
    where = cell.population
    where += where_text(circuit, cell.chain, cell.phase) if has_phases else ""
    text = (
        f"{where}: worst drive {amount_text(cell.drive[1])}, safe up to {amount_text(cell.level)}"
    )
    if remedy := _remedy(reached.reading, cell):
        text += f"; proved if {remedy}"
    return Obligation(
        "silent",
        cell.population,
        cell.chain,
        cell.phase,
        "open",
        text,
        cell.drive,
        cell.level,
        cell.margin,
        span=circuit.populations[cell.population].span,
    )


def _remedy(reading: Reading, cell: Cell) -> str:
    """Returns a bound on spikes with which a cell would be proved silent; empty if none would."""
    for key in reading.network.blocks_of[cell.population]:
        for moment in reading.timeline.at(cell.chain, cell.phase):
            found = reading.found.get((key, moment))
            if found is not None and found.margin / UNIT == cell.margin:
                return _most_spikes(reading, (key, moment), found, -found.margin)
    return ""


def _most_spikes(reading: Reading, key: Key, found: Found, excess: int) -> str:
    """Returns the bound on the spikes of one source that takes an excess away."""
    brought: dict[Root, int] = {}
    weights: dict[Root, int] = {}
    for link, firing, *_ in reading.coming(*key):
        if link.contact.is_pairwise or firing.high == 0:
            continue
        high = amount(link, firing, reading.network.blocks[link.source].size)[1]
        if high > 0 and link.contact.high > 0:
            brought[firing.root] = brought.get(firing.root, 0) + high
            weights[firing.root] = weights.get(firing.root, 0) + link.contact.high
    if not brought:
        return ""
    root = max(brought, key=lambda root: brought[root])
    most = (brought[root] - excess) // weights[root]
    return root_text(reading, root, most) if most >= 0 else ""


def _strengths(sound: Reached, conditional: Reached) -> Iterator[tuple[Reached, Status, str]]:
    """Yields the readings, the stronger first: what they prove, and what is said of that."""
    yield sound, "proved", ""
    yield conditional, "conditional", ", if what is open stays silent"


def _tied(matrix: str, sound: Reached, conditional: Reached) -> Obligation:
    for reached, status, suffix in _strengths(sound, conditional):
        if all(proof.state in ("proved", "frames") for proof in reached.ties.of(matrix)):
            text = f"all copies of {matrix} stay equal{suffix}"
            return Obligation("tied", matrix, "", -1, status, text)
    proofs = conditional.ties.of(matrix)
    worst = next((p for p in proofs if p.state == "open"), None)
    if worst is None:
        worst = next(proof for proof in proofs if proof.state == "rail")
        text = f"{matrix}: `{worst.projection}` is equal to `{worst.first}` until a weight reaches "
        text += f"an end of its range: {worst.reason}"
    else:
        text = f"{matrix}: `{worst.projection}` may come to differ from `{worst.first}`: "
        text += worst.reason
    return Obligation("tied", matrix, "", -1, "open", text)


def _overflow(sound: Reached, conditional: Reached) -> Obligation:
    for reached, status, suffix in _strengths(sound, conditional):
        reading = reached.reading
        over = {key: found for key, found in reading.found.items() if found.overflows}
        if not over:
            text = f"no current and no membrane leaves its 24 bits{suffix}"
            return Obligation("no_overflow", "", "", -1, status, text)
    key, found = max(over.items(), key=lambda item: _reach(item[1]))
    name = reading.network.blocks[key[0]].name
    where = phases_text(reading, [key[1]])
    limit = CURRENT_HIGH // UNIT
    if _reach(found) <= CURRENT_HIGH:
        text = f"{name} in {where}: what is kept and what arrives may add up to more than {limit:,}"
        return Obligation("no_overflow", "", "", -1, "open", f"{text}, which is what 24 bits hold")
    reach = _reach(found) / UNIT
    text = f"{name} in {where}: the current may reach {amount_text(reach)}; 24 bits hold "
    text += f"{limit:,}"
    if found.total.high > -found.total.low:
        remedy = _most_spikes(reading, key, found, found.total.high - CURRENT_HIGH)
        text += f"; proved for it if {remedy}" if remedy else ""
    margin = limit - reach
    return Obligation("no_overflow", "", "", -1, "open", text, None, None, margin)


def _reach(found: Found) -> int:
    return max(abs(found.total.low), abs(found.total.high))
