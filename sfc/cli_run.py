"""The `run` command: progress bars, Ctrl-C, tables."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sfc.cli import Defines, Seed, console, parameters, show_diagnostics
from sfc.diagnostics import Reporter, fail

if TYPE_CHECKING:
    from sfc.sim.activity import Activity
    from sfc.sim.datasets import Dataset
    from sfc.sim.simulator import Simulator
    from sfc.sim.training import Evaluation, Training

_RECENT = 20
"""Chunks of samples that the accuracy in the progress bar is averaged over."""


def run(
    file: Annotated[
        Path, typer.Argument(metavar="FILE|DIR", help="circuit file, shipped circuit, or bundle")
    ],
    data: Annotated[
        str | None,
        typer.Option(metavar="NAME|PATH", help="mnist20, fashion28, an npz, or a folder of IDX"),
    ] = None,
    epochs: Annotated[int, typer.Option(min=0, help="passes over the training set")] = 1,
    limit: Annotated[int, typer.Option(min=0, help="training samples per epoch; 0: all")] = 0,
    test_limit: Annotated[int, typer.Option(min=0, help="test samples; 0: all")] = 0,
    frames: Annotated[int | None, typer.Option(min=0, help="frames to run without data")] = None,
    steps: Annotated[int | None, typer.Option(min=0, help="steps to run without data")] = None,
    patterns: Annotated[
        list[str],
        typer.Option("--input", metavar="NAME=BITS", help="present 1010, or 1010,0110 in turn"),
    ] = [],  # noqa: B006
    engine: Annotated[str, typer.Option(help="simulation engine")] = "reference",
    seed: Seed = 0,
    defines: Defines = [],  # noqa: B006
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="npz or state file to start from")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="write the state at the end")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="FILE", help="go on from a saved state")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="write the outcome; - prints it")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="DIR", help="write pictures as PNG")] = None,
    learn: Annotated[bool, typer.Option(help="whether plastic weights change")] = True,
    shuffle: Annotated[bool, typer.Option(help="shuffle samples in every epoch")] = True,
    threshold: Annotated[
        int, typer.Option(min=1, max=255, help="grey value from which a pixel is on")
    ] = 129,
    crop: Annotated[int, typer.Option(min=0, help="pixels cut from each side of images")] = 0,
) -> None:
    r"""Run a circuit: train and test it on data, or watch its activity.

    \b
    Examples:
      sfc run backprop --data mnist20 --limit 3000 --plot plots
      sfc run backprop --data fashion28 -D n_in=784 --epochs 2 --save trained.npz
      sfc run backprop --data mnist20 --resume trained.npz --epochs 3
      sfc run ring --frames 3
      sfc run plain --steps 100 --json -

    A run with data ends with a pass over the test set with frozen weights. Ctrl-C stops after the
    next few samples, saves the state and says how to go on.
    """
    from sfc.sim.datasets import load_data

    simulator = _simulator(file, engine, seed, parameters(defines), weights, resume)
    stop = _Stop()
    session = _Session(simulator, stop, plot, json_file, started=time.monotonic())
    target = save or Path(f"{simulator.circuit.name}.state.npz")
    with stop.listening():
        if data is not None and simulator.circuit.schedule.readouts:
            dataset = load_data(data, threshold=threshold, crop=crop)
            training = _training(simulator, dataset, seed, limit, shuffle, resume)
            session.train(training, epochs, test_limit, learn)
            notes = training.notes()
        else:
            watched = load_data(data, threshold=threshold, crop=crop) if data else None
            session.watch(watched, limit, frames, steps, patterns, learn)
            notes = {}
    if save is not None or stop.asked:
        simulator.save(target, notes)
        session.say(f"State saved to {target}")
    session.finish()
    if stop.asked:
        session.say(f"Stopped. To go on, repeat the command with --resume {target}")
        raise typer.Exit(130)


def _simulator(
    file: Path,
    engine: str,
    seed: int,
    values: dict[str, float],
    weights: Path | None,
    resume: Path | None,
) -> Simulator:
    from sfc import driver
    from sfc.ir.record import digest
    from sfc.sim.simulator import Simulator
    from sfc.sim.state import read_weights

    if file.is_dir():
        if values:
            fail("E0208", f"{file} is a bundle; its parameters are fixed", help="drop -D")
        simulator = driver.load_bundle(file, engine=engine)
    else:
        reporter = Reporter()
        circuit = driver.compile(file, reporter, **values)
        show_diagnostics(reporter.sorted())
        simulator = Simulator(circuit, engine=engine, seed=seed)
    if resume is not None:
        saved = Simulator.load(resume, engine=engine)
        if digest(saved.circuit) != digest(simulator.circuit):
            message = f"{resume} holds the state of another circuit than {file}"
            fail("E0704", message, help="give the same file and the same -D values")
        simulator = saved
    if weights is not None:
        simulator.weights.update(read_weights(weights, simulator.circuit))
    return simulator


def _training(
    simulator: Simulator,
    dataset: Dataset,
    seed: int,
    limit: int,
    shuffle: bool,
    resume: Path | None,
) -> Training:
    from sfc.sim.training import Training

    if resume is not None and simulator.notes:
        return Training.resume(simulator, dataset, simulator.notes)
    return Training(simulator, dataset, seed=seed, limit=limit, shuffle=shuffle)


class _Stop:
    """Ctrl-C asks for a stop at the next good moment; a second one interrupts at once."""

    def __init__(self) -> None:
        self.asked = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        before = signal.signal(signal.SIGINT, self._handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


@dataclass
class _Session:
    """Runs with progress shown, and collects what is reported at the end.

    Attributes:
        evaluations: on the test set, by the number of epochs trained before.
    """

    simulator: Simulator
    stop: _Stop
    plot: Path | None
    json_file: Path | None
    started: float
    training: Training | None = None
    evaluations: dict[int, Evaluation] = field(default_factory=dict)
    activity: Activity | None = None

    @property
    def quiet(self) -> bool:
        """Whether standard output is for JSON alone."""
        return str(self.json_file) == "-"

    def say(self, text: Any) -> None:
        """Prints text or a table."""
        console(stderr=self.quiet).print(text)

    def train(self, training: Training, epochs: int, test_limit: int, learn: bool) -> None:
        """Trains, with a test pass after every epoch."""
        self.training = training
        if training.epoch >= epochs:
            self._test(test_limit)
        while training.epoch < epochs and not self.stop.asked:
            epoch = training.epoch + 1
            with self._bar(f"epoch {epoch}/{epochs}", training.samples) as advance:
                for progress in training.run(epoch, learn=learn):
                    advance(progress.sample, _recent(training))
                    if self.stop.asked:
                        break
            if training.epoch == epoch:
                self._test(test_limit)

    def _test(self, limit: int) -> None:
        from sfc.sim.training import evaluate

        training = self.training
        assert training is not None
        samples = len(training.dataset.test_labels)
        samples = min(limit, samples) if limit else samples
        evaluation = None
        with self._bar("test", samples) as advance:
            for evaluation in evaluate(self.simulator, training.dataset, limit):
                advance(evaluation.samples, _accuracies(evaluation))
                if self.stop.asked:
                    return
        if evaluation is not None:
            self.evaluations[training.epoch] = evaluation
            learned = training.epochs[-1] if training.epochs else None
            before = f"while learning {_accuracies(learned)}; " if learned else ""
            self.say(f"epoch {training.epoch}: {before}test {_accuracies(evaluation)}")

    def watch(
        self,
        dataset: Dataset | None,
        limit: int,
        frames: int | None,
        steps: int | None,
        patterns: list[str],
        learn: bool,
    ) -> None:
        """Runs without scoring and counts spikes."""
        from sfc.sim import stimulus
        from sfc.sim.activity import run_activity
        from sfc.sim.training import bind

        inputs: dict[str, Any] = {}
        unit, length = ("frames", frames) if frames is not None else ("steps", steps)
        if dataset is not None:
            binding = bind(self.simulator.circuit, dataset)
            inputs = {binding.image: dataset.train_images}
            if binding.label is not None:
                inputs[binding.label] = dataset.train_labels
            unit = "frames" if self.simulator.circuit.schedule.chains else "steps"
            length = min(limit or len(dataset.train_labels), len(dataset.train_labels))
        if length is None:
            raise typer.BadParameter("say how long to run: --data, --frames or --steps")
        if frames is not None and steps is not None:
            raise typer.BadParameter("give --frames or --steps, not both")
        if patterns:
            inputs = stimulus.patterns(self.simulator.circuit, patterns, length)
        with self._bar(unit, length) as advance:
            for activity in run_activity(self.simulator, unit, length, inputs, learn):
                self.activity = activity
                advance(activity.done, "")
                if self.stop.asked:
                    return

    @contextmanager
    def _bar(self, what: str, total: int) -> Iterator[Callable[[int, str], None]]:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
        )
        with Progress(*columns, console=console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=total, note="")

            def advance(done: int, note: str) -> None:
                bar.update(task, completed=done, note=note)

            yield advance

    def finish(self) -> None:
        """Prints tables and writes JSON and pictures."""
        from sfc.cli_tables import activity_table, confusion_table, event_table
        from sfc.report import run as report

        seconds = time.monotonic() - self.started
        data = report.run_data(self.simulator, seconds)
        if self.training is not None:
            data |= report.training_data(self.training, self.evaluations)
            if self.evaluations:
                self.say(confusion_table(self.evaluations[max(self.evaluations)]))
        if self.activity is not None:
            data |= report.activity_data(self.activity.counts, self.activity.overflows)
            self.say(activity_table(self.activity))
            if self.activity.events:
                self.say(event_table(self.activity))
        self._write_json(data)
        if self.plot is not None:
            from sfc.driver import write_file
            from sfc.report.gallery import gallery

            pictures = gallery(self.simulator, self.training, self.evaluations)
            for name, picture in pictures.items():
                write_file(self.plot / name, picture)
            self.say(f"Pictures in {self.plot}: {', '.join(pictures)}")
        unit = "frames" if self.simulator.circuit.schedule.chains else "steps"
        self.say(f"{data[unit]:,} {unit} in {seconds:.1f} s")

    def _write_json(self, data: dict[str, Any]) -> None:
        from sfc.driver import write_file

        text = json.dumps(data, indent=1) + "\n"
        if self.quiet:
            sys.stdout.write(text)
        elif self.json_file is not None:
            write_file(self.json_file, text.encode())


def _recent(training: Training) -> str:
    from sfc.sim.training import Score

    last = training.curve[-_RECENT:]
    before = training.curve[-_RECENT - 1][0] if len(training.curve) > _RECENT else 0
    score = Score(last[-1][0] - before, sum(c[1] for c in last), sum(c[2] for c in last))
    return _accuracies(score)


def _accuracies(score: Any) -> str:
    spikes, membrane = score.accuracy_by_spikes, score.accuracy_by_membrane
    return f"{100 * spikes:.1f} % by spikes, {100 * membrane:.1f} % by membrane"
