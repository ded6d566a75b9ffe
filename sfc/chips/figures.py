"""The figures of a chip file: numbers with unit, source and confidence."""

from __future__ import annotations

import math
import re
from typing import Any

from sfc.chips import schema
from sfc.chips.chip import Figure
from sfc.chips.table import Table
from sfc.diagnostics import nearest

_LARGEST = 2**63
_DEPTH = 3
_TILES = re.compile(r"[1-9][0-9]{0,5}")


def limit(table: Table) -> Figure:
    """Returns a limit, of the kind that its name asks for."""
    kind = schema.LIMITS[table.path[-1]]
    figure = _figure(table)
    if figure.value is not None:
        _check_kind(table, "value", kind)
    elif table.path[-1] in schema.REQUIRED:
        table.lacks("value", "every chip has this limit")
    return figure


def cost(table: Table) -> Figure:
    """Returns a cost, in one of the units that it may have."""
    units = schema.COSTS[table.path[-1]]
    figure = _figure(table)
    if figure.unit not in units:
        table.wrong("unit", " or ".join(f'"{unit}"' for unit in units))
    if figure.value is None:
        return figure
    if not figure.unit.endswith("by tiles"):
        if not _is_cost(figure.value):
            table.wrong("value", f"a number from 0 to {schema.MOST_COST:,.0f}")
        return figure
    by_tiles = figure.value if isinstance(figure.value, dict) else {}
    fitting = (_TILES.fullmatch(tiles) and _is_cost(time) for tiles, time in by_tiles.items())
    if not by_tiles or not all(fitting):
        expected = "a table from numbers of tiles to times, such as { 1 = 113, 32 = 465 }"
        table.wrong("value", expected)
    return figure


def fact(table: Table) -> Figure:
    """Returns a figure of any kind."""
    return _figure(table)


def systems(table: Table) -> tuple[Figure, bool]:
    """Returns the chips of the systems that are built, and whether others are up to the last."""
    table.check_known(schema.BOARDS)
    _check_kind(table, "chips", schema.CHIPS)
    any_number = table.content.get("any", False)
    if not isinstance(any_number, bool):
        table.wrong("any", "true or false")
    return _described(table, _frozen(table.content["chips"]), "chips"), any_number


def _figure(table: Table) -> Figure:
    table.check_known(schema.FIGURE)
    value = table.content.get("value")
    if value is not None and not _is_plain(value):
        table.wrong("value", "a number, a text, or a list or table of them")
    return _described(table, _frozen(value), table.text("unit"))


def _described(table: Table, value: Any, unit: str) -> Figure:
    """Returns a figure with what a table says of it."""
    source, confidence = table.text("source"), table.text("confidence")
    if confidence not in schema.CONFIDENCES:
        expected = ", ".join(schema.CONFIDENCES)
        table.wrong("confidence", f"one of {expected}", nearest(confidence, schema.CONFIDENCES))
    if value is None and confidence != "unknown":
        table.lacks("value", 'where nothing was published, write confidence = "unknown"')
    if value is not None and confidence == "unknown":
        help = '"unknown" is for figures without a value; write "unverified" for a guess'
        table.wrong("confidence", "another confidence, since there is a value", help)
    return Figure(value, unit, source, confidence, table.text("note", ""))


def _check_kind(table: Table, key: str, kind: schema.Range) -> None:
    if key not in table.content:
        table.lacks(key)
    if not kind.fits(table.content[key]):
        table.wrong(key, str(kind))


def _is_cost(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value <= schema.MOST_COST  # type: ignore[operator]


def _is_plain(value: object, depth: int = 1) -> bool:
    """Whether a value is what JSON and a report can show: no date, no infinity, nothing huge."""
    if isinstance(value, bool):
        return True
    if isinstance(value, int):
        return -_LARGEST <= value < _LARGEST
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        return value.isprintable() and len(value) <= schema.TEXT_LENGTH
    if depth == _DEPTH or not isinstance(value, list | dict) or len(value) > schema.MOST_VALUES:
        return False
    parts = value if isinstance(value, list) else [*value, *value.values()]
    return all(_is_plain(part, depth + 1) for part in parts)


def _frozen(value: Any) -> Any:
    """Returns a value with tuples for lists."""
    if isinstance(value, list):
        return tuple(_frozen(part) for part in value)
    if isinstance(value, dict):
        return {key: _frozen(part) for key, part in value.items()}
    return value
