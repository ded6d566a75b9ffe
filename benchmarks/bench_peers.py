"""Our engines, the same algorithm written by hand in C, and other simulators, at the same work.

All run in one go on one core, several times in turn, and the best time of each is taken. Every
outcome (spikes of some populations, learned weights) is compared with that of the reference
engine. Building a network is not timed. The first run makes an environment for each peer and
compiles, which takes minutes; what cannot be installed is reported and left out.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from handwritten import handwritten
from machine import describe
from peers.environments import PEERS, LeftOut, default_cache, environment, run
from peers.job import Job, differences, write_job
from peers.network import make_job, outcome
from peers.works import Work, all_works

import sfc
from sfc.files import write_file
from sfc.sim.simulator import ENGINES

OURS = tuple(name for name in ENGINES if name != "auto")
"""Every engine that does not merely choose another."""

SHORTEST = 0.2
"""Seconds that the repeats of an engine take together, at least, in each turn."""


@dataclass(frozen=True)
class Peer:
    """A peer at a work.

    Attributes:
        label: in the table.
        folder: of its program, in `peers`.
        arguments: of the program, beyond the job.
        samples: of the work; as many as take a few seconds.
    """

    label: str
    folder: str
    arguments: tuple[str, ...]
    work: str
    samples: int


CONTESTS = (
    Peer("NEST", "nest", (), "inference", 200),
    Peer("nengo-loihi's emulator", "nengo_loihi", (), "inference", 200),
    Peer("Brian2Loihi", "brian2loihi", (), "inference", 200),
    Peer("Lava, stock processes", "lava", ("stock",), "inference", 200),
    Peer("Lava, one process", "lava", ("fused",), "learning", 200),
    Peer("NEST", "nest", (), "learning", 20),
    Peer("Lava, stock processes", "lava", ("stock",), "learning", 2),
    Peer("Brian2Loihi", "brian2loihi", (), "coincidences", 200),
)


@dataclass(frozen=True)
class Time:
    """What a turn yields.

    Attributes:
        seconds: per sample.
        differences: of the outcome from the reference engine's; empty if it is equal.
        left_out: what of the work was not done.
    """

    seconds: float
    differences: tuple[str, ...] = ()
    left_out: str = ""


def of_engine(name: str, work: Work, job: Job) -> Time:
    """Runs an engine of ours until SHORTEST is over, and returns its best time.

    What it compiles, it compiles in a run before.
    """
    first = work.simulator(name)
    first.run(work.inputs, probes=work.compared)
    best, spent = np.inf, 0.0
    while spent < SHORTEST:
        simulator = first.with_same_weights()
        simulator.weights.update(work.weights)
        start = time.perf_counter()
        result = simulator.run(work.inputs, probes=work.compared)
        taken = time.perf_counter() - start
        best, spent = min(best, taken), spent + taken
    wrong = differences(job, *outcome(work, simulator, result))
    return Time(best / work.samples, tuple(wrong))


def by_hand(work: Work, job: Job) -> Time:
    """Runs benchmarks/handwritten.c, which does the learning of this one circuit."""
    labels = work.inputs["label"].argmax(axis=1)
    weights = (work.weights["W1"], work.weights["W2"])
    seconds, w1, w2 = handwritten(*weights, work.inputs["image"], labels)
    pairs = ((w1, job.learned["x -> h"]), (w2, job.learned["h -> o"]))
    wrong = [] if all(np.array_equal(*pair) for pair in pairs) else ["other weights"]
    return Time(seconds, tuple(wrong))


def of_peer(peer: Peer, python: Path | LeftOut, path: Path, limit: float) -> Time:
    """Runs a peer's program on a job in a file."""
    if isinstance(python, LeftOut):
        raise python
    program = PEERS / peer.folder / "run.py"
    output = run([python, program, path, *peer.arguments], limit, path.parent)
    replies = [line for line in output.splitlines() if line.startswith("{")]
    if not replies:
        raise LeftOut("it printed no result")
    reply = json.loads(replies[-1])
    seconds = reply["seconds"] / reply["samples"]
    return Time(seconds, tuple(reply["differences"]), reply["left_out"])


def ratio(found: Time, engine: Time | str | None) -> str:
    """Returns how many times as long as an engine it took, with three digits."""
    if not isinstance(engine, Time):
        return "-"
    times = found.seconds / engine.seconds
    return f"{times:,.0f}" if times >= 100 else f"{times:.3g}"


