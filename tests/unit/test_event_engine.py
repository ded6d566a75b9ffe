"""What the event engine has beyond what all engines have: stops by frames, kept kernels.

That it does what the reference engine does is in tests/property/test_engines_agree.py.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sfc
from sfc.sim.event import jit
from sfc.sim.event.engine import EventEngine
from sfc.sim.initial import first_weights
from sfc.sim.recorder import Recorder
from sfc.sim.reference import ReferenceEngine
from sfc.sim.result import Result
from sfc.sim.stimulus import Stimulus, make_stimulus

RING = """sfc 1;
import "neurons.sfc";
input pattern[6];
chain g[5] : Relay ring;
population a[6] : Gated { refractory = 0; }
population b[4] : Gated;
plastic W[6, 4] by Delta init constant(value = 200);
a -> b via W;
b -> a[0..3] one_to_one weight 200 delay 3;
phase 1, 2, 4 { present pattern to a; open a; }
phase 2 { open b; reward r1; }
phase 0 { open a, b; }
probe a, b;
"""
OPEN = """sfc 1;
neuron Relay { threshold = 1024; ring = 2048; }
chain g[3] : Relay;
"""


def stepped(engine: ReferenceEngine, stimulus: Stimulus, recorder: Recorder, steps: int) -> None:
    """Runs the reference engine for a few steps of a longer run."""
    for _ in range(steps):
        if not stimulus.is_over(engine.clock):
            moment = engine.clock.begin(restart=True)
            if moment.starts_frame:
                stimulus.next_frame()
            engine.step(moment, stimulus, recorder, True)


def shown(recorder: Recorder) -> list[Any]:
    result = Result(recorder)
    return [result.events[name].tolist() for name in result.events] + [
        result.frame_starts.tolist(),
        result.phase_of_step.numbers.tolist(),
    ]


@pytest.mark.parametrize("frames", [1, 2, 5])
@pytest.mark.parametrize("between", [0, 1, 5, 7])
def test_engines_take_turns_in_a_run(frames: int, between: int) -> None:
    """Weights, stimulus and recorder are shared; the reference engine stops anywhere in a frame."""
    circuit = sfc.compile_text(RING)
    samples = np.random.default_rng(3).random((24, 6)) < 0.6
    weights, turns = first_weights(circuit, 1), first_weights(circuit, 1)
    stimulus = make_stimulus(circuit, {"pattern": samples}, None, None)
    whole = Recorder(circuit, ("a", "b"), False)
    ReferenceEngine(circuit, weights).run(stimulus, whole, True)
    stimulus = make_stimulus(circuit, {"pattern": samples}, None, None)
    mixed = Recorder(circuit, ("a", "b"), False)
    event, reference = EventEngine(circuit, turns), ReferenceEngine(circuit, turns)
    while not stimulus.is_over(event.clock):
        event.run(stimulus, mixed, True, frames=frames)
        assert event.clock.frame_is_over
        reference.restore(event.state())
        stepped(reference, stimulus, mixed, between)
        event.restore(reference.state())
    assert shown(mixed) == shown(whole)
    np.testing.assert_array_equal(turns["a -> b"], weights["a -> b"])
    assert (weights["a -> b"] != 200).any()


def test_a_frame_under_way_is_finished_first() -> None:
    circuit = sfc.compile_text(RING)
    engine = EventEngine(circuit, first_weights(circuit, 0))
    recorder = Recorder(circuit, (), False)
    engine.run(make_stimulus(circuit, None, None, 7), recorder, True)
    stimulus = make_stimulus(circuit, None, 4, None)
    for frames, step in ((0, 10), (0, 10), (1, 15), (2, 25), (9, 30)):
        engine.run(stimulus, recorder, True, frames=frames)
        assert engine.clock.step == step
    assert stimulus.is_over(engine.clock)


def test_an_open_chain_stops_where_the_host_would_kick_it_again() -> None:
    circuit = sfc.compile_text(OPEN)
    engine = EventEngine(circuit, {})
    stimulus = make_stimulus(circuit, None, 3, None)
    recorder = Recorder(circuit, ("g",), False)
    for step in (3, 6, 9):
        engine.run(stimulus, recorder, True, frames=1)
        assert engine.clock.step == step
    assert Result(recorder).events["g"].tolist() == [[k, 1 + k % 3] for k in (0, 1, 3, 4, 6, 7)]


def test_numba_is_not_loaded_before_it_is_needed() -> None:
    program = (
        "import sys; from sfc.cli import app; from typer.testing import CliRunner\n"
        "for arguments in (['--help'], ['check', 'ring'], ['run', 'ring', '--frames', '1']):\n"
        "    assert CliRunner().invoke(app, arguments).exit_code == 0\n"
        "assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_kernels_are_kept_and_what_is_amiss_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    circuit = sfc.compile("ring")
    sfc.Simulator(circuit, engine="event").run(frames=1)
    run = jit.kernel()
    (signature,) = run.signatures
    context = run.targetctx
    cached = run._cache
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    assert cached.load_overload(signature, context) is None
    cached.save_overload(signature, run.overloads[signature])
    (file,) = (tmp_path / "home" / "sfc").iterdir()
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert cached.load_overload(signature, context) is not None
    whole = file.read_bytes()
    for damaged in (b"", whole[:1000], whole[:-1] + bytes([whole[-1] ^ 1])):
        file.write_bytes(damaged)
        assert cached.load_overload(signature, context) is None
    file.write_bytes(whole)
    os.chmod(file.parent, 0o755)
    assert cached.load_overload(signature, context) is None


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("clock", [3, 0, 4]),
        ("clock", [-1, -1, -1]),
        ("spiked", [[0, 1], [0, 1]]),
        ("spiked", [[0, 5]]),
        ("spiked", [[-1, 0]]),
        ("resting", [64] * 15),
        ("u", [0.5] * 15),
    ],
)
def test_a_state_that_cannot_be_is_refused(name: str, array: list[Any], engine: str) -> None:
    simulator = sfc.Simulator(sfc.compile_text(RING), seed=1)
    state = simulator._engine.state()
    assert len(state["u"]) == 15
    simulator._engine.restore(state)
    with pytest.raises(sfc.SfcError, match="E0801"):
        simulator._engine.restore(state | {name: np.array(array)})
