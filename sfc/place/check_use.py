"""What each core of a placement holds, for the checker, in the names of docs/chips.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sfc.chips.chip import Chip
from sfc.ir.circuit import Circuit, Projection
from sfc.place.check_formats import TAG_BITS, Format, index_bits, weight_format, words
from sfc.place.check_lists import Lists, Numbers, axon_lists, pieces_of_neurons
from sfc.place.placement import Piece, Placement

PLASTIC = "plastic_synapses"

LIMIT_OF = {
    "compartments": "compartments",
    "synaptic_memory": "synapse_words",
    "input_axons": "input_axons",
    "output_axons": "output_axons",
    "compartment_profiles": "compartment_profiles",
    "threshold_profiles": "threshold_profiles",
    "synapse_formats": "synapse_formats",
    "memory_bytes": "memory_bytes",
}
"""The limit of the chip that binds each resource; delay slots lessen the compartments."""


def used(circuit: Circuit, chip: Chip, placement: Placement) -> Mapping[int, Mapping[str, int]]:
    """Returns by core, ascending, what it takes of each resource, and its plastic synapses.

    Args:
        placement: has every neuron on one core, see `sfc.place.check.violations`.

    Raises:
        ValueError: the circuit's weights are real numbers.
    """
    use = _Use.of(circuit, chip, placement)
    for projection in circuit.projections.values():
        use.add(projection)
    return {core: use.of_core(core, pieces) for core, pieces in placement.of_core().items()}


@dataclass(slots=True)
class _Use:
    """Counts; arrays by core unless said otherwise.

    Attributes:
        piece_of: of every neuron, by population.
        core_of, first_of, base: (pieces,) each one's core, its first neuron, and the compartment of
            that neuron.
        delay: the longest of the synapses that arrive.
        formats: of the lists that arrive.
    """

    circuit: Circuit
    chip: Chip
    piece_of: Mapping[str, Numbers]
    core_of: Numbers
    first_of: Numbers
    base: Numbers
    delay: Numbers
    words: Numbers
    input_axons: Numbers
    output_axons: Numbers
    plastic: Numbers
    formats: dict[int, set[Format]] = field(default_factory=dict)

    @classmethod
    def of(cls, circuit: Circuit, chip: Chip, placement: Placement) -> _Use:
        """Returns the counts before any projection."""
        next_base: dict[int, int] = {}
        base = []
        for piece in placement.pieces:
            base.append(next_base.get(piece.core, 0))
            next_base[piece.core] = base[-1] + piece.size
        delay, words, inputs, outputs, plastic = np.zeros(
            (5, 1 + max(placement.cores, default=0)), np.int64
        )
        return cls(
            circuit,
            chip,
            pieces_of_neurons(circuit, placement),
            np.array([piece.core for piece in placement.pieces], np.int64),
            np.array([piece.first for piece in placement.pieces], np.int64),
            np.array(base, np.int64),
            delay,
            words,
            inputs,
            outputs,
            plastic,
        )

    def add(self, projection: Projection) -> None:
        """Counts the lists of a projection."""
        lists = axon_lists(self.circuit, projection, self.piece_of, self.core_of, self.first_of)
        if not len(lists.pieces):
            return
        learns = self.circuit.learns(projection)
        cores = self.core_of[lists.pieces]
        entries = (self.chip.limit("learning_axon_entries") or 1) if learns else 1
        np.add.at(self.input_axons, cores, entries * lists.alike)
        np.maximum.at(self.delay, cores, projection.delay)
        if learns:
            np.add.at(self.plastic, cores, lists.alike * lists.synapses)
        chips = self.core_of[lists.to_piece] // self.chip.cores
        is_far = chips != lists.from_core // self.chip.cores
        further = self.chip.limit("other_chip_entries") or 0
        np.add.at(self.output_axons, lists.from_core, lists.count * (1 + further * is_far))
        self._add_words(projection, lists)

    def _add_words(self, projection: Projection, lists: Lists) -> None:
        """Counts the words of all lists to a piece, dense or sparse, whichever take fewer.

        Dense ones must begin early in a core, and cannot hold two synapses between the same
        neurons: a projection that has such has none. Where both take as many, they are sparse.
        """
        weights = weight_format(self.circuit, projection, self.chip)
        delay_bits = projection.delay.bit_length()
        rule = self.circuit.rule_of(projection)
        tag_bits = TAG_BITS if rule is not None and rule.dt else 0
        dense = Format(weights, delay_bits, tag_bits, None)
        sparse = Format(weights, delay_bits, tag_bits, index_bits(self.chip))
        pieces, place = np.unique(lists.pieces, return_inverse=True)
        dense_words, sparse_words = np.zeros((2, len(pieces)), np.int64)
        np.add.at(dense_words, place, lists.alike * words(lists.spans, dense.bits, self.chip))
        np.add.at(sparse_words, place, lists.alike * words(lists.synapses, sparse.bits, self.chip))
        may_be_dense = np.full(len(pieces), not lists.repeats)
        last_base = self.chip.limit("dense_base")
        if last_base is not None:
            may_be_dense &= self.base[pieces] <= last_base
        is_dense = may_be_dense & (dense_words < sparse_words)
        cores = self.core_of[pieces]
        np.add.at(self.words, cores, np.where(is_dense, dense_words, sparse_words))
        for core, kind in {*zip(cores.tolist(), is_dense.tolist(), strict=True)}:
            self.formats.setdefault(core, set()).add(dense if kind else sparse)

    def of_core(self, core: int, pieces: tuple[Piece, ...]) -> Mapping[str, int]:
        """Returns what a core with these pieces takes of each resource."""
        neurons = [self.circuit.populations[piece.population].neuron for piece in pieces]
        compartments = sum(piece.size for piece in pieces)
        found = {
            "compartments": compartments,
            "delay_slots": self._slots(core),
            "synaptic_memory": int(self.words[core]),
            "input_axons": int(self.input_axons[core]),
            "output_axons": int(self.output_axons[core]),
            "compartment_profiles": len({(n.decay_u, n.decay_v, n.refractory) for n in neurons}),
            "threshold_profiles": len({n.threshold for n in neurons}),
            "synapse_formats": len(self.formats.get(core, ())),
            PLASTIC: int(self.plastic[core]),
        }
        if self.chip.limit("memory_bytes") is not None:
            word_bytes = (self.chip.limit("word_bits") or 64) / 8
            state = compartments * (self.chip.limit("compartment_bytes") or 0)
            found["memory_bytes"] = int(word_bytes * self.words[core]) + state
        return found

    def _slots(self, core: int) -> int:
        """Returns the delay slots of each compartment: a power of two above the longest delay."""
        slots = 1
        while slots <= self.delay[core]:
            slots *= 2
        return max(slots, self.chip.limit("delay_slots") or 1)
