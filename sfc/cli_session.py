"""A run on the terminal: progress bars, Ctrl-C, tables, files."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from sfc.cli_common import console, progress_bar, show_diagnostics
from sfc.diagnostics import Diagnostic

if TYPE_CHECKING:
    from sfc.report.learning import Reference
    from sfc.sim.datasets import Dataset
    from sfc.sim.simulator import Simulator
    from sfc.sim.stretch import Overflow
    from sfc.sim.training import Evaluation, Training
    from sfc.sim.watch import Watch

_RECENT = 20
"""Chunks of samples that the accuracy in the progress bar is averaged over."""


@dataclass
class Session:
    """Runs with progress shown, and reports at the end.

    Attributes:
        plot: folder for pictures.
        json_file: for the outcome; "-" prints it, and everything else goes to standard error.
        probes: populations recorded beside the circuit's own probes.
        check: sees all samples, those of tests included.
        references: lines in the figure of a training.
        overflowed: whether a current or membrane left its 24 bits.
        stopped: whether Ctrl-C asked for a stop; a second one interrupts at once.
        evaluation: the last one on the test set.
    """

    simulator: Simulator
    plot: Path | None
    json_file: Path | None
    probes: list[str]
    check: Watch | None = None
    references: Sequence[Reference] = ()
    overflowed: bool = False
    stopped: bool = False
    evaluation: Evaluation | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def counts(self) -> bool:
        """Whether the spikes of a training are counted."""
        return self.json_file is not None

    def say(self, text: Any) -> None:
        """Prints text or a table; a reader that went away does not end the run."""
        try:
            console(stderr=str(self.json_file) == "-").print(text)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def train(
        self, training: Training, epochs: int, test_limit: int, learn: bool, save: Path | None
    ) -> None:
        """Trains, with a test pass after every epoch."""
        from sfc.cli_tables import confusion_table
        from sfc.report.gallery import gallery
        from sfc.report.learning import summary
        from sfc.report.run import training_data

        if training.epoch >= epochs > 0:
            self.say(f"All {_count(epochs, 'epoch')} done; raise --epochs to go on.")
        with self._listening():
            if training.epoch >= epochs or (
                training.epoch and training.epoch not in training.tests
            ):
                self._test(training, test_limit)
            while training.epoch < epochs and not self.stopped:
                self._train_epoch(training, epochs, learn)
                if training.sample == 0 and not self.stopped:
                    self._test(training, test_limit)
        if self.stopped:
            spot = f"epoch {training.epoch + 1}, sample {training.sample:,} of {training.samples:,}"
            self.say(f"Stopped before {spot}.")
        self._save(save, training.notes())
        data = training_data(training, self.evaluation)
        self._write(data, lambda: gallery(self.simulator, training, self.references))
        if self.evaluation is not None:
            self.say(confusion_table(self.evaluation))
        reached = summary(training.tests)
        if reached is not None and len(training.tests) > 1:
            self.say(str(reached))
        self._warn(training.overflow)
        seen = training.epoch * training.samples + training.sample
        self._finish(f"{_count(seen, 'training sample')} seen")

    def _train_epoch(self, training: Training, epochs: int, learn: bool) -> None:
        epoch = training.epoch + 1
        with progress_bar(f"epoch {epoch}/{epochs}", training.samples) as advance:
            for progress in training.run(epoch, learn, self.check, self.counts):
                advance(progress.sample, _accuracies(training.recent(_RECENT)))
                if self.stopped and progress.sample < progress.samples:
                    return

    def _test(self, training: Training, limit: int) -> None:
        from sfc.sim.training import evaluate, limited

        samples = limited(len(training.dataset.test_labels), limit)
        evaluation = None
        with progress_bar("test", samples) as advance:
            passes = evaluate(self.simulator, training.dataset, limit, self.check, self.counts)
            for evaluation in passes:
                advance(evaluation.score.samples, _accuracies(evaluation.score))
                if self.stopped and evaluation.score.samples < samples:
                    return
        if evaluation is None:
            return
        self.evaluation = evaluation
        training.tests[training.epoch] = evaluation.score
        learned = ""
        if training.epochs:
            learned = f"while learning {_accuracies(training.epochs[-1])}; "
        self.say(f"epoch {training.epoch}: {learned}test {_accuracies(evaluation.score)}")

    def watch(
        self,
        dataset: Dataset | None,
        unit: str,
        length: int,
        patterns: list[str],
        learn: bool,
        save: Path | None,
    ) -> None:
        """Runs without scoring and counts spikes.

        Args:
            dataset: whose training samples are presented in order.
            unit: "frames" or "steps".
            length: how many.
            patterns: presented in turn, see `sfc.sim.stimulus.patterns`.
            learn: whether plastic weights change.
            save: where the state goes.
        """
        from sfc.cli_tables import activity_table, event_table
        from sfc.report.gallery import activity_gallery
        from sfc.report.run import activity_data
        from sfc.sim.activity import run_activity

        simulator = self.simulator
        inputs = self._inputs(dataset, length, patterns)
        if missing := [name for name in simulator.circuit.inputs if name not in inputs]:
            self.say(f"Nothing is presented to {', '.join(missing)}.")
        probes = list(simulator.circuit.populations) if self.plot else []
        activity = None
        with self._listening(), progress_bar(unit, length) as advance:
            run = run_activity(
                simulator, unit, length, inputs, learn, self.probes, probes, self.check
            )
            for activity in run:
                advance(activity.done, "")
                if self.stopped:
                    break
        done = activity.done if activity else 0
        if self.stopped:
            rest = f"--{unit} {length - done} remain"
            self.say(f"Stopped after {done:,} of {length:,} {unit}; {rest}.")
        self._save(save, {})
        data = activity_data(activity) if activity else {}
        self._write(data, lambda: activity_gallery(simulator, activity))
        if activity is not None:
            self.say(activity_table(simulator.circuit, activity))
            if activity.events:
                self.say(event_table(activity))
            for overflow in activity.overflows.values():
                self._warn(overflow)
        self._finish(_count(done, unit.removesuffix("s")))

    def _inputs(self, dataset: Dataset | None, length: int, patterns: list[str]) -> dict[str, Any]:
        from sfc.sim import stimulus
        from sfc.sim.training import bind

        simulator = self.simulator
        inputs: dict[str, Any] = {}
        if dataset is not None:
            binding = bind(simulator.circuit, dataset)
            inputs = binding.inputs(dataset.train_images[:length], dataset.train_labels[:length])
        return inputs | stimulus.patterns(simulator.circuit, patterns)

    def _save(self, path: Path | None, notes: dict[str, Any]) -> None:
        if path is None and not self.stopped:
            return
        path = path or Path(f"{self.simulator.circuit.name}.state.npz")
        self.simulator.save(path, notes)
        self.say(f"State saved to {path}")
        if self.stopped:
            self.say(f"To go on, repeat the command with --resume {path}")

    def _write(self, data: dict[str, Any], pictures: Callable[[], dict[str, bytes]]) -> None:
        """Writes JSON and pictures, before tables that may not find a reader."""
        from sfc.files import write_file
        from sfc.report.run import check_data, run_data

        data = run_data(self.simulator, time.monotonic() - self.started) | data
        if self.check is not None:
            data["check"] = check_data(self.check)
        text = json.dumps(data, indent=1) + "\n"
        if str(self.json_file) == "-":
            sys.stdout.write(text)
        elif self.json_file is not None:
            write_file(self.json_file, text.encode())
        if self.plot is not None:
            drawn = pictures()
            for name, picture in drawn.items():
                write_file(self.plot / name, picture)
            self.say(f"Pictures in {self.plot}: {', '.join(drawn)}")

    def _warn(self, overflow: Overflow | None) -> None:
        if overflow is not None:
            self.overflowed = True
            show_diagnostics([Diagnostic("W0701", str(overflow), severity="warning")])

    def _finish(self, what: str) -> None:
        if self.check is not None:
            self._report(self.check)
        self.say(f"{what}, {time.monotonic() - self.started:.1f} s. {_engine(self.simulator)}")

    def _report(self, check: Watch) -> None:
        found = [Diagnostic("W0702", str(v), severity="warning") for v in check.violations]
        show_diagnostics(found)
        if not self.is_broken:
            extent = f"{_count(len(check.cells), 'cell')}, {_count(check.samples, check.unit)}"
            self.say(f"Nothing that was watched happened: {extent}.")

    @property
    def is_broken(self) -> bool:
        """Whether what is watched happened, or something overflowed that is asserted not to."""
        if self.check is None:
            return False
        properties = self.simulator.circuit.properties
        is_asserted = any(prop.kind == "no_overflow" for prop in properties)
        return bool(self.check.violations) or (self.overflowed and is_asserted)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        before = signal.signal(signal.SIGINT, self._handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self.stopped:
            raise KeyboardInterrupt
        self.stopped = True


def _engine(simulator: Simulator) -> str:
    """Says which engine ran, and why."""
    why = f", as {simulator.engine_reason}" if simulator.engine_reason else ""
    share = f": {simulator.fallbacks}" if simulator.fallbacks is not None else ""
    return f"Engine {simulator.engine}{why}{share}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _accuracies(score: Any) -> str:
    spikes, membrane = score.accuracy_by_spikes, score.accuracy_by_membrane
    return f"{100 * spikes:.1f} % by spikes, {100 * membrane:.1f} % by membrane"
