"""The `run` command: its options, and what they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sfc.cli_common import Defines, Engine, Level, Seed, compiled, grey_levels, parameters
from sfc.diagnostics import fail
from sfc.files import check_writable
from sfc.sim import DEFAULT_ENGINE

if TYPE_CHECKING:
    from sfc.ir.circuit import Parameter
    from sfc.report.learning import Reference
    from sfc.sim.datasets import Dataset
    from sfc.sim.simulator import Simulator
    from sfc.sim.training import Training

HELP = """Run a circuit: train and test it on data, or watch its activity.

\b
Examples:
  sfc run backprop --data mnist20 --limit 3000 --plot plots
  sfc run backprop --data fashion28 -D n_in=784 --epochs 2 --save trained.npz
  sfc run backprop --data fashion28 -D n_in=784 --epochs 4 --resume trained.npz
  sfc run backprop_margin --data folder/with/idx/files --levels 40,110,180 -D n_in=2352
  sfc run backprop --data mnist20 --epochs 60 --plot plots --reference paper=96.3
  sfc run ring --frames 3
  sfc run gated_and --input a=1100 --input b=1010 --frames 1
  sfc run plain --steps 100 --json -
  sfc run backprop --data mnist20 --limit 3000 --check

With --check, cells that must stay silent and the bounds of inputs are watched, in training and in
tests; the exit code is 1 if one of those cells fires or a sample breaks a bound.

