"""Energy and time of inference as we count them, and as SANA-FE simulates them, on the same cores.

SANA-FE simulates every spike and message of the network with the costs of our chip file's basis
`sanafe`, on an architecture that is written here from that file. Its spikes are compared with those
of the reference engine. The first run makes an environment for it, which takes a minute.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from pathlib import Path
from typing import Any

from machine import describe
from peers.environments import PEERS, LeftOut, default_cache, environment, run
from peers.job import write_job
from peers.network import make_job
from peers.works import Work, inference

from sfc.chips.chip import Chip
from sfc.chips.read import chip
from sfc.ir.circuit import Circuit
from sfc.place.activity import of_counts
from sfc.place.cost import cost
from sfc.place.operations import Operations, operations
from sfc.place.placement import Piece, Placement

GENERATORS_ON = 0
"""Core that drives inputs in SANA-FE, whose spikes come from cores of the chip."""

LIMIT = 600
"""Seconds that a simulation may take."""

_SOMA = ("access_neuron", "update_neuron", "spike_out")


def architecture(loihi: Chip, generators: int) -> dict[str, Any]:
    """Returns SANA-FE's description of a chip, with our figures of the basis `sanafe`."""

    def energy(operation: str) -> float:
        return (loihi.energy("sanafe", operation) or 0.0) * 1e-12

    def time(operation: str) -> float:
        return (loihi.time("sanafe", operation) or 0.0) * 1e-9

    columns, rows = loihi.mesh
    hops = {}
    for direction, operation in (
        *((name, "hop_north_south") for name in ("north", "south")),
        *((name, "hop_east_west") for name in ("east", "west")),
    ):
        hops[f"energy_{direction}_hop"] = energy(operation)
        hops[f"latency_{direction}_hop"] = time(operation)
    neurons = {"model": "leaky_integrate_fire"}
    for theirs, ours in (
        ("access_neuron", "neuron_access"),
        ("update_neuron", "neuron_update"),
        ("spike_out", "spike_out"),
    ):
        neurons |= {f"energy_{theirs}": energy(ours), f"latency_{theirs}": time(ours)}
    free = {f"{what}_{unit}": 0.0 for what in ("energy", "latency") for unit in _SOMA}
    core = {
        "name": f"core[0..{loihi.cores_per_tile - 1}]",
        "attributes": {
            "buffer_position": "soma",
            "buffer_inside_unit": False,
            "max_neurons_supported": 1024,
        },
        "axon_in": [
            {
                "name": "axons_in",
                "attributes": {
                    "energy_message_in": energy("axon_in_message"),
                    "latency_message_in": time("axon_in_message"),
                },
            }
        ],
        "synapse": [
            {
                "name": "dense",
                "attributes": {
                    "model": "current_based",
                    "energy_process_spike": energy("synaptic_operation_dense"),
                    "latency_process_spike": time("synaptic_operation_dense"),
                },
            }
        ],
        "dendrite": [
            {
                "name": "dendrites",
                "attributes": {"model": "accumulator", "energy_update": 0.0, "latency_update": 0.0},
            }
        ],
        "soma": [
            {"name": "neurons", "attributes": neurons},
            {
                "name": f"generators[0..{generators - 1}]",
                "attributes": {"model": "input"} | free,
            },
        ],
        "axon_out": [
            {
                "name": "axons_out",
                "attributes": {
                    "energy_message_out": energy("axon_out_message"),
                    "latency_message_out": time("axon_out_message"),
                },
            }
        ],
    }
    barrier = {tiles: ns * 1e-9 for tiles, ns in loihi.barrier("sanafe")}
    tile = {"name": f"tile[0..{columns * rows - 1}]", "attributes": hops, "core": [core]}
    attributes = {
        "topology": "mesh",
        "width": columns,
        "height": rows,
        "link_buffer_size": 16,
        "sync_model": "table",
        "latency_sync": barrier,
    }
    return {"architecture": {"name": "chip", "attributes": attributes, "tile": [tile]}}


def by_the_authors(circuit: Circuit) -> Placement:
    """Returns the placement of the circuit's authors, who dealt neurons over ranges of cores."""

    def cores(name: str) -> tuple[int, int]:
        if circuit.populations[name].origin is not None:
            return 40, 95
        return (16, 95) if name == "x" else (2, 80)

    return _dealt(circuit, {name: cores(name) for name in circuit.populations})


def a_core_each(circuit: Circuit) -> Placement:
    """Returns every population on a core of its own, whether it fits or not."""
    return _dealt(circuit, {name: (k, k + 1) for k, name in enumerate(circuit.populations, 1)})


