"""What a check says of a circuit's timing, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sfc.analysis.phases import Phases
from sfc.analysis.sentences import listed

_IF_SILENT = ", if what is open stays silent"


def phase_summary(phases: Phases) -> str:
    """Returns one line: how many cells fire, are open, are proved silent."""
    tables = phases.conditional.tables
    total = len(phases.circuit.populations) * sum(table.phases for table in tables)
    firing = sum(len(table.firing()) for table in tables)
    open = len(phases.conditional.open())
    what = "cells" if tables[0].chain else "populations"
    rest = total - firing - open
    parts = [f"{firing} of {total:,} {what} fire"]
    parts += [f"{open} {'is' if open == 1 else 'are'} open"] if open else []
    parts += [f"{rest:,} {'is' if rest == 1 else 'are'} proved silent"] if rest else []
    return "phases: " + ", ".join(parts)


def proof_lines(phases: Phases) -> list[str]:
    """Returns what is assumed, then assertions that are proved, then what is open or refuted.

    What differs in nothing but its subject, or its phase, is one line.
    """
    lines = [f"assumed: {assumption.text}" for assumption in phases.assumptions]
    lines += [f"proved: {text}" for text in _proved(phases)]
    for status in ("open", "refuted"):
        groups: dict[str, list[str]] = {}
        for obligation in phases.obligations:
            if obligation.status == status:
                said = obligation.text.removeprefix(obligation.subject)
                groups.setdefault(said, []).append(obligation.subject)
        lines += [f"{status}: {listed(subjects)}{said}" for said, subjects in groups.items()]
    if not any(o.status in ("open", "refuted") for o in phases.obligations):
        lines.append(_nothing_open(phases))
    return lines


def _nothing_open(phases: Phases) -> str:
    if not phases.conditional.table.chain:
        return "nothing is open"
    return "nothing is open: in every run only these cells fire"


def _proved(phases: Phases) -> Iterator[str]:
    proved = [o for o in phases.obligations if o.status in ("proved", "conditional")]
    by_phase = [o for o in proved if o.kind in ("silent", "fires")]
    yield from (o.text for o in proved if o not in by_phase)
    cells: dict[tuple[str, str, str, str], list[int]] = {}
    for o in by_phase:
        cells.setdefault((o.kind, o.status, o.chain, o.subject), []).append(o.phase)
    groups: dict[tuple[str, str, str], list[str]] = {}
    for (kind, status, chain, subject), numbers in cells.items():
        where = _where(chain, numbers, several=len(phases.circuit.schedule.chains) > 1)
        groups.setdefault((kind, status, where), []).append(subject)
    for (kind, status, where), subjects in groups.items():
        one = len(subjects) == 1
        verb = {"silent": "is silent" if one else "are silent", "fires": "fires" if one else "fire"}
        suffix = _IF_SILENT if status == "conditional" else ""
        yield f"{listed(subjects)} {verb[kind]}{where}{suffix}"


def _where(chain: str, numbers: Iterable[int], several: bool) -> str:
    """Returns phases as the language has them: `` in phases 0..3 and 5``."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    if not chain or not runs:
        return ""
    words = [str(run[0]) if len(run) == 1 else f"{run[0]}..{run[-1]}" for run in runs]
    plural = "s" if len(words) > 1 or len(runs[0]) > 1 else ""
    return f" in phase{plural} {listed(words)}{f' of {chain}' if several else ''}"
