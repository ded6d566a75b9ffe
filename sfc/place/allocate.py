"""From a circuit and a chip to an allocation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import ceil

from sfc.chips.chip import Chip
from sfc.diagnostics import Reporter, fail
from sfc.ir.circuit import Circuit
from sfc.ir.reals import refuse_real_weights
from sfc.place.activity import Activity, predicted
from sfc.place.allocation import Allocation, Objective
from sfc.place.bounds import Bound, bounds, lower_bound
from sfc.place.cores import Core, Room, room
from sfc.place.demand import Group, groups
from sfc.place.infeasible import (
    check_cores_are_there,
    check_held,
    circuit_does_not_fit,
    neuron_does_not_fit,
    place_does_not_hold,
    weights_not_held,
)
from sfc.place.lists import Lists, lists_of
from sfc.place.manual import chosen
from sfc.place.pack import DoesNotFit
from sfc.place.placement import Placement
from sfc.place.search import Overfull, Task, fewest, packings, plain
from sfc.place.traffic import pulls, traffic
from sfc.place.uses import core_uses

_MOST_CELLS = 3 * 10**7
"""Most populations times steps of a frame, for each of which spikes are counted."""

_SPREADS = 12
"""Numbers of cores that are tried for a short step, in equal ratios."""

_LAST_SPREADS = (11.9, 11.8, 11.7, 11.6, 11.5)
"""More of them, as the last one may need more cores than there are."""

_STEP_CORES = 0.6
"""Of a chip's cores, what "step" spreads over by default: more shorten a step ever less."""

_UNEVEN = 1.3
"""How many more neurons than the mean a core may hold where they are spread."""


def allocate(
    circuit: Circuit,
    chip: Chip,
    *,
    objective: Objective = "cores",
    seed: int = 0,
    chips: int | None = None,
    cores: int | None = None,
    plastic_cap: int | None = None,
    activity: Activity | None = None,
) -> Allocation:
    """Places a circuit.

    Args:
        circuit: without real weights.
        chip: whose cores it is placed on.
        objective: cores (the fewest), step (the shortest, by spreading over more cores), traffic
            (the fewest spikes times tiles).
        seed: of the orders that are tried.
        chips: that there are; by default as many as the largest system has.
        cores: that there are on them; by default all, and for "step" three fifths of one chip's.
        plastic_cap: most plastic synapses of a core.
        activity: of the neurons; by default as the phase analysis predicts.

    Raises:
        SfcError: E1007 to E1010, the chip does not hold it; E0303, it has real weights; E0306, its
            frames are too long; E0708, it has no populations.
    """
    most = min(cores or chip.cores * chip.most_chips, chip.cores * (chips or chip.most_chips))
    work = _work(circuit, chip, objective, seed, most, activity)
    with _told(chip):
        if objective != "step":
            return work.allocation(plastic_cap)
        if plastic_cap is not None:
            return work.capped(plastic_cap)
        most = work.available if cores or chips else int(_STEP_CORES * chip.cores)
        return min(work.spread(most), key=lambda made: (_step(made), made.cores_used))


def trade_offs(
    circuit: Circuit,
    chip: Chip,
    *,
    seed: int = 0,
    cores: int | None = None,
    activity: Activity | None = None,
) -> list[Allocation]:
    """Returns allocations none of which is beaten by another in cores, step and traffic together.

    Args:
        circuit, chip, seed, activity: see `allocate`.
        cores: that there are; by default those of one chip.

    Raises:
        SfcError: as `allocate`.
    """
    work = _work(circuit, chip, "cores", seed, cores or chip.cores, activity)
    with _told(chip):
        made = [*work.spread(work.available), replace(work, objective="traffic").allocation(None)]
    scores: dict[tuple[float, ...], Allocation] = {}
    for one in made:
        scores.setdefault((one.cores_used, _step(one), one.hop_weighted), one)
    kept = [
        one
        for own, one in scores.items()
        if not any(
            other != own and all(x <= y for x, y in zip(other, own, strict=True))
            for other in scores
        )
    ]
    return sorted(kept, key=lambda one: one.cores_used)


