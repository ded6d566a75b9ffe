"""The phase table as JSON, piece by piece: a table may have millions of cells."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sfc.analysis.phases import Phases

FORMAT = "sfc-phases 1"


def json_chunks(phases: Phases) -> Iterator[str]:
    """Yields the text of a JSON file, a line a cell; docs/phases.md describes the fields."""
    table = phases.conditional.table
    head = {
        "format": FORMAT,
        "circuit": phases.circuit.name,
        "chain": table.chain,
        "phases": table.phases,
    }
    yield json.dumps(head).removesuffix("}") + ',\n"cells": ['
    between = "\n"
    for name in phases.circuit.populations:
        yield between + ",\n".join(_cells(phases, name))
        between = ",\n"
    yield "\n],\n"
    assumptions = [assumption.data() for assumption in phases.assumptions]
    yield f'"assumptions": {json.dumps(assumptions, indent=1)},\n'
    obligations = [obligation.data() for obligation in phases.obligations]
    yield f'"obligations": {json.dumps(obligations, indent=1)}\n}}\n'


def _cells(phases: Phases, name: str) -> Iterator[str]:
    """Yields the cells of a population; where nothing arrives, they differ in the phase alone."""
    table, sound = phases.conditional.table, phases.sound.table
    silent = json.dumps(table.cell(name, -2).data() | {"sound": "silent"})
    before, after = silent.split('"phase": -2')
    for phase in table.numbers:
        cell, other = table.known.get((name, phase)), sound.known.get((name, phase))
        if cell is None and other is None:
            yield f'{before}"phase": {phase}{after}'
        else:
            data = table.cell(name, phase).data() | {"sound": sound.cell(name, phase).state}
            yield json.dumps(data)