def _dealt(circuit: Circuit, ranges: dict[str, tuple[int, int]]) -> Placement:
    pieces = []
    for name, (start, end) in ranges.items():
        size = circuit.populations[name].size
        most = math.ceil(size / (end - start))
        for number, first in enumerate(range(0, size, most)):
            pieces.append(Piece(name, first, min(first + most, size) - 1, start + number))
    return Placement("loihi1", tuple(pieces))


def counted(work: Work, placement: Placement, loihi: Chip) -> Operations:
    """Returns our counts of the samples of a work."""
    result = work.simulator("reference").run(work.inputs, counts=True)
    activity = of_counts(work.circuit, result.spike_counts, work.samples, result.presented)
    return operations(work.circuit, placement, activity, loihi, lambda _projection, _piece: True)


def simulated(
    python: Path, work: Work, placement: Placement, loihi: Chip, timing: str
) -> dict[str, Any]:
    """Returns SANA-FE's totals over all samples, and how its spikes differ from ours."""
    job = make_job(work)
    pieces = [
        {"population": p.population, "first": p.first, "last": p.last, "core": p.core}
        for p in placement.pieces
    ]
    place = {
        "architecture": architecture(loihi, sum(g.size for g in job.generators)),
        "pieces": pieces,
        "generators_on": GENERATORS_ON,
        "timing": timing,
    }
    with tempfile.TemporaryDirectory() as folder:
        path, about = Path(folder) / "job.npz", Path(folder) / "place.json"
        write_job(path, job)
        about.write_text(json.dumps(place), encoding="utf-8")
        printed = run([python, PEERS / "sanafe" / "run.py", path, about], LIMIT)
    return dict(json.loads(printed.splitlines()[-1]))


def compare(label: str, loihi: Chip, ours: Operations, theirs: dict[str, dict[str, Any]]) -> None:
    """Prints both models of a placement, per sample."""
    found = cost(loihi, ours, "sanafe")
    energies = found.dynamic_uj
    simple = theirs["simple"]
    neurons = ("neuron_access", "neuron_update", "spike_out")
    ways = ("axon_out_message", "axon_in_message", "hop_east_west", "hop_north_south")
    rows = [
        ("synaptic operations, uJ", energies["synaptic_operation_dense"], simple["synapse_energy"]),
        ("neurons, uJ", sum(energies[name] for name in neurons), simple["soma_energy"]),
        ("messages and hops, uJ", sum(energies[name] for name in ways), simple["network_energy"]),
        ("all of these, uJ", found.dynamic_total_uj, simple["total_energy"]),
        ("time by its simple model, us", found.latency_us, simple["sim_time"]),
        ("time by its detailed model, us", found.latency_us, theirs["detailed"]["sim_time"]),
    ]
    print(f"\n{label}, {len(ours.loads.cores)} cores on {ours.tiles} tiles; a sample")
    print(f"{'':32}{'ours':>10}{'SANA-FE':>10}{'SANA-FE / ours':>16}")
    for name, mine, other in rows:
        print(f"{name:32}{mine:10.4f}{other * 1e6:10.4f}{other * 1e6 / mine:16.4f}")
    sent = ours.from_host * (loihi.energy("sanafe", "axon_out_message") or 0.0) / 1e6
    print(f"{ours.from_host:.1f} messages of inputs: the host's in ours, {sent:.4f} uJ in SANA-FE")
    hops = ours.hops_east_west + ours.hops_north_south
    print(f"{hops:,.0f} hops in ours, {simple['hops']:,.0f} in SANA-FE, inputs included")


def main() -> None:
    """Prints both models side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--cache", type=Path, default=default_cache())
    arguments = parser.parse_args()
    loihi = chip("loihi1")
    work = inference(arguments.samples)
    try:
        python = environment("sanafe", arguments.cache)
        for label, place in (("authors' cores", by_the_authors), ("a core each", a_core_each)):
            placement = place(work.circuit)
            theirs = {}
            for timing in ("simple", "detailed"):
                found = simulated(python, work, placement, loihi, timing)
                if found["differences"]:
                    raise SystemExit(f"SANA-FE spikes otherwise: {'; '.join(found['differences'])}")
                theirs[timing] = {n: total / work.samples for n, total in found["totals"].items()}
            compare(label, loihi, counted(work, placement, loihi), theirs)
    except LeftOut as why:
        raise SystemExit(f"SANA-FE is left out: {why}") from None
    print(f"\n{work.about}; {work.samples} samples. SANA-FE's spikes equal the reference engine's.")
    print(describe())


if __name__ == "__main__":
    main()