def _work(
    circuit: Circuit,
    chip: Chip,
    objective: Objective,
    seed: int,
    cores: int,
    activity: Activity | None,
) -> _Work:
    refuse_real_weights(circuit)
    if not circuit.populations:
        fail("E0708", f"`{circuit.name}` has no populations: there is nothing to place")
    cells = len(circuit.populations) * (circuit.schedule.frame_length or 1)
    if cells > _MOST_CELLS:
        found = f"populations times steps of a frame are {cells:,}"
        message = f"{found}; at most {_MOST_CELLS:,} can be placed"
        fail("E0306", message, help="make frames shorter, or join populations")
    lists = _lists(circuit, chip)
    made = groups(circuit, chip, lists)
    active = activity or predicted(circuit)
    return _Work(circuit, chip, lists, made, active, objective, seed, cores)


@contextmanager
def _told(chip: Chip) -> Iterator[None]:
    """Tells the user what does not fit."""
    try:
        yield
    except DoesNotFit as error:
        neuron_does_not_fit(error, chip)
    except Overfull as error:
        place_does_not_hold(error, chip)


def _lists(circuit: Circuit, chip: Chip) -> dict[str, Lists]:
    """Returns the axon lists of all projections.

    Raises:
        SfcError: E1007, the chip does not hold something of the circuit.
    """
    reporter = Reporter()
    check_held(circuit, chip, reporter)
    found = {}
    for name, projection in circuit.projections.items():
        lists = lists_of(circuit, projection, chip)
        if lists is None:
            weights_not_held(circuit, chip, name, reporter)
            continue
        found[name] = lists
    reporter.fail_on_errors()
    return found


