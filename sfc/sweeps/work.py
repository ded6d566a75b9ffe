"""One run of a sweep, in the process or on the machine where it happens."""

from __future__ import annotations

import dataclasses
import hashlib
import time
import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from sfc.diagnostics import Diagnostic, SfcError, fail
from sfc.ir.circuit import Circuit
from sfc.ir.text import parse_circuit, print_circuit
from sfc.sim.datasets import Dataset, load_data
from sfc.sim.simulator import Simulator
from sfc.sim.training import Score, Training, evaluate


def packed(circuit: Circuit) -> bytes:
    """Returns a circuit as it travels: its textual IR, compressed."""
    return zlib.compress(print_circuit(circuit).encode())


def data_digest(dataset: Dataset) -> str:
    """Returns a hash of what a dataset holds; its name does not enter."""
    hashed = hashlib.sha256()

    def add(name: str, value: object) -> None:
        if dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                add(f"{name}.{field.name}", getattr(value, field.name))
        elif isinstance(value, np.ndarray):
            hashed.update(f"{name} {value.dtype} {value.shape}\n".encode())
            hashed.update(np.ascontiguousarray(value).data)
        else:
            hashed.update(f"{name} {value!r}\n".encode())

    add("", dataclasses.replace(dataset, name=""))
    return hashed.hexdigest()


def plain(errors: Iterable[Diagnostic]) -> list[tuple[str, str, str]]:
    """Returns code, message and help of every diagnostic."""
    return [(error.code, error.message, error.help) for error in errors]


def execute(task: Mapping[str, Any]) -> dict[str, Any]:
    """Trains and tests a circuit as `sfc run` does; a test follows every epoch.

    Args:
        task: plain data, see `sfc.sweeps.plan.Plan.task`.

    Returns:
        Plain data: the samples of an epoch, the fractions right by spikes and by membrane in each
        epoch's training and in each test, and the seconds; or the errors.
    """
    started = time.perf_counter()
    try:
        training, tests = _trained(task)
    except SfcError as error:
        return {"errors": plain(error.diagnostics)}
    except MemoryError:
        return {"errors": [("E0306", "there is not enough memory for this run", "")]}
    return {
        "samples": training.samples,
        "training": [_fractions(score) for score in training.epochs],
        "tests": [_fractions(score) for score in tests],
        "seconds": round(time.perf_counter() - started, 3),
    }


def _trained(task: Mapping[str, Any]) -> tuple[Training, list[Score]]:
    dataset = _dataset(
        *(task[key] for key in ("data", "levels", "threshold", "crop", "data_digest"))
    )
    circuit = parse_circuit(zlib.decompress(task["circuit"]).decode())
    simulator = Simulator(circuit, engine=task["engine"], seed=task["seed"])
    options = {key: task[key] for key in ("seed", "limit", "shuffle")}
    training = Training(simulator, dataset, **options)
    tests: list[Score] = []
    while training.epoch < task["epochs"] or not tests:
        for _ in training.run(min(training.epoch + 1, task["epochs"])):
            pass
        evaluation = list(evaluate(simulator, dataset, task["test_limit"]))[-1]
        tests.append(evaluation.score)
    return training, tests


@lru_cache(maxsize=1)
def _dataset(
    data: str, levels: tuple[int, ...] | None, threshold: int | None, crop: int, digest: str
) -> Dataset:
    """Returns a dataset, once read for all the runs of a sweep."""
    dataset = load_data(data, levels=levels, threshold=threshold, crop=crop)
    if data_digest(dataset) != digest:
        message = f"the dataset {data} holds something else here than where the sweep was started"
        fail("E0701", message, help="put the same files in the same place on every machine")
    return dataset


def _fractions(score: Score) -> tuple[float, float]:
    return score.accuracy_by_spikes, score.accuracy_by_membrane