A run with data ends every epoch with a pass over the test set with frozen weights. Ctrl-C stops
after the next few samples, saves the state (to --save, or CIRCUIT.state.npz) and says how to go on.
"""


def run(
    context: typer.Context,
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
    probes: Annotated[
        list[str],
        typer.Option("--probe", metavar="NAME", help="record h, or h.v, beside the file's probes"),
    ] = [],  # noqa: B006
    engine: Engine = DEFAULT_ENGINE,
    seed: Seed = 0,
    defines: Defines = [],  # noqa: B006
    level: Level = 0,
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
    plot: Annotated[Path | None, typer.Option(metavar="DIR", help="write pictures")] = None,
    references: Annotated[
        list[str],
        typer.Option(
            "--reference", metavar="LABEL=PERCENT", help="a line in the figure to compare with"
        ),
    ] = [],  # noqa: B006
    check: Annotated[
        bool, typer.Option("--check", help="watch what must not happen; exit code 1 if it does")
    ] = False,
    learn: Annotated[bool, typer.Option(help="whether plastic weights change")] = True,
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
    """Runs a circuit."""
    from sfc import driver
    from sfc.cli_session import Session
    from sfc.sim.datasets import load_data
    from sfc.sim.watch import Watch

    lines = _references(references, plot)
    if levels is not None and threshold is not None:
        raise typer.BadParameter("--threshold T is --levels T; give one of them")
    for path in (save, json_file, plot / "raster.png" if plot else None):
        if path is not None and str(path) != "-":
            check_writable(path, file)
    simulator = _simulator(file, engine, seed, parameters(defines), level, weights, resume)
    circuit = simulator.circuit
    watch = Watch(circuit, driver.watched_cells(circuit)) if check else None
    session = Session(simulator, plot, json_file, probes, watch, lines)
    dataset = None
    if data is not None:
        dataset = load_data(data, levels=grey_levels(levels), threshold=threshold, crop=crop)
    if dataset is not None and circuit.schedule.readouts:
        if resume is not None and simulator.notes:
            _refuse_other_options(context, simulator)
        if frames is not None or steps is not None or patterns or probes:
            message = "--frames, --steps, --input and --probe are for runs without training"
            raise typer.BadParameter(message)
        training = _training(simulator, dataset, seed, limit, shuffle)
        session.train(training, epochs, test_limit, learn, save)
    else:
        unit, length = _length(simulator, dataset, limit, frames, steps)
        session.watch(dataset, unit, length, patterns, learn, save)
    if session.stopped:
        raise typer.Exit(130)
    if session.is_broken:
        raise typer.Exit(1)


def _references(texts: list[str], plot: Path | None) -> list[Reference]:
    """Returns the lines of ``--reference label=percent``."""
    if not texts:
        return []
    if plot is None:
        raise typer.BadParameter("--reference draws a line in a picture; add --plot DIR")
    return [_reference(text) for text in texts]


def _reference(text: str) -> Reference:
    from sfc.report.learning import Reference

    label, _, number = text.rpartition("=")
    try:
        percent = float(number)
    except ValueError:
        percent = -1
    if not label.strip() or not label.isprintable() or not 0 <= percent <= 100:
        message = f"--reference takes LABEL=PERCENT such as paper=96.3, found {text!r}"
        raise typer.BadParameter(message)
    return Reference(label, percent)


def _simulator(
    file: Path,
    engine: str,
    seed: int,
    values: dict[str, Parameter],
    level: int,
    weights: Path | None,
    resume: Path | None,
) -> Simulator:
    from sfc import bundles, driver
    from sfc.ir.record import digest
    from sfc.sim.simulator import Simulator
    from sfc.sim.state import read_weights

    if file.is_dir() and not driver.is_shipped(file):
        if values:
            fail("E0208", f"{file} is a bundle; its parameters are fixed", help="drop -D")
        if level:
            fail("E0708", f"{file} is a bundle, and runs as it was built", help="drop -O")
        simulator = bundles.load_bundle(file, engine=engine)
    else:
        simulator = Simulator(compiled(file, values, level), engine=engine, seed=seed)
    if resume is not None:
        saved = Simulator.load(resume, engine=engine)
        if digest(saved.circuit) != digest(simulator.circuit):
            message = f"{resume} holds the state of another circuit than {file}"
            fail("E0704", message, help="give the same file and the same -D and -O values")
        simulator = saved
    if weights is not None:
        simulator.weights.update(read_weights(weights, simulator.circuit))
    return simulator


def _training(
    simulator: Simulator, dataset: Dataset, seed: int, limit: int, shuffle: bool
) -> Training:
    from sfc.sim.training import Training

    if simulator.notes:
        return Training.resume(simulator, dataset, simulator.notes)
    return Training(simulator, dataset, seed=seed, limit=limit, shuffle=shuffle)


def _refuse_other_options(context: typer.Context, simulator: Simulator) -> None:
    """Reports options that would make the rest of a run other than its beginning."""
    for name in ("seed", "limit", "shuffle"):
        source = context.get_parameter_source(name)
        given, saved = context.params[name], simulator.notes.get(name)
        if source is not None and source.name == "COMMANDLINE" and given != saved:
            message = f"the saved run has {name} {saved}, and --{name} gives {given}"
            fail("E0708", message, help=f"leave --{name} out, or start a new run")


def _length(
    simulator: Simulator,
    dataset: Dataset | None,
    limit: int,
    frames: int | None,
    steps: int | None,
) -> tuple[str, int]:
    """Returns the unit, frames or steps, and the length of a watched run."""
    circuit = simulator.circuit
    if frames is not None and steps is not None:
        raise typer.BadParameter("give --frames or --steps, not both")
    if dataset is not None and (frames is not None or steps is not None):
        raise typer.BadParameter("with --data, --limit says how many samples are presented")
    if dataset is not None:
        from sfc.sim.training import limited

        unit = "frames" if circuit.schedule.chains else "steps"
        return unit, limited(len(dataset.train_labels), limit)
    if frames is not None:
        return "frames", frames
    if steps is not None:
        return "steps", steps
    hint = "--frames or --steps"
    if circuit.schedule.readouts:
        hint = "--data, for instance --data mnist20, to train and test it, or " + hint
    raise typer.BadParameter(f"say how long to run: {hint}")
