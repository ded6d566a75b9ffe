"""Names, numbers and slices of random circuit files; see `random_texts`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from math import prod
from random import Random

Shape = tuple[int, ...]


@dataclass
class Thing:
    """A population or input as it is called at a place.

    Attributes:
        whole: whether it is no slice.
        own: whether it was declared where it is known, so that nobody else opens it.
        grid: the shape with the dimensions that a slice drops; empty where that is the shape.
    """

    text: str
    shape: Shape
    whole: bool = True
    own: bool = False
    grid: Shape = ()

    @property
    def size(self) -> int:
        return prod(self.shape)


@dataclass
class Known:
    """What can be named at a place.

    Attributes:
        chains: text and length.
        matrices: text and shape.
        numbers: of parameters, constants and variables.
        made: populations and inputs of a block, as they are called within it.
        gated: what a phase was told about, by population, or None for every phase.
        one_chain: whether phases are written without their chain.
        declares: whether the block may declare things.
        rewards: whether the block is written once, so that it can say which phases are rewarded.
        level: of nested blocks.
    """

    populations: list[Thing] = field(default_factory=list)
    inputs: list[Thing] = field(default_factory=list)
    chains: list[tuple[str, int]] = field(default_factory=list)
    matrices: list[tuple[str, Shape]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    made: list[Thing] = field(default_factory=list)
    gated: dict[str, set[object]] = field(default_factory=dict)
    one_chain: bool = False
    declares: bool = True
    rewards: bool = False
    level: int = 0

    def inner(self) -> Known:
        """Returns what is known in a round of a loop: nothing of it is its own."""
        return Known(
            [replace(thing, own=False) for thing in self.populations],
            list(self.inputs),
            list(self.chains),
            list(self.matrices),
            dict(self.numbers),
            one_chain=self.one_chain,
            level=self.level + 1,
        )


class Words:
    """Writes names, numbers and references.

    Attributes:
        names: numbers that no name has yet.
    """

    def __init__(self, random: Random) -> None:
        self.random = random
        self.names = count()

    def name(self, letter: str) -> str:
        return f"{letter}{next(self.names)}"

    def number(self, value: int, known: Known) -> str:
        """Returns an expression of a value."""
        random = self.random
        names = [name for name, number in known.numbers.items() if number == value]
        name, other = random.choice(list(known.numbers.items()))
        forms = [
            str(value),
            str(value),
            f"({value - 1} + 1)",
            f"{name} - {other - value}" if other > value else f"{name} + {value - other}",
            f"max({value}, {value - 3})",
            f"floor({value}.5)",
            f"length([{', '.join('0' * value)}])" if 0 < value < 6 else str(value),
            f"sizes[{(2, 0, 1)[value - 1]}]" if 1 <= value <= 3 else str(value),
            f"sum([1..{value}]) - {value * (value - 1) // 2}" if value > 0 else str(value),
            f"{2 * value} / 2",
            *names,
            *names,
        ]
        return random.choice(forms)

    def atom(self, value: int, known: Known) -> str:
        text = self.number(value, known)
        return text if text.isalnum() else f"({text})"

    def declarator(self, name: str, shape: Shape, known: Known) -> str:
        if shape == (1,) and self.random.random() < 0.5:
            return name
        return f"{name}[{', '.join(self.number(extent, known) for extent in shape)}]"

    def shape(self) -> Shape:
        random = self.random
        if random.random() < 0.7:
            return (random.randint(1, 4),)
        return (random.randint(1, 3), random.randint(1, 4))

    def interval(self, low: int, high: int, known: Known) -> str:
        return f"{self.number(low, known)}..{self.number(high, known)}"

    def slice(self, thing: Thing, known: Known) -> Thing:
        """Returns a thing or a slice of it."""
        random = self.random
        if not thing.whole or random.random() < 0.5:
            return thing
        indices, shape, grid = [], [], []
        for extent in thing.shape[: random.randint(1, len(thing.shape))]:
            low = random.randrange(extent)
            if random.random() < 0.4:
                indices.append(self.number(low, known))
                grid.append(1)
                continue
            high = random.randint(low, extent - 1)
            indices.append(self.interval(low, high, known))
            shape.append(high - low + 1)
            grid.append(high - low + 1)
        rest = thing.shape[len(indices) :]
        text = f"{thing.text}[{', '.join(indices)}]"
        return Thing(text, (*shape, *rest) or (1,), False, thing.own, (*grid, *rest))

    def source(self, known: Known) -> Thing:
        things = [*known.populations, *known.inputs]
        if self.random.random() < 0.1:
            chain, length = self.random.choice(known.chains)
            return Thing(f"{chain}[{self.random.randrange(length)}]", (1,), False)
        return self.slice(self.random.choice(things), known)

    def phase(self, chain: str, number: int, known: Known) -> str:
        if known.one_chain and self.random.random() < 0.7:
            return self.number(number, known)
        return f"{chain}[{self.number(number, known)}]"
