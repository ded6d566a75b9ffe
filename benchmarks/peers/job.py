"""A network as plain arrays, and a peer's answer about it.

The driver makes jobs (see network.py) and writes them; peers' programs read them. It needs NumPy
and Python 3.9 alone, since it runs in the peers' environments too.

Time is steps from 0. The first LEAD of them carry the kick of the ring, so that its first relay
spikes in step LEAD - 1 and the first frame begins in step LEAD; peers use them to warm up. A spike
in step s over a projection of delay d arrives in step s + 1 + d. Neurons keep nothing between
steps: one fires if its bias plus what arrives exceeds its threshold, and is then silent for
refractory - 1 steps.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

LEAD = 2

KICK = "kick"
"""The generator that starts the ring."""


@dataclass(frozen=True)
class Population:
    """Neurons; threshold and bias in weight units."""

    name: str
    size: int
    threshold: int
    bias: int
    refractory: int


@dataclass(frozen=True)
class Generator:
    """What the host makes spike.

    Attributes:
        events: (k, 2) integers: step and number, in order of steps.
    """

    name: str
    size: int
    events: np.ndarray


@dataclass(frozen=True)
class Projection:
    """Synapses of a population or generator onto a population.

    Attributes:
        one_to_one: else all to all.
        mantissa, exponent: of the weight, mantissa * 2^exponent; 1 and 0 where `weights` is given.
        weights: (n_pre, n_post) where each synapse has its own.
        learns: whether they change.
    """

    name: str
    source: str
    target: str
    one_to_one: bool
    mantissa: int
    exponent: int
    delay: int
    learns: bool = False
    weights: np.ndarray | None = None


@dataclass(frozen=True)
class Rule:
    """What a weight changes by where its source and its target spike in one step.

    Attributes:
        always, rewarded: in every step; in a rewarded step besides.
        low, high: to which it is clipped once, after the sum.
    """

    always: int
    rewarded: int
    low: int
    high: int


@dataclass(frozen=True)
class Job:
    """A network, what it is presented, and what must come of it.

    Attributes:
        name: of the work.
        samples: how many are presented.
        steps: to run: LEAD, and those of the samples.
        rewards: steps that are rewarded.
        spikes: by population whose spikes are compared, (k, 2) steps and numbers, in order, from
            step LEAD on.
        learned: by projection that learns, its weights after the last step.
    """

    name: str
    samples: int
    steps: int
    populations: list[Population]
    generators: list[Generator]
    projections: list[Projection]
    rule: Rule | None
    rewards: np.ndarray
    spikes: dict[str, np.ndarray] = field(default_factory=dict)
    learned: dict[str, np.ndarray] = field(default_factory=dict)

    def size(self, name: str) -> int:
        """Returns the number of neurons of a population or generator."""
        return {node.name: node.size for node in [*self.populations, *self.generators]}[name]

    def dense(self, generator: Generator) -> np.ndarray:
        """Returns a generator's spikes as booleans, (steps, size)."""
        raster = np.zeros((self.steps, generator.size), bool)
        raster[generator.events[:, 0], generator.events[:, 1]] = True
        return raster


def in_order(events: np.ndarray) -> np.ndarray:
    """Returns (k, 2) events in order of steps, then of numbers."""
    events = np.asarray(events, np.int64).reshape(-1, 2)
    return events[np.lexsort((events[:, 1], events[:, 0]))]


_ARRAYS = {"generators": "events", "projections": "weights"}


def write_job(path: Any, job: Job) -> None:
    """Writes a job as npz: arrays, and the rest as JSON in the array `about`."""
    arrays = {"rewards": job.rewards}
    about = {"name": job.name, "samples": job.samples, "steps": job.steps}
    about["rule"] = asdict(job.rule) if job.rule else None
    about["populations"] = [asdict(population) for population in job.populations]
    for table, attribute in _ARRAYS.items():
        about[table] = []
        for thing in getattr(job, table):
            record = dict(vars(thing))
            array = record.pop(attribute)
            if array is not None:
                arrays[f"{table}/{thing.name}"] = array
            about[table].append(record)
    for table in ("spikes", "learned"):
        arrays.update({f"{table}/{name}": a for name, a in getattr(job, table).items()})
    names = list(arrays)
    about["arrays"] = names
    numbered = {f"array_{k}": arrays[name] for k, name in enumerate(names)}
    np.savez(path, about=np.array(json.dumps(about)), **numbered)


def read_job(path: Any) -> Job:
    """Reads what `write_job` wrote."""
    with np.load(path) as file:
        about = json.loads(str(file["about"]))
        arrays = {name: file[f"array_{k}"] for k, name in enumerate(about.pop("arrays"))}

    def named(table: str) -> dict[str, np.ndarray]:
        start = f"{table}/"
        return {n[len(start) :]: a for n, a in arrays.items() if n.startswith(start)}

    def things(table: str, kind: Any) -> list[Any]:
        attribute, found = _ARRAYS[table], named(table)
        return [kind(**r, **{attribute: found.get(r["name"])}) for r in about[table]]

    return Job(
        about["name"],
        about["samples"],
        about["steps"],
        [Population(**record) for record in about["populations"]],
        things("generators", Generator),
        things("projections", Projection),
        Rule(**about["rule"]) if about["rule"] else None,
        arrays["rewards"],
        named("spikes"),
        named("learned"),
    )


class Stopwatch:
    """Measures a block of code: seconds by the wall clock."""

    seconds = 0.0

    def __enter__(self) -> Stopwatch:
        self._start = time.perf_counter()
        return self

    def __exit__(self, *_: Any) -> None:
        self.seconds = time.perf_counter() - self._start


def differences(
    job: Job, spikes: dict[str, np.ndarray], learned: dict[str, np.ndarray]
) -> list[str]:
    """Returns what of an outcome is not what the job expects, a sentence each.

    Args:
        job: that was done.
        spikes: by population (k, 2) steps and numbers, of any steps.
        learned: by projection that learns, (n_pre, n_post).
    """
    wrong = []
    for name, expected in job.spikes.items():
        found = in_order(spikes[name])
        found = found[(found[:, 0] >= LEAD) & (found[:, 0] < job.steps)]
        if not np.array_equal(found, expected):
            wrong.append(f"{len(found)} spikes of {name}, {len(expected)} expected, not the same")
    for name, expected in job.learned.items():
        differing = int(np.count_nonzero(learned[name] != expected))
        if differing:
            wrong.append(f"{differing} of {expected.size} weights of {name} differ")
    return wrong


def answer(
    job: Job,
    seconds: float,
    spikes: dict[str, np.ndarray],
    learned: dict[str, np.ndarray],
    left_out: str = "",
) -> None:
    """Prints an outcome, compared with what the job expects, as a line of JSON.

    Args:
        job: that was done.
        seconds: from step LEAD to the last.
        spikes, learned: see `differences`.
        left_out: what of the work the peer does not hold.
    """
    reply = {
        "work": job.name,
        "samples": job.samples,
        "steps": job.steps - LEAD,
        "seconds": seconds,
        "differences": differences(job, spikes, learned),
        "left_out": left_out,
        "python": sys.version.split()[0],
    }
    print(json.dumps(reply))
