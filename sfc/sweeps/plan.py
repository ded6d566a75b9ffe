"""What a sweep runs: every combination of parameter values with every seed."""

from __future__ import annotations

import hashlib
import json
import operator
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice, product
from math import prod
from pathlib import Path
from typing import Any

from sfc import driver
from sfc.diagnostics import Diagnostic, Reporter, SfcError, fail
from sfc.ir.circuit import Circuit, Parameter
from sfc.ir.record import digest
from sfc.resources import resource
from sfc.sim import DEFAULT_ENGINE
from sfc.sim.datasets import Dataset, load_data
from sfc.sim.simulator import check_engine
from sfc.sim.training import bind, limited
from sfc.sweeps.work import data_digest, packed

MOST_RUNS = 10_000
"""Runs of one sweep."""

_KEY_FORM = "sfc-sweep 1"
"""What is to change when runs of the same key come to give other results."""


@dataclass(frozen=True, slots=True)
class Options:
    """How every run of a sweep is made; the options of `sfc run` of these names.

    Attributes:
        data: a shipped dataset's name, or a path.
        levels, threshold: None for what `load_data` does then.
        level: how far circuits are optimised, 0 to 2.
    """

    data: str
    levels: tuple[int, ...] | None = None
    threshold: int | None = None
    crop: int = 0
    epochs: int = 1
    limit: int = 0
    test_limit: int = 0
    shuffle: bool = True
    level: int = 0
    engine: str = DEFAULT_ENGINE


@dataclass(frozen=True, slots=True)
class Combination:
    """Values of the parameters, and what they make.

    Attributes:
        circuit: that is run, as `sfc.sweeps.work.packed` has it; empty if there are errors.
        digest: of the circuit; likewise.
        errors: why these values make no circuit that can be trained.
    """

    parameters: Mapping[str, Parameter]
    circuit: bytes = b""
    digest: str = ""
    errors: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """One row of a sweep.

    Attributes:
        key: identifies what is run: circuit, data, options, seed, and the parameters' values.
    """

    combination: Combination
    seed: int
    key: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A sweep: all its runs, seeds fastest.

    Attributes:
        circuit, data: names of the circuit and of the dataset.
        values: the values of every parameter that was given any.
        data_digest: of the dataset as it is binarised and cropped.
        warnings: of all combinations, each once.
    """

    circuit: str
    data: str
    options: Options
    values: Mapping[str, tuple[Parameter, ...]]
    seeds: tuple[int, ...]
    data_digest: str
    runs: tuple[Run, ...]
    warnings: tuple[Diagnostic, ...]

    def task(self, run: Run) -> dict[str, Any]:
        """Returns what a worker needs: numbers, texts and the circuit's bytes."""
        common = asdict(self.options) | {"data_digest": self.data_digest}
        return common | {"circuit": run.combination.circuit, "seed": run.seed}


def make_plan(
    circuit: str | Path | Circuit,
    values: Mapping[str, Iterable[Parameter]],
    seeds: Iterable[int],
    options: Options,
) -> Plan:
    """Compiles a circuit for every combination of values.

    Args:
        circuit: a circuit file, the name of a shipped circuit, or a circuit.
        values: for each parameter one or more.
        seeds: of first weights and of the order of samples; one or more.
        options: of every run.

    Raises:
        SfcError: no combination can be run (where only some cannot, they have errors), the
            dataset cannot be read, or the sweep is not one.
    """
    given = {
        name: tuple(driver.parameter_value(name, value) for value in islice(several, MOST_RUNS + 1))
        for name, several in values.items()
    }
    chosen = tuple(_seed(seed) for seed in islice(seeds, MOST_RUNS + 1))
    _check_choice([("seed", chosen), *given.items()])
    _check_options(options)
    options = replace(options, data=_lasting(options.data))
    dataset = load_data(
        options.data, levels=options.levels, threshold=options.threshold, crop=options.crop
    )
    if limited(len(dataset.test_labels), options.test_limit) == 0:
        fail("E0711", f"{dataset.name} has no test samples, and a sweep compares tests")
    name, combinations, warnings = _combinations(circuit, given, options, dataset)
    held = data_digest(dataset)
    runs = tuple(
        Run(combination, seed, _key(combination, seed, held, options))
        for combination in combinations
        for seed in chosen
    )
    return Plan(name, dataset.name, options, given, chosen, held, runs, warnings)