class Table:
    """Times by (work, samples) and label."""

    def __init__(self) -> None:
        self.times: dict[tuple[str, int], dict[str, Time | str]] = {}

    def measure(self, key: tuple[str, int], label: str, turn: Callable[[], Time]) -> None:
        """Takes a turn, and keeps the best time, every difference, or why there is no time."""
        row = self.times.setdefault(key, {})
        before = row.get(label)
        if isinstance(before, str):
            return
        try:
            found = turn()
        except (LeftOut, sfc.SfcError, OSError, ImportError) as error:
            row[label] = str(error).splitlines()[0]
            return
        if before is not None:
            wrong = before.differences or found.differences
            found = Time(min(before.seconds, found.seconds), wrong, found.left_out)
        row[label] = found

    def lines(self, works: dict[str, Work]) -> list[str]:
        """Returns the table as text; ratios are to our engines."""
        engines = [f"sfc, {name}" for name in OURS]
        lines = []
        for (work, samples), rows in self.times.items():
            lines += ["", f"{work}: {works[work].about}; {samples} samples"]
            over = "".join(f"  {'x ' + name:>11}" for name in OURS)
            lines += [f"  {'':26}{'us a sample':>14}{over}  outcome"]
            for label, found in rows.items():
                if isinstance(found, str):
                    lines.append(f"  {label:26}{'-':>14}  {found}")
                    continue
                ratios = "".join(f"  {ratio(found, rows.get(e)):>11}" for e in engines)
                said = "; ".join(found.differences) or "equal"
                said += f", without {found.left_out}" if found.left_out else ""
                lines.append(f"  {label:26}{1e6 * found.seconds:14,.2f}{ratios}  {said}")
        return lines

    def record(self) -> list[dict[str, object]]:
        """Returns the table for JSON."""
        return [
            {"work": work, "samples": samples, "who": label}
            | ({"why not": found} if isinstance(found, str) else vars(found))
            for (work, samples), rows in self.times.items()
            for label, found in rows.items()
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    folders = sorted({peer.folder for peer in CONTESTS})
    parser.add_argument("--peers", nargs="*", default=folders, choices=folders, help="default all")
    parser.add_argument("--turns", type=int, default=3, help="how often each is run")
    parser.add_argument("--limit", type=float, default=1800, help="seconds for a run of a peer")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="for environments")
    parser.add_argument("--json", type=Path, help="a file for the results")
    options = parser.parse_args()

    pythons: dict[str, Path | LeftOut] = {}
    for folder in options.peers:
        print(f"environment of {folder} in {options.cache / folder} ...", flush=True)
        try:
            pythons[folder] = environment(folder, options.cache)
        except LeftOut as error:
            pythons[folder] = error
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

    contests = [peer for peer in CONTESTS if peer.folder in options.peers]
    works = all_works(max(peer.samples for peer in contests))
    table = Table()
    with tempfile.TemporaryDirectory() as folder:
        jobs: dict[tuple[str, int], tuple[Work, Job, Path]] = {}
        for name, samples in dict.fromkeys((peer.work, peer.samples) for peer in contests):
            work = works[name].first(samples)
            job, path = make_job(work), Path(folder) / f"{name}-{samples}.npz"
            write_job(path, job)
            jobs[name, samples] = (work, job, path)
        for turn in range(options.turns):
            print(f"turn {turn + 1} of {options.turns} ...", flush=True)
            for key, (work, job, path) in jobs.items():
                for engine in OURS:
                    table.measure(key, f"sfc, {engine}", partial(of_engine, engine, work, job))
                if work.name == "learning":
                    table.measure(key, "by hand in C", partial(by_hand, work, job))
                for peer in contests:
                    if (peer.work, peer.samples) == key:
                        how = (peer, pythons[peer.folder], path, options.limit)
                        table.measure(key, peer.label, partial(of_peer, *how))

    print(f"\n{describe()}; one core, best of {options.turns}")
    print("\n".join(table.lines(works)))
    if options.json:
        about = {"machine": describe(), "turns": options.turns, "results": table.record()}
        write_file(options.json, json.dumps(about, indent=1).encode())


if __name__ == "__main__":
    main()
