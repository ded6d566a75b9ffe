"""A core while it is filled: what lies on it, and whether more fits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sfc.chips.chip import Chip
from sfc.chips.formats import Format
from sfc.place.demand import Cost, Group, Profile

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
            "delay_slots": None if self.delay is None else 1 << self.delay.bit_length(),
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


@dataclass(frozen=True, slots=True)
class Laid:
    """One population of a part, where it lies on its core.

    Attributes:
        member: number of the population in its group.
        start: its first compartment.
    """

    part: Part
    member: int
    start: int

    @property
    def size(self) -> int:
        """Its neurons."""
        return self.part.stop - self.part.first


def lay_out(parts: Iterable[Part], dense_base: int | None) -> tuple[Laid, ...]:
    """Returns the populations of a core in order, first where dense lists save most."""
    members = [(part, member) for part in parts for member in range(len(part.group.populations))]

    def rank(item: tuple[Part, int]) -> tuple[float, int, int, int]:
        part, member = item
        saved = part.cost.far[member] - part.cost.near[member]
        return -saved / (part.stop - part.first), part.group.number, member, part.first

    start = 0
    laid = []
    for part, member in members if dense_base is None else sorted(members, key=rank):
        laid.append(Laid(part, member, start))
        start += part.stop - part.first
    return tuple(laid)


@dataclass(slots=True)
class Core:
    """A core that is being filled.

    Attributes:
        number: where an author wants it; None if it may lie anywhere.
        output_axons: entries for the spikes of its neurons.
    """

    room: Room
    number: int | None = None
    parts: list[Part] = field(default_factory=list)
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
        words, formats = self.least_words + cost.least_words, frozenset[Format]()
        if limit is None or words <= limit:
            laid = lay_out((*self.parts, part), room.dense_base)
            words, formats = memory(laid, room.dense_base)
        if limit is not None and words > limit:
            if room.words is not None and words > room.words:
                return "synaptic_memory", words, room.words
            taken = words * WORD_BYTES + neurons * room.compartment_bytes
            return "memory_bytes", taken, room.memory_bytes or 0
        if room.formats is not None and len(formats) > room.formats:
            return "synapse_formats", len(formats), room.formats
        return None


def words_limit(room: Room, neurons: int) -> int | None:
    """Returns the words of synaptic memory beside so many neurons; None if nothing binds."""
    limits = [] if room.words is None else [room.words]
    if room.memory_bytes is not None:
        limits.append((room.memory_bytes - neurons * room.compartment_bytes) // WORD_BYTES)
    return min(limits, default=None)


def memory(laid: Iterable[Laid], dense_base: int | None) -> tuple[int, frozenset[Format]]:
    """Returns the words and the formats of the synapses of a core."""
    words = 0
    formats: set[Format] = set()
    for piece in laid:
        cost = piece.part.cost
        near = dense_base is None or piece.start <= dense_base
        words += (cost.near if near else cost.far)[piece.member]
        formats |= (cost.near_formats if near else cost.far_formats)[piece.member]
    return words, frozenset(formats)


def delay_slots(delay: int, at_least: int | None) -> int:
    """Returns the delay slots of a core: a power of two beyond its longest delay."""
    return max(at_least or 1, 1 << delay.bit_length())