@dataclass(frozen=True, slots=True)
class _Work:
    """A circuit that is being placed."""

    circuit: Circuit
    chip: Chip
    lists: Mapping[str, Lists]
    groups: Sequence[Group]
    activity: Activity
    objective: Objective
    seed: int
    available: int

    def allocation(self, plastic_cap: int | None) -> Allocation:
        """Returns the best allocation that is found with a cap on plastic synapses."""
        space = room(self.chip, plastic_cap)
        found_bounds = bounds(self.circuit, self.chip, self.lists, self.groups, space)
        binding = lower_bound(found_bounds)
        available = self.available
        check_cores_are_there(self.circuit, -(-available // self.chip.cores) * self.chip.cores)
        if binding.cores > available:
            circuit_does_not_fit(self.circuit, self.chip, available, binding.cores, binding, ())
        packed = self._packed(space, binding.cores)
        best = min(
            (self._finished(cores, found_bounds, space) for cores in packed),
            key=lambda made: (
                (made.hop_weighted, made.cores_used)
                if self.objective == "traffic"
                else (made.cores_used, made.hop_weighted)
            ),
        )
        if best.cores_used > available:
            cores = min(packed, key=len)
            circuit_does_not_fit(self.circuit, self.chip, available, len(cores), binding, cores)
        return best

    def _packed(self, space: Room, at_least: int) -> list[list[Core]]:
        """Returns packings: on one chip if that is enough, else with longer output axons."""
        for entries in sorted({self._near_entries, self._far_entries}):
            task = self._task(space, space, entries)
            if self.objective == "traffic":
                found = list(packings(task, at_least))
            else:
                found = [fewest(task, at_least)]
            if min(len(cores) for cores in found) <= self.chip.cores:
                return [cores for cores in found if len(cores) <= self.chip.cores]
        return found

    @property
    def _far_entries(self) -> int:
        """Entries of an output axon to another chip."""
        return 1 + (self.chip.limit("other_chip_entries") or 0)

    @property
    def _near_entries(self) -> int:
        """Entries of an output axon where cores of one chip are enough for the rest.

        Axons may lead to another chip where an author chose cores there.
        """
        is_one_chip = all(neurons.core < self.chip.cores for neurons in chosen(self.circuit))
        return 1 if is_one_chip else self._far_entries

    def _task(self, space: Room, full: Room, entries: int) -> Task:
        return Task(
            self.circuit,
            self.chip,
            self.lists,
            self.groups,
            space,
            full,
            entries,
            self.seed,
            pulls(self.circuit, self.groups, self.activity) if self.objective == "traffic" else {},
        )

    def capped(self, plastic_cap: int) -> Allocation:
        """Returns an allocation with a cap on plastic synapses, its neurons spread over all cores.

        It takes hardly more cores than the cap asks for.
        """
        densest = self.allocation(plastic_cap)
        space = room(self.chip, plastic_cap)
        return self._even(densest, space, densest.cores_used) or densest

    def spread(self, most: int) -> Iterator[Allocation]:
        """Yields allocations on more and more cores, over which synapses are spread evenly.

        These are the synapses that learn, if any do, else all of them.

        Args:
            most: cores to spread over, if that is enough.
        """
        densest = self.allocation(None)
        yield densest
        plastic = sum(core.plastic for core in densest.cores)
        total = plastic or sum(core.synapses for core in densest.cores)
        fewest_cores, seen = densest.cores_used, {densest.cores_used}
        ratio = max(1.0, most / fewest_cores)
        for share in (*range(1, _SPREADS + 1), *_LAST_SPREADS):
            count = round(fewest_cores * ratio ** (share / _SPREADS))
            if count in seen or count > most:
                continue
            seen.add(count)
            cap = -(-total // count)
            space = room(self.chip, cap) if plastic else room(self.chip, None, cap)
            if (made := self._even(densest, space, count)) and made.cores_used <= most:
                yield made

    def _even(self, densest: Allocation, space: Room, count: int) -> Allocation | None:
        """Returns an allocation whose neurons are spread over about `count` cores, if there is one.

        What is spread evenly is the caps of `space`, and the number of neurons.
        """
        neurons = sum(core.used["compartments"] for core in densest.cores)
        largest = max((len(group.populations) for group in self.groups), default=1)
        even = max(largest, ceil(neurons / count * _UNEVEN))
        spread = replace(space, compartments=min(space.compartments, even))
        full = room(self.chip, densest.plastic_cap)
        entries = self._near_entries if count <= self.chip.cores // 2 else self._far_entries
        try:
            cores = plain(self._task(spread, full, entries))
        except (DoesNotFit, Overfull):
            return None
        most = self.chip.cores if entries < self._far_entries else self.available
        if len(cores) > most:
            return None
        for core in cores:
            core.room = full
        return self._finished(cores, densest.bounds, full)

    def _finished(
        self, cores: Sequence[Core], found_bounds: tuple[Bound, ...], space: Room
    ) -> Allocation:
        """Returns the allocation of packed cores, which get their numbers here."""
        uses = core_uses(self.circuit, self.chip, self.activity, cores)
        pieces = tuple(piece for use in uses for piece in use.pieces)
        placement = Placement(self.chip.name, pieces)
        chips = uses[-1].number // self.chip.cores + 1
        chips = self.chip.chips_for(chips) or chips
        return Allocation(
            circuit=self.circuit,
            chip=self.chip,
            objective=self.objective,
            seed=self.seed,
            plastic_cap=space.plastic,
            placement=placement,
            cores=uses,
            bounds=found_bounds,
            lists=self.lists,
            activity=self.activity,
            traffic=traffic(self.circuit, placement.of_population(), self.activity),
            chips=chips,
            available_cores=min(self.available, chips * self.chip.cores),
        )


def _step(made: Allocation) -> float:
    """Returns the longest step, or what it would grow with where no times are published."""
    if made.step_time_us is not None:
        return made.step_time_us
    return made.most_plastic or max((core.synapses for core in made.cores), default=0)
