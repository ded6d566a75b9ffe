"""Where runs happen: processes of this machine, or the workers of a Dask scheduler.

Both are a `concurrent.futures.Executor`, which is all that the rest knows of them.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from sfc.diagnostics import fail

_IN_FLIGHT = 1000
"""Runs that a scheduler is given at once."""

_TIMEOUT = 10
"""Seconds that a scheduler has for its first answer."""

_PACKAGE = "sfc-compiler"

_ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA")
}


@dataclass(frozen=True, slots=True)
class Pool:
    """An executor, and what has to be known to use it.

    Attributes:
        most: calls that it is given at once.
        lost: what a call raises if its worker is gone.
        help: what to do then.
        note: what the user should know now.
    """

    executor: Executor
    most: int
    lost: tuple[type[Exception], ...]
    help: str
    note: str = ""


@contextmanager
def opened(
    jobs: int | None = None, scheduler: str | None = None, calls: int = _IN_FLIGHT
) -> Iterator[Pool]:
    """Holds workers for the length of a block; on leaving it, unfinished calls are given up.

    Args:
        jobs: processes on this machine; None for one a processor.
        scheduler: the address of a Dask scheduler, whose workers are used instead.
        calls: that are to be made; no more processes than that are started.

    Raises:
        SfcError: E0712, the scheduler cannot be reached or Dask is not installed.
    """
    chosen = _processes(jobs, calls) if scheduler is None else _dask(scheduler)
    with chosen as pool:
        yield pool


def _processors() -> int:
    """Returns how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _processes(jobs: int | None, calls: int) -> Iterator[Pool]:
    if jobs is not None and jobs < 1:
        fail("E0302", f"a sweep takes 1 job or more, found {jobs}")
    jobs = min(jobs or _processors(), calls)
    context = get_context("spawn")
    ending, ours = context.Pipe(duplex=False)
    executor = _Processes(jobs, context, _attend, (ending,))
    help = (
        "it may have run out of memory: give fewer --jobs; a script that calls sfc.sweep does so "
        'below `if __name__ == "__main__":`'
    )
    with _environment(_ONE_THREAD):
        try:
            yield Pool(executor, 2 * jobs, (BrokenProcessPool,), help)
        finally:
            ours.close()
            executor.shutdown(wait=True, cancel_futures=True)
            ending.close()


class _Processes(ProcessPoolExecutor):
    """A pool whose processes hear nothing of Ctrl-C, not even while they start."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        with _interrupts_later():
            return super().submit(fn, *args, **kwargs)


def _attend(ending: Connection) -> None:
    """Prepares a worker: it ends at once when its parent closes the pipe, or is no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def wait() -> None:
        ending.poll(None)
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Keeps Ctrl-C from what this block does, and from processes that it starts, until its end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    noted = []
    before = signal.signal(signal.SIGINT, lambda *_: noted.append(True))
    mask = getattr(signal, "pthread_sigmask", None)
    blocked = mask(signal.SIG_BLOCK, {signal.SIGINT}) if mask else None
    try:
        yield
    finally:
        if mask:
            mask(signal.SIG_SETMASK, blocked)
        signal.signal(signal.SIGINT, before)
    if noted:
        signal.raise_signal(signal.SIGINT)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Sets variables that processes started in the block inherit."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _check_versions(here: str, versions: Mapping[str, str | Exception]) -> None:
    """Reports a worker that has no sfc, or another one: it would never answer, or otherwise."""
    for worker, there in versions.items():
        if there != here:
            found = f"has {_PACKAGE} {there}" if isinstance(there, str) else f"has no {_PACKAGE}"
            message = f"the worker at {worker} {found}; here it is {here}"
            fail("E0712", message, help="install the same version where the workers are")


@contextmanager
def _silent(logger: logging.Logger) -> Iterator[None]:
    """Keeps a logger from what is reported otherwise."""
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _dask(scheduler: str) -> Iterator[Pool]:
    try:
        from distributed import Client
        from distributed.comm import resolve_address
        from distributed.scheduler import KilledWorker

        here = version(_PACKAGE)
    except ImportError as error:
        message = f"a scheduler takes the packages distributed and {_PACKAGE}: {error}"
        fail("E0712", message, help='pip install "sfc-compiler[dask]"')
    try:
        # What is no address is found before there is a client of it, which could not be closed.
        if resolve_address(scheduler).startswith("inproc:"):
            raise ValueError("it is one within a process")
        client = Client(scheduler, timeout=_TIMEOUT, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = f"{error}".partition("\n")[0] or type(error).__name__
        fail(
            "E0712",
            f"no Dask scheduler answers at {scheduler!r}: {reason}",
            help="`dask scheduler` prints its address, such as tcp://192.168.0.7:8786",
        )
    with _silent(logging.getLogger("distributed.client")), client:
        versions = client.run(version, _PACKAGE, on_error="return")
        _check_versions(here, versions)
        note = "" if versions else f"{scheduler} has no workers yet; runs wait for them"
        help = "see the logs of the scheduler and of its workers"
        lost = (KilledWorker, CancelledError, OSError)
        executor = client.get_executor(pure=False)
        try:
            yield Pool(executor, _IN_FLIGHT, lost, help, note)
        finally:
            executor.shutdown(wait=False)
