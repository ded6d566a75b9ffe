"""Chips made up for tests, with limits that bind."""

from __future__ import annotations

from typing import Any

from sfc.chips.chip import Chip, Figure

LOIHI: dict[str, Any] = {
    **{"cores": 128, "cores_per_tile": 4, "mesh": [8, 4], "compartments": 1024},
    **{"synapse_words": 16384, "word_bits": 64, "block_synapses": 64, "block_header_bits": 10},
    **{"weight_bits": [0, 1, 2, 3, 4, 5, 6, 8], "index_bits": [0, 6, 7, 8, 9, 10, 11, 12]},
    **{"dense_base": 255, "input_axons": 4096, "learning_axon_entries": 2, "output_axons": 4096},
    **{"other_chip_entries": 1, "compartment_profiles": 32, "threshold_profiles": 7},
    **{"synapse_formats": 15, "delay_slots": 8, "dendritic_accumulators": 8192},
    **{"delay": 62, "refractory": 63},
}


def small_chip(boards: tuple[int, ...] = (1, 2), **limits: Any) -> Chip:
    """A chip like Loihi with other limits; None is one that nobody published."""
    figures = {
        name: Figure(value, "", "made up", "high") for name, value in (LOIHI | limits).items()
    }
    return Chip("small", "Small", figures, {}, boards, {})
