"""NEST: the network of a job in native neurons and synapses.

Usage: run.py JOB.npz

NEST counts milliseconds; a step is one. Step s is the time s + 1, and a delay of d steps is d + 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nest
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from job import LEAD, Job, Population, Projection, Stopwatch, answer, read_job

FORGET = 1e-3
"""Time constant of membranes, ms: exp(-1000) of them is left after a step."""

TAU = 0.05
"""Time constants of the plastic synapses, ms: exp(-20) of a coincidence is left after a step."""

DELIVER = 120
"""Steps after which the transmitter brings every weight up to date; the fewer, the slower. Before
that a weight is brought up to date by the spikes that read it."""


def neurons(population: Population):
    """Returns neurons whose membrane falls to the bias in every step; they fire at V >= V_th."""
    parameters = {
        "tau_m": FORGET,
        "E_L": population.bias,
        "V_reset": population.bias,
        "V_m": population.bias,
        "V_th": population.threshold + 0.5,
        "t_ref": max(population.refractory - 1, 0),
    }
    return nest.Create("iaf_psc_delta", population.size, parameters)


def connect(job: Job, projection: Projection, nodes, model: str) -> None:
    """Makes the synapses of a projection."""
    source, target = nodes[projection.source], nodes[projection.target]
    weight = projection.mantissa * 2**projection.exponent
    if projection.weights is not None:
        weight = projection.weights.T.astype(float)
    pattern = "one_to_one" if projection.one_to_one else "all_to_all"
    how = {"synapse_model": model, "weight": weight, "delay": projection.delay + 1}
    nest.Connect(source, target, pattern, how)


def plastic_model(job: Job, rewards) -> str:
    """Makes the synapse model of the rule, and returns its name.

    A coincidence sets the eligibility c to A, which decays with tau_c and takes away A * b * tau_c;
    a reward in the same step adds A / 2 by its dopamine, which decays as fast.
    """
    always, rewarded = job.rule.always, job.rule.rewarded
    amplitude = 2 * rewarded
    transmitter = nest.Create("volume_transmitter", params={"deliver_interval": DELIVER})
    nest.Connect(rewards, transmitter, syn_spec={"delay": 1.0})
    nest.CopyModel(
        "stdp_dopamine_synapse",
        "plastic",
        {
            "volume_transmitter": transmitter,
            "tau_plus": TAU,
            "tau_c": TAU,
            "tau_n": TAU,
            "A_minus": 0.0,
            "A_plus": amplitude * np.exp(1 / TAU),
            "b": -always / (amplitude * TAU),
            "Wmin": float(job.rule.low),
            "Wmax": float(job.rule.high),
        },
    )
    return "plastic"


def spike_sources(raster: np.ndarray):
    """Returns generators of a raster, (steps, size)."""
    times = [{"spike_times": np.flatnonzero(row) + 1.0} for row in raster.T]
    return nest.Create("spike_generator", len(times), times)


def run(job: Job) -> None:
    """Runs the network of a job."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.resolution = 1.0
    nest.local_num_threads = 1
    nodes = {p.name: neurons(p) for p in job.populations}
    for generator in job.generators:
        nodes[generator.name] = spike_sources(job.dense(generator))
    plastic = ""
    if job.rule:
        reward = np.zeros((job.steps, 1), bool)
        reward[job.rewards - 1] = True
        parrot = nest.Create("parrot_neuron")
        nest.Connect(spike_sources(reward), parrot)
        plastic = plastic_model(job, parrot)
    for projection in job.projections:
        connect(job, projection, nodes, plastic if projection.learns else "static_synapse")
    recorders = {name: nest.Create("spike_recorder") for name in job.spikes}
    for name, recorder in recorders.items():
        nest.Connect(nodes[name], recorder)
    nest.Prepare()
    nest.Run(LEAD)
    with Stopwatch() as watch:
        nest.Run(job.steps - LEAD)
    nest.Run(DELIVER + 4)
    nest.Cleanup()
    spikes = {name: events(recorder, nodes[name]) for name, recorder in recorders.items()}
    learned = {p.name: weights(job, p, nodes) for p in job.projections if p.learns}
    answer(job, watch.seconds, spikes, learned)


def events(recorder, population) -> np.ndarray:
    """Returns recorded spikes as steps and numbers."""
    found = recorder.events
    steps = np.rint(found["times"]).astype(int) - 1
    return np.stack([steps, found["senders"] - population[0].global_id], axis=1)


def weights(job: Job, projection: Projection, nodes) -> np.ndarray:
    """Returns the weights of a projection, (n_pre, n_post)."""
    source, target = nodes[projection.source], nodes[projection.target]
    found = nest.GetConnections(source, target, "plastic").get(["source", "target", "weight"])
    matrix = np.zeros((len(source), len(target)))
    rows = np.array(found["source"]) - source[0].global_id
    matrix[rows, np.array(found["target"]) - target[0].global_id] = found["weight"]
    return np.rint(matrix).astype(int)


if __name__ == "__main__":
    run(read_job(sys.argv[1]))
