"""Steps are recorded alike one by one and many at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sfc
from sfc.ir.circuit import Circuit
from sfc.sim.recorder import Recorder
from sfc.sim.result import Result
from sfc.sim.stimulus import make_stimulus
from sfc.sim.stretch import Overflow, Rows, Stretch
from sfc.sim.watch import Watch

TEXT = """sfc 1;
neuron Relay { threshold = 100; ring = 200; }
neuron Gated { threshold = 100; bias = -800; drive = 120; refractory = 2; }
input pattern[3] at most 2;
chain g[4] : Relay ring;
chain k[2] : Relay;
population a[3], b[2] : Gated;
population loud : Relay { decay_v = 0; threshold = 131071; }
a -> loud all_to_all weight 255*2**7;
a -> b all_to_all weight 60;
phase g[0] { present pattern to a; open a above 52; }
phase g[2] { present pattern to a; open a above 52; }
phase g[3] { open b above 52; }
probe a.v at g[0], g[2];
probe b.v at g[3];
probe a at g[2];
readout b at g[3] against label;
input label[2];
"""


class Keeping(Recorder):
    """Keeps what it is handed."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.kept: list[Stretch] = []

    def extend(self, stretch: Stretch) -> None:
        super().extend(stretch)
        self.kept.append(stretch)


def joined(parts: list[Stretch]) -> Stretch:
    """Consecutive stretches as one."""
    starts = np.cumsum([0, *(part.steps for part in parts)]).tolist()
    placed = list(zip(starts, parts, strict=False))
    spikes, membranes = {}, {}
    for tap in {tap for part in parts for tap in part.spikes}:
        found = [part.spikes[tap] + (start, 0) for start, part in placed if tap in part.spikes]
        spikes[tap] = np.concatenate(found)
    for tap in {tap for part in parts for tap in part.membranes}:
        found = [(s, part.membranes[tap]) for s, part in placed if tap in part.membranes]
        values = np.concatenate([rows.values for _, rows in found])
        membranes[tap] = Rows(np.concatenate([rows.steps + s for s, rows in found]), values)
    overflows: dict[str, Overflow] = {}
    for start, part in placed:
        for o in part.overflows:
            first = overflows.get(o.quantity)
            count = o.count + (first.count if first else 0)
            where = (first.population, first.neuron, first.step) if first else None
            where = where or (o.population, o.neuron, o.step + start)
            overflows[o.quantity] = Overflow(o.quantity, count, *where)
    counts = [part.counts for part in parts if part.counts is not None]
    return Stretch(
        starts[-1],
        np.concatenate([part.phases for part in parts]),
        np.concatenate([part.frame_starts + start for start, part in placed]),
        spikes,
        membranes,
        tuple(overflows.values()),
        np.concatenate(counts),
        max(part.longest for part in parts),
    )


def seen(recorder: Recorder) -> dict[str, Any]:
    """Everything that a run shows."""
    result = Result(recorder)
    assert recorder.watch is not None
    found: dict[str, Any] = {"violations": recorder.watch.violations}
    found |= {"samples": recorder.watch.samples, "overflows": result.overflows}
    arrays: dict[str, Any] = {f"events of {name}": result.events[name] for name in result.events}
    arrays |= {f"counts of {name}": found for name, found in result.spike_counts.items()}
    arrays |= {f"membranes of {name}": result.membrane.rows(name) for name in result.membrane}
    arrays |= {"spikes": result.readout.spikes, "membrane": result.readout.membrane}
    arrays |= {"frames": result.frame_starts, "phases": result.phase_of_step.numbers}
    return found | {name: (array.dtype, array.tolist()) for name, array in arrays.items()}


def recorder_of(circuit: Circuit, kind: Any, rows: Any) -> Any:
    cells = [("a", "g", 0), ("a", "g", 2), ("b", "g", 3), ("a", "k", 1), ("b", "g", 1)]
    watch = Watch(circuit, cells)
    watch.begin(circuit, rows)
    return kind(circuit, ("pattern", "g", "k", "loud.v"), True, watch)


@pytest.mark.parametrize("size", [2, 3, 7, 1000])
@pytest.mark.parametrize("steps_before", [0, 2])
def test_long_stretches_show_what_single_steps_show(size: int, steps_before: int) -> None:
    circuit = sfc.compile_text(TEXT)
    samples = np.random.default_rng(1).random((12, 3)) < 0.7
    simulator = sfc.Simulator(circuit)
    if steps_before:
        simulator.run(steps=steps_before)
    stimulus = make_stimulus(circuit, {"pattern": samples}, None, None)
    single = recorder_of(circuit, Keeping, stimulus.rows)
    simulator._engine.run(stimulus, single, True)
    bulk = recorder_of(circuit, Recorder, stimulus.rows)
    for first in range(0, len(single.kept), size):
        bulk.extend(joined(single.kept[first : first + size]))
    found = seen(bulk)
    assert found == seen(single)
    assert found["overflows"]
    assert len(found["violations"]) >= 3
    assert all(found[f"events of {name}"][1] for name in ("a", "pattern", "g[1]", "k[1]"))


def test_a_spike_that_is_named_twice_is_one_and_one_before_the_run_none() -> None:
    circuit = sfc.compile_text(TEXT)
    recorder = Recorder(circuit, ["pattern"], False)
    tap = recorder.probes["pattern", "spikes"]
    nothing = np.zeros((0,), np.int64)
    for pairs in ([[-1, 0], [1, 2]], [[-1, 1], [-1, 2], [0, 0]]):
        phases = np.zeros((2, 2), np.int64)
        recorder.extend(Stretch(2, phases, nothing, {tap: np.array(pairs)}))
    assert Result(recorder).events["pattern"].tolist() == [[1, 1], [1, 2], [2, 0]]
