"""Energy and time of a sample, from counts of operations and published figures of each.

There are two bases, and never a sum of both: `davies`, pre-silicon figures of Davies et al. 2018,
and `sanafe`, those that SANA-FE was fitted with to a board (it has none for learning). Both leave
out the host, the x86 cores of a chip and what goes between chips; a measured sample takes more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.chips.chip import Chip
from sfc.place.operations import Loads, Operations

BASES = ("davies", "sanafe")

_UPDATE = "synaptic_update"
_PJ_PER_UJ = 1e6
_NS_PER_US = 1e3

_ENERGIES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "davies": {
        "synaptic_operation": ("synaptic_operations",),
        "neuron_active": ("neuron_updates_active",),
        "neuron_inactive": ("neuron_updates_inactive",),
        "spike_within_tile": ("messages_within_tile",),
        "hop_east_west": ("hops_east_west",),
        "hop_north_south": ("hops_north_south",),
    },
    "sanafe": {
        "synaptic_operation_dense": ("synaptic_operations_dense",),
        "synaptic_operation_sparse": ("synaptic_operations_sparse",),
        "neuron_access": ("neuron_updates_active", "neuron_updates_inactive"),
        "neuron_update": ("neuron_updates_active",),
        "spike_out": ("spikes",),
        "axon_out_message": ("messages",),
        "axon_in_message": ("messages", "messages_from_host"),
        "hop_east_west": ("hops_east_west",),
        "hop_north_south": ("hops_north_south",),
    },
}
"""By basis and operation, the counts of `Operations.data` that it applies to."""

_TIMES: Mapping[str, tuple[Mapping[str, tuple[str, ...]], ...]] = {
    "davies": (
        {
            "synaptic_operation": ("dense", "sparse"),
            "neuron_active": ("active",),
            "neuron_inactive": ("inactive",),
            "spike_within_tile": ("sent",),
        },
    ),
    "sanafe": (
        {
            "neuron_access": ("active", "inactive"),
            "neuron_update": ("active",),
            "spike_out": ("spikes",),
            "axon_out_message": ("sent",),
        },
        {
            "axon_in_message": ("received",),
            "synaptic_operation_dense": ("dense",),
            "synaptic_operation_sparse": ("sparse",),
        },
    ),
}
"""By basis and operation, the `Loads` that a core works off; its groups run at the same time."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Energy and time of a sample on one basis.

    Attributes:
        dynamic_uj: by operation, without learning.
        learning_uj: None where the circuit learns and the basis has no figure for it.
        static_uj: of the chips that hold neurons, for as long as the sample takes; None if the chip
            file does not tell their static power.
        phases_ns: by step of the frame, the barrier included; without learning where the basis has
            no figure for it.
        barrier_ns: in each of them.
        learning_ns: of the core with the most plastic synapses, in each of them; None where the
            circuit learns and the basis has no figure for it.
        slowest: by step, the core that it waits for.
        cores_ns: longest step of each core, by core, without the barrier.
    """

    basis: str
    dynamic_uj: Mapping[str, float]
    learning_uj: float | None
    static_uj: float | None
    phases_ns: tuple[float, ...]
    barrier_ns: float
    learning_ns: float | None
    slowest: tuple[int, ...]
    cores_ns: Mapping[int, float]

    @property
    def dynamic_total_uj(self) -> float:
        """Without learning."""
        return math.fsum(self.dynamic_uj.values())

    @property
    def latency_us(self) -> float:
        """Of a sample: the sum of its steps."""
        return math.fsum(self.phases_ns) / _NS_PER_US

    @property
    def longest_step_us(self) -> float:
        """The longest step of a sample."""
        return max(self.phases_ns) / _NS_PER_US

    @property
    def mean_step_us(self) -> float:
        """The mean step of a sample."""
        return self.latency_us / len(self.phases_ns)

    def data(self) -> dict[str, Any]:
        """Returns it as JSON data."""
        return {
            "dynamic_uJ": dict(self.dynamic_uj),
            "dynamic_total_uJ": self.dynamic_total_uj,
            "learning_uJ": self.learning_uj,
            "static_uJ": self.static_uj,
            "latency_us": self.latency_us,
            "longest_step_us": self.longest_step_us,
            "mean_step_us": self.mean_step_us,
        }


def costs(chip: Chip, counted: Operations) -> dict[str, Cost]:
    """Returns what a sample costs, on every basis that the chip file has figures of."""
    return {basis: cost(chip, counted, basis) for basis in BASES if chip.costs.get(basis)}


def cost(chip: Chip, counted: Operations, basis: str) -> Cost:
    """Returns what a sample costs on one basis; operations without a figure cost nothing."""
    barrier = barrier_ns(chip, basis, counted.tiles, counted.chips)
    times = core_times_ns(chip, basis, counted.loads)
    learning = learning_times_ns(chip, basis, counted)
    if learning is not None:
        times = times + learning
    slowest = times.argmax(axis=1)
    phases = tuple(float(time) + barrier for time in times.max(axis=1))
    cores = counted.loads.cores
    return Cost(
        basis,
        dynamic_energy_uj(chip, basis, counted),
        learning_energy_uj(chip, basis, counted),
        static_energy_uj(chip, counted.chips, math.fsum(phases)),
        phases,
        barrier,
        None if learning is None else float(learning.max(initial=0)),
        tuple(cores[number] for number in slowest),
        dict(zip(cores, times.max(axis=0).tolist(), strict=True)),
    )


def dynamic_energy_uj(chip: Chip, basis: str, counted: Operations) -> dict[str, float]:
    """Returns the energy of each kind of operation: its number times its figure.

    davies: Table 2 of Davies et al. 2018. A neuron is updated in every step, spiking or not; a
    message within a tile costs one figure, another one figure for every hop. sanafe: the events of
    SANA-FE's pipeline; a neuron is accessed in every step, and updated as well where it is active.
    """
    numbers = counted.data()
    found = {}
    for operation, names in _ENERGIES[basis].items():
        energy = chip.energy(basis, operation)
        if energy is not None:
            found[operation] = energy * sum(numbers[name] for name in names) / _PJ_PER_UJ
    return found


def learning_energy_uj(chip: Chip, basis: str, counted: Operations) -> float | None:
    """Returns the energy of synaptic updates; None if a circuit learns and it was not published.

    davies: Table 2 of Davies et al. 2018, one pairwise update; sanafe has no figure.
    """
    if not counted.learns:
        return 0.0
    energy = chip.energy(basis, _UPDATE)
    return None if energy is None else energy * counted.updates / _PJ_PER_UJ


def static_energy_uj(chip: Chip, chips: int, nanoseconds: float) -> float | None:
    """Returns the energy that chips take while they only stand there.

    The static power of a chip (Frady et al. 2020, 32 chips together, divided) times time.
    """
    figure = chip.facts.get("static_power_per_chip")
    if figure is None or figure.value is None or figure.unit != "mW":
        return None
    return float(figure.value) * chips * nanoseconds / _PJ_PER_UJ


def core_times_ns(chip: Chip, basis: str, loads: Loads) -> NDArray[np.float64]:
    """Returns how long each core works in each step, (steps, cores), without learning.

    davies: synaptic operations, neuron updates and outgoing messages one after another, each as
    long as Table 2 of Davies et al. 2018 has it; ways between cores are left out, since messages
    travel together. sanafe: as in SANA-FE's simple model, neurons and outgoing messages on the one
    hand and incoming messages with their synapses on the other, at the same time; the longer of
    both.
    """
    groups = []
    for group in _TIMES[basis]:
        total = np.zeros_like(loads.sent)
        for operation, names in group.items():
            each = chip.time(basis, operation) or 0.0
            for name in names:
                total = total + each * getattr(loads, name)
        groups.append(total)
    longest: NDArray[np.float64] = np.maximum.reduce(groups)
    return longest


def learning_times_ns(chip: Chip, basis: str, counted: Operations) -> NDArray[np.float64] | None:
    """Returns how long each core learns in each step, (cores,); None if it was not published.

    A sweep through all plastic synapses of the core in every step, each as long as Table 2 of
    Davies et al. 2018 has it: an upper bound, as it lets no synapse be passed over.
    """
    if not counted.learns:
        return np.zeros(len(counted.loads.cores))
    each = chip.time(basis, _UPDATE)
    return None if each is None else each * counted.loads.plastic


def barrier_ns(chip: Chip, basis: str, tiles: int, chips: int) -> float:
    """Returns how long the barrier takes that ends a step.

    davies: 113 ns for 1 tile and 465 ns for 32 are published (Davies et al. 2018); between them it
    is taken to grow with the logarithm of the number of tiles. sanafe: the table of SANA-FE, read
    as it does: the entry of the greatest number of tiles that is not above the one asked for.

    For several chips, on both bases: 14.3 us for 256 chips and 16.2 us for 768 are published (Frady
    et al. 2020); it is taken to grow with the logarithm of the number of chips, from the barrier of
    one chip with all its tiles on.
    """
    table = chip.barrier(basis)
    if not table:
        return 0.0
    if chips <= 1:
        if basis == "sanafe":
            return max([table[0], *(entry for entry in table if entry[0] <= tiles)])[1]
        return _between(table, tiles)
    figure = chip.facts.get("multi_chip_barrier")
    points = {1: table[-1][1]}
    if figure is not None and figure.value and figure.unit == "us by chips":
        points |= {int(number): time * _NS_PER_US for number, time in figure.value.items()}
    return _between(tuple(sorted(points.items())), chips)


def _between(points: tuple[tuple[int, float], ...], number: int) -> float:
    """Returns a figure between published ones, straight over the logarithm."""
    places, values = zip(*points, strict=True)
    return float(np.interp(math.log2(max(number, 1)), np.log2(places), values))
