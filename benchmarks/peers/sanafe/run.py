"""SANA-FE: the network of a job on the cores of a chip; what it takes by SANA-FE's model.

Usage: run.py JOB.npz PLACE.json

PLACE.json holds an architecture as SANA-FE describes it in YAML (JSON is YAML, but for the quotes
of its keys), the pieces of a placement, the core of the generators and the timing model. It has no
learning, and its default dendrite ignores delays, so jobs have neither.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import sanafe

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from job import LEAD, Job, Projection, differences, read_job


def groups(job: Job, place: dict, network: sanafe.Network, cores: list) -> dict:
    """Returns the neurons of all populations and generators, on their cores."""
    made = {}
    for number, p in enumerate(job.populations):
        attributes = {
            "threshold": p.threshold,
            "bias": p.bias,
            "refractory_delay": p.refractory,
            "leak_decay": 0.0,
            "input_decay": 0.0,
        }
        group = network.create_neuron_group(
            f"population_{number}", p.size, attributes, soma_hw_name="neurons", log_spikes=True
        )
        for piece in place["pieces"]:
            if piece["population"] == p.name:
                for neuron in range(piece["first"], piece["last"] + 1):
                    group[neuron].map_to_core(cores[piece["core"]])
        made[p.name] = group
    used = 0
    for number, g in enumerate(job.generators):
        group = network.create_neuron_group(f"generator_{number}", g.size)
        raster = job.dense(g)
        for neuron in range(g.size):
            group[neuron].set_attributes(
                soma_hw_name=f"generators[{used}]",
                model_attributes={"spikes": raster[:, neuron].tolist()},
            )
            group[neuron].map_to_core(cores[place["generators_on"]])
            used += 1
        made[g.name] = group
    return made


def connect(job: Job, projection: Projection, made: dict) -> None:
    """Makes the synapses of a projection."""
    assert not projection.delay, "its default dendrite ignores delays"
    source, target = made[projection.source], made[projection.target]
    rows, columns = job.size(projection.source), job.size(projection.target)
    weight = projection.mantissa * 2**projection.exponent
    if projection.one_to_one:
        for k in range(rows):
            source[k].connect_to_neuron(target[k], {"weight": float(weight)})
        return
    weights = np.full((rows, columns), weight)
    if projection.weights is not None:
        weights = projection.weights
    source.connect_neurons_dense(target, {"weight": weights.ravel().astype(float).tolist()})


def run(job: Job, place: dict) -> None:
    """Runs the network of a job, and prints what became of it as a line of JSON."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(re.sub(r'"(\w+)":', r"\1:", json.dumps(place["architecture"])))
        file.flush()
        architecture = sanafe.load_arch(file.name)
    network = sanafe.Network()
    made = groups(job, place, network, architecture.cores())
    for projection in job.projections:
        connect(job, projection, made)
    chip = sanafe.SpikingChip(architecture)
    chip.load(network)
    found = chip.sim(
        job.steps,
        timing_model=place["timing"],
        processing_threads=1,
        spike_trace=True,
        perf_trace=True,
    )
    numbers = {f"population_{k}": p.name for k, p in enumerate(job.populations)}
    spikes = {name: [] for name in job.spikes}
    for step, addresses in enumerate(found["spike_trace"]):
        for address in addresses:
            name = numbers.get(address.group_name)
            if name in spikes:
                spikes[name].append((step, address.neuron_offset))
    arrays = {name: np.array(pairs).reshape(-1, 2) for name, pairs in spikes.items()}
    trace = {name: np.array(values)[LEAD:] for name, values in found["perf_trace"].items()}
    reply = {
        "differences": differences(job, arrays, {}),
        "totals": {name: float(values.sum()) for name, values in trace.items()},
    }
    print(json.dumps(reply))


if __name__ == "__main__":
    run(read_job(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text("utf-8")))
