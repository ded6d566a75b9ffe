"""Every pass and level: what remains does the same, on shipped and on random circuits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np
import pytest
from random_circuits import make_circuit, make_stimulus
from random_constraints import check_constraints, constrained
from random_gated import gated_text
from random_texts import random_text
from redundant_circuits import make_redundant

import sfc
from sfc import Simulator
from sfc.diagnostics import Reporter, SfcError
from sfc.ir.circuit import Circuit
from sfc.ir.text import parse_circuit
from sfc.passes import LEVELS, PASSES
from sfc.passes.base import Pass
from sfc.passes.pipeline import run_passes
from sfc.passes.relay_delays import RelayDelays
from sfc.resources import circuit_names, resource

WAYS: dict[str, tuple[Pass, ...]] = {
    **{kind.name: (kind(),) for kind in PASSES},
    **{f"-O{level}": passes for level, passes in LEVELS.items()},
    **{f"relay-delays,longest={longest}": (RelayDelays(longest),) for longest in (0, 1, 4)},
    "-O2, relay-delays": (*LEVELS[2], RelayDelays(2)),
    "relay-delays, -O2": (RelayDelays(2), *LEVELS[2]),
}
LIBRARY = sorted(str(path) for path in (resource("circuits") / "lib").glob("*.sfc"))
SMALL = {
    **{name: {"n_in": 40, "n_hid": 20} for name in ("backprop", "backprop_margin")},
    "backprop_inference": {"n_in": 40, "n_hid": 20},
    "fashion": {"n_hid": 20},
    "deep_backprop": {"sizes": [40, 20, 20, 10]},
}
"""Parameters of the circuits that are large."""

CHANGES = {
    "with chains": {
        **{"merge-gates": 60, "merge-twins": 25, "drop-unread": 30, "share-copies": 20},
        **{"drop-useless": 60, "drop-rest": 5},
        **{"-O1": 70, "-O2": 80, "relay-delays,longest=0": 40, "relay-delays, -O2": 45},
        **{"merge-twins: chains": 20, "drop-unread: chains": 5},
        **{"merge-twins: constraints": 4, "drop-unread: constraints": 6},
    },
    "without chains": {
        **{"merge-gates": 30, "merge-twins": 8, "drop-unread": 10, "share-copies": 8},
        **{"drop-useless": 25, "drop-rest": 1},
        **{"-O1": 35, "-O2": 40, "relay-delays,longest=0": 15, "relay-delays, -O2": 20},
        **{"merge-twins: constraints": 2, "drop-unread: constraints": 5},
    },
    "texts": {
        **{"merge-gates": 30, "merge-twins": 35, "drop-unread": 40, "share-copies": 3},
        **{"drop-useless": 50, "drop-rest": 45},
        **{"-O1": 30, "-O2": 50, "relay-delays,longest=0": 35, "relay-delays, -O2": 50},
        **{"merge-twins: chains": 10, "drop-unread: chains": 10},
        **{"merge-twins: constraints": 8, "drop-unread: constraints": 15},
    },
    "gated": {"drop-useless": 45, "drop-rest": 28, "share-copies": 20, "-O2": 50},
}
"""How many random circuits of a kind each way changes at least, how many chains go, and in how many
the constraints change."""


@dataclass(frozen=True)
class Plan:
    """What is done with a circuit: runs one after the other, each with its arguments."""

    seed: int
    runs: tuple[dict[str, Any], ...]


def make_plan(random: Random, circuit: Circuit, lengths: tuple[int, ...]) -> Plan:
    runs = []
    for length in lengths:
        run: dict[str, Any] = {"learn": random.random() < 0.8}
        if random.random() < 0.3 or not circuit.inputs:
            run["steps"] = 7 * length
        else:
            run["inputs"] = make_stimulus(random, circuit, length)
        runs.append(run)
    return Plan(random.randrange(9), tuple(runs))


def observe(circuit: Circuit, plan: Plan, names: Iterable[str]) -> list[dict[str, Any]]:
    """Returns spikes, membranes, readouts, frames and weights of every run, by what they are of.

    It ends with a run in which the circuit stops.
    """
    simulator = Simulator(circuit, seed=plan.seed)
    found: list[dict[str, Any]] = []
    probes = [probe for name in names for probe in (name, f"{name}.v")]
    for run in plan.runs:
        try:
            result = simulator.run(**run, probes=probes)
        except SfcError as error:
            if "E0706" not in str(error):
                raise
            return found
        seen: dict[str, Any] = {"frames": result.frame_starts}
        for name in names:
            seen[f"spikes of {name}"] = result.events[name]
            seen[f"membranes of {name}"] = result.membrane.rows(name)
        for number, readout in enumerate(result.readouts):
            seen[f"readout {number}"] = np.concatenate([readout.spikes, readout.membrane])
        for name, weights in simulator.plastic_weights().items():
            seen[f"weights of {name}"] = weights
        found.append(seen)
    return found


def check(
    before: Circuit,
    after: Circuit,
    expected: list[dict[str, Any]],
    plan: Plan,
    passes: Iterable[Pass],
) -> None:
    """Compares all that remains, but for membranes that nobody names and no pass preserves."""
    schedule = before.schedule
    named = {p.population for p in schedule.probes if p.quantity == "membrane"}
    named |= {readout.population for readout in schedule.readouts}
    is_exact = all(step.preserves == "states" for step in passes)
    assert parse_circuit(str(after)) == after
    assert set(before.inputs) == set(after.inputs)
    kept = [name for name in after.populations if name in before.populations]
    found = observe(after, plan, kept)
    assert len(found) == len(expected)
    for seen in expected:
        for group in after.shared:
            copies = [seen[f"weights of {name}"] for name in group]
            assert all(np.array_equal(copy, copies[0]) for copy in copies)
    for one, other in zip(expected, found, strict=True):
        for what, value in other.items():
            kind, _, name = what.partition(" of ")
            if kind == "membranes" and not is_exact and name not in named:
                continue
            np.testing.assert_array_equal(value, one[what], what)


def check_kept(before: Circuit, after: Circuit) -> None:
    """What is named remains, and what remains is as it was, but for weights, ends and delays."""
    check_constraints(before, after)
    learning = {p.name for p in before.projections.values() if before.learns(p)}
    assert learning <= set(after.projections)
    assert [p.population for p in before.schedule.probes] == [
        p.population for p in after.schedule.probes
    ]
    assert before.schedule.readouts == after.schedule.readouts
    assert [(p.kind, p.subjects) for p in before.properties] == [
        (p.kind, p.subjects) for p in after.properties
    ]
    for name, population in after.populations.items():
        old = before.populations.get(name, population)
        neuron = replace(old.neuron, refractory=population.neuron.refractory)
        assert replace(old, neuron=neuron) == population
        assert population.neuron.refractory in (0, old.neuron.refractory)
    for name, projection in after.projections.items():
        origin = before.projections.get(name, projection)
        assert (origin.target, origin.span, origin.doc) == (
            projection.target,
            projection.span,
            projection.doc,
        )


def try_all(circuit: Circuit, plan: Plan) -> Counter[str]:
    """Returns which ways of changing a circuit changed it."""
    expected = observe(circuit, plan, list(circuit.populations))
    changed: Counter[str] = Counter()
    for way, passes in WAYS.items():
        try:
            after, accounts = run_passes(circuit, passes, Reporter())
        except SfcError as error:
            if "E0901" not in str(error):
                raise
            changed[f"{way} refused"] += 1
            continue
        if after == circuit:
            assert after is circuit
            continue
        check_kept(circuit, after)
        check(circuit, after, expected, plan, passes)
        changed[way] += 1
        first, last = accounts[0].before, accounts[-1].after
        changed[f"{way}: populations"] += first.populations - last.populations
        changed[f"{way}: projections"] += first.projections - last.projections
        changed[f"{way}: constraints"] += circuit.constraints != after.constraints
        changed[f"{way}: chains"] += len(circuit.schedule.chains) - len(after.schedule.chains)
    return changed


def circuits(kind: str, count: int) -> Iterable[tuple[int, Random, Circuit]]:
    for seed in range(count):
        random = Random(seed)
        if kind == "gated":
            circuit = sfc.compile_text(gated_text(seed, 1 + seed % 14), "gated.sfc")
        elif kind == "texts":
            circuit = sfc.compile_text(random_text(seed, seed % 8), "random.sfc")
        else:
            circuit = make_circuit(random, random.choice((1, 2, 3, 4, 4)), kind == "with chains")
        circuit = make_redundant(random, circuit)
        if seed % 3 == 0:
            circuit = constrained(Random(seed), circuit)
        yield seed, random, circuit


@pytest.mark.parametrize(
    ("kind", "count"), [("with chains", 90), ("without chains", 50), ("texts", 60), ("gated", 60)]
)
def test_random_circuits(kind: str, count: int) -> None:
    changed: Counter[str] = Counter()
    for seed, random, circuit in circuits(kind, count):
        try:
            lengths = random.choices((1, 2, 3, 5, 8), k=random.randint(1, 3))
            changed += try_all(circuit, make_plan(random, circuit, tuple(lengths)))
        except BaseException:
            print(f"{kind}, seed {seed}")
            raise
    too_few = {way: changed[way] for way, least in CHANGES[kind].items() if changed[way] < least}
    assert not too_few


@pytest.mark.parametrize("name", [*circuit_names(), *LIBRARY])
def test_shipped_circuits(name: str) -> None:
    circuit = sfc.compile(name, **SMALL.get(name, {}))
    changed = try_all(circuit, make_plan(Random(1), circuit, (2, 1)))
    longest = max(p.delay for p in circuit.projections.values())
    relayed = changed["relay-delays,longest=0"] + changed["relay-delays,longest=0 refused"]
    assert relayed == (longest > 0)
