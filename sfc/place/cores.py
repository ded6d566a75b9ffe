"""A core while it is filled: what lies on it, and whether more fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sfc.chips.chip import Chip
from sfc.chips.formats import Format
from sfc.place.demand import Cost, Group, Profile, Slot

WORD_BYTES = 8


@dataclass(frozen=True, slots=True)
class Room:
    """What an empty core holds; None where nothing binds.

    Attributes:
        words: of synaptic memory.
        slots: of delays, that every compartment has at least.
        delay: the longest that there is.
        accumulators: compartments times delay slots.
        dense_base: largest compartment at which dense lists may begin.
        plastic, synapses: most synapses that learn, and most of all, where these are capped.
        memory_bytes, compartment_bytes: for compartments and synapses together.
    """

    compartments: int
    words: int | None
    input_axons: int | None
    output_axons: int | None
    profiles: int | None
    thresholds: int | None
    formats: int | None
    slots: int | None
    delay: int | None
    accumulators: int | None
    dense_base: int | None
    memory_bytes: int | None
    compartment_bytes: int
    plastic: int | None
    synapses: int | None

    def most_neurons(self, delay: int) -> int:
        """Returns how many neurons a core holds, given the longest delay to one of them."""
        if self.accumulators is None:
            return self.compartments
        return min(self.compartments, self.accumulators // delay_slots(delay, self.slots))

    def available(self, delay: int) -> dict[str, int | None]:
        """Returns what a core has of each resource, given the longest delay to its neurons."""
        found = {
            "compartments": self.most_neurons(delay),
            "synaptic_memory": self.words,
            "input_axons": self.input_axons,
            "output_axons": self.output_axons,
            "compartment_profiles": self.profiles,
            "threshold_profiles": self.thresholds,
            "synapse_formats": self.formats,
            "delay_slots": None if self.delay is None else delay_slots(self.delay, self.slots),
        }
        if self.memory_bytes is not None:
            found["memory_bytes"] = self.memory_bytes
        return found


def room(chip: Chip, plastic: int | None = None, synapses: int | None = None) -> Room:
    """Returns what an empty core of a chip holds, with caps on synapses that learn and on all."""
    return Room(
        compartments=int(chip.limits["compartments"].value),
        words=chip.limit("synapse_words"),
        input_axons=chip.limit("input_axons"),
        output_axons=chip.limit("output_axons"),
        profiles=chip.limit("compartment_profiles"),
        thresholds=chip.limit("threshold_profiles"),
        formats=chip.limit("synapse_formats"),
        slots=chip.limit("delay_slots"),
        delay=chip.limit("delay"),
        accumulators=chip.limit("dendritic_accumulators"),
        dense_base=chip.limit("dense_base"),
        memory_bytes=chip.limit("memory_bytes"),
        compartment_bytes=chip.limit("compartment_bytes") or 0,
        plastic=plastic,
        synapses=synapses,
    )


@dataclass(frozen=True, slots=True)
class Part:
    """Neurons first..stop-1 of all populations of a group."""

    group: Group
    first: int
    stop: int

    @property
    def cost(self) -> Cost:
        """What they take."""
        return self.group.cost(self.first, self.stop)


@dataclass(slots=True)
class Core:
    """A core that is being filled.

    Attributes:
        number: where an author wants it; None if it may lie anywhere.
        parts: in the order in which they came.
        slots: their populations, in the order in which they lie.
        output_axons: entries for the spikes of its neurons.
    """

    room: Room
    number: int | None = None
    parts: list[Part] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    neurons: int = 0
    input_axons: int = 0
    output_axons: int = 0
    plastic: int = 0
    synapses: int = 0
    delay: int = 0
    least_words: int = 0
    most_words: int = 0
    profiles: frozenset[Profile] = frozenset()
    thresholds: frozenset[int] = frozenset()
    formats: frozenset[Format] = frozenset()
    groups: set[int] = field(default_factory=set)

    def add(self, part: Part, output_axons: int) -> None:
        """Puts neurons on the core, whether they fit or not."""
        cost = part.cost
        self.parts.append(part)
        self.slots = sorted([*self.slots, *cost.slots])
        self.neurons += cost.neurons
        self.input_axons += cost.input_axons
        self.output_axons += output_axons
        self.plastic += cost.plastic
        self.synapses += cost.synapses
        self.delay = max(self.delay, cost.delay)
        self.least_words += cost.least_words
        self.most_words += cost.most_words
        self.profiles |= cost.profiles
        self.thresholds |= cost.thresholds
        self.formats |= cost.formats
        self.groups.add(part.group.number)

    def lacks(self, part: Part, output_axons: int) -> tuple[str, int, int] | None:
        """Returns a resource that does not suffice for more neurons, its demand and its limit."""
        room, cost = self.room, part.cost
        neurons = self.neurons + cost.neurons
        if neurons > (most := room.most_neurons(max(self.delay, cost.delay))):
            return "compartments", neurons, most
        axons = self.input_axons + cost.input_axons
        if room.input_axons is not None and axons > room.input_axons:
            return "input_axons", axons, room.input_axons
        axons = self.output_axons + output_axons
        if room.output_axons is not None and axons > room.output_axons:
            return "output_axons", axons, room.output_axons
        if room.plastic is not None and self.plastic + cost.plastic > room.plastic:
            return "plastic_synapses", self.plastic + cost.plastic, room.plastic
        if room.synapses is not None and self.synapses + cost.synapses > room.synapses:
            return "synapses", self.synapses + cost.synapses, room.synapses
        profiles = len(self.profiles | cost.profiles)
        if room.profiles is not None and profiles > room.profiles:
            return "compartment_profiles", profiles, room.profiles
        thresholds = len(self.thresholds | cost.thresholds)
        if room.thresholds is not None and thresholds > room.thresholds:
            return "threshold_profiles", thresholds, room.thresholds
        return self._lacks_memory(part, neurons)

    def _lacks_memory(self, part: Part, neurons: int) -> tuple[str, int, int] | None:
        room, cost = self.room, part.cost
        limit = words_limit(room, neurons)
        fits = limit is None or self.most_words + cost.most_words <= limit
        many = room.formats is not None and len(self.formats | cost.formats) > room.formats
        if fits and not many:
            return None
        words, formats = self.least_words + cost.least_words, 0
        if limit is None or words <= limit:
            slots = sorted([*self.slots, *cost.slots])
            words = words_of(slots, room.dense_base)
            formats = len(formats_of(slots, room.dense_base)) if many else 0
        if limit is not None and words > limit:
            if room.words is not None and words > room.words:
                return "synaptic_memory", words, room.words
            taken = words * WORD_BYTES + neurons * room.compartment_bytes
            return "memory_bytes", taken, room.memory_bytes or 0
        if room.formats is not None and formats > room.formats:
            return "synapse_formats", formats, room.formats
        return None


def words_limit(room: Room, neurons: int) -> int | None:
    """Returns the words of synaptic memory beside so many neurons; None if nothing binds."""
    limits = [] if room.words is None else [room.words]
    if room.memory_bytes is not None:
        limits.append((room.memory_bytes - neurons * room.compartment_bytes) // WORD_BYTES)
    return min(limits, default=None)


def words_of(slots: Iterable[Slot], dense_base: int | None) -> int:
    """Returns the words of synaptic memory of slots in the order in which they lie on a core."""
    if dense_base is None:
        return sum(slot.near for slot in slots)
    words = start = 0
    for slot in slots:
        words += slot.near if start <= dense_base else slot.far
        start += slot.size
    return words


def formats_of(slots: Iterable[Slot], dense_base: int | None) -> frozenset[Format]:
    """Returns the formats of the lists to slots in the order in which they lie on a core."""
    found = [
        slot.near_formats if is_near else slot.far_formats
        for slot, is_near in placed(slots, dense_base)
    ]
    return frozenset[Format]().union(*found)


def placed(slots: Iterable[Slot], dense_base: int | None) -> Iterator[tuple[Slot, bool]]:
    """Yields slots in their order, each with whether dense lists to it are allowed."""
    start = 0
    for slot in slots:
        yield slot, dense_base is None or start <= dense_base
        start += slot.size


def delay_slots(delay: int, at_least: int | None) -> int:
    """Returns the delay slots of a core: a power of two beyond its longest delay."""
    return max(at_least or 1, 1 << delay.bit_length())
