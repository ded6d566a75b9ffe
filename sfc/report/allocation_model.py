"""An allocation as its JSON has it ("sfc-allocation 1"); docs/placement.md has the units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FORMAT = "sfc-allocation 1"


@dataclass(frozen=True, slots=True)
class Die:
    """The chip: how many cores it has and how they lie.

    Attributes:
        mesh: [columns, rows] of tiles; None where that was not published.
    """

    name: str
    title: str
    cores: int
    mesh: tuple[int, int] | None = None
    cores_per_tile: int = 1


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a resource a core uses; `available` is None where no limit was published."""

    used: float
    available: float | None = None

    @property
    def share(self) -> float | None:
        """The used part, 0 to 1."""
        return self.used / self.available if self.available else None


@dataclass(frozen=True, slots=True)
class Part:
    """Neurons `first` to `last`, both inclusive, of a population of `neurons` or more."""

    name: str
    first: int
    last: int
    neurons: int
    span: str | None = None


@dataclass(frozen=True, slots=True)
class Core:
    """A core that holds neurons.

    Attributes:
        id: counted through all chips.
        core: its number on its chip.
        tile: [column, row].
        binding: the resource of which the largest share is used.
    """

    id: int
    chip: int
    core: int
    used: Mapping[str, Use]
    populations: tuple[Part, ...]
    tile: tuple[int, int] | None = None
    binding: str | None = None
    plastic_synapses: int = 0
    step_ns: float | None = None

    @property
    def share(self) -> float | None:
        """The largest share of a resource."""
        return max((s for use in self.used.values() if (s := use.share) is not None), default=None)


@dataclass(frozen=True, slots=True)
class PlacedPopulation:
    """A population, the pieces that it was cut into, and the cores that hold them."""

    name: str
    neurons: int
    pieces: int
    cores: tuple[int, ...]
    origin: str | None = None
    span: str | None = None


@dataclass(frozen=True, slots=True)
class PlacedProjection:
    """A projection, and the memory that its axon lists take."""

    name: str
    source: str
    target: str
    synapses: int
    plastic: bool
    lists: int
    words: int
    formats: tuple[str, ...] = ()
    span: str | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """The fewest cores that hold what a circuit needs of a resource."""

    cores: int | None = None
    demand: float | None = None
    per_core: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class StepTime:
    """How long the steps of a frame last; see docs/placement.md."""

    basis: str
    phases: tuple[float, ...] = ()
    barrier_ns: float | None = None
    slowest_core: int | None = None
    learning_ns: float | None = None


@dataclass(frozen=True, slots=True)
class Traffic:
    """Spikes on their way; a spike to two cores counts twice.

    Attributes:
        basis: where the activity comes from.
        between_cores, between_chips: (from, to, spikes per sample).
    """

    basis: str
    samples: int | None = None
    spikes_per_sample: float | None = None
    hop_weighted_per_sample: float | None = None
    inter_core_per_step: float | None = None
    inter_chip_per_step: float | None = None
    between_cores: tuple[tuple[int, int, float], ...] = ()
    between_chips: tuple[tuple[int, int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """Energy (µJ) and latency (µs) of a sample on one basis; None where nothing was published.

    Attributes:
        dynamic_uJ: by operation; learning is not in it.
    """

    dynamic_uJ: Mapping[str, float] = field(default_factory=dict)
    dynamic_total_uJ: float | None = None
    learning_uJ: float | None = None
    static_uJ: float | None = None
    latency_us: float | None = None


@dataclass(frozen=True, slots=True)
class Unverified:
    """A figure of the chip that a placement leans on and that no good source confirms."""

    name: str
    value: Any = None
    unit: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class AllocationReport:
    """What the JSON of an allocation says; the fields are those of docs/placement.md."""

    format: str
    circuit: str
    chip: Die
    objective: str
    cores_used: int
    chips_used: int
    cores_available: int
    cores: tuple[Core, ...]
    populations: tuple[PlacedPopulation, ...]
    projections: tuple[PlacedProjection, ...]
    digest: str = ""
    seed: int | None = None
    max_plastic_per_core: int | None = None
    lower_bound: int | None = None
    binding_bound: str | None = None
    bounds: Mapping[str, Bound] = field(default_factory=dict)
    chips_available: int | None = None
    plastic_per_core_max: int = 0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    unverified: tuple[Unverified, ...] = ()
    step_time_us: float | None = None
    step_time: StepTime | None = None
    traffic: Traffic | None = None
    energy: Mapping[str, Cost] = field(default_factory=dict)
    operations: Mapping[str, float] = field(default_factory=dict)
    paper: Mapping[str, Any] = field(default_factory=dict)

    @property
    def resources(self) -> tuple[str, ...]:
        """The resources that some core uses, in the order of `units`, then as they occur."""
        seen = dict.fromkeys(name for core in self.cores for name in core.used)
        return tuple(
            [name for name in self.units if name in seen]
            + [name for name in seen if name not in self.units]
        )
