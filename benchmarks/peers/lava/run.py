"""Lava: the network of a job as stock processes, or as one process whose model is a NumPy loop.

Usage: run.py JOB.npz stock|fused
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from lava.magma.core.learning.learning_rule import Loihi3FLearningRule
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense, LearningDense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF
from lava.proc.sparse.process import DelaySparse, Sparse
from lava.utils.weightutils import SignMode
from scipy.sparse import csr_matrix

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from job import LEAD, Job, Population, Projection, Stopwatch, answer, read_job

FORGET_V = 4096
"""4095, the largest that is documented, would keep 1/4096 of the membrane."""

FORGET_Y = 10**18
"""Time constant of a trace that a port sets in every step: y1 = 1 must not be rounded away."""


def neurons(population: Population) -> LIF:
    """Returns neurons that keep nothing; Lava has no refractory ones in fixed point."""
    mantissa, exponent = 64 * population.bias, 0
    while abs(mantissa) > 4095 and mantissa % 2 == 0:
        mantissa, exponent = mantissa // 2, exponent + 1
    return LIF(
        shape=(population.size,),
        vth=population.threshold,
        du=4095,
        dv=FORGET_V,
        bias_mant=mantissa,
        bias_exp=exponent,
    )


def synapses(job: Job, projection: Projection):
    """Returns the process of a projection."""
    rows, columns = job.size(projection.source), job.size(projection.target)
    if projection.learns:
        low, high = job.rule.low, job.rule.high
        assert (low, high) == (-256, 254)
        rule = Loihi3FLearningRule(
            dw=f"{job.rule.rewarded}*x0*y0*y1 - {-job.rule.always}*x0*y0", x1_impulse=0, t_epoch=1
        )
        rule.y1_tau = rule.y2_tau = rule.y3_tau = FORGET_Y
        weights = projection.weights.T.astype(np.int32)
        return LearningDense(weights=weights, learning_rule=rule, sign_mode=SignMode.MIXED)
    if projection.weights is not None:
        weights = projection.weights.T.astype(np.int32)
        return Dense(weights=weights, weight_exp=0, sign_mode=SignMode.MIXED)
    sign = SignMode.EXCITATORY if projection.mantissa > 0 else SignMode.INHIBITORY
    how = {"weight_exp": projection.exponent, "sign_mode": sign}
    if not projection.one_to_one:
        assert projection.delay == 0
        return Dense(weights=np.full((columns, rows), projection.mantissa, np.int32), **how)
    diagonal = csr_matrix(np.diag(np.full(rows, projection.mantissa, np.int32)))
    if not projection.delay:
        return Sparse(weights=diagonal, **how)
    delays = csr_matrix(np.diag(np.full(rows, projection.delay, int)))
    return DelaySparse(weights=diagonal, delays=delays, **how)


def stock(job: Job) -> None:
    """Runs the network as one process a population and one a projection."""
    length = job.steps
    nodes = {p.name: neurons(p) for p in job.populations}
    for generator in job.generators:
        nodes[generator.name] = Source(data=job.dense(generator).T.astype(np.int32))
    reward = np.zeros(length, np.int32)
    reward[job.rewards] = 1
    rewards = {}
    learning = {}
    for projection in job.projections:
        process = synapses(job, projection)
        nodes[projection.source].s_out.connect(process.s_in)
        process.a_out.connect(nodes[projection.target].a_in)
        if projection.learns:
            learning[projection.name] = process
            nodes[projection.target].s_out.connect(process.s_in_bap)
            size = job.size(projection.target)
            if size not in rewards:
                rewards[size] = Source(data=np.tile(reward, (size, 1)))
            rewards[size].s_out.connect(process.s_in_y1)
    sinks = {name: Sink(shape=(job.size(name),), buffer=length) for name in job.spikes}
    for name, sink in sinks.items():
        nodes[name].s_out.connect(sink.a_in)
    any_node = nodes[job.populations[0].name]
    configuration = Loihi2SimCfg(select_tag="fixed_pt")
    try:
        any_node.run(condition=RunSteps(num_steps=LEAD), run_cfg=configuration)
        with Stopwatch() as watch:
            any_node.run(condition=RunSteps(num_steps=length - LEAD), run_cfg=configuration)
        spikes = {name: np.argwhere(sink.data.get().T) for name, sink in sinks.items()}
        learned = {name: process.weights.get().T for name, process in learning.items()}
    finally:
        any_node.stop()
    left_out = "refractoriness (Lava has none in fixed point)"
    answer(job, watch.seconds, spikes, learned, left_out)


def fused(job: Job) -> None:
    """Runs the network as a single process."""
    from fused.process import Fused

    matrices = [p for p in job.projections if p.weights is not None]
    synapses = sum(p.weights.size for p in matrices)
    room = sum(len(events) for events in job.spikes.values()) + 1000
    process = Fused(path=sys.argv[1], synapses=synapses, spikes=room, compared=len(job.spikes))
    configuration = Loihi2SimCfg(select_tag="fixed_pt")
    try:
        process.run(condition=RunSteps(num_steps=LEAD), run_cfg=configuration)
        with Stopwatch() as watch:
            process.run(condition=RunSteps(num_steps=job.steps - LEAD), run_cfg=configuration)
        weights = process.weights.get() if job.learned else np.zeros(synapses)
        ends = np.cumsum(process.counts.get()).astype(int)
        events = process.events.get().astype(int)
    finally:
        process.stop()
    cuts = np.cumsum([p.weights.size for p in matrices])[:-1]
    learned = {
        p.name: array.reshape(p.weights.shape)
        for p, array in zip(matrices, np.split(weights, cuts), strict=True)
    }
    spikes = dict(zip(job.spikes, np.split(events[: ends[-1]], ends[:-1]), strict=True))
    answer(job, watch.seconds, spikes, learned)


if __name__ == "__main__":
    {"stock": stock, "fused": fused}[sys.argv[2]](read_job(sys.argv[1]))
