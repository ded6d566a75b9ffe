"""Messages on what does not fit: which object, which resource, how much, and a way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from sfc.chips.chip import Chip
from sfc.diagnostics import Diagnostic, Label, Reporter, SfcError, fail
from sfc.ir.circuit import Circuit
from sfc.place.bounds import Bound
from sfc.place.cores import WORD_BYTES, Core
from sfc.place.lists import Lists
from sfc.place.pack import DoesNotFit
from sfc.place.search import Overfull

UNITS = {
    "compartments": "compartments",
    "synaptic_memory": "words of synaptic memory",
    "input_axons": "entries for input axons",
    "output_axons": "entries for output axons",
    "compartment_profiles": "compartment profiles",
    "threshold_profiles": "threshold profiles",
    "synapse_formats": "synapse formats",
    "delay_slots": "delay slots",
    "memory_bytes": "bytes of memory",
    "plastic_synapses": "plastic synapses",
    "synapses": "synapses",
    "cores_chosen_by_the_author": "cores that `place` statements name",
}

_KINDS = {
    "compartment_profiles": "decays and refractory times",
    "threshold_profiles": "thresholds",
    "synapse_formats": "formats of synapses: by delay, size and sign of weights, and rule",
}

_NAMED = 6


def check_held(circuit: Circuit, chip: Chip, reporter: Reporter) -> None:
    """Reports delays, refractory times and weights that the chip cannot hold."""
    longest, silent = chip.limit("delay"), chip.limit("refractory")
    for projection in circuit.projections.values():
        if longest is not None and projection.delay > longest:
            message = (
                f"`{projection.name}` has a delay of {projection.delay}; {chip.title} has delays "
                f"up to {longest}"
            )
            help = f"`sfc opt -p relay-delays,longest={longest}` passes spikes on over relays"
            reporter.error("E1007", message, projection.span, help=help)
    for population in circuit.populations.values():
        if silent is not None and population.neuron.refractory > silent:
            message = (
                f"`{population.name}` is refractory for {population.neuron.refractory} steps; "
                f"{chip.title} has up to {silent}"
            )
            help = f"write `refractory = {silent};` or less"
            reporter.error("E1007", message, population.span, help=help)


def weights_not_held(circuit: Circuit, chip: Chip, name: str, reporter: Reporter) -> None:
    """Reports a projection whose weights have no format."""
    projection = circuit.projections[name]
    message = f"no synapse format of {chip.title} holds the weights of `{name}`: one exponent and "
    message += "8-bit mantissas, even where signs are mixed"
    help = "split the projection by weight"
    reporter.error("E1007", message, projection.span, help=help)


def neuron_does_not_fit(error: DoesNotFit, chip: Chip) -> NoReturn:
    """Reports a neuron that takes more than an empty core has."""
    part = error.part
    populations = part.group.populations
    name = " and ".join(f"`{population.name}`" for population in populations)
    where = f"neuron {part.first} of {name}" if populations[0].size > 1 else name
    taken = sorted(_shares(error), key=lambda share: -share[0])[:3]
    labels = tuple(
        Label(lists.projection.span, f"`{lists.projection.name}` takes {count:,} of them")
        for count, lists in taken
        if count and lists.projection.span is not None
    )
    message = f"{where} takes {_count(error.demand, error.resource)}, and "
    message += _limit(error.resource, error.limit, chip)
    slots = chip.limit("dendritic_accumulators") or 0
    if error.resource == "compartments" and len(populations) == 1:
        message = (
            f"{where} has synapses with a delay of {part.cost.delay}, which take more delay slots "
            f"than the {slots:,} that a core of {chip.title} has"
        )
    diagnostic = Diagnostic(
        "E1008", message, populations[0].span, labels=labels, help=_way_out(error, taken, slots)
    )
    raise SfcError([diagnostic])


def _count(number: int, resource: str) -> str:
    """Returns so many of a resource, in words."""
    unit = UNITS.get(resource, resource)
    return f"{number:,} {unit.removesuffix('s') if number == 1 else unit}"


def _limit(resource: str, limit: int, chip: Chip) -> str:
    """Returns what a core has, in words."""
    if resource == "plastic_synapses":
        return f"--max-plastic-per-core is {limit:,}"
    return f"a core of {chip.title} has {limit:,}"


def _shares(error: DoesNotFit) -> list[tuple[int, Lists]]:
    """Returns what each projection takes of the resource that does not suffice."""
    part = error.part
    found = []
    for lists in (one for arriving in part.group.lists for one in arriving):
        take = lists.take(part.first, part.stop)
        entries = part.group.learning_entries if lists.learns else 1
        count = {
            "input_axons": take.lists * entries,
            "synaptic_memory": take.near,
            "memory_bytes": take.near * WORD_BYTES,
            "plastic_synapses": take.synapses if lists.learns else 0,
        }.get(error.resource, 0)
        found.append((count, lists))
    return found


def _way_out(error: DoesNotFit, taken: Sequence[tuple[int, Lists]], slots: int) -> str:
    populations = error.part.group.populations
    if error.resource == "output_axons":
        return (
            "its spikes go to too many pieces: let it drive fewer or smaller populations, or pass "
            "them on over copies of it"
        )
    if error.resource == "plastic_synapses":
        return f"allow it: --max-plastic-per-core {error.demand}"
    if error.resource in _KINDS:
        together = ", or drop `place together`" if len(populations) > 1 else ""
        return f"let them share {_KINDS[error.resource]}{together}"
    if error.resource == "compartments":
        if len(populations) > 1:
            return "let `place together` name fewer populations"
        longest = (1 << slots.bit_length() - 1) - 1
        return f"`sfc opt -p relay-delays,longest={longest}` passes spikes on over relays"
    if not taken or not taken[0][0]:
        return ""
    most, lists = taken[0]
    projection = lists.projection
    number = lists.take(error.part.first, error.part.stop).lists
    each = most / max(number, 1)
    sources = max(0, int((error.limit - (error.demand - most)) / each))
    learns = lists.learns and error.resource == "input_axons"
    price = f", each with {each:.0f} entries as it learns" if learns else ""
    if not sources:
        return (
            f"even without `{projection.name}` it is too much: let copies of "
            f"`{projection.target}` take a part of its sources each"
        )
    return (
        f"{sources:,} of the {number:,} sources of `{projection.name}` fit{price}: use fewer, or "
        f"let copies of `{projection.target}` take a part of them each"
    )


def place_does_not_hold(error: Overfull, chip: Chip) -> NoReturn:
    """Reports a `place` statement that a core does not hold."""
    neurons, constraint = error.neurons, error.neurons.constraint
    count = neurons.stop - neurons.first
    dealt = (
        f"neurons {neurons.first}..{neurons.stop - 1}" if count > 1 else f"neuron {neurons.first}"
    )
    dealt += f" of `{neurons.population}`"
    if not error.resource:
        message = f"{dealt} come to core {neurons.core}, with neurons they are to be apart from"
        fail("E1010", message, constraint.span, help="place them on other cores")
    message = (
        f"core {neurons.core} does not hold {dealt}: with what lies there and is together with "
        f"them it would take {_count(error.demand, error.resource)}, and "
        f"{_limit(error.resource, error.limit, chip)}"
    )
    help = "deal them to more cores, or to cores that others leave free"
    if error.resource in _KINDS:
        help = "place them on a core that others leave free"
    if error.resource == "plastic_synapses":
        help += f", or allow it: --max-plastic-per-core {error.demand}"
    fail("E1010", message, constraint.span, help=help)


def check_cores_are_there(circuit: Circuit, available: int) -> None:
    """Reports a `place` statement that names a core beyond those that there are.

    Raises:
        SfcError: E1010.
    """
    for constraint in circuit.constraints:
        if constraint.last >= available:
            name = constraint.populations[0]
            message = f"`{name}` is placed on core {constraint.last:,}, and {_there(available)}"
            help = f"cores are counted from 0: the last that may be used is {available - 1:,}"
            fail("E1010", message, constraint.span, help=help)


def circuit_does_not_fit(
    circuit: Circuit, chip: Chip, available: int, needed: int, binding: Bound, cores: Sequence[Core]
) -> NoReturn:
    """Reports a circuit that takes more cores than there are.

    Args:
        circuit: that was to be placed.
        chip: for it.
        available: cores that there are.
        needed: cores that a packing takes; the lower bound, if none was made.
        binding: the lower bound.
        cores: of the packing; none if none was made.
    """
    reason = f"{_count(binding.demand, binding.resource)}, {binding.per_core:,} a core"
    message = (
        f"`{circuit.name}` takes at least {needed:,} cores ({reason}), and {_there(available)}"
    )
    if cores:
        message = (
            f"`{circuit.name}` takes {needed:,} cores as sfc packs it, and at least "
            f"{binding.cores:,} however it is packed ({reason}); {_there(available)}: "
            f"{_placed(cores, available)}"
        )
    largest = max(circuit.populations.values(), key=lambda p: p.size, default=None)
    help = _more_cores(chip, available, needed)
    if binding.resource == "plastic_synapses":
        help += f", or --max-plastic-per-core {-(-binding.demand // available)}"
    if binding.resource in ("synaptic_memory", "memory_bytes") and binding.cores > available:
        help += ", or save synapses: a sparse pattern, a smaller population"
    fail("E1009", message, largest.span if largest else None, help=help)


def _there(available: int) -> str:
    return f"there are {available:,}" if available > 1 else "there is 1"


def _more_cores(chip: Chip, available: int, needed: int) -> str:
    """Says which options give so many cores."""
    system = chip.chips_for(-(-needed // chip.cores))
    if system is None:
        return f"no system of {chip.title} is that large: cut populations or connections down"
    if system * chip.cores <= -(-available // chip.cores) * chip.cores:
        return f"allow more cores: --cores {needed}"
    return f"allow more chips: --chips {system}, and --cores {needed} where cores are limited too"


def _placed(cores: Sequence[Core], available: int) -> str:
    """Says what lies on the first cores, and what does not."""
    left = _neurons(cores[available:])
    inside = _neurons(cores[:available])
    whole = [name for name in inside if name not in left]
    missing = [f"{count:,} neurons of `{name}`" for name, count in left.items()]
    cut = missing[:_NAMED] + ([f"{len(missing) - _NAMED} more"] if len(missing) > _NAMED else [])
    first = "the first core holds" if available == 1 else f"the first {available:,} cores hold"
    populations = f"{len(whole):,} population{'' if len(whole) == 1 else 's'}"
    return f"{first} {populations} as a whole, and not {', '.join(cut)}"


def _neurons(cores: Sequence[Core]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for core in cores:
        for part in core.parts:
            for population in part.group.populations:
                found[population.name] = found.get(population.name, 0) + part.stop - part.first
    return found
