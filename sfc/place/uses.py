"""What lies on each core of a packing, once cores have their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sfc.chips.chip import Chip
from sfc.ir.circuit import Circuit
from sfc.place.activity import Activity
from sfc.place.allocation import CoreUse
from sfc.place.cores import WORD_BYTES, Core, delay_slots, formats_of, placed, words_of
from sfc.place.mesh import numbered
from sfc.place.placement import Piece, Placement
from sfc.place.traffic import output_axons, traffic

_MATRIX_CORES = 1500
"""Cores up to which the traffic between all pairs is looked at for numbering them."""


def core_uses(
    circuit: Circuit, chip: Chip, activity: Activity, cores: Sequence[Core]
) -> tuple[CoreUse, ...]:
    """Returns what packed cores hold, ascending by the numbers that they get here.

    Args:
        circuit: that is placed.
        chip: whose cores they are.
        activity: by which cores that send each other many spikes come to lie close.
        cores: of the packing.
    """
    between = None
    if len(cores) <= _MATRIX_CORES:
        packed = _by_population(chip, cores, range(len(cores)))
        between = traffic(circuit, packed, activity).matrix(len(cores))
    numbers = numbered(chip, [core.number for core in cores], between)
    order = np.argsort(numbers).tolist()
    cores, numbers = [cores[k] for k in order], sorted(numbers)
    entries = output_axons(circuit, _by_population(chip, cores, numbers), chip)
    uses = tuple(
        _use(core, number, entries.get(number, 0))
        for core, number in zip(cores, numbers, strict=True)
    )
    for use in uses:
        for name, used in use.used.items():
            limit = use.available[name]
            assert limit is None or used <= limit, f"core {use.number}: {used} {name} of {limit}"
    return uses


def _pieces(core: Core, number: int) -> tuple[Piece, ...]:
    """Returns what lies on a core that gets a number, in the order of its compartments."""
    return tuple(
        Piece(slot.population, slot.first, slot.first + slot.size - 1, number)
        for slot in core.slots
    )


def _by_population(
    chip: Chip, cores: Sequence[Core], numbers: Sequence[int]
) -> Mapping[str, tuple[Piece, ...]]:
    pairs = zip(cores, numbers, strict=True)
    pieces = tuple(piece for core, number in pairs for piece in _pieces(core, number))
    return Placement(chip.name, pieces).of_population()


def _use(core: Core, number: int, entries: int) -> CoreUse:
    base = core.room.dense_base
    words, formats = words_of(core.slots, base), formats_of(core.slots, base)
    slots = delay_slots(core.delay, core.room.slots)
    used = {
        "compartments": core.neurons,
        "synaptic_memory": words,
        "input_axons": core.input_axons,
        "output_axons": entries,
        "compartment_profiles": len(core.profiles),
        "threshold_profiles": len(core.thresholds),
        "synapse_formats": len(formats),
        "delay_slots": slots,
    }
    available = core.room.available(core.delay)
    if "memory_bytes" in available:
        used["memory_bytes"] = words * WORD_BYTES + core.neurons * core.room.compartment_bytes
    near = tuple(is_near for _, is_near in placed(core.slots, base))
    return CoreUse(
        number, _pieces(core, number), near, used, available, core.plastic, core.synapses
    )
