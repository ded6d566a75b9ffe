"""The phase table for the terminal: populations down, phases across."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from sfc.analysis.phases import Phases
from sfc.analysis.sentences import amount_text
from sfc.diagnostics import printable
from sfc.report.phase_rows import STATES, Row, Slot
from sfc.report.proofs import proofs, table_summary

_MOST_PHASES = 24
_FEWEST_PHASES = 4
_COLUMN = 4
"""Letters of a column: the state, a gate, a difference, and a space."""

_MOST_ROWS = 200
"""Rows that are shown without being asked for."""

_MARKS = {"silent": "·", "may_fire": "o", "must_fire": "■", "open": "?"}
_PLAIN_MARKS = {"silent": ".", "may_fire": "o", "must_fire": "#", "open": "?"}
_COLORS = {"silent": "dim", "may_fire": "", "must_fire": "bold", "open": "bold yellow"}
_GATES = {(False, False): "", (True, False): "+", (False, True): "-", (True, True): "*"}
_GATE_WORDS = {"+": "opened", "-": "closed", "*": "opened and closed"}
_GATE_COLORS = {"+": "green", "-": "red", "*": "yellow"}


def phase_tables(
    phases: Phases, rows: Sequence[Row], sound: bool, whole: bool, width: int, plain: bool
) -> Iterator[Table]:
    """Yields the tables of as many phases as fit a width each.

    Args:
        phases: the analysis.
        rows: to be shown.
        sound: the reading that they show.
        whole: where there are several tables, show all rows in each; else those that are not silent
            in its phases.
        width: of the terminal, in letters.
        plain: use no letters beyond ASCII.
    """
    table = phases.conditional.table
    reading = "sound" if sound else "conditional"
    if not table.chain:
        result = _table(f"any step, {reading} reading")
        result.add_column("any step")
        for row in rows:
            result.add_row(printable(row.name), _mark(row.slots.get(-1), plain))
        yield result
        return
    names = max((len(row.name) for row in rows), default=0) + 2
    block = max(_FEWEST_PHASES, min(_MOST_PHASES, (width - names) // _COLUMN))
    for first in range(0, table.phases, block):
        shown = range(first, min(first + block, table.phases))
        there = rows
        if not whole and len(shown) < table.phases:
            there = [row for row in rows if not _is_silent(row, shown)]
        title = f"phases {first} to {shown[-1]} of {table.chain}, {reading} reading"
        result = _table(f"{title}, without what is silent" if len(there) < len(rows) else title)
        for phase in shown:
            result.add_column(str(phase), min_width=_COLUMN - 1, no_wrap=True)
        for row in there:
            marks = (_mark(row.slots.get(phase), plain) for phase in shown)
            result.add_row(printable(row.name), *marks)
        yield result


def _table(title: str) -> Table:
    table = Table(
        title=printable(title), title_justify="left", box=SIMPLE_HEAD, padding=0, show_edge=False
    )
    table.add_column("", no_wrap=True)
    return table


def _is_silent(row: Row, phases: range) -> bool:
    """Tells whether a row is silent in some phases."""
    slots = (row.slots.get(phase) for phase in phases)
    return all(slot is None or slot.is_silent for slot in slots)


def _mark(slot: Slot | None, plain: bool) -> Text:
    marks = _PLAIN_MARKS if plain else _MARKS
    if slot is None:
        return Text(marks["silent"], _COLORS["silent"])
    gate = _GATES[slot.opened, slot.closed]
    return Text.assemble(
        (marks[slot.state], _COLORS[slot.state]),
        (gate, _GATE_COLORS.get(gate, "")),
        ("!" if slot.differs else "", "magenta"),
    )


def legend(rows: Sequence[Row], sound: bool, plain: bool) -> str:
    """Returns in two lines what the marks mean that occur in rows: the states, then the rest."""
    marks = _PLAIN_MARKS if plain else _MARKS
    slots = [slot for row in rows for slot in row.slots.values()]
    states = {slot.state for slot in slots} | {"silent"}
    gates = {_GATES[slot.opened, slot.closed] for slot in slots}
    meanings = [f"{marks[state]} {words}" for state, words in STATES.items() if state in states]
    others = [f"{gate} {words}" for gate, words in _GATE_WORDS.items() if gate in gates]
    if any(slot.differs for slot in slots):
        others.append(f"! not so in the {'conditional' if sound else 'sound'} reading")
    return "\n".join("   ".join(words) for words in (meanings, others) if words)


def kept_rows(rows: Sequence[Row], everything: bool, is_chosen: bool) -> tuple[list[Row], str]:
    """Leaves rows out in which nothing happens, and those that are too many.

    Returns:
        The rest, and what was left out, in words.
    """
    if everything:
        return list(rows), ""
    telling = list(rows) if is_chosen else [row for row in rows if not row.is_silent]
    kept = telling[:_MOST_ROWS]
    silent, more = len(rows) - len(telling), len(telling) - len(kept)
    left_out = []
    if silent:
        plural = "row that is" if silent == 1 else "rows that are"
        left_out.append(f"{silent:,} {plural} silent throughout")
    if more:
        left_out.append(f"{more:,} more row{'s' * (more > 1)}")
    if not left_out:
        return kept, ""
    are = "is" if silent + more == 1 else "are"
    advice = "--all shows everything, --population chooses"
    return kept, f"{' and '.join(left_out)} {are} left out; {advice}"


def headline(phases: Phases) -> str:
    """Returns how many cells fire, are open, are silent, in both readings."""
    conditional, sound = (table_summary(r.table) for r in (phases.conditional, phases.sound))
    name = phases.circuit.name
    if conditional == sound:
        return printable(f"{name}: {conditional}, in both readings")
    return printable(f"{name}: {conditional}; sound reading: {sound}")


def statements(phases: Phases, rows: Sequence[Row]) -> Iterator[Text]:
    """Yields a line for every assumption and obligation, with the margin where it has one.

    What is only about populations that are not among the rows is left out.
    """
    for assumption in phases.assumptions:
        yield _statement("assumed", assumption.text)
    for proof in proofs(phases, {row.name for row in rows}):
        margin = proof.obligations[0].margin
        said = str(proof).removeprefix(f"{proof.word}: ")
        if margin is not None and proof.word == "open":
            said += f" (margin {amount_text(margin)})"
        yield _statement(proof.word, said)


def _statement(word: str, said: str) -> Text:
    colors = {"open": "bold yellow", "refuted": "bold red", "proved": "green"}
    return Text.assemble((f"{word}: ", colors.get(word, "cyan")), printable(said))
