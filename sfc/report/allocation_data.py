"""An allocation as JSON data ("sfc-allocation 1"); docs/placement.md describes the fields."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sfc.chips.chip import Chip, Figure
from sfc.ir.circuit import Circuit, Population
from sfc.ir.record import digest
from sfc.place.allocation import Allocation
from sfc.place.bounds import lower_bound
from sfc.place.mesh import positions
from sfc.place.paper import measured_by_authors
from sfc.place.placement import Piece
from sfc.report.allocation_model import FORMAT
from sfc.span import Span

UNITS = {
    "compartments": "neurons",
    "synaptic_memory": "64-bit words",
    "input_axons": "entries",
    "output_axons": "entries",
    "compartment_profiles": "profiles",
    "threshold_profiles": "profiles",
    "synapse_formats": "formats",
    "delay_slots": "slots",
    "memory_bytes": "bytes",
    "plastic_synapses": "synapses",
    "cores_chosen_by_the_author": "cores",
}

_LIMITS = {
    "compartments": "compartments",
    "synaptic_memory": "synapse_words",
    "input_axons": "input_axons",
    "output_axons": "output_axons",
    "compartment_profiles": "compartment_profiles",
    "threshold_profiles": "threshold_profiles",
    "synapse_formats": "synapse_formats",
    "delay_slots": "dendritic_accumulators",
    "memory_bytes": "memory_bytes",
}
"""The limit of a chip file that a resource has."""


def allocation_data(allocation: Allocation) -> dict[str, Any]:
    """Returns what an allocation's report says, as plain JSON data."""
    circuit, chip = allocation.circuit, allocation.chip
    binding = lower_bound(allocation.bounds)
    resources = list(dict.fromkeys(name for core in allocation.cores for name in core.used))
    data = {
        "format": FORMAT,
        "circuit": circuit.name,
        "digest": digest(circuit),
        "parameters": dict(circuit.parameters),
        "chip": {
            "name": chip.name,
            "title": chip.title,
            "cores": chip.cores,
            "mesh": list(chip.mesh),
            "cores_per_tile": chip.cores_per_tile,
        },
        "objective": allocation.objective,
        "seed": allocation.seed,
        "max_plastic_per_core": allocation.plastic_cap,
        "cores_used": allocation.cores_used,
        "lower_bound": binding.cores,
        "binding_bound": binding.resource,
        "bounds": {
            bound.resource: {
                "cores": bound.cores,
                "demand": bound.demand,
                "per_core": bound.per_core,
                "unit": UNITS[bound.resource],
            }
            for bound in allocation.bounds
        },
        "chips_used": allocation.chips,
        "chips_available": chip.most_chips,
        "cores_available": allocation.available_cores,
        "plastic_per_core_max": allocation.most_plastic,
        "cores": _cores(allocation),
        "populations": _populations(allocation),
        "projections": _projections(allocation),
        "units": {name: UNITS[name] for name in resources},
        "sources": {name: _source(chip, name) for name in resources},
        "unverified": _unverified(chip, resources),
        "traffic": _traffic(allocation),
        "operations": allocation.operations.data(),
        "energy": {basis: cost.data() for basis, cost in allocation.costs.items()},
        **_times(allocation),
        "paper": _paper(circuit, chip),
    }
    return {key: _rounded(value) for key, value in data.items()}


def _cores(allocation: Allocation) -> list[dict[str, Any]]:
    chip = allocation.chip
    tiles = positions(chip, [core.number for core in allocation.cores]).tolist()
    columns, _ = chip.mesh
    cost = allocation.step_cost
    steps = {} if cost is None else cost.cores_ns
    return [
        {
            "id": core.number,
            "chip": core.number // chip.cores,
            "core": core.number % chip.cores,
            "tile": [column % columns, row],
            "used": {
                name: {"used": used, "available": core.available[name]}
                for name, used in core.used.items()
            },
            "binding": core.binding,
            "plastic_synapses": core.plastic,
            "step_ns": steps.get(core.number),
            "populations": [_piece(allocation.circuit, piece) for piece in core.pieces],
        }
        for core, (column, row) in zip(allocation.cores, tiles, strict=True)
    ]


def _piece(circuit: Circuit, piece: Piece) -> dict[str, Any]:
    population = circuit.populations[piece.population]
    return {
        "name": piece.population,
        "first": piece.first,
        "last": piece.last,
        "neurons": population.size,
        "span": _place(population.span),
    }


