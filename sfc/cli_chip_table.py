"""What is known of a chip, for the terminal: tables of figures, and their sources and notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from sfc.chips.chip import Chip, Figure


def tables(chip: Chip) -> Iterator[Table | Text]:
    """Yields the tables of a chip and what stands between them."""
    yield Text(f"{chip.name}: {chip.title}")
    references: dict[str, int] = {}
    systems = {} if chip.systems is None else {"boards": chip.systems}
    yield _figures("limits", {**systems, **chip.limits}, references)
    for basis, costs in chip.costs.items():
        yield _figures(f"costs, basis {basis}", costs, references)
    if chip.facts:
        yield _figures("facts", chip.facts, references)
    yield Text("! not verified, or not published (n/a)\n")
    yield _references(references)


def _figures(title: str, figures: Mapping[str, Figure], references: dict[str, int]) -> Table:
    """Returns a table of figures; their sources and notes are numbered in `references`."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("name", "value", "unit", "confidence", "see"):
        long = heading in ("value", "unit")
        table.add_column(heading, overflow="fold", no_wrap=not long)
    for name, figure in figures.items():
        texts = [text for text in (figure.source, figure.note) if text]
        see = ", ".join(str(references.setdefault(text, len(references) + 1)) for text in texts)
        style = "" if figure.is_verified else "yellow"
        trust = figure.confidence if figure.is_verified else f"{figure.confidence} !"
        cells = (name, _shown(figure.value), figure.unit, trust, see)
        table.add_row(*(Text(cell, style) for cell in cells))
    return table


def _references(references: Mapping[str, int]) -> Table:
    table = Table(title="sources and notes", title_justify="left", box=None, show_header=False)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for text, number in references.items():
        table.add_row(str(number), Text(text))
    return table


def _shown(value: Any) -> str:
    """Returns a value as a reader expects it."""
    return f"{value:,}" if type(value) is int else _part(value)


def _part(value: Any) -> str:
    if value is None:
        return "n/a"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_part(part)}" for name, part in value.items())
    if isinstance(value, tuple):
        return ", ".join(_part(part) for part in value)
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)
