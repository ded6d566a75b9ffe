"""Synapse formats: how many words of synaptic memory a list of synapses takes.

The formula is nengo-loihi's (e564f66, block.py, SynapseConfig.bits_per_axon): a list is cut into
blocks, and a block of n synapses takes n times the bits of a synapse and a header, rounded up to
words. The length of a block is a register of the format, so each format has its best one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from sfc.chips.chip import Chip
from sfc.ir.integers import WEIGHT_EXPONENTS

Sign = Literal["excitatory", "inhibitory", "mixed"]

_MAGNITUDE_BITS = 8
"""Bits of a weight's magnitude; with mixed signs the lowest of them is always 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Format:
    """How the synapses of a list are written; `formats` makes equal ones once.

    Attributes:
        index_bits: of a target; 0 if the list is dense and holds every target in a range.
        weight_bits, delay_bits, tag_bits: of a synapse.
        exponent: of all weights: mantissa times 2^exponent, in weight units.
        rule: by which they learn; empty if they do not.
        block: most synapses of a block.
        header_bits: of a block.
        word_bits: of a word of synaptic memory.
    """

    index_bits: int
    weight_bits: int
    delay_bits: int
    tag_bits: int
    exponent: int
    sign: Sign
    rule: str
    block: int
    header_bits: int
    word_bits: int

    @property
    def is_dense(self) -> bool:
        """Whether the list holds every target in a range."""
        return not self.index_bits

    @property
    def synapse_bits(self) -> int:
        """Bits of a synapse."""
        return self.weight_bits + self.delay_bits + self.tag_bits + self.index_bits

    @overload
    def words(self, count: int) -> int: ...
    @overload
    def words(self, count: NDArray[Any]) -> NDArray[Any]: ...
    def words(self, count: Any) -> Any:
        """Returns the words that a list of `count` synapses takes; 0 for none."""
        rest = count % self.block
        bits = rest * self.synapse_bits + self.header_bits
        last = -(-bits // self.word_bits) * (rest > 0)
        return count // self.block * self._block_words + last

    @overload
    def least_words(self, count: int) -> int: ...
    @overload
    def least_words(self, count: NDArray[Any]) -> NDArray[Any]: ...
    def least_words(self, count: Any) -> Any:
        """Returns words that `count` synapses take at least, into however many lists they are cut.

        No number of synapses takes fewer words a synapse than a full block.
        """
        return -(-count * self._block_words // self.block)

    @property
    def _block_words(self) -> int:
        return -(-(self.block * self.synapse_bits + self.header_bits) // self.word_bits)

    def __str__(self) -> str:
        parts = [
            f"{'dense' if self.is_dense else f'sparse, {self.index_bits}-bit index'}",
            f"{self.weight_bits}-bit {self.sign} weight x 2^{self.exponent}",
        ]
        if self.delay_bits:
            parts.append(f"{self.delay_bits}-bit delay")
        if self.tag_bits:
            parts.append(f"{self.tag_bits}-bit tag")
        if self.rule:
            parts.append(f"learns by {self.rule}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class WeightField:
    """Weights as a chip writes them: mantissas of so many bits times 2^exponent."""

    bits: int
    exponent: int
    sign: Sign


def formats(
    chip: Chip, weight: WeightField, delay: int, tag_bits: int, rule: str
) -> tuple[Format, Format]:
    """Returns the dense and the sparse format of a projection's lists.

    Args:
        chip: whose limits word_bits, block_header_bits, block_synapses, index_bits, compartments
            are used.
        weight: of its weights.
        delay: of its synapses, in steps.
        tag_bits: of its synapses.
        rule: by which it learns, or empty.
    """
    header = chip.limit("block_header_bits") or 0
    word = chip.limit("word_bits") or 1
    longest = chip.limit("block_synapses") or 1
    dense, sparse = (
        _format(
            index_bits,
            weight.bits,
            delay.bit_length(),
            tag_bits,
            weight.exponent,
            weight.sign,
            rule,
            _best_block(
                weight.bits + delay.bit_length() + tag_bits + index_bits, header, word, longest
            ),
            header,
            word,
        )
        for index_bits in (0, _index_bits(chip))
    )
    return dense, sparse


_format = cache(Format)


def weight_field(chip: Chip, values: NDArray[np.int64], exponent: int) -> WeightField | None:
    """Returns the fewest legal bits that hold weights; None if none do.

    A mantissa of one sign has 8 bits and is written without its lowest ones, where these are 0;
    with mixed signs it is even, and a bit more is written (nengo-loihi e564f66, block.py,
    shift_bits; the authors' weight_tools.py has the same rule).

    Args:
        chip: whose limit weight_bits lists what is legal; any number of bits is without it.
        values: integers, at least one of them not 0.
        exponent: weights are values times 2^exponent, in weight units.
    """
    low, high = int(values.min()), int(values.max())
    mixed = low < 0 < high
    sign: Sign = "mixed" if mixed else "excitatory" if high > 0 else "inhibitory"
    common = int(np.gcd.reduce(np.abs(values)))
    shift = (common & -common).bit_length() - 1
    low, high, exponent = low >> shift, high >> shift, exponent + shift
    most = 2**_MAGNITUDE_BITS - (2 if mixed else 1)
    least = -(2**_MAGNITUDE_BITS) if mixed else 1 - 2**_MAGNITUDE_BITS
    up = 0
    while (
        high << (up + 1) <= most
        and low << (up + 1) >= least
        and exponent - up > WEIGHT_EXPONENTS[0]
    ):
        up += 1
    if high << up > most or low << up < least or (mixed and up == 0):
        return None
    needed = max(1, _MAGNITUDE_BITS - up + mixed)
    legal = [bits for bits in chip.choices("weight_bits") if bits >= needed]
    return WeightField(min(legal, default=needed), exponent - up, sign)


def _index_bits(chip: Chip) -> int:
    needed = (int(chip.limits["compartments"].value) - 1).bit_length()
    return min((bits for bits in chip.choices("index_bits") if bits >= needed), default=needed)


@cache
def _best_block(bits: int, header: int, word: int, longest: int) -> int:
    """Returns the length of a block with the fewest words a synapse, the longest of equal ones."""

    def words_per_synapse(length: int) -> tuple[float, int]:
        return -(-(length * bits + header) // word) / length, -length

    return min(range(1, longest + 1), key=words_per_synapse)