def _populations(allocation: Allocation) -> list[dict[str, Any]]:
    pieces = allocation.placement.of_population()

    def row(population: Population) -> dict[str, Any]:
        own = pieces.get(population.name, ())
        return {
            "name": population.name,
            "neurons": population.size,
            "pieces": len(own),
            "cores": sorted({piece.core for piece in own}),
            "origin": population.origin.kind if population.origin else None,
            "span": _place(population.span),
        }

    return [row(population) for population in allocation.circuit.populations.values()]


def _projections(allocation: Allocation) -> list[dict[str, Any]]:
    circuit = allocation.circuit
    targets: dict[str, list[tuple[Piece, bool]]] = {}
    for core in allocation.cores:
        for piece, is_near in zip(core.pieces, core.near, strict=True):
            targets.setdefault(piece.population, []).append((piece, is_near))
    rows = []
    for name, projection in circuit.projections.items():
        takes = [
            (allocation.lists[name].take(piece.first, piece.last + 1), is_near)
            for piece, is_near in targets.get(projection.target, ())
        ]
        takes = [(take, is_near) for take, is_near in takes if take.lists]
        formats = {str(take.near_format if is_near else take.far_format) for take, is_near in takes}
        rows.append(
            {
                "name": name,
                "source": projection.source,
                "target": projection.target,
                "synapses": sum(take.synapses for take, _ in takes),
                "plastic": circuit.learns(projection),
                "lists": sum(take.lists for take, _ in takes),
                "words": sum(take.near if is_near else take.far for take, is_near in takes),
                "formats": sorted(formats),
                "span": _place(projection.span),
            }
        )
    return rows


def _traffic(allocation: Allocation) -> dict[str, Any]:
    activity, traffic, chip = allocation.activity, allocation.traffic, allocation.chip
    chips = traffic.by_chip(chip)
    names = allocation.circuit.populations
    return {
        "basis": activity.basis,
        "samples": activity.samples,
        "spikes_per_sample": sum(float(activity.spikes[name].sum()) for name in names),
        "hop_weighted_per_sample": allocation.hop_weighted,
        "inter_core_per_step": traffic.between_cores() / activity.steps,
        "inter_chip_per_step": chips.between_cores() / activity.steps,
        "between_cores": traffic.rows(),
        "between_chips": chips.rows(),
    }


def _times(allocation: Allocation) -> dict[str, Any]:
    cost = allocation.step_cost
    if cost is None:
        return {"step_time_us": None, "step_time": None}
    longest = max(range(len(cost.phases_ns)), key=cost.phases_ns.__getitem__)
    return {
        "step_time_us": cost.longest_step_us,
        "step_time": {
            "basis": cost.basis,
            "phases": list(cost.phases_ns),
            "barrier_ns": cost.barrier_ns,
            "slowest_core": cost.slowest[longest],
            "learning_ns": cost.learning_ns,
        },
    }


def _paper(circuit: Circuit, chip: Chip) -> dict[str, Any]:
    found = measured_by_authors(circuit, chip)
    if found is None:
        return {}
    return {
        "energy_uJ": found.energy_uj,
        "latency_us": found.latency_us,
        "what": found.what,
        "source": found.source,
    }


def _source(chip: Chip, resource: str) -> str:
    figure = chip.limits.get(_LIMITS[resource])
    return "not published" if figure is None else figure.source


def _unverified(chip: Chip, resources: Sequence[str]) -> list[dict[str, Any]]:
    """Returns the limits that the placement leans on and that no good source confirms."""
    leaning = (
        *(_LIMITS[name] for name in resources),
        "dense_base",
        "block_synapses",
        "delay_slots",
        "learning_axon_entries",
        "other_chip_entries",
    )
    found: Mapping[str, Figure] = {
        name: chip.limits[name] for name in dict.fromkeys(leaning) if name in chip.limits
    }
    return [
        {"name": name, "value": figure.value, "unit": figure.unit, "note": figure.note}
        for name, figure in found.items()
        if not figure.is_verified
    ]


def _place(span: Span | None) -> str | None:
    return None if span is None else f"{span.source.name}:{span.line}:{span.column}"


def _rounded(value: Any) -> Any:
    """Returns data in which numbers have few digits, so that they do not depend on the machine."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 2**53 else float(f"{value:.9g}")
    if isinstance(value, Mapping):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
