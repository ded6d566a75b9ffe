"""What the phase analysis promises of a circuit holds in its runs.

Random circuits run with random samples within the bounds of their inputs. The sound reading must
hold in every step; the conditional reading up to the step in which a block fires that nobody
opened, or something overflows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from random_circuits import make_circuit, make_neuron, make_projection
from random_gated import gated_text
from random_texts import random_text

from sfc import Result, SfcError, Simulator, compile, compile_text
from sfc.analysis.blocks import divide
from sfc.analysis.phases import Phases, analyse
from sfc.analysis.readings import Reached
from sfc.analysis.table import Cell
from sfc.analysis.ties import TieProof
from sfc.analysis.timeline import NO_PHASE
from sfc.ir.circuit import Circuit, Population, Projection, Tie, by_name
from sfc.resources import resource
from sfc.sim.stretch import Stretch
from sfc.sim.watch import Watch

BOUNDED = settings(max_examples=200, derandomize=True, deadline=None, database=None)
SEEDS = st.integers(0, 10**9)

Sets = dict[int, list[NDArray[np.intp]]]
"""By block of the network, for every step the neurons that fired, by their places."""


def bounded(random: Random, circuit: Circuit) -> Circuit:
    """Returns a circuit of which some inputs declare bounds."""
    inputs = []
    for source in circuit.inputs.values():
        least = random.choice((0, 0, random.randint(0, source.size)))
        most = random.choice((None, random.randint(least, source.size)))
        inputs.append(replace(source, at_least=least, at_most=most))
    return replace(circuit, inputs=by_name(inputs))


def made_odd(random: Random, circuit: Circuit) -> Circuit:
    """Returns a circuit with some odd neurons and delays, and something joined at random."""
    populations, projections = [], []
    for population in circuit.populations.values():
        if population.origin is None and random.random() < 0.2:
            rest = random.choice((0, 1, 2, 17, 63))
            population = replace(population, neuron=replace(make_neuron(random), refractory=rest))
        populations.append(population)
    for projection in circuit.projections.values():
        if projection.origin is None and random.random() < 0.2:
            projection = replace(projection, delay=random.randint(0, 62))
        projections.append(projection)
    for number in range(random.randint(0, 3)):
        ends = random.choice(populations), random.choice(populations)
        projections.append(make_projection(random, f"odd{number}", *ends))
    return replace(circuit, populations=by_name(populations), projections=by_name(projections))


def make_samples(random: Random, circuit: Circuit, length: int) -> dict[str, NDArray[np.bool_]]:
    """Returns samples within the bounds of all inputs, often with as much on as they allow."""
    samples = {}
    for source in circuit.inputs.values():
        most = source.size if source.at_most is None else source.at_most
        rows = np.zeros((length, source.size), np.bool_)
        for row in rows:
            count = random.choice((source.at_least, most, random.randint(source.at_least, most)))
            row[random.sample(range(source.size), count)] = True
        samples[source.name] = rows
    return samples


class WatchedCopies(Watch):
    """Notes when the copies of a matrix differ.

    Attributes:
        equal: by step whether each copy is equal to the first.
        at_rail: by matrix the first step at whose end a weight has reached an end of its range.
    """

    def __init__(self, circuit: Circuit, simulator: Simulator, proofs: list[TieProof]) -> None:
        super().__init__(circuit, ())
        self.simulator = simulator
        self.proofs = proofs
        self.equal: list[list[bool]] = []
        self.at_rail: dict[str, int] = {}

    def extend(self, stretch: Stretch) -> None:
        assert stretch.steps == 1
        super().extend(stretch)
        projections = self.circuit.projections
        weights = self.simulator.plastic_weights()
        values = {name: of_matrix(projections[name], array) for name, array in weights.items()}
        for name in weights:
            tie, rule = projections[name].weight, self.circuit.rule_of(projections[name])
            assert isinstance(tie, Tie)
            assert rule is not None
            if (weights[name] <= rule.low).any() or (weights[name] >= rule.high).any():
                self.at_rail.setdefault(tie.matrix, len(self.equal))
        self.equal.append(
            [bool((values[p.first] == values[p.projection]).all()) for p in self.proofs]
        )


def of_matrix(projection: Projection, weights: NDArray[np.int16]) -> NDArray[np.int16]:
    """Returns the values of the matrix that a copy holds."""
    tie = projection.weight
    assert isinstance(tie, Tie)
    turned: NDArray[np.int16] = tie.sign * (weights.T if tie.transpose else weights)
    return turned


def check(circuit: Circuit, random: Random) -> Counter[str]:
    """Runs a circuit and checks what is promised of it; returns what there was to check."""
    phases = analyse(circuit)
    simulator = Simulator(circuit, seed=random.randrange(9))
    frames = random.choice((3, 6, 12))
    probes = [probe for name in circuit.populations for probe in (name, f"{name}.v")]
    watch = WatchedCopies(circuit, simulator, list(phases.sound.ties.proofs))
    options: dict[str, Any] = {"probes": probes, "watch": watch}
    try:
        if circuit.inputs:
            result = simulator.run(make_samples(random, circuit, frames), **options)
        elif circuit.schedule.chains:
            result = simulator.run(frames=frames, **options)
        else:
            result = simulator.run(steps=30, **options)
    except SfcError:  # the ring stopped
        return Counter(stopped=1)
    assert not watch.violations
    seen: Counter[str] = Counter()
    supposes = phases.conditional is not phases.sound
    for reached in (phases.sound, phases.conditional)[: 1 + supposes]:
        promises = Promises(circuit, reached, result, seen)
        promises.check_steps()
        promises.check_sets()
        promises.check_ties(watch)
    check_overflow(phases, result, seen)
    note_circuit(circuit, phases, seen)
    return seen


class Promises:
    """One reading of a circuit, and a run.

    Attributes:
        steps: in which the reading should hold.
    """

    def __init__(
        self, circuit: Circuit, reached: Reached, result: Result, seen: Counter[str]
    ) -> None:
        self.circuit, self.reading, self.reached = circuit, reached.reading, reached
        self.ties, self.result, self.seen = reached.ties, result, seen
        self.kind = "conditional " if self.reading.conditional else ""
        self.frame_of = np.zeros(result.steps, np.intp)
        self.frame_of[result.frame_starts] = result.frame_starts
        self.frame_of = np.maximum.accumulate(self.frame_of)
        self.starts = result.frame_starts.tolist()
        self.spikes = {}
        for name, population in circuit.populations.items():
            spikes = np.zeros((result.steps, population.size), np.bool_)
            spikes[tuple(result.events[name].T)] = True
            self.spikes[name] = spikes
        self.sets = self.places()
        self.path = self.follow() if self.reading.timeline.tree else []
        self.steps = result.steps
        if self.reading.conditional:
            self.steps = self.first_exception()

    def places(self) -> Sets:
        divided, sets = divide(self.circuit), {}
        for name, numbers in self.reading.network.blocks_of.items():
            for index, number in enumerate(numbers):
                inside = divided[name].labels == index if name in divided else True
                sets[number] = [np.flatnonzero(row & inside) for row in self.spikes[name]]
        return sets

    def follow(self) -> list[int]:
        """Returns the moment of every step of frames that divide, which there must be.

        The conditional reading may end where something that it supposes has not held before.
        """
        timeline, path = self.reading.timeline, []
        for step in range(self.result.steps):
            is_first = step in self.starts
            parent = -1 if is_first else path[-1]
            assert not (is_first and path) or path[-1] in timeline.ends
            found = [
                number
                for number, moment in enumerate(timeline.tree)
                if moment.parent == parent
                and all(self.spikes[r][step].any() == f for r, f in moment.outcome.items())
            ]
            if not found and self.reading.conditional:
                break
            (here,) = found
            path.append(here)
        return path

    def moment(self, step: int) -> int:
        timeline = self.reading.timeline
        if timeline.tree:
            return self.path[step]
        if timeline.frame is None:
            return 0
        assert step - self.frame_of[step] < timeline.frame
        number = self.starts.index(self.frame_of[step])
        return int(number * timeline.frame % timeline.length + step - self.frame_of[step])

    def first_exception(self) -> int:
        """Returns the first step in which what the reading supposes does not hold."""
        overflows = [overflow.step for overflow in self.result.overflows]
        for step in range(self.result.steps):
            if step in overflows:
                return step
            assert not self.path or step < len(self.path)
            for number, sets in self.sets.items():
                found = self.reading.found.get((number, self.moment(step)))
                if found is not None and found.is_shut and found.may_fire and len(sets[step]):
                    self.seen["shut cells fired"] += 1
                    return step
        return self.result.steps

    def check_steps(self) -> None:
        """Checks spike counts and membranes."""
        for step in range(self.steps):
            moment = self.moment(step)
            for number, sets in self.sets.items():
                firing = self.reading.firing(number, moment)
                assert firing.low <= len(sets[step]) <= firing.high, (number, step, firing)
            for name, population in self.circuit.populations.items():
                for chain, phase in self.reading.timeline.phases(moment) or (NO_PHASE,):
                    table = self.reached.table_of(chain)
                    assert table is not None
                    self.check_cell(table.cell(name, phase), population, step)

    def check_cell(self, cell: Cell, population: Population, step: int) -> None:
        count = int(self.spikes[population.name][step].sum())
        fewest, most = cell.count
        assert fewest <= count <= most, (cell, step, count)
        assert count == 0 or cell.state != "silent", (cell, step)
        assert count > 0 or cell.state != "must_fire", (cell, step)
        self.seen[f"{self.kind}{cell.state}"] += 1
        if population.neuron.refractory > 1 or self.overflows(population.name):
            return
        membrane = self.result.membrane.rows(population.name)[step]
        assert (population.neuron.threshold - membrane >= cell.margin).all(), (cell, step)

    def overflows(self, name: str) -> bool:
        blocks = self.reading.network.blocks_of[name]
        return any(f.overflows for (number, _), f in self.reading.found.items() if number in blocks)

    def check_sets(self) -> None:
        """Checks value numbers: equal numbers are equal sets, and ladders are nested."""
        if self.reading.timeline.tree:
            for start, end in pairwise([*self.starts, self.result.steps]):
                self.check_sets_at([(self.path[s], s) for s in range(start, min(end, self.steps))])
            return
        if self.reading.timeline.frame is None:
            self.check_sets_at([(0, step) for step in range(self.steps)], one_by_one=True)
            return
        length = self.reading.timeline.length
        for start in range(0, self.steps, length):
            self.check_sets_at(
                [(moment, start + moment) for moment in range(min(length, self.steps - start))]
            )

    def check_sets_at(self, steps: list[tuple[int, int]], one_by_one: bool = False) -> None:
        if one_by_one:
            for pair in steps:
                self.check_sets_at([pair])
            return
        known: dict[tuple[int, Any], tuple[Any, frozenset[int]]] = {}
        for moment, step in steps:
            for number, sets in self.sets.items():
                firing = self.reading.firing(number, moment)
                if firing.high == 0:
                    continue
                assert firing.number >= 0
                key = firing.number, self.reading.network.blocks[number].place
                fired = frozenset(sets[step].tolist())
                cell = number, moment
                before = known.setdefault(key, (cell, fired))
                assert before[1] == fired, (before, cell, fired)
                self.seen[f"{self.kind}equal numbers"] += before[0] != cell and len(fired) > 0
        ladders: dict[tuple[int, Any], list[tuple[int, frozenset[int]]]] = {}
        for (value, place), (_, fired) in known.items():
            meaning = self.reading.numbers.meaning[value]
            if meaning is not None:
                ladders.setdefault((meaning[0], place), []).append((meaning[1], fired))
        for steps_up in ladders.values():
            steps_up.sort(key=lambda step: step[0])
            for (_, lower), (_, upper) in pairwise(steps_up):
                assert lower >= upper
                self.seen[f"{self.kind}nested ladders"] += len(upper) > 0

    def check_ties(self, watch: WatchedCopies) -> None:
        for index, (proof, plain) in enumerate(zip(self.ties.proofs, watch.proofs, strict=True)):
            assert proof.projection == plain.projection
            if proof.state == "open":
                continue
            equal = [row[index] for row in watch.equal[: self.steps]]
            at_starts = [equal[start - 1] for start in self.starts if 0 < start <= self.steps]
            if proof.state == "proved":
                assert all(equal), proof
            elif proof.state == "frames" or not self.reaches_end(proof, watch):
                assert all(at_starts), proof
            self.seen[f"{self.kind}tie {proof.state}"] += 1

    def reaches_end(self, proof: TieProof, watch: WatchedCopies) -> bool:
        return watch.at_rail.get(proof.matrix, self.steps) < self.steps


def check_overflow(phases: Phases, result: Result, seen: Counter[str]) -> None:
    """Checks that nothing overflows where this is proved."""
    if not any(found.overflows for found in phases.sound.reading.found.values()):
        assert not result.overflows
        seen["no overflow"] += 1
    seen["overflow"] += bool(result.overflows)


def note_circuit(circuit: Circuit, phases: Phases, seen: Counter[str]) -> None:
    """Notes what a circuit has."""
    reading, schedule = phases.sound.reading, circuit.schedule
    neurons = [p.neuron for p in circuit.populations.values() if p.origin is None]
    rings = [chain for chain in schedule.chains if chain.ring and not chain.started_by]
    has = {
        "frames": reading.timeline.frame is not None,
        "timeless": not reading.timeline.has_frames,
        "tree": bool(reading.timeline.tree),
        "divided": any(moment.outcome for moment in reading.timeline.tree),
        "several blocks": any(len(b) > 1 for b in reading.network.blocks_of.values()),
        "memory": any(min(n.decay_u, n.decay_v) < 4096 for n in neurons),
        "refractoriness": any(n.refractory > 1 for n in neurons),
        "super-period": reading.timeline.length != (reading.timeline.frame or 1),
        "two rings": len(rings) > 1,
        "kicked chain": any(not c.ring and not c.started_by for c in schedule.chains),
        "started chain": any(c.started_by for c in schedule.chains),
        "at least": any(source.at_least for source in circuit.inputs.values()),
        "at most": any(source.at_most is not None for source in circuit.inputs.values()),
    }
    seen.update(name for name, holds in has.items() if holds)


def lacking(seen: Counter[str], *wanted: str) -> list[str]:
    return [name for name in wanted if not seen[name]]


def test_circuits_without_chains() -> None:
    seen: Counter[str] = Counter()

    @given(seed=SEEDS, size=st.integers(1, 4))
    @BOUNDED
    def run(seed: int, size: int) -> None:
        random = Random(seed)
        seen.update(check(bounded(random, make_circuit(random, size, False)), random))

    run()
    assert not lacking(seen, "silent", "must_fire", "may_fire", "several blocks", "memory")
    assert not lacking(seen, "timeless", "overflow", "no overflow")


def test_circuits_with_chains() -> None:
    seen: Counter[str] = Counter()

    @given(seed=SEEDS, size=st.integers(1, 4))
    @BOUNDED
    def run(seed: int, size: int) -> None:
        random = Random(seed)
        seen.update(check(bounded(random, make_circuit(random, size, True)), random))

    run()
    assert not lacking(seen, "silent", "must_fire", "may_fire", "several blocks", "memory")
    assert not lacking(seen, "refractoriness", "super-period", "two rings", "kicked chain")
    assert not lacking(seen, "started chain", "timeless", "frames", "at least", "at most", "tree")


@pytest.mark.parametrize("name", ["branches", str(resource("circuits") / "lib" / "chains.sfc")])
@pytest.mark.parametrize("seed", range(5))
def test_frames_that_divide(name: str, seed: int) -> None:
    seen = check(compile(name), Random(seed))
    assert not lacking(seen, "divided", "silent", "must_fire", "may_fire")


def test_circuit_files() -> None:
    seen: Counter[str] = Counter()

    @given(seed=SEEDS, size=st.integers(0, 8))
    @BOUNDED
    def run(seed: int, size: int) -> None:
        circuit = compile_text(random_text(seed, size), "random.sfc")
        seen.update(check(circuit, Random(seed)))

    run()
    assert not lacking(seen, "silent", "must_fire", "may_fire", "several blocks")


def test_gated_circuits() -> None:
    seen: Counter[str] = Counter()
    # Fixed seeds: what Hypothesis draws changes with the constants in the code that it finds.
    for seed in (*range(300), 1040):
        circuit = compile_text(gated_text(seed, 1 + seed % 14), "gated.sfc")
        seen.update(check(circuit, Random(seed)))
    for kind in ("", "conditional "):
        said = ("silent", "must_fire", "may_fire", "open", "equal numbers", "nested ladders")
        ties = ("tie proved", "tie rail")
        assert not lacking(seen, *(f"{kind}{name}" for name in (*said, *ties)))
    assert not lacking(seen, "tie frames", "several blocks", "memory")
    assert not lacking(seen, "refractoriness", "super-period")
    assert not lacking(seen, "kicked chain", "started chain", "at least", "at most")
    assert not lacking(seen, "shut cells fired")


def test_odd_gated_circuits() -> None:
    seen: Counter[str] = Counter()

    @given(seed=SEEDS, steps=st.integers(1, 14))
    @BOUNDED
    def run(seed: int, steps: int) -> None:
        random = Random(seed)
        circuit = compile_text(gated_text(seed, steps), "gated.sfc")
        seen.update(check(made_odd(random, circuit), random))

    run()
    assert not lacking(seen, "silent", "must_fire", "may_fire", "open", "equal numbers")
    assert not lacking(seen, "timeless", "frames", "memory", "overflow")
