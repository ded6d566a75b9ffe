"""`sfc.allocate` beside nengo-loihi's allocator, and nengo-loihi's validators on what sfc places.

Both get the same circuits in one run on one core, and the best of several times counts. Ours is
that of `sfc.allocate`, theirs that of split, validation and allocation; with building, the
compilation of the circuit is added to ours, and the making of nengo-loihi's blocks to theirs.
Delays and rules of the circuit only take room in nengo-loihi, whose emulator knows no such. The
first run makes an environment for it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from authors import authors_placement, plastic_synapses
from machine import describe
from peers.environments import PEERS, LeftOut, default_cache, environment, run
from peers.job import Job, write_job
from peers.network import make_job, make_wiring
from peers.works import inference

import sfc
from sfc.files import write_file
from sfc.ir.circuit import Circuit
from sfc.place.placement import Placement

DENSE = """sfc 1;
param n = 400;
param m = 1000;
neuron Plain { threshold = 1024; }
rule Fixed { range = -256..254; }
input image[n];
population x[n], y[m] : Plain;
plastic W[n, m] by Fixed init glorot_normal(scale = 1024, clip = 240);
image -> x one_to_one weight 2048;
x -> y via W;
"""
"""A matrix of 8-bit weights between two populations."""

SAMPLES = 20
"""What nengo-loihi's emulator runs of the inference circuit."""

ENTRIES = 4096
"""Of a core for input axons, two for one that learns; and for output axons, two to another chip."""


@dataclass(frozen=True)
class Contest:
    """A circuit that both place.

    Attributes:
        name: of the circuit.
        compiled: compiles it.
        authors: whether its authors have placed it too.
        presented: makes a job whose spikes are known, where there is one.
    """

    name: str
    compiled: Callable[[], Circuit]
    authors: bool = False
    presented: Callable[[], Job] | None = None


def dense(n: int, m: int) -> Contest:
    """Returns a matrix of n times m synapses as a contest."""
    return Contest(f"dense {n:,} to {m:,}", partial(sfc.compile_text, DENSE, n=n, m=m))


def presented() -> Job:
    """Returns the inference circuit with trained weights and what it does with some images."""
    return make_job(inference(SAMPLES))


CONTESTS = (
    Contest("backprop_inference", partial(sfc.compile, "backprop_inference"), presented=presented),
    Contest("backprop", partial(sfc.compile, "backprop"), authors=True),
    dense(400, 1000),
    dense(1000, 2000),
    dense(4000, 8000),
)


@dataclass(frozen=True)
class Result:
    """What came of one side.

    Attributes:
        cores: that hold neurons; 0 where it gave up.
        seconds: of placing.
        building: seconds of what must be made before.
        said: why it gave up.
    """

    cores: int
    seconds: float
    building: float
    said: str = ""

    @property
    def both(self) -> float:
        """Seconds of building and placing."""
        return self.building + self.seconds


def ours(circuit: Circuit, building: float, turns: int) -> tuple[Result, Placement | None]:
    """Places a circuit several times."""
    seconds = []
    for _ in range(turns):
        start = time.perf_counter()
        try:
            placement = sfc.allocate(circuit, chip="loihi1", objective="cores").placement
        except sfc.SfcError as error:
            said = str(error).splitlines()[0]
            return Result(0, time.perf_counter() - start, building, said), None
        seconds.append(time.perf_counter() - start)
    return Result(len(placement.cores), min(seconds), building), placement


class Nengo:
    """nengo-loihi's programs, in their environment."""

    def __init__(self, python: Path, folder: Path, limit: float) -> None:
        self._python, self._folder, self._limit = python, folder, limit

    def job(self, name: str, job: Job) -> Path:
        """Writes a job."""
        path = self._folder / f"{name}.npz"
        write_job(path, job)
        return path

    def allocate(self, job: Path, turns: int) -> Result:
        """Lets it split and allocate a job's network."""
        try:
            reply = self._ask("allocate.py", job, str(turns))
        except LeftOut as error:
            return Result(0, self._limit, 0.0, str(error))
        return Result(reply["cores"], reply["seconds"], reply["building"], reply["complaint"])

    def accept(self, job: Path, placement: Placement) -> dict[str, Any]:
        """Asks it about a placement; "complaint" is empty if it accepts it."""
        pieces = [[p.population, p.first, p.last, p.core] for p in placement.pieces]
        path = self._folder / "pieces.json"
        path.write_text(json.dumps(pieces), "utf-8")
        try:
            return self._ask("accept.py", job, path)
        except LeftOut as error:
            return {"complaint": str(error), "most": {}, "stages": [], "differences": []}

    def _ask(self, program: str, *words: str | Path) -> dict[str, Any]:
        command = [self._python, PEERS / "nengo_loihi" / program, *words]
        output = run(command, self._limit, self._folder)
        reply: dict[str, Any] = json.loads(output.splitlines()[-1])
        return reply


