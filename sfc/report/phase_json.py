"""The phase table as JSON, piece by piece: a table may have millions of cells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

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
        "chains": [[each.chain, each.phases] for each in phases.conditional.tables],
    }
    yield json.dumps(head).removesuffix("}") + ',\n"cells": ['
    between = "\n"
    for each in phases.conditional.tables:
        shown = phases.of_chain(each.chain)
        for name in phases.circuit.populations:
            yield between + ",\n".join(_cells(shown, name))
            between = ",\n"
    yield "\n],\n"
    assumptions = [assumption.data() for assumption in phases.assumptions]
    yield f'"assumptions": {json.dumps(assumptions, indent=1)},\n'
    obligations = [obligation.data() for obligation in phases.obligations]
    yield f'"obligations": {json.dumps(obligations, indent=1)}\n}}\n'


def _cells(phases: Phases, name: str) -> Iterator[str]:
    """Yields the cells of a population; where nothing arrives, they differ in the phase alone."""
    table, sound = phases.conditional.table, phases.sound.table
    empty = replace(table, known={}).cell(name, table.numbers[0])
    silent = json.dumps(replace(empty, phase=-2).data() | {"sound": "silent"})
    before, after = silent.split('"phase": -2')
    for phase in table.numbers:
        there = phase if sound.chain else -1
        cell, other = table.known.get((name, phase)), sound.known.get((name, there))
        if cell is None and other is None:
            yield f'{before}"phase": {phase}{after}'
        else:
            data = table.cell(name, phase).data() | {"sound": sound.cell(name, phase).state}
            yield json.dumps(data)
