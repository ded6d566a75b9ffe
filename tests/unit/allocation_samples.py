"""Allocations as their JSON has them, of several sizes; numbers are only like real ones."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

LIMITS = {
    "compartments": 1024,
    "synaptic_memory": 16384,
    "input_axons": 4096,
    "output_axons": 4096,
    "compartment_profiles": 32,
    "threshold_profiles": 7,
    "synapse_formats": 15,
    "delay_slots": 8192,
}
UNITS = {
    "compartments": "compartments",
    "synaptic_memory": "words",
    "input_axons": "axons",
    "output_axons": "axons",
    "compartment_profiles": "profiles",
    "threshold_profiles": "profiles",
    "synapse_formats": "formats",
    "delay_slots": "accumulators",
}
FLAGSHIP = {
    "x": 400, "m_x": 400, "h": 400, "h_lt": 400, "h_gt": 400, "m_h": 400, "c_h": 400, "h_T": 400,
    "o": 10, "o_lt": 10, "o_gt": 10, "o_T": 10, "t": 10, "d_plus": 10, "d_minus": 10,
    **{f"g[{k}]": 1 for k in range(12)},
}  # fmt: skip
WIRES = [
    ("x", "h", 160000), ("x", "h_lt", 160000), ("x", "h_gt", 160000), ("h", "o", 4000),
    ("h", "o_lt", 4000), ("h", "o_gt", 4000), ("o", "h_T", 4000), ("o_T", "h_T", 4000),
    ("x", "m_x", 400), ("m_x", "x", 400), ("h", "m_h", 400), ("m_h", "h", 400), ("c_h", "h", 400),
    ("g[1]", "x", 400), ("g[2]", "h", 400),
]  # fmt: skip


def sample(cores: int = 5, chips: int = 1, loihi2: bool = False) -> dict[str, Any]:
    """The flagship circuit on a few cores, or a row of layers on many, as Loihi 1 or 2 holds it."""
    random_ = random.Random(cores)
    per_chip = 120 if loihi2 else 128
    if cores > 100:
        populations = {f"net.layer[{k}].h": 900 for k in range(cores)}
        names = list(populations)
        wires = [(a, b, 9000) for a, b in pairwise(names)]
    else:
        populations, wires = FLAGSHIP, WIRES
    placed = _placed(populations, cores)
    ids = [core * chips * per_chip // cores if chips > 1 else core + (2 if cores > 50 else 0)
           for core in range(cores)]  # fmt: skip
    made = [
        _core(ids[k], per_chip, parts, populations, loihi2, random_)
        for k, parts in enumerate(placed)
    ]
    pairs = _pairs(ids, random_)
    chip_of = {core["id"]: core["chip"] for core in made}
    between_chips: dict[tuple[int, int], float] = {}
    for a, b, spikes in pairs:
        if chip_of[a] != chip_of[b]:
            key = (chip_of[a], chip_of[b])
            between_chips[key] = round(between_chips.get(key, 0) + spikes, 3)
    slowest = max(made, key=lambda core: core["step_ns"] or 0.0)
    longest = slowest["step_ns"] or 0.0
    used_by: dict[str, list[int]] = {}
    for core in made:
        for part in core["populations"]:
            used_by.setdefault(part["name"], []).append(core["id"])
    loihi1_chip = {"name": "loihi1", "title": "Loihi 1", "mesh": [8, 4], "cores_per_tile": 4}
    loihi2_chip = {"name": "loihi2", "title": "Loihi 2", "mesh": None, "cores_per_tile": 1}
    chip = {**(loihi2_chip if loihi2 else loihi1_chip), "cores": per_chip}
    limits = {name: None if loihi2 else LIMITS[name] for name in LIMITS}
    limits["compartments"] = 8192 if loihi2 else 1024
    neurons = sum(populations.values())
    return {
        "format": "sfc-allocation 1",
        "circuit": "backprop" if cores <= 100 else "deep",
        "digest": "5f" * 32,
        "parameters": {"n_hid": 400},
        "chip": chip,
        "objective": "cores",
        "seed": 0,
        "max_plastic_per_core": None,
        "cores_used": cores,
        "lower_bound": max(1, cores - 1),
        "binding_bound": "compartments" if loihi2 else "synaptic_memory",
        "bounds": {
            name: {
                "cores": None if limit is None else max(1, cores - 1 - 2 * k),
                "demand": neurons if name == "compartments" else 7919 * cores // (k + 1),
                "per_core": limit,
                "unit": UNITS[name],
            }
            for k, (name, limit) in enumerate(limits.items())
            if k < 4
        },
        "chips_used": chips,
        "chips_available": 32,
        "cores_available": per_chip * chips,
        "plastic_per_core_max": max(core["plastic_synapses"] for core in made),
        "cores": made,
        "populations": [
            {
                "name": name,
                "neurons": size,
                "pieces": len(used_by.get(name, [])),
                "cores": sorted(used_by.get(name, [])),
                "origin": "relay" if name.startswith("g[") else None,
                "span": f"backprop.sfc:{20 + k}:12",
            }
            for k, (name, size) in enumerate(sorted(populations.items()))
        ],
        "projections": [
            {
                "name": f"{source} -> {target}",
                "source": source,
                "target": target,
                "synapses": count,
                "plastic": count > 1000,
                "lists": 400,
                "words": count * 8 // 62,
                "formats": ["dense, 8 bits" if count > 1000 else "sparse, 10 + 3 bits"],
                "span": f"backprop.sfc:{60 + k}:1",
            }
            for k, (source, target, count) in enumerate(sorted(wires))
        ],
        "units": UNITS,
        "sources": {name: "nengo-loihi block.py" for name in UNITS},
        "unverified": [
            {"name": "dendritic_accumulators", "value": 8192, "unit": "accumulators",
             "note": "compartments times delay slots; one source"},
            {"name": "threshold_profiles", "value": 7, "unit": "profiles",
             "note": "nengo-loihi has 7, 8 and 16"},
        ],
        "step_time_us": None if loihi2 else longest / 1000,
        "step_time": None if loihi2 else {
            "basis": "davies",
            "barrier_ns": 465.0,
            "phases": [round(longest * (1 - 0.6 * (k % 5 > 0)), 1) for k in range(12)],
            "slowest_core": slowest["id"],
            "learning_ns": round(longest * 0.6, 1),
        },
        "traffic": {
            "basis": "a run of untrained weights on mnist20",
            "samples": 100,
            "spikes_per_sample": 1834.5,
            "hop_weighted_per_sample": 7421.25,
            "inter_core_per_step": round(sum(pair[2] for pair in pairs) / 12, 3),
            "inter_chip_per_step": round(sum(between_chips.values()) / 12, 3),
            "between_cores": [list(pair) for pair in pairs],
            "between_chips": [[a, b, n] for (a, b), n in sorted(between_chips.items())],
        },
        "energy": {} if loihi2 else {
            "davies": {
                "dynamic_uJ": {"synaptic_operation": 9.31, "neuron_update": 3.18, "hop": 0.02},
                "dynamic_total_uJ": 12.51,
                "learning_uJ": 38.4,
                "static_uJ": 76.1,
                "latency_us": 732.5,
            },
            "sanafe": {
                "dynamic_uJ": {"synaptic_operation": 7.7, "neuron_update": 4.4, "spike_out": 0.13},
                "dynamic_total_uJ": 12.23,
                "learning_uJ": None,
                "static_uJ": 154.0,
                "latency_us": 1482.0,
            },
        },
        "operations": {"synaptic_operation": 394512.5, "neuron_update": 39384, "hop": 7421.25},
        "paper": {} if loihi2 else {
            "training": {"energy_mJ": 0.59, "latency_ms": 1.5},
            "inference": {"energy_mJ": 0.0025, "latency_ms": 0.17},
            "source": "Renner et al. 2024, Table 1",
        },
    }  # fmt: skip


def _placed(populations: dict[str, int], cores: int) -> list[list[tuple[str, int, int]]]:
    """Deals neurons over cores, as many to each; a population may be cut."""
    size = -(-sum(populations.values()) // cores)
    found: list[list[tuple[str, int, int]]] = [[]]
    room = size
    for name, count in populations.items():
        first = 0
        while first < count:
            if room == 0:
                found.append([])
                room = size
            last = min(count, first + room) - 1
            found[-1].append((name, first, last))
            room -= last - first + 1
            first = last + 1
    return found


def _core(
    id: int,
    per_chip: int,
    parts: list[tuple[str, int, int]],
    populations: dict[str, int],
    loihi2: bool,
    random_: random.Random,
) -> dict[str, Any]:
    neurons = sum(last - first + 1 for _, first, last in parts)
    core = id % per_chip
    used = {
        "compartments": neurons,
        "synaptic_memory": random_.randrange(200, 16384),
        "input_axons": random_.randrange(40, 4000),
        "output_axons": random_.randrange(40, 3000),
        "compartment_profiles": 1 + len(parts) % 3,
        "threshold_profiles": 1,
        "synapse_formats": random_.randrange(1, 9),
        "delay_slots": min(8192, 8 * neurons),
    }
    limits = {name: None if loihi2 else LIMITS[name] for name in used}
    limits["compartments"] = 8192 if loihi2 else 1024
    shares = {name: used[name] / limit for name, limit in limits.items() if limit}
    tile = core // 4
    order = {name: k for k, name in enumerate(sorted(populations))} if core < 100 else {}
    plastic = random_.randrange(0, 100000)
    return {
        "id": id,
        "chip": id // per_chip,
        "core": core,
        "tile": None if loihi2 else [tile % 8, tile // 8],
        "used": {name: {"used": used[name], "available": limits[name]} for name in used},
        "binding": max(shares, key=lambda name: shares[name]),
        "plastic_synapses": plastic,
        "step_ns": None if loihi2 else 1200 + 0.61 * plastic,
        "populations": [
            {"name": name, "first": first, "last": last, "neurons": populations[name],
             "span": f"backprop.sfc:{20 + order.get(name, 0)}:12"}
            for name, first, last in parts
        ],
    }  # fmt: skip


def _pairs(ids: list[int], random_: random.Random) -> list[tuple[int, int, float]]:
    """Cores send to the next few, and now and then far away."""
    found = {}
    for index, source in enumerate(ids):
        for step in (0, 1, 2, 5, random_.randrange(len(ids))):
            target = ids[(index + step) % len(ids)]
            found[source, target] = round(random_.lognormvariate(2, 1.5), 3)
    return sorted((a, b, n) for (a, b), n in found.items())
