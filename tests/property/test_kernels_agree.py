"""The compiled engine beside the reference engine: random circuits, odd sizes, surprises."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from engines import assert_same, seen
from random_frames import frames_text, samples

import sfc
from sfc import Simulator
from sfc.ir.circuit import Circuit, Tie
from sfc.sim.compiled.program import Carry

LENGTHS = (1, 3, 5, 8, 20, 40)


def options_of(
    random: Random, circuit: Circuit, lengths: tuple[int, ...] = LENGTHS
) -> dict[str, Any]:
    """What one run is given, in most cases something that a kernel can do."""
    length = random.choice(lengths)
    options: dict[str, Any] = {"learn": random.random() < 0.8, "counts": random.random() < 0.3}
    inputs = samples(random, circuit, length)
    if random.random() < 0.1:
        options["steps"] = random.randint(1, 30)
    elif inputs:
        options["inputs"] = inputs
    else:
        options["frames"] = length
    kind = random.random()
    if kind < 0.5:
        options["probes"] = [*circuit.populations]
    elif kind < 0.55:
        options["probes"] = [f"{name}.v" for name in circuit.populations]
    return options


def set_some_weights(random: Random, circuit: Circuit, simulators: list[Simulator]) -> None:
    """Sets the weights of one copy of a matrix, or of all."""
    plastic = [p for p in circuit.projections.values() if isinstance(p.weight, Tie)]
    if not plastic:
        return
    projection = random.choice(plastic)
    rule = circuit.rule_of(projection)
    assert rule is not None
    weights = rule.weights
    shape = circuit.synapse_shape(projection)
    generator = np.random.default_rng(random.randrange(10**9))
    low, high = weights.low // weights.step, weights.high // weights.step
    values = generator.integers(low, high + 1, shape) * weights.step
    together = random.random() < 0.7
    for simulator in simulators:
        if together:
            name = projection.weight.matrix  # type: ignore[union-attr]
            simulator.weights[name] = np.zeros(circuit.matrices[name].shape, int)
        else:
            simulator.weights[projection.name] = values


def compare(random: Random, circuit: Circuit, runs: int, state_file: Path) -> Counter[str]:
    """Runs both engines through the same runs; returns what became of the compiled one's frames."""
    seed = random.randrange(9)
    simulators = [Simulator(circuit, engine=name, seed=seed) for name in ("reference", "compiled")]
    engine = simulators[1]._engine
    for _ in range(runs):
        options = options_of(random, circuit)
        looks = random.random() < 0.6
        expected, found = (seen(simulator, looks, **options) for simulator in simulators)
        assert_same(expected, found)
        if "error" in expected:
            break
        if random.random() < 0.2:
            set_some_weights(random, circuit, simulators)
        if random.random() < 0.15:
            simulators[1].save(state_file)
            simulators[1] = Simulator.load(state_file, engine="compiled")
    program = engine.program
    return Counter(
        kernels=program is not None,
        frames=engine.frames,
        surprises=sum(engine.surprises.values()),
        in_kernel=engine.frames - engine.general_frames,
        carried=program is not None and any(isinstance(o, Carry) for o in program.operations),
    )


def test_random_circuits(tmp_path: Path) -> None:
    total: Counter[str] = Counter()
    for seed in range(300):
        circuit = sfc.compile_text(frames_text(seed, 2 + seed % 12), "frames.sfc")
        random = Random(seed)
        total += compare(random, circuit, random.randint(2, 5), tmp_path / "state.npz")
    assert total["kernels"] > 100
    assert total["in_kernel"] > 2000
    assert total["surprises"] > 40
    assert total["carried"] > 30


SIZES = (1, 2, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 127, 128, 129, 200, 300)


def sizes_of(random: Random, circuit: str, inputs: int) -> dict[str, Any]:
    outputs = random.choice((2, 10, 17, 33))
    if circuit == "deep_backprop":
        hidden = [random.choice(SIZES) for _ in range(random.randint(1, 3))]
        return {"sizes": [inputs, *hidden, outputs]}
    return {"n_in": inputs, "n_hid": random.choice(SIZES), "n_out": outputs}


def test_backpropagation_of_all_sizes(tmp_path: Path) -> None:
    """Weights of every size: rails are reached, and closing gates do not hold in some."""
    total: Counter[str] = Counter()
    names = ("backprop", "backprop_margin", "backprop_inference", "deep_backprop")
    for seed in range(24):
        random = Random(seed)
        name = names[seed % 4]
        is_heavy = seed % 3 == 0
        inputs = 200 if is_heavy else random.choice(SIZES)
        circuit = sfc.compile(name, **sizes_of(random, name, inputs))
        simulators = [Simulator(circuit, engine=name) for name in ("reference", "compiled")]
        generator = np.random.default_rng(seed)
        mean, spread = 250 if is_heavy else random.choice((0, 60)), random.choice((10, 80, 300))
        for matrix in circuit.matrices.values():
            values = generator.normal(mean, spread, matrix.shape)
            values = np.clip(np.trunc(values / 2) * 2, -254, 254).astype(int)
            for simulator in simulators:
                simulator.weights[matrix.name] = values
        for _ in range(2):
            options = options_of(random, circuit, (20, 40))
            options.pop("steps", None)
            options.pop("probes", None)
            expected, found = (seen(simulator, True, **options) for simulator in simulators)
            assert_same(expected, found)
        engine = simulators[1]._engine
        assert engine.program is not None
        total += Counter(
            frames=engine.frames - engine.general_frames,
            surprises=sum(engine.surprises.values()),
        )
    assert total["frames"] > 300
    assert total["surprises"] >= 3
