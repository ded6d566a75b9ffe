"""The `sweep` command."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sfc.cli_common import (
    Engine,
    Level,
    alternatives,
    console,
    grey_levels,
    progress_bar,
    show_diagnostics,
)
from sfc.diagnostics import Diagnostic
from sfc.files import check_writable, write_file
from sfc.sim import DEFAULT_ENGINE

if TYPE_CHECKING:
    from sfc.sweeps.plan import Plan
    from sfc.sweeps.rows import Row, Table
    from sfc.sweeps.sweep import Sweep

HELP = """Train and test a circuit once for every seed and every value of its parameters.

\b
Examples:
  sfc sweep backprop --data mnist20 --seeds 8 --epochs 10 -o results.csv
  sfc sweep backprop --data mnist20 --seeds 4 -D n_hid=200,400,800 --plot plots
  sfc sweep deep_backprop --data mnist20 -D 'sizes=[400,100,10],[400,200,10]'
  sfc sweep backprop --data mnist20 --seeds 3,5,9 --jobs 2
  sfc sweep backprop --data mnist20 --seeds 64 --scheduler tcp://192.168.0.7:8786

Every run is what `sfc run` does with the same options, and a row of a CSV file, written as soon as
the run ends. Repeating a command goes on where it was stopped; failed runs are tried again. The
exit code is 1 if a run failed. Columns are described in docs/sweeps.md.
"""


def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="circuit file, or a shipped one")],
    data: Annotated[
        str,
        typer.Option(metavar="NAME|PATH", help="mnist20, fashion28, npz, or a folder of IDX"),
    ],
    seeds: Annotated[
        str, typer.Option(metavar="N|LIST", help="8 for seeds 0 to 7; or 3,5,9; 5, is one seed")
    ] = "1",
    defines: Annotated[
        list[str],
        typer.Option(
            "-D",
            metavar="NAME=VALUES",
            help="values of a `param`, n=1,2 or n=[3,4],[5]; repeat it",
        ),
    ] = [],  # noqa: B006
    epochs: Annotated[int, typer.Option(min=0, help="passes over the training set")] = 1,
    limit: Annotated[int, typer.Option(min=0, help="training samples per epoch; 0: all")] = 0,
    test_limit: Annotated[int, typer.Option(min=0, help="test samples; 0: all")] = 0,
    output: Annotated[
        Path | None, typer.Option("-o", metavar="FILE", help="default: CIRCUIT.sweep.csv")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="processes; default: one a processor")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="a Dask scheduler, whose workers are used")
    ] = None,
    engine: Engine = DEFAULT_ENGINE,
    level: Level = 0,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="write all rows; - prints them")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="DIR", help="write a picture as PNG and SVG")
    ] = None,
    shuffle: Annotated[bool, typer.Option(help="shuffle samples in every epoch")] = True,
    levels: Annotated[
        str | None,
        typer.Option(metavar="T,T,…", help="grey values, each from which a plane of pixels is on"),
    ] = None,
    threshold: Annotated[
        int | None, typer.Option(help="the same as one level; 129 if none is given")
    ] = None,
    crop: Annotated[int, typer.Option(min=0, help="pixels cut from each side of images")] = 0,
) -> None:
    """Carries out a sweep."""
    from sfc.sweeps.plan import Options, make_plan
    from sfc.sweeps.rows import Table
    from sfc.sweeps.sweep import finished

    started = time.monotonic()
    if jobs is not None and scheduler is not None:
        raise typer.BadParameter("--jobs is for this machine; with --scheduler its workers decide")
    if levels is not None and threshold is not None:
        raise typer.BadParameter("--threshold T is --levels T; give one of them")
    chosen_levels = grey_levels(levels)
    values, chosen = alternatives(defines), _seeds(seeds)
    path = output or Path(f"{file.stem}.sweep.csv")
    for written in (path, json_file, plot / "sweep.png" if plot else None):
        if written is not None and str(written) != "-":
            check_writable(written, file)
    options = Options(
        data=data,
        levels=None if chosen_levels is None else tuple(chosen_levels),
        threshold=threshold,
        crop=crop,
        epochs=epochs,
        limit=limit,
        test_limit=test_limit,
        shuffle=shuffle,
        level=level,
        engine=engine,
    )
    say = console(stderr=str(json_file) == "-").print
    table = None
    try:
        plan = make_plan(file, values, chosen, options)
        show_diagnostics(list(plan.warnings))
        table = Table(plan, path)
        _run(plan, table, jobs, scheduler, say)
    except KeyboardInterrupt:
        say(_stopped(table, path))
        raise typer.Exit(130) from None
    found = finished(plan, table, time.monotonic() - started)
    _report(found, path, json_file, plot, say)
    if any(row.error for row in found.rows):
        raise typer.Exit(1)


def _run(
    plan: Plan,
    table: Table,
    jobs: int | None,
    scheduler: str | None,
    say: Callable[[Any], None],
) -> None:
    from sfc.sweeps.sweep import carry_out

    total = len(plan.runs)
    done = total - len(table.waiting)
    if done:
        say(f"{done:,} of {total:,} rows are in {table.path} already.")
    known = {run.key: run.combination.errors for run in plan.runs}
    varied = [name for name, several in plan.values.items() if len(several) > 1]
    reported: set[str] = set()
    with (
        progress_bar("runs", total) as advance,
        closing(carry_out(plan, table, jobs, scheduler, say)) as rows,
    ):
        advance(done, "")
        for row in rows:
            done += 1
            advance(done, _words(row, varied))
            if row.error and row.error not in reported:
                reported.add(row.error)
                _report_failure(row, known[row.key])


def _report_failure(row: Row, known: Sequence[Diagnostic]) -> None:
    """Shows why a run failed, with places in the circuit's text where they are known."""
    code, _, message = row.error.partition(": ")
    print(f"{_name(row, list(row.parameters))} failed:", file=sys.stderr)
    show_diagnostics(list(known) or [Diagnostic(code, message)])


