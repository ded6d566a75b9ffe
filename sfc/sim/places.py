"""Where populations lie in vectors of all neurons."""

from __future__ import annotations

from itertools import accumulate

from sfc.ir.circuit import Circuit


def places(circuit: Circuit) -> dict[str, slice]:
    """Returns the slice of each population, one after the other in the circuit's order."""
    populations = circuit.populations.values()
    ends = accumulate(population.size for population in populations)
    return {p.name: slice(end - p.size, end) for p, end in zip(populations, ends, strict=True)}
