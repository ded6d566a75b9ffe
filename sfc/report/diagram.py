"""What a diagram of a circuit shows, as plain data: boxes, the modules around them, edges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from sfc.diagnostics import fail
from sfc.ir.circuit import Circuit, Input, Population
from sfc.report.bundles import TIMES, Edge, bundled, listed
from sfc.report.outline import Outline, is_array, is_module, module_of, modules_around
from sfc.report.phases import Strip, chain_strips, strips

BOX_LIMIT = 2000
"""Most boxes of a diagram."""

_PLAIN = 40
"""Boxes up to which a diagram is unfolded without being asked."""


BoxKind = Literal["input", "population", "chain", "module", "array"]


@dataclass(frozen=True, slots=True)
class Box:
    """Something that has a place of its own.

    Attributes:
        name: unique in the diagram; that of a population, input or chain is its own.
        label: what is written in it; `name` without the modules around it.
        module: that it is drawn in; empty at the top.
        note: its size.
        details: a tooltip.
        tags: probes and readouts.
    """

    name: str
    label: str
    kind: BoxKind
    module: str
    note: str
    details: str
    strips: tuple[Strip, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """An unfolded module; `parent` is empty at the top."""

    name: str
    label: str
    parent: str


@dataclass(frozen=True, slots=True)
class Diagram:
    """A circuit, unfolded to some depth.

    Attributes:
        title: the first paragraph of the circuit's documentation.
        depth, deepest: how far it is unfolded, and how far it could be.
        frames: the outer ones first.
        matrices: shown matrices and their shapes as text.
    """

    name: str
    title: str
    depth: int
    deepest: int
    boxes: tuple[Box, ...]
    frames: tuple[Frame, ...]
    edges: tuple[Edge, ...]
    matrices: Mapping[str, str]


def outline_of(circuit: Circuit) -> Outline:
    """Returns the outline of all that can have a box: inputs, chains, populations."""
    relays = _relays(circuit)
    populations = [name for name in circuit.populations if name not in relays]
    chains = [chain.name for chain in circuit.schedule.chains]
    return Outline([*chains, *circuit.inputs, *populations])


def plain_depth(outline: Outline) -> int:
    """Returns the greatest depth of unfolding that is easy to read, or 0."""
    depths = range(outline.depth, 0, -1)
    return next((depth for depth in depths if len(outline.boxes(depth)) <= _PLAIN), 0)


def build(circuit: Circuit, depth: int | None = None, relays: bool = False) -> Diagram:
    """Returns the diagram of a circuit.

    Args:
        circuit: any circuit.
        depth: how many levels of modules are unfolded; by default all, if that is easy to read.
        relays: draw what relays open and close as edges too.

    Raises:
        SfcError: E0306, more than BOX_LIMIT boxes.
    """
    outline = outline_of(circuit)
    depth = plain_depth(outline) if depth is None else min(depth, outline.depth)
    members = outline.boxes(depth)
    if len(members) > BOX_LIMIT:
        _refuse(circuit, outline, depth, len(members))
    box_of = {name: box for box, names in members.items() for name in names}
    for relay, chain in _relays(circuit).items():
        box_of[relay] = box_of[chain]
    modules = dict.fromkeys(module for box in members for module in modules_around(box))
    edges = bundled(circuit, box_of, relays)
    tied = {strand.style.matrix for edge in edges for strand in edge.strands}
    return Diagram(
        name=circuit.name,
        title=" ".join(circuit.doc.strip().split("\n\n")[0].split()),
        depth=depth,
        deepest=outline.depth,
        boxes=_boxes(circuit, outline, members, box_of),
        frames=tuple(Frame(name, name.split(".")[-1], module_of(name)) for name in modules),
        edges=edges,
        matrices={m.name: shape_text(m.shape) for m in circuit.matrices.values() if m.name in tied},
    )


def _relays(circuit: Circuit) -> dict[str, str]:
    return {relay: chain.name for chain in circuit.schedule.chains for relay in chain.relays}


def _refuse(circuit: Circuit, outline: Outline, depth: int, count: int) -> None:
    fits = [d for d in range(depth) if len(outline.boxes(d)) <= BOX_LIMIT]
    help = "a circuit made of modules can be drawn folded: one box an instance"
    if fits:
        help = f"--depth {fits[-1]} makes {len(outline.boxes(fits[-1])):,} boxes"
    message = f"{circuit.name} to depth {depth} makes {count:,} boxes; a diagram has {BOX_LIMIT:,}"
    fail("E0306", message, help=help)


def _boxes(
    circuit: Circuit,
    outline: Outline,
    members: Mapping[str, list[str]],
    box_of: Mapping[str, str],
) -> tuple[Box, ...]:
    shown = strips(circuit, box_of) | {c: (s,) for c, s in chain_strips(circuit).items()}
    tags = _tags(circuit, box_of)
    boxes = []
    for name, names in members.items():
        label = name.split(".")[-1]
        kind: BoxKind
        if is_array(name) or is_module(name):
            kind = "module" if is_module(name) else "array"
            stem = name.removesuffix(".*")
            label, note = stem.split(".")[-1], _content(circuit, names)
            if kind == "array":
                label, note = f"{label[:-3]}[…]", f"{outline.elements(name):,} elements"
            details = listed([f"{stem}: {_neurons(circuit, names)}", *names])
        elif thing := circuit.populations.get(name) or circuit.inputs.get(name):
            kind = "input" if isinstance(thing, Input) else "population"
            note, details = shape_text(thing.shape), _described(thing)
        else:
            chain = circuit.schedule.chain(name)
            kind = "chain"
            note = f"{'ring' if chain.ring else 'chain'} of {len(chain.relays):,} phases"
            details = f"{name}: {note}"
        tag = () if kind in ("module", "array") else tuple(tags.get(name, ()))
        module, phases = module_of(name), shown.get(name, ())
        boxes.append(Box(name, label, kind, module, note, details, phases, tag))
    return tuple(boxes)


def _tags(circuit: Circuit, box_of: Mapping[str, str]) -> dict[str, list[str]]:
    schedule = circuit.schedule
    pairs = [(readout.population, "readout") for readout in schedule.readouts]
    pairs += [
        (probe.population, "probe v" if probe.quantity == "membrane" else "probe")
        for probe in schedule.probes
    ]
    tags: dict[str, list[str]] = {}
    for name, tag in dict.fromkeys((box_of[population], tag) for population, tag in pairs):
        tags.setdefault(name, []).append(tag)
    return tags


def _described(thing: Population | Input) -> str:
    kind = "input" if isinstance(thing, Input) else "population"
    lines = [f"{kind} {thing.name}: {_count(thing.size, 'neuron')}"]
    if isinstance(thing, Population):
        neuron = thing.neuron
        lines.append(f"threshold {neuron.threshold}, bias {neuron.bias}")
        if neuron.refractory:
            lines[-1] += f", refractory {neuron.refractory}"
        if (neuron.decay_u, neuron.decay_v) != (4096, 4096):
            lines[-1] += f", decay {neuron.decay_u}/4096 of u, {neuron.decay_v}/4096 of v"
    if thing.doc:
        lines.append(thing.doc)
    return "\n".join(lines)


def _content(circuit: Circuit, names: Iterable[str]) -> str:
    populations = sum(name in circuit.populations for name in names)
    return _count(populations, "population")


def _neurons(circuit: Circuit, names: Iterable[str]) -> str:
    sizes = [circuit.populations[name].size for name in names if name in circuit.populations]
    return f"{_count(len(sizes), 'population')}, {_count(sum(sizes), 'neuron')}"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def shape_text(shape: Iterable[int]) -> str:
    """Writes the shape of a population or matrix."""
    return TIMES.join(str(extent) for extent in shape)
