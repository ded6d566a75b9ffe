"""What an allocation's report tells in tables, the same in a terminal and on a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sfc.report.allocation_model import AllocationReport
from sfc.report.allocation_words import UNKNOWN, amount, core_text, figures, spaced, value_text

MOST_PAIRS = 10
"""Busiest pairs that a report names."""


@dataclass(frozen=True, slots=True)
class Column:
    """Numbers are set right; what bends is cut where there is little room."""

    heading: str
    is_number: bool = False
    bends: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table.

    Attributes:
        notes: lines below it.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def bounds_sheet(report: AllocationReport, sources: bool = False) -> Sheet:
    """Tells how many cores each resource asks for at least, and perhaps where limits are from."""
    rows = []
    for name, bound in report.bounds.items():
        mark = " *" if name == report.binding_bound else ""
        needed, room = amount(bound.demand, bound.unit), amount(bound.per_core, bound.unit)
        row = (f"{spaced(name)}{mark}", needed, room, amount(bound.cores))
        rows.append((*row, report.sources.get(name, "")) if sources else row)
    columns: tuple[Column, ...] = (
        Column("resource"),
        Column("needed", True),
        Column("a core has", True),
        Column("cores at least", True),
    )
    if sources:
        columns = (*columns, Column("limit from"))
    notes = ("* asks for the most cores",) if report.binding_bound in report.bounds else ()
    return Sheet("bounds", "bounds", columns, tuple(rows), notes)


def populations_sheet(report: AllocationReport) -> Sheet:
    """Tells where each population lies."""
    columns = (
        Column("population"),
        Column("neurons", True),
        Column("pieces", True),
        Column("cores", bends=True),
        Column("made for"),
        Column("place"),
    )
    rows = tuple(
        (
            found.name,
            amount(found.neurons),
            amount(found.pieces),
            _ranges(found.cores),
            found.origin or "",
            found.span or "",
        )
        for found in report.populations
    )
    return Sheet("populations", "populations", columns, rows)


def projections_sheet(report: AllocationReport) -> Sheet:
    """Tells what memory each projection takes, the largest first."""
    columns = (
        Column("projection", bends=True),
        Column("words", True),
        Column("synapses", True),
        Column("plastic"),
        Column("lists", True),
        Column("formats", bends=True),
        Column("place"),
    )
    rows = tuple(
        (
            found.name,
            amount(found.words),
            amount(found.synapses),
            "yes" if found.plastic else "",
            amount(found.lists),
            "; ".join(found.formats),
            found.span or "",
        )
        for found in sorted(report.projections, key=lambda found: (-found.words, found.name))
    )
    return Sheet("projections", "synaptic memory by projection, in 64-bit words", columns, rows)


def traffic_sheets(report: AllocationReport) -> Iterator[Sheet]:
    """Tells how far spikes go, and which cores talk most."""
    traffic = report.traffic
    if traffic is None:
        return
    core_of = {core.id: core for core in report.cores}
    reach = dict.fromkeys(("within a core", "within a tile", "between tiles", "between chips"), 0.0)
    for source, target, spikes in traffic.between_cores:
        here, there = core_of.get(source), core_of.get(target)
        if here is None or there is None:
            continue
        if here is there:
            way = "within a core"
        elif here.chip != there.chip:
            way = "between chips"
        else:
            way = "within a tile" if here.tile and here.tile == there.tile else "between tiles"
        reach[way] += spikes
    chips, steps = "between chips", amount(traffic.inter_chip_per_step)
    rows = [(way, amount(n), steps if way == chips else "") for way, n in reach.items() if n]
    between = amount(sum(reach.values()) - reach["within a core"])
    rows.append(("between cores, in all", between, amount(traffic.inter_core_per_step)))
    for words, number in (
        ("spikes of neurons", traffic.spikes_per_sample),
        ("spikes times hops", traffic.hop_weighted_per_sample),
    ):
        if number is not None:
            rows.append((words, amount(number), ""))
    samples = f" over {traffic.samples:,} samples" if traffic.samples else ""
    columns: tuple[Column, ...] = (
        Column("spikes"),
        Column("a sample", True),
        Column("a step", True),
    )
    notes = (f"activity{samples}: {traffic.basis}",) if traffic.basis else ()
    yield Sheet("traffic", "traffic", columns, tuple(rows), notes)
    pairs = sorted(traffic.between_cores, key=lambda pair: (-pair[2], pair[:2]))
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    if not pairs:
        return
    ends = {core.id: core_text(core) for core in report.cores}
    shown = tuple((ends.get(a, str(a)), ends.get(b, str(b)), amount(n)) for a, b, n in pairs)
    columns = (Column("from core"), Column("to core"), Column("spikes a sample", True))
    yield Sheet("pairs", "busiest pairs of cores", columns, shown)


def step_sheet(report: AllocationReport) -> Sheet | None:
    """Tells how long the step of each phase lasts."""
    step = report.step_time
    if step is None:
        return None
    longest = max(step.phases, default=0.0)
    rows = tuple(
        (str(phase), amount(time / 1000), "longest" if time == longest else "")
        for phase, time in enumerate(step.phases)
    )
    columns = (Column("phase", True), Column("µs", True), Column(""))
    return Sheet(
        "step", f"step time by phase, basis {step.basis}", columns, rows, step_notes(report)
    )


def step_notes(report: AllocationReport) -> tuple[str, ...]:
    """Returns what a step's time is made of."""
    step = report.step_time
    if step is None:
        return ()
    notes = []
    if step.slowest_core is not None:
        core = next((core for core in report.cores if core.id == step.slowest_core), None)
        time = f", {amount(core.step_ns / 1000)} µs" if core and core.step_ns is not None else ""
        where = core_text(core) if core else str(step.slowest_core)
        notes.append(f"slowest core: {where}{time}")
    if step.learning_ns is not None:
        notes.append(f"of it learning: {amount(step.learning_ns / 1000)} µs")
    if step.barrier_ns is not None:
        notes.append(f"barrier: {amount(step.barrier_ns / 1000)} µs in each step")
    return tuple(notes)


