"""What a check says of a circuit's timing, line by line."""

from __future__ import annotations

from sfc.analysis.obligations import Obligation
from sfc.analysis.phases import Phases
from sfc.analysis.sentences import listed


def phase_summary(phases: Phases) -> str:
    """Returns one line: how many cells fire, are open, are proved silent."""
    table = phases.conditional.table
    total = len(phases.circuit.populations) * table.phases
    firing, open = len(table.firing()), len(table.open())
    what = "cells" if table.chain else "populations"
    rest = total - firing - open
    parts = [f"{firing} of {total:,} {what} fire"]
    parts += [f"{open} are open"] if open else []
    parts += [f"{rest:,} are proved silent"] if rest else []
    return "phases: " + ", ".join(parts)


def proof_lines(phases: Phases) -> list[str]:
    """Returns a line for every obligation, those that differ only in their subject together."""
    groups: dict[tuple[str, str], list[Obligation]] = {}
    for obligation in phases.obligations:
        said = obligation.text.removeprefix(obligation.subject)
        groups.setdefault((obligation.status, said), []).append(obligation)
    lines = []
    for (status, said), group in groups.items():
        subjects = listed([obligation.subject for obligation in group])
        lines.append(f"{_WORDS[status]}: {subjects}{said}")
    return lines


_WORDS = {"proved": "proved", "conditional": "proved", "open": "open", "refuted": "refuted"}
