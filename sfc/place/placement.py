"""A placement: which neurons lie on which core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """Neurons of a population that share a core.

    Attributes:
        first, last: their numbers, row by row, both inclusive.
        core: counted through all chips: core k of chip c is c * cores of a chip + k.
    """

    population: str
    first: int
    last: int
    core: int

    @property
    def size(self) -> int:
        """Number of neurons."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Placement:
    """Every neuron of a circuit on a core of a chip; inputs lie outside.

    Attributes:
        chip: name of the chip.
        pieces: by core, and on a core in the order of their compartments.
    """

    chip: str
    pieces: tuple[Piece, ...]

    @property
    def cores(self) -> tuple[int, ...]:
        """The cores that hold neurons, ascending."""
        return tuple(sorted({piece.core for piece in self.pieces}))

    def of_population(self) -> Mapping[str, tuple[Piece, ...]]:
        """Returns the pieces by population, in the order of their neurons."""
        found: dict[str, list[Piece]] = {}
        for piece in sorted(self.pieces, key=lambda piece: piece.first):
            found.setdefault(piece.population, []).append(piece)
        return {name: tuple(pieces) for name, pieces in found.items()}

    def of_core(self) -> Mapping[int, tuple[Piece, ...]]:
        """Returns the pieces by core, cores ascending, in the order of their compartments."""
        found: dict[int, list[Piece]] = {core: [] for core in self.cores}
        for piece in self.pieces:
            found[piece.core].append(piece)
        return {core: tuple(pieces) for core, pieces in found.items()}
