"""What happens in which phase, to be drawn as strips of cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sfc.ir.circuit import Circuit

MarkKind = Literal["open", "close", "present", "reward"]
Cell = tuple[int, MarkKind]
"""A phase, and what happens in it."""

_MOST_STRIPS = 3
_MOST_NAMES = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happens in a phase; `text` says it in words."""

    phase: int
    kind: MarkKind
    text: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The phases of a chain, `length` of them, and what happens in some, in their order.

    Attributes:
        title: empty for the clock.
    """

    title: str
    length: int
    marks: tuple[Mark, ...]


def strips(circuit: Circuit, box_of: Mapping[str, str]) -> dict[str, tuple[Strip, ...]]:
    """Returns the strips of every box: of the clock, and of the first chains that act on it.

    Args:
        circuit: any circuit.
        box_of: the box of every population and input.
    """
    found: dict[str, dict[str, dict[Cell, list[str]]]] = {}
    for chain, name, cell, text in _happenings(circuit):
        of_chain = found.setdefault(box_of[name], {}).setdefault(chain, {})
        of_chain.setdefault(cell, []).append(text)
    lengths = {chain.name: len(chain.relays) for chain in circuit.schedule.chains}
    clock = circuit.schedule.clock
    result = {}
    for box in dict.fromkeys(box_of.values() if clock else found):
        cells: dict[str, dict[Cell, list[str]]] = {clock.name: {}} if clock else {}
        chosen = list((cells | found.get(box, {})).items())[:_MOST_STRIPS]
        result[box] = tuple(
            Strip("" if clock and c == clock.name else c, lengths[c], _marks(texts))
            for c, texts in chosen
        )
    return result


def chain_strips(circuit: Circuit) -> dict[str, Strip]:
    """Returns all that happens in the phases of every chain, rewards included."""
    found: dict[str, dict[Cell, list[str]]] = {c.name: {} for c in circuit.schedule.chains}
    for chain, name, cell, _ in _happenings(circuit):
        found[chain].setdefault(cell, []).append(name)
    for reward in circuit.schedule.rewards:
        found[reward.chain][reward.phase, "reward"] = ["all rules"]
    return {
        chain.name: Strip("", len(chain.relays), _marks(found[chain.name]))
        for chain in circuit.schedule.chains
    }


def _happenings(circuit: Circuit) -> Iterator[tuple[str, str, Cell, str]]:
    """Yields what gates and presentations do: chain, name, cell, words."""
    for projection in circuit.projections.values():
        origin = projection.origin
        if origin and origin.kind == "open":
            text = f"{projection.target} above {origin.level}"
            yield origin.chain, projection.target, (origin.phase, "open"), text
        elif origin and origin.kind == "close":
            text = f"{projection.target} by {str(projection.weight).lstrip('-')}"
            yield origin.chain, projection.target, (origin.phase, "close"), text
    for present in circuit.schedule.presents:
        cell: Cell = (present.phase, "present")
        for name in present.projections:
            target = circuit.projections[name].target
            text = f"{present.input} to {target}"
            yield present.chain, present.input, cell, text
            yield present.chain, target, cell, text


def _marks(texts: Mapping[Cell, list[str]]) -> tuple[Mark, ...]:
    return tuple(
        Mark(phase, kind, f"{kind} {_names(names)}")
        for (phase, kind), names in sorted(texts.items())
    )


def _names(names: list[str]) -> str:
    unique = list(dict.fromkeys(names))
    more = f" and {len(unique) - _MOST_NAMES:,} more" if len(unique) > _MOST_NAMES else ""
    return ", ".join(unique[:_MOST_NAMES]) + more
