"""What -O2 leaves of the shipped circuits: synapses, synapse events per sample, and its CPU time.

A synapse event is a spike that goes over a synapse. They are counted in a run on MNIST (or random
patterns, for circuits that take none), with the first weights of seed 1, at -O0 and at -O2.
"""

from __future__ import annotations

import time

import numpy as np

import sfc
from sfc.ir.circuit import Circuit
from sfc.resources import circuit_names
from sfc.sim.training import bind

SAMPLES = 200


def samples(circuit: Circuit) -> dict[str, np.ndarray]:
    """Returns what is presented: images of a fitting dataset, or random patterns."""
    for name in ("mnist20", "fashion28"):
        data = sfc.load_data(name)
        try:
            binding = bind(circuit, data)
        except sfc.SfcError:
            continue
        if circuit.inputs[binding.image].size == data.n_inputs and binding.label:
            return binding.inputs(data.train_images[:SAMPLES], data.train_labels[:SAMPLES])
    random = np.random.default_rng(1)
    return {name: random.random((SAMPLES, i.size)) < 0.3 for name, i in circuit.inputs.items()}


def events_per_sample(circuit: Circuit) -> float:
    """Returns the spikes of populations times their synapses, per sample."""
    simulator = sfc.Simulator(circuit, seed=1)
    rows = samples(circuit)
    length = {"frames": SAMPLES} if circuit.schedule.chains else {"steps": SAMPLES}
    result = simulator.run(rows, counts=True) if rows else simulator.run(**length, counts=True)
    total = 0.0
    for projection in circuit.projections.values():
        if projection.source in circuit.populations:
            spikes = int(np.sum(result.spike_counts[projection.source]))
            fan_out = circuit.synapse_count(projection) / circuit.size(projection.source)
            total += spikes * fan_out
    return total / SAMPLES


def main() -> None:
    print(
        f"{'circuit':20} {'synapses':>10} {'-O2':>10} {'events':>12} {'-O2':>12} {'fewer':>8} CPU s"
    )
    for name in circuit_names():
        circuit = sfc.compile(name)
        start = time.process_time()
        smaller = sfc.optimise(circuit, level=2)
        seconds = time.process_time() - start
        counts = [
            sum(each.synapse_count(p) for p in each.projections.values())
            for each in (circuit, smaller)
        ]
        events = [events_per_sample(each) for each in (circuit, smaller)]
        fewer = events[0] - events[1]
        print(
            f"{name:20} {counts[0]:10,} {counts[1]:10,} {events[0]:12,.1f} {events[1]:12,.1f} "
            f"{fewer:8,.1f} {seconds:.2f}"
        )


if __name__ == "__main__":
    main()