def energy_sheets(report: AllocationReport) -> Iterator[Sheet]:
    """Tells what a sample costs: a row or column for each basis, never added."""
    rows = [
        (
            basis,
            amount(cost.dynamic_total_uJ),
            amount(cost.learning_uJ),
            amount(cost.static_uJ),
            amount(cost.latency_us),
        )
        for basis, cost in report.energy.items()
    ]
    columns: tuple[Column, ...] = (
        Column("basis"),
        Column("dynamic µJ", True),
        Column("learning µJ", True),
        Column("static µJ", True),
        Column("latency µs", True),
    )
    notes = tuple(f"the paper: {name} {value}" for name, value in figures(report.paper))
    if rows:
        yield Sheet("energy", "energy and latency of a sample", columns, tuple(rows), notes)
    counts = tuple((spaced(name), amount(count)) for name, count in report.operations.items())
    if counts:
        columns = (Column("operation"), Column("a sample", True))
        yield Sheet("operations", "operations of a sample", columns, counts)
    names = dict.fromkeys(name for cost in report.energy.values() for name in cost.dynamic_uJ)
    bases = report.energy.items()
    parts = tuple(
        (spaced(name), *(amount(cost.dynamic_uJ.get(name)) for _, cost in bases)) for name in names
    )
    if parts:
        columns = (Column("what"), *(Column(f"{basis} µJ", True) for basis, _ in bases))
        missing = any(UNKNOWN in row for row in parts)
        notes = (f"{UNKNOWN}: not a part of that basis",) if missing else ()
        yield Sheet("dynamic", "dynamic energy of a sample", columns, parts, notes)


def unverified_sheet(report: AllocationReport) -> Sheet:
    """Names the figures that no good source confirms."""
    columns = (Column("figure"), Column("value", True), Column("unit"), Column("note", bends=True))
    rows = tuple(
        (spaced(found.name), value_text(found.value), found.unit, found.note)
        for found in report.unverified
    )
    return Sheet("unverified", "not verified, and this placement leans on it", columns, rows)


def _ranges(numbers: tuple[int, ...]) -> str:
    """Returns numbers, with runs as "3..7"."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}..{b}" for a, b in runs)
