"""Random circuits on both engines: spikes, membranes, counts, overflows, weights and state."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from engines import compare_engines
from hypothesis import given, settings
from hypothesis import strategies as st
from random_circuits import make_circuit, make_stimulus
from random_gated import gated_text
from random_texts import random_text

from sfc import compile_text
from sfc.ir.circuit import Circuit

SEEDS = st.integers(0, 10**9)
BOUNDED = settings(max_examples=60, derandomize=True, deadline=None, database=None)


@pytest.fixture(scope="module")
def state_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("states") / "state.npz"


def runs(random: Random, circuit: Circuit) -> list[dict[str, Any]]:
    """A few runs of any length, with input and without."""
    found: list[dict[str, Any]] = []
    for _ in range(random.randint(1, 5)):
        length = random.choice((1, 2, 3, 5, 8, 13))
        if random.random() < 0.3:
            found.append({"steps": length * random.choice((1, 7))})
        elif not circuit.inputs:
            found.append({"frames" if circuit.schedule.chains else "steps": length})
        else:
            inputs = make_stimulus(random, circuit, length)
            found.append({"inputs": {name: np.array(rows) for name, rows in inputs.items()}})
    return found


def compare(random: Random, circuit: Circuit, state_file: Path) -> None:
    compare_engines(random, circuit, runs(random, circuit), state_file)


@given(seed=SEEDS, size=st.sampled_from((1, 2, 3, 4, 4, 4)), has_chains=st.booleans())
@settings(BOUNDED, max_examples=200)
def test_circuits_of_every_kind(seed: int, size: int, has_chains: bool, state_file: Path) -> None:
    random = Random(seed)
    compare(random, make_circuit(random, size, has_chains), state_file)


@given(seed=SEEDS, size=st.integers(0, 8))
@BOUNDED
def test_circuit_files(seed: int, size: int, state_file: Path) -> None:
    compare(Random(seed), compile_text(random_text(seed, size), "random.sfc"), state_file)


@given(seed=SEEDS, steps=st.integers(1, 20))
@BOUNDED
def test_gated_circuits(seed: int, steps: int, state_file: Path) -> None:
    compare(Random(seed), compile_text(gated_text(seed, steps), "gated.sfc"), state_file)


LARGE = """sfc 1;
neuron Relay {{ threshold = 100; ring = 200; }}
neuron Cell {{ threshold = 300; drive = 400; refractory = {refractory}; {settings} }}
rule Small {{ dw = 4*x0*y0*r1 - 2*x0*y0; range = -256..254; }}
rule Wide {{ dw = 256*x0*y0 - 300*x0*y0*r0; range = -32768..32512; }}
rule Traced {{ dw = x1*y0/4 - y1*x0/8 + w*y0/64; range = 0..255;
  trace x1 impulse 30 tau 2; trace y1 impulse 20 tau 4; }}
input image[12, 17];
chain g[5] : Relay ring;
population a[12, 17], b[150], c[70] : Cell;
plastic A[204, 150] by Small init glorot_normal(scale = 2000, clip = 240);
plastic B[40, 70] by Wide init uniform(low = -30000, high = 30000);
plastic C[70, 60] by Traced init uniform(low = 0, high = 255);
a -> b via A;
a[2..6, 4..11] -> c via B delay 1;
c -> b[20..79] via C;
a[0..4, 0..13] -> c one_to_one weight 150;
a -> a[0..3, 0..7] sparse(0.1, seed = 4) weight 120;
a[3..9, 2..8] -> a[5..9, 2..6] conv([[20, 20, -40], [60, 0, 0], [20, 0, 80]]);
phase 1, 3 {{ present image to a; reward r1; }}
"""


@pytest.mark.parametrize("settings", ["", "decay_v = 2048;"])
@pytest.mark.parametrize("refractory", [0, 2])
def test_populations_of_more_neurons_than_are_taken_together(
    settings: str, refractory: int, state_file: Path
) -> None:
    text = LARGE.format(settings=settings, refractory=refractory)
    random, generator = Random(refractory), np.random.default_rng(refractory)
    circuit = compile_text(text, "large.sfc")
    shares = (0.05, 0.5, 0.9, 0.2, 0.5, 0.9)
    stimuli = [{"inputs": {"image": generator.random((6, 12, 17)) < share}} for share in shares]
    outcomes = compare_engines(random, circuit, stimuli, state_file)
    first, last = outcomes[0], outcomes[-1]
    names = [name for name in first if name.startswith("weights of")]
    assert len(names) == 3
    assert [name for name in names if (first[name] == last[name]).all()] == []


def test_a_circuit_without_populations(state_file: Path) -> None:
    circuit = compile_text("sfc 1; input a[2];")
    compare_engines(Random(1), circuit, [{"inputs": {"a": [[1, 0], [1, 1]]}}] * 4, state_file)
