"""What a check says of a circuit's timing, line by line."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from sfc.analysis.obligations import Obligation
from sfc.analysis.phases import Phases
from sfc.analysis.sentences import listed
from sfc.analysis.table import PhaseTable


@dataclass(frozen=True, slots=True)
class Proof:
    """Obligations that differ only in their subject.

    Attributes:
        word: what is known of them, in a word.
        said: their common text, without the subject.
    """

    word: str
    said: str
    obligations: tuple[Obligation, ...]

    @property
    def subjects(self) -> list[str]:
        """Populations or matrices; an empty one for a proof about the whole circuit."""
        return [obligation.subject for obligation in self.obligations]

    def __str__(self) -> str:
        return f"{self.word}: {listed(self.subjects)}{self.said}"


def phase_summary(phases: Phases) -> str:
    """Returns one line: how many cells fire, are open, are proved silent."""
    return f"phases: {table_summary(*phases.conditional.tables)}"


def table_summary(*tables: PhaseTable) -> str:
    """Says how many cells of a reading fire, are open, are proved silent."""
    total = sum(len(table.circuit.populations) * table.phases for table in tables)
    firing = sum(len(table.firing()) for table in tables)
    open = sum(len(table.open()) for table in tables)
    what = "cells" if tables[0].chain else "populations"
    rest = total - firing - open
    parts = [f"{firing:,} of {total:,} {what} fire"]
    parts += [f"{open:,} {_are(open)} open"] if open else []
    parts += [f"{rest:,} {_are(rest)} proved silent"] if rest else []
    return ", ".join(parts)


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def proofs(phases: Phases, shown: Container[str] | None = None) -> list[Proof]:
    """Returns the obligations, those that differ only in their subject together.

    Args:
        phases: the analysis.
        shown: populations; obligations of others are left out. By default all are shown.
    """
    populations = phases.circuit.populations
    groups: dict[tuple[str, str], list[Obligation]] = {}
    for obligation in phases.obligations:
        subject = obligation.subject
        if shown is not None and subject in populations and subject not in shown:
            continue
        said = obligation.text.removeprefix(obligation.subject)
        if said == obligation.text:
            said = f"{': ' if obligation.subject else ''}{said}"
        groups.setdefault((obligation.status, said), []).append(obligation)
    return [Proof(_WORDS[status], said, tuple(group)) for (status, said), group in groups.items()]


_WORDS = {"proved": "proved", "conditional": "proved", "open": "open", "refuted": "refuted"}
