"""What synapses take in a core's memory, for the checker: formats, blocks and words."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from sfc.chips.chip import Chip
from sfc.ir.circuit import Circuit, Projection, Weight
from sfc.ir.integers import WEIGHT_EXPONENTS
from sfc.ir.synapses import synapses
from sfc.place.check_lists import Numbers

MOST_BITS = 8
"""No circuit has weights of more."""

TAG_BITS = 8
"""Of synapses whose tag a rule changes."""

Signs = Literal["excitatory", "inhibitory", "mixed"]


@dataclass(frozen=True, slots=True)
class WeightFormat:
    """How the weights of a projection are held.

    Attributes:
        bits: of a weight, its sign included.
        exponent: the least, of those that there are, with which 8 bits hold the largest weight.
        rule: by which they learn; empty if they do not.
    """

    bits: int
    exponent: int
    signs: Signs
    rule: str


@dataclass(frozen=True, slots=True)
class Format:
    """A synapse format of a core; `index_bits` is None for dense lists."""

    weights: WeightFormat
    delay_bits: int
    tag_bits: int
    index_bits: int | None

    @property
    def bits(self) -> int:
        """Of a synapse."""
        return self.weights.bits + self.delay_bits + self.tag_bits + (self.index_bits or 0)


def weight_format(circuit: Circuit, projection: Projection, chip: Chip) -> WeightFormat:
    """Returns how a chip holds the weights of a projection that has synapses.

    If they are all 0, it holds them as it holds 1.
    """
    rule = circuit.rule_of(projection)
    if rule is not None:
        name = rule.name if circuit.learns(projection) else ""
        return WeightFormat(MOST_BITS, rule.weights.exponent, _signs(rule.low, rule.high), name)
    weight = projection.weight
    assert isinstance(weight, Weight)
    mantissas = np.array([1])
    if not isinstance(projection.pattern, str):
        mantissas = np.unique(synapses(circuit, projection).mantissas)
    values = [int(mantissa) * weight.mantissa for mantissa in mantissas]
    signs = _signs(min(values), max(values))
    if not any(values):
        values = [1]
    shift = _shift(min(values), max(values), signs, WEIGHT_EXPONENTS[0] - weight.exponent)
    bits = least(legal(chip, "weight_bits"), _bits(values, shift, signs))
    return WeightFormat(bits, weight.exponent + shift, signs, "")


def legal(chip: Chip, name: str) -> tuple[int, ...]:
    """Returns a limit that is a list of numbers; empty where nothing binds."""
    figure = chip.limits.get(name)
    return () if figure is None or figure.value is None else tuple(figure.value)


def least(numbers: tuple[int, ...], needed: int) -> int:
    """Returns the least of the numbers from `needed` on; `needed` where there is none."""
    return min((bits for bits in numbers if bits >= needed), default=needed)


def _signs(low: int, high: int) -> Signs:
    if low < 0 < high:
        return "mixed"
    return "inhibitory" if low < 0 else "excitatory"


def _shift(low: int, high: int, signs: Signs, first: int) -> int:
    """Returns the least s, from `first` on, for which 8 bits hold low / 2^s to high / 2^s."""
    highest, lowest = (254, -256) if signs == "mixed" else (255, -255)
    return next(s for s in range(first, 64) if high <= highest * 2.0**s and low >= lowest * 2.0**s)


def _bits(values: list[int], shift: int, signs: Signs) -> int:
    """Returns how many of the 8 bits are needed: those below are 0 in all of value / 2^shift.

    With both signs, a bit is lost to the sign.
    """
    sign_bit = int(signs == "mixed")
    for bits in range(MOST_BITS + 1):
        unit = 2.0 ** (shift + MOST_BITS - bits + sign_bit)
        if all((value / unit).is_integer() for value in values):
            return bits
    raise ValueError(f"8 bits do not hold {values}")


def index_bits(chip: Chip) -> int:
    """Returns the bits by which a sparse list names a compartment."""
    numbers, compartments = legal(chip, "index_bits"), chip.limit("compartments")
    if compartments is None:
        return max(numbers, default=0)
    return least(numbers, (compartments - 1).bit_length())


def words(lists: Numbers, bits: int, chip: Chip) -> Numbers:
    """Returns the words that lists of so many synapses of so many bits take."""
    word, header = chip.limit("word_bits") or 64, chip.limit("block_header_bits") or 0
    most = chip.limit("block_synapses") or max(1, int(lists.max(initial=1)))
    best = _best_block(bits, word, header, most)
    rest = lists % best
    full = lists // best * _block_words(best, bits, word, header)
    found: Numbers = full + np.where(rest > 0, _block_words(rest, bits, word, header), 0)
    return found


def _block_words(synapses: Any, bits: int, word: int, header: int) -> Any:
    return -(-(synapses * bits + header) // word)


@lru_cache
def _best_block(bits: int, word: int, header: int, most: int) -> int:
    """Returns the size of at most `most` synapses that takes the fewest words for each of them.

    Of equally good ones it is the largest, which never takes more.
    """
    return min(
        range(1, most + 1),
        key=lambda size: (Fraction(_block_words(size, bits, word, header), size), -size),
    )
