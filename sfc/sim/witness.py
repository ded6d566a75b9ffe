"""Looks for a run that refutes what is asserted: short, from first weights, with strong inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from sfc.diagnostics import SfcError
from sfc.ir.circuit import Circuit, Input
from sfc.ir.schedule import Property
from sfc.sim.simulator import Simulator
from sfc.sim.watch import Cell, Firing, Watch

_SAMPLES = 8
"""Frames of the run, or steps times eight without chains."""

_MOST_WEIGHTS = 10**7
"""Plastic synapses beyond which no run is made."""

Refutation = tuple[str, str, str, int]
"""(kind, subject, chain, phase) of a property."""


def refute(circuit: Circuit, doubted: Iterable[Property]) -> dict[Refutation, str]:
    """Runs a circuit for a few samples, and returns what that refutes, with what was seen.

    Every input gets as much as its bounds allow in the first sample, then one generator, then
    random patterns; plastic weights begin as drawn from seed 0.

    Args:
        circuit: any.
        doubted: properties of it that are not proved.
    """
    properties = list(doubted)
    sizes = [circuit.synapse_count(p) for p in circuit.projections.values() if circuit.rule_of(p)]
    if not properties or sum(sizes) > _MOST_WEIGHTS:
        return {}
    length = _SAMPLES if circuit.schedule.chains else 8 * _SAMPLES
    samples = {source.name: _samples(source, length) for source in circuit.inputs.values()}
    cells = [cell for prop in properties for cell in _cells(prop)]
    watch = Watch(circuit, cells)
    simulator = Simulator(circuit)
    result = None
    with suppress(SfcError):  # What was seen until the chain stopped counts.
        if samples:
            result = simulator.run(samples, watch=watch)
        elif circuit.schedule.chains:
            result = simulator.run(frames=length, watch=watch)
        else:
            result = simulator.run(steps=length, watch=watch)
    fired = {v.cell: v for v in watch.violations if isinstance(v, Firing)}
    found: dict[Refutation, str] = {}
    for prop in properties:
        if prop.kind == "silent" or result is not None:
            found |= _seen(prop, fired, watch)
        if prop.kind == "tied":
            found |= dict(_differing(simulator, prop))
        if prop.kind == "no_overflow" and result is not None and result.overflows:
            found["no_overflow", "", "", -1] = str(result.overflows[0])
    return found


def _cells(prop: Property) -> Iterator[Cell]:
    if prop.kind in ("silent", "fires"):
        for subject in prop.subjects:
            for phase in prop.phases:
                yield subject, prop.chain, phase


def _samples(source: Input, length: int) -> NDArray[np.bool_]:
    """Returns patterns within an input's bounds, none of them empty, (length, size)."""
    most = source.size if source.at_most is None else source.at_most
    fewest = min(max(source.at_least, 1), most)
    generator = np.random.default_rng(0)
    rows = np.zeros((length, source.size), np.bool_)
    for number, row in enumerate(rows):
        count = (most, fewest)[number] if number < 2 else int(generator.integers(fewest, most + 1))
        row[np.arange(count) if number < 2 else generator.permutation(source.size)[:count]] = True
    return rows


def _seen(prop: Property, fired: dict[Cell, Firing], watch: Watch) -> dict[Refutation, str]:
    """Returns the cells of a property that fired and should not, or did not and should."""
    found: dict[Refutation, str] = {}
    for cell in _cells(prop):
        key, firing = (prop.kind, *cell), fired.get(cell)
        if prop.kind == "silent" and firing is not None:
            found[key] = str(firing)
        if prop.kind == "fires" and (firing is None or firing.extent.samples < watch.samples):
            times = firing.extent.samples if firing else 0
            found[key] = (
                f"{cell[0]} fired in phase {cell[1]}[{cell[2]}] in {times} of {watch.samples} "
                "samples, none of them empty"
            )
    return found


def _differing(simulator: Simulator, prop: Property) -> Iterator[tuple[Refutation, str]]:
    """Yields the matrices whose copies came to differ."""
    for matrix in prop.subjects:
        try:
            simulator.weights[matrix]
        except SfcError as error:
            yield ("tied", matrix, "", -1), error.diagnostics[0].message
