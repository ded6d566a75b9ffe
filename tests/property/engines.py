"""The event engine beside the reference engine: everything that can be seen of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from sfc import Simulator
from sfc.diagnostics import SfcError
from sfc.ir.circuit import Circuit
from sfc.sim.event import log as event_log
from sfc.sim.event.engine import EventEngine
from sfc.sim.recorder import Recorder
from sfc.sim.stimulus import Stimulus
from sfc.sim.watch import Watch


def arrays_of(simulator: Simulator) -> dict[str, NDArray[Any]]:
    """Weights and state, as they are saved."""
    weights = {f"weights of {k}": array for k, array in simulator.plastic_weights().items()}
    return weights | simulator._engine.state()


def seen(simulator: Simulator, looks: bool = True, **options: Any) -> dict[str, Any]:
    """What a run shows and leaves behind, or how it failed.

    Args:
        simulator: runs.
        looks: whether weights and state are looked at.
        options: of the run.
    """
    circuit = simulator.circuit
    found: dict[str, Any] = {}
    watch = options.get("watch")
    try:
        result = simulator.run(**options)
    except SfcError as error:
        found["error"] = str(error)
    else:
        found |= {f"events of {name}": result.events[name] for name in result.events}
        found |= {f"membranes of {n}": result.membrane.rows(n) for n in result.membrane}
        found |= {f"counts of {n}": counts for n, counts in result.spike_counts.items()}
        found |= {"frames": result.frame_starts, "phases": result.phase_of_step.numbers}
        found |= {"steps": result.steps, "overflows": result.overflows}
        for number, readout in enumerate(result.readouts):
            found[f"readout {number}"] = np.concatenate([readout.spikes, readout.membrane])
    if watch is not None:
        found |= {"violations": watch.violations, "samples": watch.samples}
    found |= arrays_of(simulator) if looks else {}
    found |= {"step": simulator.step, "frame": simulator.frame, "circuit": circuit.name}
    return found


def assert_same(expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Compares what two runs show."""
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        if isinstance(value, np.ndarray):
            assert value.dtype == found[name].dtype, name
            np.testing.assert_array_equal(found[name], value, err_msg=name)
        else:
            assert found[name] == value, name


def probes_of(random: Random, circuit: Circuit) -> list[str]:
    """Some of everything that can be recorded."""
    chains = [chain.name for chain in circuit.schedule.chains]
    every = [*circuit.populations, *circuit.inputs, *chains]
    every += [f"{name}.v" for name in (*circuit.populations, *chains)]
    share = random.choice((0, 0.3, 1))
    return [name for name in every if random.random() < share]


def watch_of(random: Random, circuit: Circuit) -> Watch | None:
    """A watch of a few cells, sometimes."""
    if random.random() < 0.5:
        return None
    phases = [(c.name, k) for c in circuit.schedule.chains for k in range(len(c.relays))]
    cells = [
        (name, *random.choice([*phases, ("", -1)]))
        for name in circuit.populations
        if random.random() < 0.7
    ]
    return Watch(circuit, cells)


def compare_engines(
    random: Random, circuit: Circuit, stimuli: list[dict[str, Any]], state_file: Path
) -> list[dict[str, Any]]:
    """Runs both engines through the same runs; now and then each goes on from the other's state.

    The event engine now and then goes on by frames, and hands over a few steps at a time.
    """
    seed = random.randrange(9)
    simulators = [Simulator(circuit, engine=name, seed=seed) for name in ("reference", "event")]
    outcomes = []
    for options in stimuli:
        options |= {"learn": random.random() < 0.8, "counts": random.random() < 0.5}
        options["probes"] = probes_of(random, circuit)
        draw = random.random()
        watches = []
        for _ in simulators:
            own = Random(int(draw * 10**9))
            watches.append(watch_of(own, circuit))
        steps, numbers = random.choice(((1, 1), (3, 40), (4096, 2**20), (4096, 2**20)))
        frames = random.choice((None, None, 1, 2))
        with mock.patch.multiple(event_log, _STEPS=steps, _NUMBERS=numbers), by_frames(frames):
            expected, found = (
                seen(simulator, **options, watch=watch)
                for simulator, watch in zip(simulators, watches, strict=True)
            )
        assert_same(expected, found)
        outcomes.append(expected)
        if random.random() < 0.3:
            simulators = [exchanged(s, state_file) for s in reversed(simulators)]
    return outcomes


@contextmanager
def by_frames(frames: int | None) -> Iterator[None]:
    """Has event engines stop after so many frames, and go on with the same stimulus."""
    run = EventEngine.run

    def run_on(engine: EventEngine, stimulus: Stimulus, recorder: Recorder, learn: bool) -> None:
        while not stimulus.is_over(engine.clock):
            before, begun = engine.clock.frame, engine.clock.step
            run(engine, stimulus, recorder, learn, frames)
            assert frames is None or engine.clock.frame <= before + frames
            assert engine.clock.step > begun

    with mock.patch.object(EventEngine, "run", run_on):
        yield


def exchanged(simulator: Simulator, state_file: Path) -> Simulator:
    """Goes on with the other engine from the saved state."""
    simulator.save(state_file)
    other = "reference" if simulator.engine == "event" else "event"
    return Simulator.load(state_file, engine=other)
