"""nengo-loihi's emulator: the network of a job in its blocks, below Nengo's own networks.

Usage: run.py JOB.npz

Blocks are given the integers that its builder would round to: 64 a weight unit. The emulator counts
steps from 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from nengo_loihi.block import Axon, LoihiBlock, Synapse
from nengo_loihi.builder import Model
from nengo_loihi.emulator import EmulatorInterface
from nengo_loihi.inputs import SpikeInput
from nengo_loihi.probe import LoihiProbe

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from job import LEAD, Generator, Job, Population, Projection, Stopwatch, answer, read_job

UNIT = 64

FORGET_V = 4096
"""Beyond the 4095 that its validator allows, which would keep 1/4096 of the membrane."""

DENSE = 3
"""The compression that its own builder gives all weights that are not shared, without indices."""


def block(population: Population) -> LoihiBlock:
    """Returns neurons that keep nothing."""
    made = LoihiBlock(population.size, label=population.name)
    compartment = made.compartment
    for name, value in {
        "vth": UNIT * population.threshold,
        "bias": UNIT * population.bias,
        "decay_u": 4095,
        "decay_v": FORGET_V,
        "refract_delay": max(population.refractory, 1),
    }.items():
        setattr(compartment, name, np.full(population.size, value, np.int32))
    compartment.vmin, compartment.vmax = -(2**23) + 1, 2**23 - 1
    compartment.scale_u = compartment.scale_v = False
    return made


def spike_input(generator: Generator) -> SpikeInput:
    """Returns a generator with all its spikes."""
    made = SpikeInput(generator.size, label=generator.name)
    for step in np.unique(generator.events[:, 0]):
        numbers = generator.events[generator.events[:, 0] == step, 1]
        made.add_spikes(int(step) + 1, numbers)
    return made


def amount_of(projection: Projection) -> int:
    """Returns the constant weight of a projection as its blocks have it."""
    return UNIT * projection.mantissa * 2**projection.exponent


def connect(job: Job, projection: Projection, nodes: dict) -> None:
    """Makes the axons and synapses of a projection.

    The emulator knows no delays and no such learning; they count where room is asked for.
    """
    rows, columns = job.size(projection.source), job.size(projection.target)
    synapse = Synapse(rows, label=projection.name)
    amount = amount_of(projection)
    if projection.weights is not None:
        weights, indices = list(UNIT * projection.weights.astype(np.int32)), None
    elif projection.one_to_one:
        weights, indices = [[amount]] * rows, [[[row]] for row in range(rows)]
    else:
        weights, indices = [np.full(columns, amount, np.int32)] * rows, None
    synapse._set_weights_indices(weights, indices, weight_dtype=np.int32, compression=DENSE)
    synapse.format(delay_bits=projection.delay.bit_length())
    if projection.learns:
        synapse.set_learning()
    axon = Axon(rows, label=projection.name)
    axon.target = synapse
    axon.set_compartment_axon_map(np.arange(rows))
    nodes[projection.target].add_synapse(synapse)
    nodes[projection.source].add_axon(axon)


def run(job: Job) -> None:
    """Runs the network of a job."""
    model = Model()
    nodes: dict = {}
    for population in job.populations:
        nodes[population.name] = block(population)
        model.add_block(nodes[population.name])
    for generator in job.generators:
        nodes[generator.name] = spike_input(generator)
        model.add_input(nodes[generator.name])
    for projection in job.projections:
        assert projection.delay == 0
        assert not projection.learns
        connect(job, projection, nodes)
    probes = {name: LoihiProbe(target=nodes[name], key="spiked") for name in job.spikes}
    for probe in probes.values():
        model.add_probe(probe)
    with EmulatorInterface(model, seed=0) as emulator:
        emulator.run_steps(LEAD)
        with Stopwatch() as watch:
            emulator.run_steps(job.steps - LEAD)
        spikes = {
            name: np.argwhere(emulator.collect_probe_output(probe))
            for name, probe in probes.items()
        }
    answer(job, watch.seconds, spikes, {})


if __name__ == "__main__":
    run(read_job(sys.argv[1]))
