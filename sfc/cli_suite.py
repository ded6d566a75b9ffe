"""Tests on the terminal: what becomes of each, failures in full, progress, Ctrl-C."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfc.cli_common import console, highlighted
from sfc.diagnostics import Diagnostic
from sfc.files import write_file

if TYPE_CHECKING:
    from rich.progress import Progress

    from sfc.ir.circuit import Circuit
    from sfc.ir.testbench import Testbench
    from sfc.sim.outcome import Outcome

_PATIENCE = 0.5
"""Seconds after which the progress of a test is shown."""


@dataclass(slots=True)
class Suite:
    """The tests of a file.

    Attributes:
        circuit: None if the file has mistakes, which are in `errors`.
        tests: those that are to be run.
        deselected: titles of the others.
        outcomes: of the tests that were run.
    """

    file: Path
    circuit: Circuit | None = None
    tests: list[Testbench] = field(default_factory=list)
    deselected: list[str] = field(default_factory=list)
    errors: tuple[Diagnostic, ...] = ()
    outcomes: list[Outcome] = field(default_factory=list)


class Session:
    """Runs tests with what becomes of them shown.

    Attributes:
        interrupted: whether Ctrl-C ended it.
    """

    def __init__(self, suites: list[Suite], engine: str, to_stderr: bool) -> None:
        """Has run nothing yet; `to_stderr` keeps standard output free for JSON."""
        self.suites = suites
        self.engine = engine
        self.interrupted = False
        self._screen = console(stderr=to_stderr)
        self._started = time.perf_counter()

    def say(self, *parts: tuple[str, str] | str) -> None:
        """Prints a line of parts, each with a style or without."""
        from rich.text import Text

        self._screen.print(Text.assemble(*parts))

    def run(self, stop: bool) -> None:
        """Runs the tests file by file, and shows in full those that failed."""
        bench = None
        try:
            for suite in self.suites:
                if stop and (self.count(False) or any(suite.errors for suite in self.suites)):
                    break
                if suite.circuit is not None:
                    note = "  none selected" if suite.deselected else "  no tests"
                    self.say(str(suite.file), "" if suite.tests else (note, "yellow"))
                for bench in suite.tests:
                    if not (stop and self.count(False)):
                        self._run_one(suite, bench)
        except KeyboardInterrupt:
            self.interrupted = True
            self.say(("INTERRUPTED", "bold red"), f"  {bench.title}" if bench else "")
        for suite in self.suites:
            for outcome in suite.outcomes:
                if outcome.failure is not None:
                    self._show_failure(suite, outcome)

    def _run_one(self, suite: Suite, bench: Testbench) -> None:
        from sfc.sim.testbench import run_test

        assert suite.circuit is not None
        bar = _Bar(bench)
        try:
            outcome = run_test(suite.circuit, bench, self.engine, bar.advance)
        finally:
            bar.stop()
        suite.outcomes.append(outcome)
        verdict = ("PASSED", "green") if outcome.passed else ("FAILED", "bold red")
        note = ("  expects nothing", "yellow") if outcome.expects_nothing else ""
        self.say("  ", verdict, f"  {bench.title}", note)

    def _show_failure(self, suite: Suite, outcome: Outcome) -> None:
        self.say((f"\n{suite.file}: {outcome.test.title}", "bold"))
        assert outcome.failure is not None
        for diagnostic in outcome.failure.diagnostics:
            self._screen.print(highlighted(diagnostic))
        for line in outcome.failure.details:
            self.say(f"  {line}")

    def write_trace(self, path: Path) -> None:
        """Writes the waveform of the one test that is selected, as VCD and as arrays."""
        from sfc.report.waveform import vcd_bytes, waveform_npz
        from sfc.sim.trace import trace

        suite = next(suite for suite in self.suites if suite.tests)
        assert suite.circuit is not None
        recorded = trace(suite.circuit, suite.tests[0])
        arrays = path.with_suffix(".npz")
        write_file(path, vcd_bytes(recorded))
        write_file(arrays, waveform_npz(recorded))
        self.say(f"\nWaveform of {recorded.steps:,} steps in {path}, its arrays in {arrays}")

    def count(self, passed: bool) -> int:
        """Returns how many tests passed, or failed."""
        outcomes = [outcome for suite in self.suites for outcome in suite.outcomes]
        return sum(outcome.passed == passed for outcome in outcomes)

    def counts(self) -> dict[str, int]:
        """Returns how many tests passed, failed and so on, and how many files have mistakes."""
        run = sum(len(suite.outcomes) for suite in self.suites)
        return {
            "passed": self.count(True),
            "failed": self.count(False),
            "not_run": sum(len(suite.tests) for suite in self.suites) - run,
            "deselected": sum(len(suite.deselected) for suite in self.suites),
            "files_with_mistakes": sum(bool(suite.errors) for suite in self.suites),
        }

    def summarise(self) -> None:
        """Prints a line with the numbers of tests and the time that they took."""
        counts = self.counts()
        words = [f"{counts['passed']} passed"]
        words += [
            f"{counts[key]} {key.replace('_', ' ')}"
            for key in ("failed", "not_run", "deselected")
            if counts[key]
        ]
        if broken := counts["files_with_mistakes"]:
            words.append(f"{broken} file{'s' if broken > 1 else ''} with mistakes")
        good = not (counts["failed"] or broken or self.interrupted)
        seconds = time.perf_counter() - self._started
        self.say((f"\n{', '.join(words)} in {seconds:.2f} s", "green" if good else "bold red"))

    def data(self) -> dict[str, Any]:
        """Returns everything as JSON data."""
        from sfc.report.outcomes import FORMAT, diagnostic_data, outcome_data

        files = []
        for suite in self.suites:
            data = outcome_data(suite.circuit, suite.outcomes) if suite.circuit else {}
            errors = [diagnostic_data(diagnostic) for diagnostic in suite.errors]
            files.append({"file": str(suite.file), "diagnostics": errors, **data})
        return {
            "format": FORMAT,
            "engine": self.engine,
            "interrupted": self.interrupted,
            **self.counts(),
            "seconds": round(time.perf_counter() - self._started, 3),
            "files": files,
        }


class _Bar:
    """Progress of a test on a terminal, shown once it takes a while."""

    def __init__(self, bench: Testbench) -> None:
        """Shows nothing yet."""
        self._bench = bench
        self._started = time.perf_counter()
        self._progress: Progress | None = None

    def advance(self, done: int) -> None:
        """Shows that so many frames or steps are done."""
        if self._progress is None and time.perf_counter() - self._started > _PATIENCE:
            self._progress = self._shown()
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], completed=done)

    def _shown(self) -> Progress:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
        )
        screen = console(stderr=True)
        progress = Progress(
            *columns, console=screen, transient=True, disable=not screen.is_terminal
        )
        progress.add_task(self._bench.title, total=self._bench.length)
        progress.start()
        return progress

    def stop(self) -> None:
        """Removes what is shown."""
        if self._progress is not None:
            self._progress.stop()
