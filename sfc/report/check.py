"""What a check found, line by line and as JSON data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sfc.analysis.phases import Phases
from sfc.analysis.sentences import listed
from sfc.diagnostics import Diagnostic
from sfc.ir.record import digest
from sfc.report.proofs import phase_summary, proofs

FORMAT = "sfc-check 1"

_IF_SILENT = ", if what is open stays silent"


def check_lines(phases: Phases) -> list[str]:
    """Returns what is assumed, then assertions that are proved, then what is open or refuted.

    What differs in nothing but its subject, or its phase, is one line.
    """
    lines = [phase_summary(phases)]
    lines += [f"assumed: {assumption.text}" for assumption in phases.assumptions]
    lines += [f"proved: {text}" for text in _proved(phases)]
    doubted = [proof for proof in proofs(phases) if proof.word != "proved"]
    lines += sorted((str(proof) for proof in doubted), key=lambda line: line.startswith("refuted"))
    if not doubted:
        only = ": in every run only these cells fire" if phases.conditional.table.chain else ""
        lines.append(f"nothing is open{only}")
    return lines


def _proved(phases: Phases) -> Iterator[str]:
    proved = [o for o in phases.obligations if o.status in ("proved", "conditional")]
    by_phase = [o for o in proved if o.kind in ("silent", "fires")]
    yield from (o.text for o in proved if o.kind not in ("silent", "fires"))
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


def check_data(phases: Phases, diagnostics: Iterable[Diagnostic]) -> dict[str, Any]:
    """Returns a check as JSON data; docs/checking.md describes the fields."""
    from sfc.report.outcomes import diagnostic_data  # not before: NumPy takes a while to load

    table = phases.conditional.table
    circuit = phases.circuit
    total = len(circuit.populations) * table.phases
    firing, open = len(table.firing()), len(table.open())
    return {
        "format": FORMAT,
        "circuit": circuit.name,
        "digest": digest(circuit),
        "parameters": dict(circuit.parameters),
        "cells": {"fire": firing, "open": open, "silent": total - firing - open},
        "diagnostics": [{"severity": d.severity, **diagnostic_data(d)} for d in diagnostics],
        "assumptions": [assumption.data() for assumption in phases.assumptions],
        "obligations": [obligation.data() for obligation in phases.obligations],
    }
