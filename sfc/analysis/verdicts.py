"""Errors of a check: assertions that are refuted, and, if it is strict, all that is open."""

from __future__ import annotations

from collections.abc import Iterable

from sfc.analysis.advice_silence import why_never
from sfc.analysis.obligations import Obligation
from sfc.analysis.phases import Phases
from sfc.analysis.sentences import cells_text, closing_text, listed, names_text
from sfc.analysis.survey import survey
from sfc.analysis.table import Cell
from sfc.diagnostics import Reporter


def report_unmet(phases: Phases, reporter: Reporter, strict: bool) -> list[Obligation]:
    """Reports what has to hold and does not, and returns it.

    An assertion gives one error, however many of its phases are concerned; open cells of
    populations that differ in nothing else give one, too.

    Args:
        strict: report as well what is neither proved nor refuted.
    """
    refuted = [o for o in phases.obligations if o.status == "refuted"]
    _report_asserted("E0507", "does not hold", refuted, phases, reporter)
    if not strict:
        return refuted
    doubted = [o for o in phases.obligations if o.status in ("open", "conditional")]
    asserted = [o for o in doubted if o.is_asserted]
    _report_asserted("E0508", "is not proved", asserted, phases, reporter)
    for group in _alike([o for o in doubted if not o.is_asserted]):
        first = group[0]
        if first.kind != "silent":
            reporter.error("E0508", f"it is not proved that nothing overflows: {first.text}")
            continue
        names = list(dict.fromkeys(o.subject for o in group))
        cells = _cells(phases, [o for o in group if o.subject == first.subject])
        verb = "is" if len(names) == 1 else "are"
        where = f" in {cells_text(cells)}" if first.chain else ""
        message = f"it is not proved that {names_text(names)} {verb} silent{where}"
        reporter.error("E0508", message, first.span, help="; ".join(_details(group)))
    return refuted + doubted


def _report_asserted(
    code: str, verdict: str, unmet: list[Obligation], phases: Phases, reporter: Reporter
) -> None:
    """Reports assertions, each once."""
    for group in _by_statement(unmet):
        first, *others = group
        message = f"the assertion {verdict}: {first.text}"
        if others:
            message += f"; nor does it for {_also(first, others)}"
        reporter.error(code, message, first.span, help=_remedy(phases, group))


def _by_statement(obligations: Iterable[Obligation]) -> list[list[Obligation]]:
    groups: dict[object, list[Obligation]] = {}
    for obligation in obligations:
        groups.setdefault(obligation.span or obligation, []).append(obligation)
    return list(groups.values())


def _also(first: Obligation, others: list[Obligation]) -> str:
    """Returns in words what is concerned beside the first."""
    if first.phase < 0 or not first.chain:
        return names_text([o.subject for o in others])
    phases: dict[str, list[str]] = {}
    for other in others:
        phases.setdefault(other.subject, []).append(str(other.phase))
    return listed(
        [
            f"`{name}` in phase{'s' * (len(numbers) > 1)} {listed(numbers)}"
            for name, numbers in phases.items()
        ]
    )


def _alike(obligations: Iterable[Obligation]) -> list[list[Obligation]]:
    """Returns open cells of populations that are open in the same phases for the same reasons."""
    by_subject: dict[tuple[str, str], list[Obligation]] = {}
    for obligation in obligations:
        by_subject.setdefault((obligation.kind, obligation.subject), []).append(obligation)
    groups: dict[object, list[Obligation]] = {}
    for several in by_subject.values():
        key = tuple((o.kind, o.phase, o.text.removeprefix(o.subject)) for o in several)
        groups.setdefault(key, []).extend(several)
    return list(groups.values())


def _details(group: list[Obligation]) -> list[str]:
    """Returns for every phase what may drive the populations of a group."""
    said: dict[int, str] = {}
    for o in group:
        where = f" in phase {o.phase}: " if o.chain else ": "
        said[o.phase] = o.text.removeprefix(o.subject).removeprefix(where)
    if len(set(said.values())) == 1:
        return [*said.values()][:1]
    return [f"in phase {phase}: {text}" for phase, text in said.items()]


def _cells(phases: Phases, group: Iterable[Obligation]) -> list[Cell]:
    reached = phases.conditional
    return [(reached.table_of(o.chain) or reached.table).cell(o.subject, o.phase) for o in group]


def _remedy(phases: Phases, group: list[Obligation]) -> str:
    """Returns the smallest change with which an assertion might hold, if one is known."""
    first, table = group[0], phases.conditional.table
    if first.kind == "fires" and first.status == "refuted":
        asserted = {(o.chain, o.phase) for o in group}
        fires = [cell for cell in table.of(first.subject) if cell.count[1]]
        if others := [cell for cell in fires if (cell.chain, cell.phase) not in asserted]:
            return f"it may fire in {cells_text(others)}"
        if fires:
            return "whether it fires depends on weights and inputs, or it rests after a spike"
        population = phases.circuit.populations[first.subject]
        reason = why_never(survey(phases.conditional), population)
        return f"{reason.text}: {reason.help}"
    if first.kind == "silent" and first.chain and first.chain == table.chain:
        cell = table.cell(first.subject, first.phase)
        if not cell.opened and not cell.closed:
            names = [o.subject for o in group if o.phase == first.phase]
            return closing_text(phases.circuit, cell, names, -cell.margin)
    return ""
