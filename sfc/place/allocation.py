"""An allocation: a circuit on the cores of a chip, and all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Literal

from sfc.chips.chip import Chip
from sfc.ir.circuit import Circuit, Projection
from sfc.place.activity import Activity
from sfc.place.bounds import Bound, lower_bound
from sfc.place.cost import Cost, costs
from sfc.place.cut import Cut, cut_circuit
from sfc.place.lists import Lists
from sfc.place.operations import Operations, operations
from sfc.place.placement import Piece, Placement
from sfc.place.traffic import Traffic

Objective = Literal["cores", "step", "traffic"]
OBJECTIVES: tuple[Objective, ...] = ("cores", "step", "traffic")


@dataclass(frozen=True, slots=True)
class CoreUse:
    """What lies on a core, and what that takes.

    Attributes:
        number: of the core, counted through all chips.
        pieces: what lies there, in the order of its compartments.
        near: by piece, whether dense lists to it are allowed.
        used: by resource.
        available: by resource; None where no limit is published.
        plastic, synapses: synapses that learn, and all.
    """

    number: int
    pieces: tuple[Piece, ...]
    near: tuple[bool, ...]
    used: Mapping[str, int]
    available: Mapping[str, int | None]
    plastic: int
    synapses: int

    @property
    def binding(self) -> str:
        """The resource of which most is used."""
        return max(self.used, key=lambda name: self.used[name] / (self.available[name] or inf))


@dataclass(frozen=True, repr=False)
class Allocation:
    """A circuit on the cores of a chip.

    Attributes:
        objective: that the placement was made for.
        plastic_cap: most plastic synapses of a core that were asked for, or None.
        cores: ascending.
        bounds: the fewest cores, by resource.
        lists: axon lists of every projection, by name.
        activity: on which the traffic rests.
        chips: of the smallest system that holds the placement.
        available_cores: of these chips, or fewer if fewer were to be used.
    """

    circuit: Circuit
    chip: Chip
    objective: Objective
    seed: int
    plastic_cap: int | None
    placement: Placement
    cores: tuple[CoreUse, ...]
    bounds: tuple[Bound, ...]
    lists: Mapping[str, Lists]
    activity: Activity
    traffic: Traffic
    chips: int
    available_cores: int

    def __repr__(self) -> str:
        return f"<Allocation of {self.circuit.name} on {self.chip.name}: {self.cores_used} cores>"

    @property
    def cores_used(self) -> int:
        """Number of cores that hold neurons."""
        return len(self.cores)

    @property
    def lower_bound(self) -> int:
        """No placement takes fewer cores."""
        return lower_bound(self.bounds).cores

    @property
    def hop_weighted(self) -> float:
        """Messages between cores times the tiles that each travels, in a sample."""
        return self.traffic.hop_weighted(self.chip)

    @cached_property
    def operations(self) -> Operations:
        """What the chip does in a sample."""
        near = {
            (piece.population, piece.first)
            for core in self.cores
            for piece, is_near in zip(core.pieces, core.near, strict=True)
            if is_near
        }

        def is_dense(projection: Projection, piece: Piece) -> bool:
            take = self.lists[projection.name].take(piece.first, piece.last + 1)
            return (piece.population, piece.first) in near and take.near_format.is_dense

        return operations(self.circuit, self.placement, self.activity, self.chip, is_dense)

    @cached_property
    def costs(self) -> Mapping[str, Cost]:
        """Energy and time of a sample by basis; nothing for a chip without published figures."""
        return costs(self.chip, self.operations)

    @property
    def step_cost(self) -> Cost | None:
        """The costs on the first basis that has figures for all that happens; None without any."""
        told = [cost for cost in self.costs.values() if cost.learning_ns is not None]
        return next(iter(told or self.costs.values()), None)

    @property
    def step_time_us(self) -> float | None:
        """The longest step of a sample."""
        return None if self.step_cost is None else self.step_cost.longest_step_us

    @property
    def most_plastic(self) -> int:
        """The most plastic synapses on one core, which set the time of a learning step."""
        return max((core.plastic for core in self.cores), default=0)

    def cut(self) -> Cut:
        """Returns the circuit as it lies on the cores, every piece a population of its own."""
        return cut_circuit(self.circuit, self.placement)