def _words(row: Row, varied: Sequence[str]) -> str:
    name = _name(row, varied)
    if row.test_by_spikes is None or row.test_by_membrane is None:
        return f"{name} failed"
    spikes, membrane = 100 * row.test_by_spikes, 100 * row.test_by_membrane
    return f"{name}: {spikes:.1f} % spikes, {membrane:.1f} % membrane"


def _name(row: Row, parameters: Sequence[str]) -> str:
    from sfc.sweeps.rows import cell

    named = [f"{name} {cell(row.parameters[name])}" for name in parameters]
    return ", ".join([*named, f"seed {row.seed}"])


def _stopped(table: Table | None, path: Path) -> str:
    if table is None:
        return "Stopped before the first run."
    waiting, total = len(table.waiting), len(table.rows)
    return (
        f"Stopped: {waiting:,} rows remain, {total:,} are in {path}. Repeat the command to go on."
    )


def _report(
    found: Sweep,
    path: Path,
    json_file: Path | None,
    plot: Path | None,
    say: Callable[[Any], None],
) -> None:
    """Writes what was asked for, and then a table, which may not find a reader."""
    from sfc.cli_sweep_table import sweep_table

    text = json.dumps(found.record(), indent=1) + "\n"
    if str(json_file) == "-":
        sys.stdout.write(text)
    elif json_file is not None:
        write_file(json_file, text.encode())
    if plot is not None and (drawn := found.draw(plot)):
        say(f"Pictures in {plot}: {', '.join(picture.name for picture in drawn)}")
    say(sweep_table(found))
    failed = sum(bool(row.error) for row in found.rows)
    runs = f"{len(found.rows):,} run{'' if len(found.rows) == 1 else 's'}"
    failures = f", {failed:,} failed" if failed else ""
    say(f"{runs}{failures}, {found.seconds:.1f} s; rows in {path}")


def _seeds(text: str) -> range | list[int]:
    """Returns the seeds of `--seeds`: a number of them, or a list with a comma."""
    try:
        if "," not in text:
            return range(int(text))
        return [int(part) for part in text.removesuffix(",").split(",")]
    except ValueError:
        message = f"--seeds takes a number, or a list such as 3,5,9; found {text!r}"
        raise typer.BadParameter(message) from None
