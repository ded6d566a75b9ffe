"""What was measured on a chip, of the circuits that it was measured of."""

from __future__ import annotations

from dataclasses import dataclass

from sfc.chips.chip import Chip
from sfc.ir.circuit import Circuit

_SIZES = {"n_in": 400, "n_hid": 400, "n_out": 10}

_MEASURED = {
    "backprop": ("paper_training", 3282, "on-chip training"),
    "backprop_inference": ("paper_inference", 814, "inference"),
}
"""By name of the circuit: the fact in the chip file, its neurons, and what it does."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A measurement by others, to be shown beside an estimate, and not to be mixed with it.

    Attributes:
        what: was measured, and how that differs from what is placed here.
    """

    energy_uj: float
    latency_us: float
    what: str
    source: str


def measured_by_authors(circuit: Circuit, chip: Chip) -> Measured | None:
    """Returns the measurement of a circuit that is called, parametrised and sized as the authors'.

    Whether it still does what theirs did is not looked at.
    """
    fact, neurons, doing = _MEASURED.get(circuit.name, ("", 0, ""))
    figure = chip.facts.get(fact)
    if figure is None or figure.value is None:
        return None
    has_sizes = all(circuit.parameters.get(name) == size for name, size in _SIZES.items())
    if not has_sizes or sum(p.size for p in circuit.populations.values()) != neurons:
        return None
    what = (
        f"{doing} of one sample, 400-400-10, measured on {chip.title} with the authors' placement; "
        "counts of operations do not explain all of it"
    )
    energy, latency = figure.value["energy_mJ"], figure.value["latency_ms"]
    return Measured(energy * 1000, latency * 1000, what, figure.source)
