"""The parts of an allocation's page that need no script: tables, bars."""

from __future__ import annotations

from collections.abc import Iterator

from sfc.report.allocation_model import AllocationReport, Cost
from sfc.report.allocation_sheets import Sheet, step_notes
from sfc.report.allocation_words import amount, counted, figures, spaced
from sfc.report.document import html
from sfc.report.strokes import attribute, number, title

_MOST_ROWS = 2000
_MOST_BARS = 240
_HEIGHT, _LEFT, _BOTTOM = 150.0, 44.0, 18.0
_WIDE = 560.0


def table(sheet: Sheet, most: int = _MOST_ROWS) -> Iterator[str]:
    """Writes a table whose headings sort it; `data-name` is what a filter looks at."""
    if not sheet.rows:
        return
    numbers = [column.is_number for column in sheet.columns]
    yield f'<div class="wide"><table id="{sheet.name}"><thead><tr>'
    for column in sheet.columns:
        side = ' class="n"' if column.is_number else ""
        heading = html(column.heading)
        inside = f"<button>{heading}</button>" if heading else ""
        yield f'<th scope="col"{side}>{inside}</th>'
    yield "</tr></thead><tbody>"
    for row in sheet.rows[:most]:
        cells = (
            f'<td class="n">{html(text)}</td>' if is_number else f"<td>{html(text)}</td>"
            for text, is_number in zip(row, numbers, strict=True)
        )
        yield f"<tr data-name={attribute(row[0])}>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"
    if len(sheet.rows) > most:
        yield f'<p class="note">… {len(sheet.rows) - most:,} more; the JSON has them</p>'
    for note in sheet.notes:
        yield f'<p class="note">{html(note)}</p>'


def facts(report: AllocationReport) -> Iterator[str]:
    """Writes the outcome in a few large numbers."""
    bound = ""
    if report.lower_bound is not None:
        by = f" by {spaced(report.binding_bound)}" if report.binding_bound else ""
        bound = f"at least {report.lower_bound:,}{by}"
    yield _fact(f"{report.cores_used:,}", f"cores of {report.cores_available:,}", bound)
    systems = f"of {report.chips_available:,}" if report.chips_available else ""
    yield _fact(f"{report.chips_used:,}", "chip" if report.chips_used == 1 else "chips", systems)
    if report.step_time_us is not None:
        basis = f"basis {report.step_time.basis}" if report.step_time else ""
        yield _fact(f"{amount(report.step_time_us)} µs", "a step", basis)
    asked = report.max_plastic_per_core
    most = "no cap" if asked is None else f"cap {asked:,}"
    yield _fact(f"{report.plastic_per_core_max:,}", "plastic synapses on one core", most)
    traffic = report.traffic
    if traffic and traffic.inter_core_per_step is not None:
        between = traffic.inter_chip_per_step if report.chips_used > 1 else None
        chips = f"{amount(between)} between chips" if between is not None else ""
        yield _fact(amount(traffic.inter_core_per_step), "spikes between cores, a step", chips)


def _fact(value: str, words: str, more: str) -> str:
    return f"<div><b>{html(value)}</b> {html(words)}<small>{html(more)}</small></div>"


def step_bars(report: AllocationReport) -> Iterator[str]:
    """Draws a bar for each phase, as high as its step is long; many phases share bars."""
    step = report.step_time
    if step is None:
        yield '<p class="note">n/a: no times are published for this chip</p>'
        return
    times = [time / 1000 for time in step.phases]
    yield f'<p class="note">basis {html(step.basis)}; {html("; ".join(step_notes(report)))}</p>'
    if not times:
        return
    group = -(-len(times) // _MOST_BARS)
    bars = [max(times[first : first + group]) for first in range(0, len(times), group)]
    top = max(bars) or 1.0
    wide = (_WIDE - _LEFT) / len(bars)
    full = _HEIGHT - _BOTTOM - 10
    size = f'viewBox="0 0 {number(_WIDE)} {number(_HEIGHT)}"'
    yield f'<svg class="sfc bars" {size} role="img" aria-label="step time by phase">'
    for share in (0.0, 0.5, 1.0):
        y = 10 + full * (1 - share)
        yield f'<path d="M{number(_LEFT)} {number(y)}H{number(_WIDE)}" class="grid"/>'
        yield (
            f'<text x="{number(_LEFT - 5)}" y="{number(y + 3)}" class="axis" text-anchor="end">'
            f"{amount(share * top)}{' µs' if share == 1 else ''}</text>"
        )
    every = max(1, len(bars) // 24)
    for place, time in enumerate(bars):
        x, height = _LEFT + place * wide, full * time / top
        gap = min(3.0, wide * 0.15)
        first = place * group
        last = min(first + group, len(times)) - 1
        phases = f"phase {first}" if first == last else f"phases {first} to {last}, at most"
        yield (
            f'<rect x="{number(x + gap)}" y="{number(10 + full - height)}" '
            f'width="{number(wide - 2 * gap)}" height="{number(height)}" '
            f'class="time{" top" if time == top else ""}">'
            f"{title(f'{phases}: {amount(time)} µs')}</rect>"
        )
        if place % every == 0:
            yield (
                f'<text x="{number(x + wide / 2)}" y="{number(_HEIGHT - 5)}" class="axis" '
                f'text-anchor="middle">{first}</text>'
            )
    yield "</svg>"


def energy_bars(report: AllocationReport) -> Iterator[str]:
    """Draws what a sample costs, a group of bars for each basis; bases are never added."""
    if not report.energy:
        yield '<p class="note">n/a: no energies are published for this chip</p>'
        return
    for basis, cost in report.energy.items():
        yield from _basis(basis, cost)
    paper = list(figures(report.paper))
    if paper:
        yield '<div class="basis"><h3>the paper</h3><dl>'
        for name, value in paper:
            yield f"<dt>{html(name)}</dt><dd>{html(value)}</dd>"
        yield "</dl></div>"


def _basis(basis: str, cost: Cost) -> Iterator[str]:
    parts = {
        "dynamic": cost.dynamic_total_uJ,
        "learning": cost.learning_uJ,
        "static": cost.static_uJ,
    }
    top = max((value for value in parts.values() if value), default=1.0)
    late = f"{amount(cost.latency_us, 'µs')} a sample"
    yield f'<div class="basis"><h3>basis {html(basis)} <small>{late}</small></h3>'
    for name, value in parts.items():
        width = 0.0 if value is None else 100 * value / top
        shown = "not published" if value is None else f"{amount(value)} µJ"
        yield (
            f'<div class="row"><span>{name}</span><i class="bar {name}">'
            f'<i style="width:{number(width)}%"></i></i><span class="n">{shown}</span></div>'
        )
    yield "</div>"


def summary_words(report: AllocationReport) -> str:
    """Returns what a reader who sees no drawing is told of the map."""
    return f"{counted(report.cores_used, 'core')} on {counted(report.chips_used, 'chip')}"
