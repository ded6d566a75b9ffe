"""Placements: how tests make them up, and what must hold of every one."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import numpy as np

from sfc import Simulator
from sfc.chips.chip import Chip
from sfc.diagnostics import SfcError
from sfc.ir.circuit import Circuit
from sfc.ir.verify import verify
from sfc.place.check import violations
from sfc.place.cut import Cut, cut_circuit
from sfc.place.placement import Piece, Placement


def random_placement(random: Random, circuit: Circuit, cores: int, chip: str) -> Placement:
    """Pieces of any size on any cores; what chips hold is not looked at."""
    pieces = []
    share = random.choice((0.1, 0.5, 1.0))
    for population in circuit.populations.values():
        first = 0
        for last in range(population.size):
            if last == population.size - 1 or random.random() < share:
                core = random.randrange(cores)
                pieces.append(Piece(population.name, first, last, core))
                first = last + 1
    return Placement(chip, tuple(pieces))


def random_samples(random: Random, circuit: Circuit, length: int) -> dict[str, Any]:
    """Input for so many frames or steps."""
    generator = np.random.default_rng(random.randrange(10**9))
    density = random.choice((0.2, 0.6, 0.9))
    return {
        name: generator.random((length, source.size)) < density
        for name, source in circuit.inputs.items()
    }


def assert_placed(
    circuit: Circuit,
    chip: Chip,
    placement: Placement,
    *,
    max_plastic_per_core: int | None = None,
    length: int = 3,
) -> None:
    """The placement fits the chip, and the circuit that its pieces make does the same.

    Args:
        length: frames that are run, or steps without chains.
    """
    found = violations(circuit, chip, placement, max_plastic_per_core=max_plastic_per_core)
    assert found == []
    assert_runs_alike(Random(1), circuit, placement, (length, length))


def assert_runs_alike(
    random: Random, circuit: Circuit, placement: Placement, lengths: tuple[int, ...]
) -> int:
    """Runs a circuit and its pieces, as many times as there are lengths, each with other input.

    Returns:
        How many spikes of populations were compared.
    """
    cut = cut_circuit(circuit, placement)
    verify(cut.circuit)
    original = Simulator(circuit, engine="reference", seed=random.randrange(9))
    pieces = Simulator(cut.circuit, engine="reference")
    for name, weights in cut.cut_weights(original.plastic_weights()).items():
        pieces.weights[name] = weights
    spikes = 0
    for length in lengths:
        options: dict[str, Any] = {"learn": random.random() < 0.9}
        if circuit.inputs:
            options["inputs"] = random_samples(random, circuit, length)
        else:
            options["frames" if circuit.schedule.chains else "steps"] = length
        before, after = _seen(original, circuit, options), _seen(pieces, cut.circuit, options)
        assert ("error" in before) == ("error" in after)
        if "error" in before:
            break
        spikes += _compare(cut, before, after)
    joined = cut.join_weights(pieces.plastic_weights())
    assert joined.keys() == original.plastic_weights().keys()
    for name, weights in original.plastic_weights().items():
        np.testing.assert_array_equal(joined[name], weights, name)
    return spikes


def _seen(simulator: Simulator, circuit: Circuit, options: Mapping[str, Any]) -> dict[str, Any]:
    """Spikes and membranes of all populations, or that the circuit stopped."""
    names = [*circuit.populations]
    try:
        result = simulator.run(**options, probes=[*names, *(f"{name}.v" for name in names)])
    except SfcError as error:
        if "E0706" not in str(error):
            raise
        return {"error": True}
    seen: dict[str, Any] = {"frames": result.frame_starts, "phases": result.phase_of_step.numbers}
    seen["events"] = {name: result.events[name] for name in names}
    seen["membranes"] = {name: result.membrane.rows(name) for name in names}
    return seen


def _compare(cut: Cut, before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    for what in ("frames", "phases"):
        np.testing.assert_array_equal(after[what], before[what], what)
    spikes = 0
    for name, parts in cut.pieces.items():
        events = before["events"][name]
        np.testing.assert_array_equal(cut.join_events(after["events"], name), events, name)
        membranes = np.concatenate([after["membranes"][part] for part in parts], axis=1)
        np.testing.assert_array_equal(membranes, before["membranes"][name], name)
        spikes += len(events)
    return spikes
