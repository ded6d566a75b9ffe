"""Messages on what does not fit: which object, which resource, how much, and a way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from sfc.chips.chip import Chip
from sfc.diagnostics import Diagnostic, Label, Reporter, SfcError, fail
from sfc.ir.circuit import Circuit
from sfc.ir.patterns import RealTable
from sfc.place.bounds import Bound
from sfc.place.cores import Core
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
            help = "`sfc opt -p relay-delays` passes spikes on over relays instead"
            reporter.error("E1007", message, projection.span, help=help)
    for population in circuit.populations.values():
        if silent is not None and population.neuron.refractory > silent:
            message = (
                f"`{population.name}` is refractory for {population.neuron.refractory} steps; "
                f"{chip.title} has up to {silent}"
            )
            reporter.error("E1007", message, population.span)


def weights_not_held(circuit: Circuit, chip: Chip, name: str, reporter: Reporter) -> None:
    """Reports a projection whose weights have no format."""
    projection = circuit.projections[name]
    is_real = isinstance(projection.pattern, RealTable)
    message = f"no synapse format of {chip.title} holds the weights of `{name}`: one exponent and "
    message += "8-bit mantissas, even where signs are mixed"
    help = "quantise them first: `sfc quantise`" if is_real else "split the projection by weight"
    reporter.error("E1007", message, projection.span, help=help)


def neuron_does_not_fit(error: DoesNotFit, chip: Chip) -> NoReturn:
    """Reports a neuron that takes more than an empty core has."""
    part, unit = error.part, UNITS[error.resource]
    populations = part.group.populations
    name = " and ".join(f"`{population.name}`" for population in populations)
    where = f"neuron {part.first} of {name}" if populations[0].size > 1 else name
    cap = error.resource == "plastic_synapses"
    has = "the cap is" if cap else f"a core of {chip.title} has"
    message = f"{where} takes {error.demand:,} {unit}, and {has} {error.limit:,}"
    taken = sorted(_shares(error), key=lambda share: -share[0])[:3]
    labels = tuple(
        Label(lists.projection.span, f"`{lists.projection.name}` takes {count:,} of them")
        for count, lists in taken
        if count and lists.projection.span is not None
    )
    diagnostic = Diagnostic(
        "E1008", message, populations[0].span, labels=labels, help=_way_out(error, taken)
    )
    raise SfcError([diagnostic])


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
            "memory_bytes": take.near,
            "plastic_synapses": take.synapses if lists.learns else 0,
        }.get(error.resource, 0)
        found.append((count, lists))
    return found


def _way_out(error: DoesNotFit, taken: Sequence[tuple[int, Lists]]) -> str:
    if error.resource == "output_axons":
        return (
            "its spikes go to too many pieces: let it drive fewer or smaller populations, or pass "
            "them on over copies of it"
        )
    if error.resource == "plastic_synapses":
        return f"raise --max-plastic-per-core to {error.demand}"
    if error.resource == "compartments":
        return "shorter delays need fewer delay slots, and leave a core more compartments"
    if error.resource in ("input_axons", "synaptic_memory", "memory_bytes") and taken:
        most, lists = taken[0]
        rest = error.limit - (error.demand - most)
        per_source = most / max(lists.take(error.part.first, error.part.stop).lists, 1)
        sources = int(rest / per_source) if rest > 0 else 0
        kind = "learn twice the entries" if lists.learns and error.resource == "input_axons" else ""
        hint = f"at most {sources:,} sources of `{lists.projection.name}` fit: fewer sources"
        return f"{hint}, or a copy of the target for a part of them{f' ({kind})' if kind else ''}"
    return ""


def place_does_not_hold(error: Overfull, chip: Chip) -> NoReturn:
    """Reports a `place` statement that a core does not hold."""
    neurons, constraint = error.neurons, error.neurons.constraint
    dealt = f"neurons {neurons.first}..{neurons.stop - 1} of `{neurons.population}`"
    if not error.resource:
        message = f"{dealt} come to core {neurons.core}, with neurons they are to be apart from"
        fail("E1010", message, constraint.span, help="place them on other cores")
    message = (
        f"core {neurons.core} does not hold {dealt}: they would take its {UNITS[error.resource]} "
        f"to {error.demand:,}, and {chip.title} has {error.limit:,}"
    )
    help = "deal them to more cores, or to cores that others leave free"
    fail("E1010", message, constraint.span, help=help)


def check_cores_are_there(circuit: Circuit, available: int) -> None:
    """Reports a `place` statement that names a core beyond those that there are.

    Raises:
        SfcError: E1010.
    """
    for constraint in circuit.constraints:
        if constraint.last >= available:
            name = constraint.populations[0]
            message = f"`{name}` is placed on core {constraint.last:,}, and there are {available:,}"
            help = f"cores are counted from 0: the last is {available - 1:,}"
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
    chips = -(-needed // chip.cores)
    system = chip.chips_for(chips)
    message = (
        f"`{circuit.name}` takes {needed:,} cores{'' if cores else ' at least'}, and {available:,} "
        f"are there; no placement takes fewer than {binding.cores:,} "
        f"({UNITS.get(binding.resource, binding.resource)}: {binding.demand:,}, "
        f"{binding.per_core:,} a core)"
    )
    largest = max(circuit.populations.values(), key=lambda p: p.size, default=None)
    help = f"no system of {chip.title} is that large: cut populations or connections down"
    if chips <= -(-available // chip.cores):
        help = f"allow {needed:,} cores: --cores {needed}"
    elif system is not None:
        help = f"allow {system:,} chips: --chips {system}"
    if binding.resource in ("synaptic_memory", "memory_bytes") and binding.cores > available:
        help += ", or save synapses: a sparse pattern, a smaller population"
    if cores:
        message += f"; {_placed(cores, available)}"
    fail("E1009", message, largest.span if largest else None, help=help)


def _placed(cores: Sequence[Core], available: int) -> str:
    """Says what lies on the first cores, and what does not."""
    left = _neurons(cores[available:])
    inside = _neurons(cores[:available])
    whole = [name for name in inside if name not in left]
    missing = [f"{count:,} neurons of `{name}`" for name, count in left.items()]
    cut = missing[:_NAMED] + ([f"{len(missing) - _NAMED} more"] if len(missing) > _NAMED else [])
    return f"{len(whole):,} populations were placed as a whole, and not {', '.join(cut)}"


def _neurons(cores: Sequence[Core]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for core in cores:
        for part in core.parts:
            for population in part.group.populations:
                found[population.name] = found.get(population.name, 0) + part.stop - part.first
    return found