def verdict(reply: dict[str, Any]) -> str:
    """Returns what nengo-loihi says of a placement, as text, and what it does not look at."""
    wrong = [reply["complaint"], *reply["differences"]]
    said = "; ".join(text for text in wrong if text) or "accepted"
    for name in ("in-entries", "out-entries"):
        if reply["most"].get(name, 0) > ENTRIES:
            said += f", but more than {ENTRIES:,} {name}, which it does not count"
    most = ", ".join(f"{value:,} {unit}" for unit, value in reply["most"].items())
    return f"{said} (stages: {', '.join(reply['stages'])}); most on a core: {most}"


def lines(us: Result, them: Result) -> list[str]:
    """Returns both results as lines of a table, and their ratios where neither gave up."""
    found = []
    for label, result in (("sfc", us), ("nengo-loihi", them)):
        cores = f"{result.cores:,}" if result.cores else "-"
        row = f"  {label:18}{cores:>8}{result.seconds:12.4f}{result.both:16.4f}  {result.said}"
        found.append(row.rstrip())
    if not (us.cores and them.cores):
        return found
    times = f"{them.seconds / us.seconds:12.3g}{them.both / us.both:16.3g}"
    return [*found, f"  {'nengo-loihi / sfc':18}{them.cores / us.cores:8.3g}{times}"]


def placed(who: str, circuit: Circuit, placement: Placement, reply: dict[str, Any]) -> str:
    """Returns a line on a placement, and what nengo-loihi says of it."""
    plastic = max(plastic_synapses(circuit, placement).values())
    about = f"{len(placement.cores)} cores"
    about += f", at most {plastic:,} plastic synapses on one" if plastic else ""
    return f"  placed by {who}: {about}\n    nengo-loihi: {verdict(reply)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=3, help="how often each places")
    parser.add_argument("--limit", type=float, default=600, help="seconds for a run of nengo-loihi")
    parser.add_argument("--only", help="contests whose names have this in them")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="for the environment")
    parser.add_argument("--json", type=Path, help="a file for the results")
    options = parser.parse_args()
    try:
        python = environment("nengo_loihi", options.cache)
    except LeftOut as error:
        sys.exit(f"there is nobody to compare with: {error}")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

    sfc.compile("ring")  # imports what compiling takes
    print(f"{describe()}; one core, best of {options.turns}\n")
    print(f"  {'':18}{'cores':>8}{'seconds':>12}{'with building':>16}")
    records = []
    for contest in CONTESTS:
        if (options.only or "") not in contest.name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            nengo = Nengo(python, Path(folder), options.limit)
            records.append(compete(contest, nengo, options.turns))
    if options.json:
        about = {"machine": describe(), "turns": options.turns, "results": records}
        write_file(options.json, json.dumps(about, indent=1).encode())


def compete(contest: Contest, nengo: Nengo, turns: int) -> dict[str, Any]:
    """Lets both place a circuit, prints what comes of it, and returns it."""
    start = time.perf_counter()
    circuit = contest.compiled()
    us, placement = ours(circuit, time.perf_counter() - start, turns)
    wiring = nengo.job("wiring", make_wiring(circuit, seed=0))
    them = nengo.allocate(wiring, turns)
    print("\n".join(["", contest.name, *lines(us, them)]), flush=True)
    record = {"name": contest.name, "sfc": asdict(us), "nengo-loihi": asdict(them)}
    found = {} if placement is None else {"sfc": placement}
    if contest.authors:
        found["the authors"] = authors_placement(circuit)
    job = nengo.job("presented", contest.presented()) if contest.presented else wiring
    for who, one in found.items():
        reply = record[f"placed by {who}"] = nengo.accept(job, one)
        print(placed(who, circuit, one, reply), flush=True)
    return record


if __name__ == "__main__":
    main()
