"""Numbers of an allocation in words, always with their units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sfc.report.allocation_model import AllocationReport, Core, Part, Use

UNKNOWN = "n/a"
"""Stands where nothing was published."""

_UNITS = {"_uJ": "µJ", "_mJ": "mJ", "_us": "µs", "_ms": "ms", "_ns": "ns", "_percent": "%"}


def headline(report: AllocationReport) -> str:
    """Returns the outcome in a line."""
    cores = f"{counted(report.cores_used, 'core')} of {report.cores_available:,}"
    if report.lower_bound is not None:
        cores += f", at least {report.lower_bound:,}"
        if report.binding_bound:
            cores += f" ({spaced(report.binding_bound)})"
    parts = [cores, counted(report.chips_used, "chip")]
    if report.step_time_us is not None:
        basis = f" ({report.step_time.basis})" if report.step_time else ""
        parts.append(f"step {amount(report.step_time_us)} µs{basis}")
    return "; ".join(parts)


def made(report: AllocationReport) -> str:
    """Returns what a placement was made of and for."""
    words = [f"{name} = {value_text(value)}" for name, value in report.parameters.items()]
    words.append(f"objective {report.objective}")
    if report.seed is not None:
        words.append(f"seed {report.seed}")
    most = f"{counted(report.plastic_per_core_max, 'plastic synapse')} on one core at most"
    if report.max_plastic_per_core is not None:
        most += f" (asked: {report.max_plastic_per_core:,})"
    return "; ".join([*words, most])


def counted(number: int, noun: str) -> str:
    """Returns a number and its noun."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def spaced(name: str) -> str:
    """Returns a resource or operation as it is written in a text."""
    return name.replace("_", " ")


def amount(value: float | None, unit: str = "") -> str:
    """Writes whole numbers in full, others to three digits."""
    if value is None:
        return UNKNOWN
    size = abs(value)
    if size >= 100 or float(value).is_integer():
        shown = f"{value:,.0f}"
    else:
        shown = f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.3g}"
    return f"{shown} {unit}" if unit else shown


def percent(use: Use) -> str:
    """Returns the used share; never 0 of something, and 100 only if nothing is left."""
    share = use.share
    if share is None:
        return ""
    whole = round(100 * share)
    if share > 0 and whole == 0:
        return "<1 %"
    return f"{99 if whole == 100 and share < 1 else whole} %"


def use_text(use: Use, unit: str) -> str:
    """Returns used and available, for instance "15,872 / 16,384 words, 97 %"."""
    if use.available is None:
        return f"{amount(use.used, unit)}, limit not published"
    return f"{amount(use.used)} / {amount(use.available, unit)}, {percent(use)}"


def part_text(part: Part) -> str:
    """Returns a piece of a population; the range is left out where it is a single neuron's."""
    if part.first == part.last == 0:
        return part.name
    return f"{part.name} {part.first}..{part.last}"


def core_text(core: Core) -> str:
    """Returns a core and the tile that it lies in."""
    return f"{core.id} {tile_text(core)}".strip()


def tile_text(core: Core) -> str:
    """Returns the tile of a core."""
    return f"({core.tile[0]},{core.tile[1]})" if core.tile else ""


def value_text(value: Any) -> str:
    """Returns a value of any form."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return amount(value)
    if isinstance(value, list):
        return ", ".join(value_text(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{spaced(name)} {value_text(item)}" for name, item in value.items())
    return str(value)


def figures(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yields names and values of nested tables; a name's ending is its unit (`energy_uJ`)."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from figures(value, f"{before}{spaced(name)} ")
            continue
        ending = next((ending for ending in _UNITS if name.endswith(ending)), "")
        label = f"{before}{spaced(name.removesuffix(ending))}"
        shown = value_text(value)
        yield label, f"{shown} {_UNITS[ending]}" if ending and value is not None else shown
