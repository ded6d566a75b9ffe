"""The rows of a sweep, and the CSV file that keeps them."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from sfc.diagnostics import fail, nearest, printable, shortened
from sfc.files import write_file
from sfc.ir.circuit import Parameter
from sfc.sweeps.plan import Plan, Run

_MOST_BYTES = 64 * 2**20
_LAST = 10
"""Epochs at the end that a mean is taken over."""


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one run; accuracies are fractions, and None where the run failed.

    Attributes:
        samples: training samples of an epoch.
        test_by_spikes, test_by_membrane: accuracy in the test after the last epoch.
        best_by_spikes, best_by_membrane: the best of all tests, each readout's own.
        last_ten_by_spikes, last_ten_by_membrane: mean over the last ten tests, or as many as
            there are.
        training_by_spikes, training_by_membrane: accuracy while learning in the last epoch; None
            without training.
        seconds: that the run took where it ran.
        key: identifies the run, see `sfc.sweeps.plan.Run`.
        error: why it failed; empty if it did not.
    """

    parameters: Mapping[str, Parameter]
    seed: int
    engine: str
    samples: int | None = None
    epochs: int | None = None
    test_by_spikes: float | None = None
    test_by_membrane: float | None = None
    best_by_spikes: float | None = None
    best_by_membrane: float | None = None
    last_ten_by_spikes: float | None = None
    last_ten_by_membrane: float | None = None
    training_by_spikes: float | None = None
    training_by_membrane: float | None = None
    seconds: float | None = None
    key: str = ""
    error: str = ""

    def record(self) -> dict[str, Any]:
        """Returns the row as JSON data."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {"parameters": dict(self.parameters)}


_FIELDS = tuple(field.name for field in fields(Row) if field.name != "parameters")
_COUNTS = ("samples", "epochs")
_MEASURES = tuple(name for name in _FIELDS if "_by_" in name or name == "seconds")


def row_of(run: Run, engine: str, outcome: Mapping[str, Any]) -> Row:
    """Returns the row of a run from what `sfc.sweeps.work.execute` says of it."""
    parameters, seed, key = run.combination.parameters, run.seed, run.key
    if errors := outcome.get("errors"):
        return Row(parameters, seed, engine, key=key, error=_sentence(errors))
    measures: dict[str, Any] = {"seconds": outcome["seconds"]}
    training = outcome["training"]
    for place, readout in enumerate(("by_spikes", "by_membrane")):
        tests = [test[place] for test in outcome["tests"]]
        last = tests[-_LAST:]
        measures[f"test_{readout}"] = tests[-1]
        measures[f"best_{readout}"] = max(tests)
        measures[f"last_ten_{readout}"] = round(sum(last) / len(last), 6)
        measures[f"training_{readout}"] = training[-1][place] if training else None
    samples, epochs = outcome["samples"], len(training)
    return Row(parameters, seed, engine, samples, epochs, key=key, **measures)


def _sentence(errors: Sequence[tuple[str, str, str]]) -> str:
    """Returns the first error in a line."""
    code, message, _ = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return " ".join(printable(f"{code}: {message}{more}").split())


class Table:
    """The rows of a plan that are known, in its order; a file is replaced with every row put.

    Attributes:
        path: of the CSV file; None for a table in memory.
        rows: by the index of their run.
    """

    def __init__(self, plan: Plan, path: Path | None) -> None:
        """Takes the rows of an earlier, interrupted sweep from the file, if there is one.

        Raises:
            SfcError: E0803, the file holds something else than rows of this sweep.
        """
        self.path = path
        self.rows: dict[int, Row] = {}
        self._plan = plan
        self._columns = (*_parameter_columns(plan), *_FIELDS)
        self._stamp = _stamp(path) if path is not None else None
        if path is not None and self._stamp is not None:
            self._take(path)

    @property
    def waiting(self) -> list[int]:
        """Indices of the runs that have no row yet, or one of a failure."""
        known = self.rows
        return [i for i in range(len(self._plan.runs)) if i not in known or known[i].error]

    def put(self, rows: Mapping[int, Row]) -> None:
        """Adds rows.

        Raises:
            SfcError: E0802, the file cannot be written; E0803, something else changed it.
        """
        self.rows.update(rows)
        if self.path is None:
            return
        if _stamp(self.path) not in (self._stamp, None):
            message = f"{self.path} was changed while the sweep ran, and is left as it is now"
            fail("E0803", message, help="repeat the command; one sweep at a time writes to a file")
        write_file(self.path, self._text().encode())
        self._stamp = _stamp(self.path)

    def _text(self) -> str:
        written = io.StringIO()
        writer = csv.writer(written, lineterminator="\n")
        writer.writerow(self._columns)
        for _, row in sorted(self.rows.items()):
            writer.writerow(
                [*_names(row.parameters, row.seed)[:-1], *(cell(getattr(row, f)) for f in _FIELDS)]
            )
        return written.getvalue()

    def _take(self, path: Path) -> None:
        lines = _lines(path)
        header = tuple(next(lines, ()))
        if header and header != self._columns:
            self._refuse_columns(path, header)
        n_parameters = len(self._columns) - len(_FIELDS)
        places = {
            _names(run.combination.parameters, run.seed): index
            for index, run in enumerate(self._plan.runs)
        }
        for number, cells in enumerate(lines, start=2):
            index = places.get(tuple(cells[: n_parameters + 1]))
            if index is None or len(cells) != len(self._columns):
                about = dict(zip(self._columns, cells[: n_parameters + 1], strict=False))
                shown = shortened(", ".join(f"{key} {value}" for key, value in about.items()))
                message = f"line {number} of {path} is no row of this sweep: {shown}"
                fail("E0803", message, help=_OTHER)
            if index in self.rows:
                fail("E0803", f"line {number} of {path} repeats a row", help=_OTHER)
            self.rows[index] = self._row(path, number, index, cells[n_parameters:])

    def _row(self, path: Path, number: int, index: int, cells: Sequence[str]) -> Row:
        run = self._plan.runs[index]
        found: dict[str, Any] = dict(zip(_FIELDS, cells, strict=True))
        if not found["error"] and found["key"] != run.key:
            message = f"line {number} of {path} is of another circuit, other data or other options"
            fail("E0803", message, help=_OTHER)
        try:
            for name in _COUNTS:
                found[name] = int(found[name]) if found[name] else None
            for name in _MEASURES:
                found[name] = float(found[name]) if found[name] else None
            if not found["error"] and None in (found["test_by_spikes"], found["test_by_membrane"]):
                raise ValueError
        except ValueError:
            fail("E0803", f"line {number} of {path} holds what is no number", help=_OTHER)
        return Row(run.combination.parameters, **found | {"seed": run.seed})

    def _refuse_columns(self, path: Path, header: Sequence[str]) -> None:
        expected = ", ".join(self._columns[: len(self._columns) - len(_FIELDS) + 2])
        found = shortened(", ".join(header[:8])) or "none"
        foreign = next((name for name in header if name not in self._columns), "")
        help = nearest(foreign, self._columns) or _OTHER
        message = f"{path} has other columns than this sweep: expected {expected}, …, found {found}"
        fail("E0803", message, help=help)


_OTHER = "give another file with -o; nothing was overwritten"


def _parameter_columns(plan: Plan) -> list[str]:
    """Returns the parameters' names, changed where a column of every sweep is called so."""
    columns: list[str] = []
    for name in plan.values:
        while name in (*_FIELDS, *columns):
            name += "_"
        columns.append(name)
    return columns


def _names(parameters: Mapping[str, Parameter], seed: int) -> tuple[str, ...]:
    """Returns the cells that tell rows of a sweep apart."""
    return (*map(cell, parameters.values()), str(seed))


def cell(value: object) -> str:
    """Returns a value as the file has it; a parameter's is as it is written after `-D`."""
    if value is None:
        return ""
    return str(list(value)) if isinstance(value, tuple) else str(value)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Returns what changes when a file does; None if there is none.

    Raises:
        SfcError: E0802, there is something else than a file.
    """
    try:
        if path.exists() and not path.is_file():
            fail("E0802", f"{path} is no file that rows could be kept in")
        found = os.stat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        fail("E0802", f"cannot write {path}: {error.strerror or error}")
    return found.st_mtime_ns, found.st_size, found.st_ino


def _lines(path: Path) -> Iterator[list[str]]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            fail("E0803", f"{path} is larger than any sweep's results", help=_OTHER)
        yield from csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline=""), strict=True)
    except (OSError, UnicodeError, csv.Error) as error:
        fail("E0803", f"{path} cannot be read as the CSV of a sweep: {error}", help=_OTHER)
