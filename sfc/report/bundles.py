"""The edges of a diagram: all projections from one box to another, by how they are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sfc.ir.circuit import Circuit, Projection, Tie

TIMES = "\N{MULTIPLICATION SIGN}"

_MOST_STRANDS = 3
_MOST_WORDS = 4
_MOST_DELAYS = 3
_MOST_LINES = 20

StyleKind = Literal[
    "plastic", "excitatory", "inhibitory", "gate", "open", "close", "present", "mixed"
]


@dataclass(frozen=True, slots=True)
class Style:
    """How a projection is drawn.

    Attributes:
        matrix: of plastic projections.
        wide: whether a neuron reaches more than one other.
    """

    kind: StyleKind
    matrix: str = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Strand:
    """The projections of one style in an edge."""

    style: Style
    label: str


@dataclass(frozen=True, slots=True)
class Edge:
    """All projections from one box to another; `details` lists them."""

    source: str
    target: str
    strands: tuple[Strand, ...]
    details: str


def bundled(circuit: Circuit, box_of: Mapping[str, str], relays: bool) -> tuple[Edge, ...]:
    """Returns all edges.

    Args:
        circuit: any circuit.
        box_of: the box of every population and input.
        relays: whether what relays open and close makes edges.
    """
    presented = {name for present in circuit.schedule.presents for name in present.projections}
    bundles: dict[tuple[str, str], dict[Style, list[Projection]]] = {}
    for projection in circuit.projections.values():
        style = _style(projection, presented)
        ends = box_of[projection.source], box_of[projection.target]
        inside = ends[0] == ends[1] and projection.source != projection.target
        if style is None or inside or (style.kind in ("open", "close") and not relays):
            continue
        bundles.setdefault(ends, {}).setdefault(style, []).append(projection)
    return tuple(_edge(circuit, *ends, bundle) for ends, bundle in bundles.items())


def _style(projection: Projection, presented: set[str]) -> Style | None:
    """Returns how a projection is drawn; None if it links relays."""
    origin: str = projection.origin.kind if projection.origin else ""
    wide = projection.pattern != "one_to_one"
    if origin == "link":
        return None
    if isinstance(projection.weight, Tie):
        return Style("plastic", projection.weight.matrix)
    if origin in ("open", "close"):
        return Style("open" if origin == "open" else "close")
    if origin == "gate":
        return Style("gate", wide=wide)
    if origin == "present" or projection.name in presented:
        return Style("present", wide=wide)
    return Style("inhibitory" if projection.weight.value < 0 else "excitatory", wide=wide)


def _edge(
    circuit: Circuit, source: str, target: str, bundle: dict[Style, list[Projection]]
) -> Edge:
    everything = [projection for projections in bundle.values() for projection in projections]
    arrow = f"{source.removesuffix('.*')} → {target.removesuffix('.*')}"
    details = listed(
        [arrow if len(everything) == 1 else f"{arrow}: {len(everything):,} projections"]
        + [f"{p.name}: {pattern_name(p)}, weight {p.weight}, delay {p.delay}" for p in everything]
    )
    if len(bundle) > _MOST_STRANDS:
        return Edge(source, target, (Strand(Style("mixed"), f"{TIMES}{len(everything)}"),), details)
    strands = [Strand(style, _label(circuit, group)) for style, group in bundle.items()]
    return Edge(source, target, tuple(strands), details)


def _label(circuit: Circuit, group: list[Projection]) -> str:
    """Returns what is written at a strand: matrix, pattern, phases, delays, how many."""
    words: list[str] = []
    for projection in group:
        tie, origin = projection.weight, projection.origin
        if isinstance(tie, Tie):
            words.append(str(Tie(tie.matrix.split(".")[-1], tie.sign, tie.transpose)))
        if not isinstance(projection.pattern, str):
            words.append(pattern_name(projection))
        if origin and origin.kind == "start":
            words.append("start")
        source = circuit.populations.get(projection.source)
        if source and source.origin and source.origin.kind == "relay":
            is_gate = origin is not None and origin.kind in ("open", "close")
            words.append(str(source.origin.phase) if is_gate else source.name.split(".")[-1])
    delays = sorted({projection.delay for projection in group})
    words = list(dict.fromkeys(words))
    label = ", ".join(words) if len(words) <= _MOST_WORDS else f"{words[0]}, … {words[-1]}"
    if delays != [0]:
        shown = (
            [f"d{d}" for d in delays]
            if len(delays) <= _MOST_DELAYS
            else [f"d{delays[0]}…{delays[-1]}"]
        )
        label = f"{label} {', '.join(shown)}".lstrip()
    if len(group) > max(len(delays), len(words)):
        label = f"{label} {TIMES}{len(group)}".lstrip()
    return label


def pattern_name(projection: Projection) -> str:
    """Returns the word for which neurons a projection joins."""
    pattern: object = projection.pattern
    return pattern if isinstance(pattern, str) else type(pattern).__name__.lower()


def listed(lines: list[str]) -> str:
    """Returns lines as a tooltip; of many only the first."""
    rest = len(lines) - _MOST_LINES
    return "\n".join(lines if rest <= 0 else [*lines[:_MOST_LINES], f"… and {rest:,} more"])
