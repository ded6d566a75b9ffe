"""Carrying a sweep out, and `sfc.sweep`."""

from __future__ import annotations

import operator
import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfc.diagnostics import fail
from sfc.files import check_writable, write_file
from sfc.ir.circuit import Circuit, Parameter
from sfc.sim import DEFAULT_ENGINE
from sfc.sweeps.plan import Options, Plan, make_plan
from sfc.sweeps.pools import Pool, opened
from sfc.sweeps.rows import Row, Table, row_of
from sfc.sweeps.summary import Group, groups, sweep_data
from sfc.sweeps.work import execute, plain


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep that was carried out.

    Attributes:
        plan: its runs.
        rows: one for each, in that order; a row with an `error` is that of a run that failed.
        seconds: that it took, those of earlier, interrupted calls not included.
    """

    plan: Plan
    rows: tuple[Row, ...]
    seconds: float

    @property
    def groups(self) -> list[Group]:
        """Mean, lowest and highest test accuracy over seeds, by combination of values."""
        return groups(self.rows)

    def record(self) -> dict[str, Any]:
        """Returns JSON data, as the command writes it."""
        return sweep_data(self.plan, self.rows, self.seconds)

    def draw(self, folder: str | Path) -> list[Path]:
        """Writes pictures, and returns their paths; none if no run came to an end."""
        from sfc.sweeps.pictures import pictures  # not before: Matplotlib takes a while to load

        paths = []
        for name, picture in pictures(self.plan, self.rows).items():
            paths.append(Path(folder) / name)
            write_file(paths[-1], picture)
        return paths


def sweep(
    circuit: str | Path | Circuit,
    parameters: Mapping[str, Parameter | Iterable[Parameter]] | None = None,
    *,
    data: str | Path,
    seeds: int | Iterable[int] = 1,
    epochs: int = 1,
    limit: int = 0,
    test_limit: int = 0,
    shuffle: bool = True,
    levels: Sequence[int] | None = None,
    threshold: int | None = None,
    crop: int = 0,
    level: int = 0,
    engine: str = DEFAULT_ENGINE,
    output: str | Path | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    each: Callable[[Row], None] | None = None,
) -> Sweep:
    """Trains and tests a circuit once for every combination of seed and parameter values.

        found = sfc.sweep("backprop", {"n_hid": [200, 400]}, data="mnist20", seeds=8, jobs=4)
        for group in found.groups:
            print(group.parameters, group.by_membrane)

    A script needs `if __name__ == "__main__":` around it, as always with processes.

    Args:
        circuit: a circuit file, the name of a shipped circuit, or a circuit.
        parameters: the values of each: a number or, for an array, a tuple is one value, a list
            gives several.
        data: see `sfc.load_data`; `levels`, `threshold` and `crop` likewise.
        seeds: of first weights and of the order of samples; 8 stands for 0 to 7.
        epochs: passes over the training set; a test follows each.
        limit: training samples of an epoch; 0 for all.
        test_limit: test samples; 0 for all.
        shuffle: whether samples are shuffled in every epoch.
        level: how far circuits are optimised, see `sfc.optimise`.
        engine: see `sfc.Simulator`.
        output: a CSV file that gets each row as soon as its run ends; rows of the same sweep that
            it holds are not run again.
        jobs: processes; one a processor if none are given.
        scheduler: the address of a Dask scheduler whose workers are used instead.
        each: is called with every row that is new.

    Raises:
        SfcError: nothing can be run as it was asked for, E0712 for workers that are lost, E0803
            for a file of another sweep. A run that fails has a row with an `error`.
    """
    started = time.monotonic()
    options = Options(
        data=_name_of_data(data),
        levels=None if levels is None else tuple(levels),
        threshold=threshold,
        crop=crop,
        epochs=epochs,
        limit=limit,
        test_limit=test_limit,
        shuffle=shuffle,
        level=level,
        engine=engine,
    )
    values = {name: _several(value) for name, value in (parameters or {}).items()}
    path = Path(output) if output is not None else None
    if path is not None:
        check_writable(path, None if isinstance(circuit, Circuit) else Path(circuit))
    plan = make_plan(circuit, values, _seeds(seeds), options)
    table = Table(plan, path)
    with closing(carry_out(plan, table, jobs, scheduler)) as rows:
        for row in rows:
            if each is not None:
                each(row)
    return finished(plan, table, time.monotonic() - started)


def carry_out(
    plan: Plan,
    table: Table,
    jobs: int | None = None,
    scheduler: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Generator[Row, None, None]:
    """Makes the runs that a table waits for, puts their rows into it, and yields them.

    Leaving it early, or an exception, gives up the runs under way.

    Args:
        plan: of the table.
        table: gets the rows.
        jobs, scheduler: see `sfc.sweeps.pools.opened`.
        say: is told what the user should know.

    Raises:
        SfcError: E0712, the workers are lost; E0802 or E0803, the table cannot be written.
    """
    failing = {i: plan.runs[i] for i in table.waiting if plan.runs[i].combination.errors}
    impossible = {
        index: row_of(run, plan.options.engine, {"errors": plain(run.combination.errors)})
        for index, run in failing.items()
    }
    waiting = deque(index for index in table.waiting if index not in failing)
    if impossible:
        table.put(impossible)
        yield from impossible.values()
    if not waiting:
        return
    with opened(jobs, scheduler, len(waiting)) as pool:
        if pool.note:
            say(pool.note)
        pending: dict[Future[dict[str, Any]], int] = {}
        while waiting or pending:
            while waiting and len(pending) < pool.most:
                index = waiting.popleft()
                with _lost_workers_reported(pool):
                    pending[pool.executor.submit(execute, plan.task(plan.runs[index]))] = index
            ended = wait(pending, return_when=FIRST_COMPLETED).done
            for future in sorted(ended, key=_is_lost):
                index = pending.pop(future)
                with _lost_workers_reported(pool):
                    row = row_of(plan.runs[index], plan.options.engine, future.result())
                table.put({index: row})
                yield row


def finished(plan: Plan, table: Table, seconds: float) -> Sweep:
    """Returns what a table holds that waits for nothing more but what failed."""
    return Sweep(plan, tuple(row for _, row in sorted(table.rows.items())), seconds)


def _is_lost(future: Future[dict[str, Any]]) -> bool:
    return future.cancelled() or future.exception() is not None


@contextmanager
def _lost_workers_reported(pool: Pool) -> Iterator[None]:
    try:
        yield
    except pool.lost as error:
        reason = str(error) or type(error).__name__
        message = f"the workers of this sweep are lost: {reason}"
        fail("E0712", message, help=f"{pool.help}; what is done is kept, repeat to go on")


def _several(value: Any) -> Iterable[Any]:
    """Returns the values that a parameter is given; a tuple is an array, and so one value."""
    return (value,) if isinstance(value, tuple) or not isinstance(value, Iterable) else value


def _seeds(seeds: Any) -> Iterable[int]:
    """Returns the seeds that a number of them, or several, stand for."""
    if isinstance(seeds, Iterable):
        return seeds
    try:
        return range(operator.index(seeds))
    except TypeError:
        fail("E0305", f"seeds is a number of them or a list, found {seeds!r}")


def _name_of_data(data: object) -> str:
    if isinstance(data, str | os.PathLike):
        return os.fspath(data)
    found = type(data).__name__
    fail("E0305", f"data is the name or the path of a dataset, found {found}")
