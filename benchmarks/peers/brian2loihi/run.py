"""Brian2Loihi: the network of a job in its neuron groups and synapses.

Usage: run.py JOB.npz

It has no bias: a generator that spikes in every step stands for it. A generator's spikes of its
step t arrive in step t, as those that neurons fire in step t - 1 do.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from brian2 import network_operation, prefs
from brian2_loihi import (
    LoihiNetwork,
    LoihiNeuronGroup,
    LoihiSpikeGeneratorGroup,
    LoihiSpikeMonitor,
    LoihiSynapses,
    synapse_sign_mode,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from job import LEAD, Job, Population, Projection, answer, read_job

# Its fastest way; what it compiles, which takes minutes, stays in the environment.
prefs.codegen.target = "cython"
prefs.codegen.runtime.cython.cache_dir = str(Path(sys.prefix) / "cython")


def neurons(population: Population) -> LoihiNeuronGroup:
    """Returns neurons that keep nothing."""
    return LoihiNeuronGroup(
        population.size,
        refractory=max(population.refractory, 1),
        threshold_v_mant=population.threshold,
        decay_v=4096,
        decay_I=4096,
    )


def generator(events: np.ndarray, size: int) -> LoihiSpikeGeneratorGroup:
    """Returns a generator with all its spikes."""
    return LoihiSpikeGeneratorGroup(size, events[:, 1], events[:, 0] + 1)


def synapses(job: Job, projection: Projection, nodes: dict) -> LoihiSynapses:
    """Returns the synapses of a projection."""
    source, target = nodes[projection.source], nodes[projection.target]
    rows, columns = job.size(projection.source), job.size(projection.target)
    how = {"delay": projection.delay, "w_exp": projection.exponent}
    if projection.learns:
        assert job.rule.rewarded == 0, "it has no reward"
        assert (job.rule.low, job.rule.high) == (-256, 254)
        # Without an impulse of a trace, x0 and y0 stay 0.
        how |= {"dw": f"{job.rule.always}*x0*y0"}
        how |= {"imp_x1": 1, "tau_x1": 1, "imp_y1": 1, "tau_y1": 1}
    if projection.weights is not None:
        sign = synapse_sign_mode.MIXED
    else:
        sign = (
            synapse_sign_mode.EXCITATORY
            if projection.mantissa > 0
            else (synapse_sign_mode.INHIBITORY)
        )
    made = LoihiSynapses(source, target, sign_mode=sign, **how)
    if projection.one_to_one:
        made.connect(i=np.arange(rows), j=np.arange(rows))
        made.w = np.full(rows, projection.mantissa)
        return made
    made.connect(i=np.repeat(np.arange(rows), columns), j=np.tile(np.arange(columns), rows))
    if projection.weights is None:
        made.w = np.full(rows * columns, projection.mantissa)
    else:
        made.w = projection.weights.ravel().astype(int)
    return made


def bias(population: Population, clock, target) -> LoihiSynapses:
    """Returns synapses that bring a population its bias."""
    mantissa, exponent = population.bias, 0
    while abs(mantissa) > 255:
        assert mantissa % 2 == 0
        mantissa, exponent = mantissa // 2, exponent + 1
    assert mantissa < 0
    mode = synapse_sign_mode.INHIBITORY
    made = LoihiSynapses(clock, target, sign_mode=mode, w_exp=exponent)
    made.connect()
    made.w = np.full(population.size, mantissa)
    return made


def run(job: Job) -> None:
    """Runs the network of a job."""
    nodes: dict = {p.name: neurons(p) for p in job.populations}
    for each in job.generators:
        nodes[each.name] = generator(each.events, each.size)
    parts = [*nodes.values()]
    made = {p.name: synapses(job, p, nodes) for p in job.projections}
    parts += made.values()
    biased = [p for p in job.populations if p.bias]
    if biased:
        steps = np.arange(job.steps)
        clock = generator(np.stack([steps, np.zeros_like(steps)], axis=1), 1)
        parts += [clock, *(bias(p, clock, nodes[p.name]) for p in biased)]
    monitors = {name: LoihiSpikeMonitor(nodes[name]) for name in job.spikes}
    stamps = []

    @network_operation(when="start")
    def stamp():
        stamps.append(time.perf_counter())

    network = LoihiNetwork(*parts, *monitors.values(), stamp)
    # One step more, since the spikes of the last are learned from in the next.
    network.run(job.steps + 1)
    spikes = {}
    for name, monitor in monitors.items():
        # Its own integer times are truncated, and so a step early now and then.
        steps = np.rint(np.asarray(monitor.t_) * 1000).astype(int)
        spikes[name] = np.stack([steps, np.asarray(monitor.i)], axis=1)
    learned = {
        p.name: np.asarray(made[p.name].get_states(["w"])["w"]).reshape(p.weights.shape)
        for p in job.projections
        if p.learns
    }
    left_out = "bias (a generator that spikes in every step stands for it)" if biased else ""
    seconds = stamps[job.steps] - stamps[LEAD]
    answer(job, seconds, spikes, learned, left_out)


if __name__ == "__main__":
    run(read_job(sys.argv[1]))