def _combinations(
    circuit: str | Path | Circuit,
    values: Mapping[str, tuple[Parameter, ...]],
    options: Options,
    dataset: Dataset,
) -> tuple[str, list[Combination], tuple[Diagnostic, ...]]:
    """Returns the circuit's name, a combination for each choice of values, and the warnings."""
    warnings = Reporter()
    combinations = []
    name = ""
    for choice in product(*values.values()):
        parameters = dict(zip(values, choice, strict=True))
        reporter = Reporter()
        try:
            made = _trainable(circuit, parameters, options.level, dataset, reporter)
        except SfcError as error:
            combinations.append(Combination(parameters, errors=error.diagnostics))
            continue
        finally:
            for diagnostic in reporter.diagnostics:
                if diagnostic.severity == "warning":
                    warnings.report(diagnostic)
        name = made.name
        combinations.append(Combination(parameters, packed(made), digest(made)))
    if all(combination.errors for combination in combinations):
        raise SfcError(combinations[0].errors)
    return name, combinations, tuple(warnings.sorted())


def _trainable(
    circuit: str | Path | Circuit,
    parameters: Mapping[str, Parameter],
    level: int,
    dataset: Dataset,
    reporter: Reporter,
) -> Circuit:
    """Returns a circuit that can learn the dataset."""
    if not isinstance(circuit, Circuit):
        circuit = driver.compile(circuit, reporter, **parameters)
    elif parameters:
        message = f"`{circuit.name}` is compiled; its parameters are fixed"
        fail("E0208", message, help="give the path of its file instead")
    if level:
        circuit = driver.optimise(circuit, level=level, reporter=reporter)
    if not circuit.schedule.readouts:
        message = f"{circuit.name} has no readout, and so no accuracy that a sweep could compare"
        fail("E0708", message, help="add `readout o at 3 against label;`")
    bind(circuit, dataset)
    return circuit


def _key(combination: Combination, seed: int, data: str, options: Options) -> str:
    of_runs = {
        key: value
        for key, value in asdict(options).items()
        if key
        not in ("data", "levels", "threshold", "crop", "level")  # these are in the two digests
    }
    content = {
        "form": _KEY_FORM,
        "circuit": combination.digest,
        "parameters": combination.parameters,
        "data": data,
        "seed": seed,
        "options": of_runs,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _lasting(data: str) -> str:
    """Returns what names the same dataset in a process with another current folder."""
    is_name = Path(data).name == data
    if is_name and (resource("circuits") / "data" / data / f"{data}.npz").is_file():
        return data
    return os.path.abspath(data) if os.path.exists(data) else data


def _seed(seed: Any) -> int:
    try:
        number = -1 if isinstance(seed, bool) else operator.index(seed)
    except TypeError:
        number = -1
    if number < 0:
        fail("E0302", f"a seed is an integer from 0 on, found {seed!r}")
    return number


def _check_choice(values: Sequence[tuple[str, tuple[Any, ...]]]) -> None:
    """Reports values that are missing, given twice, or make too many runs."""
    for name, several in values:
        if not several:
            fail("E0711", f"no {name} is given", help="give one or more")
    runs = prod(len(several) for _, several in values)
    if runs > MOST_RUNS:
        message = f"these values make {runs:,} runs or more; at most {MOST_RUNS:,} are one sweep"
        fail("E0306", message, help="give fewer values or seeds, or several sweeps")
    for name, several in values:
        value, times = Counter(several).most_common(1)[0]
        if times > 1:
            fail("E0711", f"{name} is {value} twice", help="give every value once")


def _check_options(options: Options) -> None:
    for name in ("epochs", "limit", "test_limit"):
        number = getattr(options, name)
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            fail("E0302", f"{name} is an integer from 0 on, found {number!r}")
    check_engine(options.engine)
