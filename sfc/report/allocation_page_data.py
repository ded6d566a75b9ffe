"""What the script of an allocation's page knows, as JSON that may stand in a page."""

from __future__ import annotations

import json
from typing import Any

from sfc.report.allocation_model import AllocationReport, Core
from sfc.report.allocation_words import spaced
from sfc.report.strokes import printable

_MOST_PAIRS = 40_000
"""Pairs of cores that a page knows, the busiest."""

_UNKNOWN_COLUMNS = 16
"""Cores in a row, where it was not published how they lie."""

_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def page_data(report: AllocationReport) -> str:
    """Returns the data of a page: nothing in it can end the element that holds it."""
    names = list(report.resources)
    populations: dict[str, int] = {}
    known = {found.name: (found.neurons, found.span or "") for found in report.populations}
    for core in report.cores:
        for part in core.populations:
            populations.setdefault(part.name, len(populations))
            known.setdefault(part.name, (part.neurons, part.span or ""))
    pairs, chips = _pairs(report)
    data = {
        "resources": [
            [printable(spaced(name)), printable(report.units.get(name, ""))] for name in names
        ],
        "populations": [
            [printable(name), known[name][0], printable(known[name][1])] for name in populations
        ],
        "chips": report.chips_used,
        "chip": _chip(report),
        "cores": [_core(core, names, populations) for core in report.cores],
        "pairs": pairs,
        "chipPairs": chips,
        "slowest": report.step_time.slowest_core if report.step_time else None,
        "basis": printable(report.step_time.basis) if report.step_time else "",
    }
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES)


def _chip(report: AllocationReport) -> dict[str, Any]:
    """Returns how cores lie: columns and rows of tiles, and columns and rows of cores in each."""
    die = report.chip
    if die.mesh is None:
        columns = min(_UNKNOWN_COLUMNS, die.cores)
        return {"mesh": [columns, -(-die.cores // columns)], "tile": 1, "cores": die.cores}
    return {"mesh": list(die.mesh), "tile": die.cores_per_tile, "known": True, "cores": die.cores}


def _core(core: Core, names: list[str], populations: dict[str, int]) -> list[Any]:
    """Returns id, chip, number, tile, used, available, binding, plastic, ns, populations."""
    uses = [core.used.get(name) for name in names]
    return [
        core.id,
        core.chip,
        core.core,
        core.tile,
        [use.used if use else 0 for use in uses],
        [use.available if use else None for use in uses],
        names.index(core.binding) if core.binding in names else None,
        core.plastic_synapses,
        core.step_ns,
        [[populations[part.name], part.first, part.last] for part in core.populations],
    ]


def _pairs(report: AllocationReport) -> tuple[list[list[float]], list[list[float]]]:
    """Returns spikes between cores, by their place in the list, and between chips, or in one."""
    places = {core.id: place for place, core in enumerate(report.cores)}
    if report.traffic is None:
        return [], []
    pairs: list[list[float]] = []
    chips: dict[tuple[int, int], float] = {}
    for source, target, spikes in report.traffic.between_cores:
        if source in places and target in places and spikes:
            here, there = places[source], places[target]
            pairs.append([here, there, spikes])
            way = (report.cores[here].chip, report.cores[there].chip)
            chips[way] = chips.get(way, 0.0) + spikes
    pairs.sort(key=lambda pair: -pair[2])
    return pairs[:_MOST_PAIRS], [[a, b, round(n, 3)] for (a, b), n in sorted(chips.items())]
