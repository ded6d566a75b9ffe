"""Trains the circuits of docs/results.md from several seeds and fills in its tables.

    python benchmarks/experiments.py --fashion path/to/fashion-mnist
    python benchmarks/experiments.py --only mnist --seeds 1 2
    python benchmarks/experiments.py --only mnist --epochs 1 --limit 500

A run is one `sfc run` command. Its outcome is kept as JSON in --folder, and not run again as long
as circuit, seed and lengths are the same; what Ctrl-C stopped goes on next time. With other lengths
(--epochs, --limit, --test-limit) the tables are printed, and docs/results.md stays as it is.
"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

import sfc
from sfc.files import write_file
from sfc.ir.record import digest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "results.md"
GREY_FASHION = "path/to/fashion-mnist"
"""Stands for the folder with the IDX files of Fashion-MNIST, which --fashion gives."""

REFERENCES = ("paper=96.3", "paper, 2nd reading=97.5")
FIGURES = ("mnist", "thermometer-800")
"""Experiments of whose first seed the page shows the figure."""


@dataclass(frozen=True)
class Experiment:
    """A circuit and what it learns.

    Attributes:
        table: of the page, in which its runs are rows.
        title: in the table.
        options: further words of the command.
        references: lines in its figures.
    """

    name: str
    table: str
    title: str
    circuit: str
    data: str
    epochs: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    def words(self) -> list[str]:
        """Returns the command without lengths, seed and files."""
        words = ["run", self.circuit, "--data", self.data, *self.options]
        for name, value in self.parameters.items():
            shown = f"[{','.join(map(str, value))}]" if isinstance(value, tuple) else value
            words += ["-D", f"{name}={shown}"]
        return words

    def digest(self) -> str:
        """Returns the digest of its circuit."""
        return digest(sfc.compile(self.circuit, **self.parameters))


@dataclass(frozen=True)
class Lengths:
    """How long a run is.

    Attributes:
        epochs: None for those of the experiment.
        limit, test_limit: samples; 0 for all.
    """

    epochs: int | None = None
    limit: int = 0
    test_limit: int = 0

    def words(self, experiment: Experiment) -> list[str]:
        words = ["--epochs", str(self.epochs_of(experiment))]
        words += ["--limit", str(self.limit)] if self.limit else []
        return words + (["--test-limit", str(self.test_limit)] if self.test_limit else [])

    def epochs_of(self, experiment: Experiment) -> int:
        return experiment.epochs if self.epochs is None else self.epochs

    def stem(self, experiment: Experiment, seed: int | str) -> str:
        """Returns what the files of a run are called."""
        limits = f"-{self.limit}-{self.test_limit}" if self.limit or self.test_limit else ""
        return f"{experiment.name}-seed{seed}-epochs{self.epochs_of(experiment)}{limits}"


def mnist(name: str, title: str, circuit: str, **parameters: Any) -> Experiment:
    table = "deep" if circuit == "deep_backprop" else "mnist"
    return Experiment(name, table, title, circuit, "mnist20", 60, parameters, (), REFERENCES)


def fashion(name: str, title: str, circuit: str, **parameters: Any) -> Experiment:
    return Experiment(name, "fashion", title, circuit, "fashion28", 40, parameters)


def thermometer(name: str, title: str, circuit: str, **parameters: Any) -> Experiment:
    options = ("--levels", "40,110,180")
    return Experiment(name, "thermometer", title, circuit, GREY_FASHION, 40, parameters, options)


EXPERIMENTS = (
    mnist("mnist", "400-400-10, the paper's circuit", "backprop"),
    mnist("mnist-800", "400-800-10, the paper's rule", "backprop", n_hid=800),
    mnist("margin", "400-400-10, margin 512", "backprop_margin"),
    mnist("margin-800", "400-800-10, margin 1024", "backprop_margin", n_hid=800, margin=1024),
    mnist("deep-2", "400-200-100-10", "deep_backprop", sizes=(400, 200, 100, 10)),
    mnist("deep-3", "400-200-100-50-10", "deep_backprop", sizes=(400, 200, 100, 50, 10)),
    fashion("fashion", "784-400-10, the paper's circuit", "backprop", n_in=784),
    fashion("fashion-margin", "784-400-10, margin 512, closing gates of the library", "fashion"),
    thermometer(
        "thermometer",
        "2352-400-10, margin 512, closing gates of the library",
        "deep_backprop",
        sizes=(2352, 400, 10),
        margin=512,
    ),
    thermometer(
        "thermometer-800",
        "2352-800-10, margin 1024, closing gates of the library",
        "deep_backprop",
        sizes=(2352, 800, 10),
        margin=1024,
    ),
)


def outcome(path: Path, experiment: Experiment, circuit: str, lengths: Lengths) -> Any:
    """Returns the JSON of a finished run of this circuit; None where there is none."""
    try:
        data = json.loads(path.read_text("utf-8"))
        is_finished = data["next"] == {"epoch": lengths.epochs_of(experiment), "sample": 0}
        is_same = (data["digest"], data["limit"]) == (circuit, lengths.limit)
        return data if is_finished and is_same and data["summary"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def outcomes(folder: Path, experiment: Experiment, lengths: Lengths) -> dict[int, Any]:
    """Returns the finished runs of an experiment by seed."""
    paths = sorted(folder.glob(f"{lengths.stem(experiment, '*')}.json"))
    circuit = experiment.digest() if paths else ""
    found = [outcome(path, experiment, circuit, lengths) for path in paths]
    return {data["seed"]: data for data in found if data is not None}


def run(experiment: Experiment, seed: int, lengths: Lengths, folder: Path, data: str) -> int:
    """Runs an experiment from a seed, or goes on with it; returns the exit code."""
    stem = lengths.stem(experiment, seed)
    state = folder / f"{stem}.npz"
    words = [*experiment.words(), *lengths.words(experiment), "--seed", str(seed)]
    words[words.index("--data") + 1] = data
    words += ["--json", str(folder / f"{stem}.json"), "--save", str(state)]
    words += ["--plot", str(folder / stem)]
    words += [word for text in experiment.references for word in ("--reference", text)]
    if state.exists():
        words += ["--resume", str(state)]
    # Ctrl-C is the child's to answer: it saves its state.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = subprocess.run([sys.executable, "-m", "sfc", *words], cwd=ROOT).returncode
    finally:
        signal.signal(signal.SIGINT, before)
    if code == 0:
        state.unlink(missing_ok=True)
    return code


def table(experiments: Sequence[Experiment], runs: Mapping[str, Mapping[int, Any]]) -> str:
    """Returns the table of some experiments, in Markdown.

    Args:
        experiments: of one table.
        runs: outcomes by name of the experiment and seed.
    """
    lines = [
        "| network | epochs | seed | spikes: last 10 | best | membrane: last 10 | best |",
        "|---|---|---|---|---|---|---|",
    ]
    for experiment in experiments:
        by_seed = runs.get(experiment.name, {})
        rows = {str(seed): figures(data) for seed, data in sorted(by_seed.items())}
        if len(rows) > 1:
            rows["mean"] = tuple(mean(column) for column in zip(*rows.values(), strict=True))
        for seed, numbers in rows.items():
            epochs = next(iter(by_seed.values()))["next"]["epoch"]
            shown = " | ".join(f"{100 * number:.1f}" for number in numbers)
            lines.append(f"| {experiment.title} | {epochs} | {seed} | {shown} |")
        if not rows:
            lines.append(f"| {experiment.title} | {experiment.epochs} | | not run yet | | | |")
    if any(experiment.references for experiment in experiments):
        lines.append("| the paper, on the chip | | | 96.3; second reading 97.5 | | | |")
    return "\n".join(lines)


def figures(data: Any) -> tuple[float, ...]:
    """Returns the four numbers of a row, as fractions."""
    readings = (data["summary"]["by_spikes"], data["summary"]["by_membrane"])
    return tuple(float(reading[name]) for reading in readings for name in ("last", "best"))


def commands(experiments: Sequence[Experiment]) -> str:
    """Returns the commands of some experiments."""
    lines = [
        shlex.join(["sfc", *experiment.words(), "--epochs", str(experiment.epochs)]) + " --seed 1"
        for experiment in experiments
    ]
    return "\n".join(["```sh", *lines, "```"])


def filled(page: str, parts: Mapping[str, str]) -> str:
    """Returns the page with these parts between `<!-- NAME -->` and `<!-- end of NAME -->`."""
    for name, text in parts.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise SystemExit(f"the page needs one {begin} and one {end}")
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = f"{before}{begin}\n\n{text}\n\n{end}{after}"
    return page


def parts(
    experiments: Sequence[Experiment], folder: Path, lengths: Lengths, images: Path | None
) -> dict[str, str]:
    """Returns the tables of the page by name, with their figures and commands.

    Args:
        experiments: their rows.
        folder: with the outcomes.
        lengths: of the runs to take.
        images: folder to which figures are copied; None leaves them out.
    """
    made = {}
    for name in dict.fromkeys(experiment.table for experiment in experiments):
        chosen = [experiment for experiment in experiments if experiment.table == name]
        runs = {experiment.name: outcomes(folder, experiment, lengths) for experiment in chosen}
        text = [table(chosen, runs), commands(chosen)]
        for experiment in (e for e in chosen if e.name in FIGURES and runs[e.name]):
            seed = min(runs[experiment.name])
            source = folder / lengths.stem(experiment, seed) / "accuracy.png"
            if images is not None and source.exists():
                target = images / f"learning_{experiment.name}.png"
                write_file(target, source.read_bytes())
                caption = f"Accuracy by epoch, {experiment.title}, seed {seed}"
                text.insert(1, f"![{caption}](images/{target.name})")
        made[name] = "\n\n".join(text)
    return made


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [experiment.name for experiment in EXPERIMENTS]
    parser.add_argument("--only", action="append", choices=names, help="may be repeated")
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3], help="none: tables only")
    parser.add_argument("--epochs", type=int, help="instead of those of the experiments")
    parser.add_argument("--limit", type=int, default=0, help="training samples per epoch")
    parser.add_argument("--test-limit", type=int, default=0, help="test samples")
    parser.add_argument("--fashion", type=Path, help="folder with the IDX files of Fashion-MNIST")
    parser.add_argument("--folder", type=Path, default=ROOT / "experiments-output")
    options = parser.parse_args(words)
    lengths = Lengths(options.epochs, options.limit, options.test_limit)
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    chosen = [e for e in EXPERIMENTS if e.name in (options.only or names)]
    plan = [(experiment, seed) for experiment in chosen for seed in options.seeds]
    for number, (experiment, seed) in enumerate(plan, start=1):
        what = f"[{number}/{len(plan)}] {experiment.name}, seed {seed}"
        path = folder / f"{lengths.stem(experiment, seed)}.json"
        if outcome(path, experiment, experiment.digest(), lengths) is not None:
            print(f"{what}: kept", flush=True)
            continue
        if experiment.data == GREY_FASHION and options.fashion is None:
            print(f"{what}: left out, --fashion says where the IDX files are", flush=True)
            continue
        data = experiment.data
        if data == GREY_FASHION:
            data = str(options.fashion.resolve())
        print(f"{what}: {shlex.join(experiment.words())}", flush=True)
        code = run(experiment, seed, lengths, folder, data)
        if code != 0:
            print(f"{what}: stopped with exit code {code}; run again to go on", file=sys.stderr)
            return code
    if lengths != Lengths():
        print("\n\n".join(parts(chosen, folder, lengths, None).values()))
        return 0
    made = parts(EXPERIMENTS, folder, lengths, PAGE.parent / "images")
    write_file(PAGE, filled(PAGE.read_text("utf-8"), made).encode())
    print(f"{PAGE} is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
