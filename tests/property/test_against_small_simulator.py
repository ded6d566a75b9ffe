"""Random circuits, stimuli and ways to run them: the engine against the small simulator.

Hypothesis chooses a seed and a size; the seed makes the circuit, and a failure shrinks to a small
size. Circuits are made as IR (`random_circuits`) and as circuit files (`random_texts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_circuits import make_circuit, make_stimulus
from random_texts import random_text
from small_simulator import SmallSimulator, Step, Stopped

from sfc import Result, SfcError, Simulator, compile_text
from sfc.ir.circuit import Circuit, Weight
from sfc.ir.patterns import Sparse
from sfc.ir.synapses import synapses
from sfc.sim.clock import Clock
from sfc.sim.initial import initial_weights


def spiking(stimulus: Mapping[str, list[list[bool]]], length: int) -> list[dict[str, list[int]]]:
    return [
        {name: [i for i, bit in enumerate(rows[k]) if bit] for name, rows in stimulus.items()}
        for k in range(length)
    ]


def compare(circuit: Circuit, result: Result, steps: list[Step]) -> None:
    """Compares everything that a run records with the steps of the small simulator."""
    assert result.steps == len(steps)
    assert result.frame_starts.tolist() == [k for k, step in enumerate(steps) if step.starts_frame]
    for found, step in zip(result.phase_of_step, steps, strict=True):
        assert found in step.phases or (found is None and not step.phases)
    for name in circuit.populations:
        expected = [[k, i] for k, step in enumerate(steps) for i in step.spikes[name]]
        assert result.events[name].tolist() == expected, name
        states = (64 * result.membrane.rows(name)).tolist()
        assert states == [step.membranes[name] for step in steps], name
        counts = [0] * (1 + max(step.offset for step in steps))
        for step in steps:
            counts[step.offset] += len(step.spikes[name])
        found = result.spike_counts[name].tolist()
        assert found == (counts if circuit.schedule.chains else sum(counts)), name
    for name in circuit.inputs:
        events = [set(step.sent.get(name, ())) for step in steps]
        for before, step in zip(events, steps[1:], strict=False):
            before |= step.sent_before.get(name, set())
        expected = [[k, i] for k, neurons in enumerate(events) for i in sorted(neurons)]
        assert result.events[name].tolist() == expected, name
    overflows = [(k, *overflow) for k, step in enumerate(steps) for overflow in step.overflows]
    for quantity in "uv":
        expected = [(k, name, i) for k, kind, name, i in overflows if kind == quantity]
        found = [
            (overflow.count, overflow.step, overflow.population, overflow.neuron)
            for overflow in result.overflows
            if overflow.quantity == quantity
        ]
        assert found == ([(len(expected), *expected[0])] if expected else [])


def make_small_simulator(circuit: Circuit, seed: int) -> SmallSimulator:
    drawn = {}
    for projection in circuit.projections.values():
        if isinstance(projection.pattern, Sparse):
            found = synapses(circuit, projection)
            pairs = zip(found.sources.tolist(), found.targets.tolist(), strict=True)
            drawn[projection.name] = [(i, j, 1) for i, j in pairs]
    matrices = {
        name: initial_weights(circuit, matrix, seed).tolist()
        for name, matrix in circuit.matrices.items()
    }
    return SmallSimulator(circuit, matrices, drawn)


def compare_constant_weights(circuit: Circuit, simulator: Simulator, small: SmallSimulator) -> None:
    for name, projection in circuit.projections.items():
        joined = small.synapses[name]
        assert circuit.synapse_count(projection) == len(joined), name
        if isinstance(projection.weight, Weight):
            rows, columns = map(len, small.ends[name])
            expected = [[0.0] * columns for _ in range(rows)]
            for i, j, mantissa in joined:
                expected[i][j] += mantissa * projection.weight.value
            assert simulator.weights[name].tolist() == expected, name


def compare_runs(random: Random, circuit: Circuit, state_file: Path) -> None:
    """Compares a few runs, one after the other, with saving and loading in between."""
    seed = random.randrange(9)
    simulator = Simulator(circuit, seed=seed)
    small = make_small_simulator(circuit, seed)
    compare_constant_weights(circuit, simulator, small)
    probes = [probe for name in circuit.populations for probe in (name, f"{name}.v")]
    probes += circuit.inputs
    for _ in range(random.randint(1, 5)):
        learn, length = random.random() < 0.8, random.choice((1, 2, 3, 5, 8, 13))
        options: dict[str, Any] = {"learn": learn, "probes": probes, "counts": True}
        stimulus = make_stimulus(random, circuit, length)
        if random.random() < 0.3:
            stimulus, options["steps"] = {}, length * random.choice((1, 7))
            steps = small.run_steps([{}] * options["steps"], learn)
        elif not circuit.schedule.chains:
            options["steps"] = length
            steps = small.run_steps(spiking(stimulus, length), learn)
        else:
            options["frames"] = length
            patience = Clock(circuit).longest_frame
            try:
                steps = small.run_frames(spiking(stimulus, length), learn, patience)
            except Stopped:
                with pytest.raises(SfcError, match="E0706"):
                    simulator.run(stimulus, **options)
                steps = None
        if steps is not None:
            compare(circuit, simulator.run(stimulus, **options), steps)
        assert simulator.step == small.now
        weights = {name: array.tolist() for name, array in simulator.plastic_weights().items()}
        assert weights == small.weights
        if random.random() < 0.15:
            simulator.save(state_file)
            simulator = Simulator.load(state_file)


@pytest.fixture(scope="module")
def state_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("states") / "state.npz"


BOUNDED = settings(max_examples=200, derandomize=True, deadline=None, database=None)
SEEDS = st.integers(0, 10**9)
SIZES = st.sampled_from((1, 2, 3, 4, 4, 4, 4))


@given(seed=SEEDS, size=SIZES)
@BOUNDED
def test_random_circuits_without_chains(seed: int, size: int, state_file: Path) -> None:
    random = Random(seed)
    compare_runs(random, make_circuit(random, size, False), state_file)


@given(seed=SEEDS, size=SIZES)
@BOUNDED
def test_random_circuits_with_chains(seed: int, size: int, state_file: Path) -> None:
    random = Random(seed)
    compare_runs(random, make_circuit(random, size, True), state_file)


@given(seed=SEEDS, size=st.integers(0, 8))
@settings(BOUNDED, max_examples=40)
def test_random_circuit_files(seed: int, size: int, state_file: Path) -> None:
    """What the language makes: instances, labels, slices of slices, presentations to slices."""
    circuit = compile_text(random_text(seed, size), "random.sfc")
    compare_runs(Random(seed), circuit, state_file)
