"""What a chip file may hold: names, kinds of values, bounds; docs/chips.md says what they mean."""

from __future__ import annotations

from dataclasses import dataclass

FILE_BYTES = 2**20
"""Size up to which a chip file is read."""

TEXT_LENGTH = 1000
"""Characters of a text in a chip file."""

MOST_VALUES = 2**10
"""Values of a list or table."""

PLASTIC_BITS = 8
"""Bits of a plastic weight, which a chip with synaptic memory must be able to hold."""

CONFIDENCES = ("high", "medium", "low", "unverified", "unknown")

TOP = ("name", "title", "boards", "limits", "costs", "facts")
FIGURE = ("value", "unit", "source", "confidence", "note")
BOARDS = ("chips", "any", "source", "confidence", "note")


@dataclass(frozen=True, slots=True)
class Range:
    """What a limit may be: an integer, or a list of them.

    Attributes:
        least, most: bounds of every integer, both inclusive.
        length: of the list; 0 for a single integer.
        ascending: a list of any length, in ascending order.
    """

    least: int
    most: int
    length: int = 0
    ascending: bool = False

    def __str__(self) -> str:
        between = f"from {self.least:,} to {self.most:,}"
        if self.ascending:
            return f"a list of integers {between}, ascending"
        return f"{f'a list of {self.length} integers' if self.length else 'an integer'} {between}"

    def fits(self, value: object) -> bool:
        """Whether a value is as it may be."""
        if not self.length and not self.ascending:
            return type(value) is int and self.least <= value <= self.most
        if not isinstance(value, list) or not 0 < len(value) <= MOST_VALUES:
            return False
        one = Range(self.least, self.most)
        if not all(one.fits(number) for number in value):
            return False
        return value == sorted(set(value)) if self.ascending else len(value) == self.length


_COUNT = Range(1, 2**32)
_BITS = Range(0, 32, ascending=True)

CHIPS = Range(1, 2**20, ascending=True)

LIMITS = {
    "cores": Range(1, 2**16),
    "cores_per_tile": Range(1, 2**10),
    "mesh": Range(1, 2**10, length=2),
    "compartments": Range(1, 2**20),
    "synapse_words": _COUNT,
    "word_bits": Range(1, 2**10),
    "block_synapses": Range(1, 2**16),
    "block_header_bits": Range(0, 2**10),
    "weight_bits": _BITS,
    "index_bits": _BITS,
    "dense_base": Range(0, 2**20),
    "input_axons": _COUNT,
    "learning_axon_entries": Range(1, 2**10),
    "output_axons": _COUNT,
    "other_chip_entries": Range(0, 2**10),
    "compartment_profiles": _COUNT,
    "threshold_profiles": _COUNT,
    "synapse_formats": _COUNT,
    "delay_slots": Range(1, 2**16),
    "dendritic_accumulators": _COUNT,
    "delay": Range(0, 2**16),
    "refractory": Range(0, 2**16),
    "memory_bytes": _COUNT,
    "compartment_bytes": Range(1, 2**20),
}

REQUIRED = ("cores", "cores_per_tile", "mesh", "compartments")
"""Limits that every chip has, with values."""

NEEDS = {
    "synapse_words": (
        "word_bits",
        "block_synapses",
        "block_header_bits",
        "weight_bits",
        "index_bits",
    ),
    "memory_bytes": ("compartment_bytes",),
    "dendritic_accumulators": ("delay_slots",),
}
"""Limits that mean nothing without others."""

OPERATIONS = (
    "synaptic_operation",
    "synaptic_operation_dense",
    "synaptic_operation_sparse",
    "synaptic_operation_convolution",
    "synaptic_update",
    "neuron_active",
    "neuron_inactive",
    "neuron_access",
    "neuron_update",
    "spike_out",
    "axon_out_message",
    "axon_in_message",
    "spike_within_tile",
    "hop_east_west",
    "hop_north_south",
)

COSTS = {
    **{f"{operation}_energy": ("pJ",) for operation in OPERATIONS},
    **{f"{operation}_time": ("ns", "us") for operation in OPERATIONS},
    "barrier_time": ("ns by tiles", "us by tiles"),
}
"""Costs, and the units that they may have."""

MOST_COST = 1e9
"""In whatever unit."""
