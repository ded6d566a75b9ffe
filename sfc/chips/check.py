"""From what a chip file says to a `Chip`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from sfc.chips import figures, schema
from sfc.chips.chip import Chip, Figure
from sfc.chips.table import Table
from sfc.chips.toml import Document
from sfc.diagnostics import Reporter, SfcError, fail


def checked(document: Document) -> Chip:
    """Returns the chip that a document describes.

    Raises:
        SfcError: E1003, a name is unknown; E1004, something is missing; E1005, a value is of a
            wrong type or out of range; E1006, limits contradict each other. The first mistake of
            every figure is reported.
    """
    root = Table(document, (), document.tables)
    reporter = Reporter()
    with _collected(reporter):
        root.check_known(schema.TOP)
    with _collected(reporter):
        name, title = root.name("name"), root.text("title")
    with _collected(reporter):
        systems, any_number = figures.systems(root.table("boards"))
    with _collected(reporter):
        limits = _each(root.table("limits"), schema.LIMITS, figures.limit, reporter)
    with _collected(reporter):
        bases = root.table("costs", {})
        bases.check_names()
        costs = {
            basis: _each(bases.table(basis), schema.COSTS, figures.cost, reporter)
            for basis in bases.content
        }
    with _collected(reporter):
        table = root.table("facts", {})
        table.check_names()
        facts = _each(table, table.content, figures.fact, reporter)
    reporter.fail_on_errors()
    _check_limits(root.table("limits"), limits)
    return Chip(name, title, limits, costs, systems.value, facts, any_number, systems)


@contextmanager
def _collected(reporter: Reporter) -> Iterator[None]:
    """Reports what its block finds, and goes on after it."""
    try:
        yield
    except SfcError as error:
        for diagnostic in error.diagnostics:
            reporter.report(diagnostic)


def _each(
    table: Table, names: Collection[str], check: Callable[[Table], Figure], reporter: Reporter
) -> dict[str, Figure]:
    """Returns the figures of a table, whose names must be among some."""
    found = {}
    with _collected(reporter):
        table.check_known(names)
    for name in table.content:
        if name in names:
            with _collected(reporter):
                found[name] = check(table.table(name))
    return found


def _check_limits(table: Table, limits: Mapping[str, Figure]) -> None:
    """Refuses limits that lack others, or cannot be true together."""
    values = {name: figure.value for name, figure in limits.items() if figure.value is not None}
    for name in schema.REQUIRED:
        if name not in values:
            table.lacks(name, f"every chip has this limit: add [limits.{name}]")
    for name, needed in schema.NEEDS.items():
        for other in needed:
            if name in values and other not in values:
                table.lacks(other, f"`{name}` means nothing without it: add [limits.{other}]")
    columns, rows = values["mesh"]
    places = columns * rows * values["cores_per_tile"]
    if places < values["cores"]:
        message = (
            f"{values['cores']:,} cores do not fit {columns} x {rows} tiles "
            f"of {values['cores_per_tile']}, which hold {places:,}"
        )
        _contradiction(table, "mesh", message, "give more tiles, or fewer `cores`")
    if "synapse_words" not in values:
        return
    bits = (values["compartments"] - 1).bit_length()
    if values["index_bits"][-1] < bits:
        message = f"no `index_bits` cover {values['compartments']:,} compartments"
        _contradiction(table, "index_bits", message, f"add {bits} or more")
    if schema.PLASTIC_BITS not in values["weight_bits"]:
        message = f"`weight_bits` lack {schema.PLASTIC_BITS}, which plastic weights have"
        _contradiction(table, "weight_bits", message, f"add {schema.PLASTIC_BITS}")


def _contradiction(table: Table, name: str, message: str, help: str) -> None:
    span = table.document.span(*table.path, name, "value")
    fail("E1006", f"{message} ({table}, `{name}`)", span, help=help)
