"""Random circuits, stimuli and ways to run them: the engine against the small simulator.

Hypothesis chooses a seed and a size; the seed makes the circuit, and a failure shrinks to a small
size. Circuits are made as IR, which can say more than the language does (every mantissa, ties of
any shape, relays that remember).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_simulator import SmallSimulator, Step

from sfc import Result, Simulator
from sfc.ir.circuit import (
    TRACE_VARIABLES,
    Chain,
    Circuit,
    Init,
    Input,
    Matrix,
    Neuron,
    Population,
    Present,
    Projection,
    Reward,
    Rule,
    Schedule,
    Term,
    Tie,
    Trace,
    Weight,
    by_name,
)
from sfc.ir.verify import verify
from sfc.sim.initial import initial_weights

DECAYS = (4096, 4096, 4096, 0, 0, 1, 700, 2048, 3333, 4095)
DELAYS = (0, 0, 0, 1, 2, 3, 5, 62)
RANGES = ((-256, 254), (0, 255), (-255, 0), (-512, 508), (-32768, 32512), (0, 32640), (-8, 6))
COEFFICIENTS = (1, 2, -1, -2, 4, -7, 30, 0.5, -0.25, 1.5, 1 / 256, -300 / 256)
PRE = ("x0", "x0", "x1", "x2", "")
POST = ("", "", "", "y0", "y0", "y1", "y2", "y3")
OTHER = ("", "", "", "", "", "", "r0", "r1", "w", "d", "t", "x1", "y1")


def make_neuron(random: Random) -> Neuron:
    return Neuron(
        threshold=random.choice((0, 1, 20, 64, 100, 300, 131071)),
        bias=random.choice((0, 0, 0, 1, -5, 30, 63, -4096, 4095)),
        refractory=random.choice((0, 0, 1, 2, 5)),
        decay_u=random.choice(DECAYS),
        decay_v=random.choice(DECAYS),
    )


def make_weight(random: Random) -> Weight:
    kind = random.randrange(8)
    if kind < 5:
        return Weight(random.randint(-60, 150), 0)
    if kind < 7:
        return Weight(random.randint(-255, 255), random.randint(-6, 7))
    return Weight(random.choice((-255, 128, 255)), 7)


def make_terms(random: Random, step: int) -> tuple[Term, ...]:
    """One to four products: some are whole steps of the weight, some fractions of one."""
    terms = []
    for _ in range(random.randint(1, 4)):
        coefficient = random.choice(COEFFICIENTS) * random.choice((1, step))
        factors = random.choice(PRE), random.choice(POST), random.choice(OTHER)
        terms.append(Term(float(coefficient), tuple(sorted(f for f in factors if f))))
    return tuple(terms)


def make_rule(random: Random, name: str) -> Rule:
    low, high = random.choice(RANGES)
    dw = make_terms(random, Rule(name, (), (), low, high).weights.step)
    dt = make_terms(random, 1) if random.random() < 0.5 else ()
    used = {factor for term in dw + dt for factor in term.factors} & set(TRACE_VARIABLES)
    traces = tuple(
        Trace(variable, random.choice((0, 1, 16, 100, 127)), random.choice((0.0, 0.5, 1.0, 20.0)))
        for variable in sorted(used)
    )
    return Rule(name, dw, dt, low, high, traces)


def make_chain(random: Random, name: str) -> tuple[Chain, list[Population], list[Projection]]:
    """Returns a chain that nothing else drives, of relays that may remember."""
    names = tuple(f"{name}[{k}]" for k in range(random.randint(1, 5)))
    ring = random.random() < 0.6
    decays = random.choice(((4096, 4096), (4096, 4096), (2500, 4096), (4096, 2500)))
    neuron = Neuron(100, random.choice((0, 0, -20)), 0, *decays)
    followers = names[1:] + (names[:1] if ring else ())
    links = [
        Projection(f"{a} -> {b}", a, b, "all_to_all", Weight(200, 0))
        for a, b in zip(names, followers, strict=False)
    ]
    return Chain(name, names, ring), [Population(n, (1,), neuron) for n in names], links


def make_circuit(random: Random, size: int, with_chains: bool) -> Circuit:
    populations = [
        Population(name, (random.randint(1, 3),), make_neuron(random))
        for name in "abcd"[: random.randint(1, size)]
    ]
    inputs = [Input(name, (random.randint(1, 3),)) for name in "pq"[: random.randint(0, size)]]
    chains = [make_chain(random, name) for name in "gk"[: random.randint(1, size)] if with_chains]
    relays = [relay for _, members, _ in chains for relay in members]
    sizes = {node.name: node.size for node in (*populations, *inputs, *relays)}
    targets = [population.name for population in populations]
    # Inputs twice, so that something happens; relays do not learn, as a kick is no spike that does.
    learning = targets + 2 * [source.name for source in inputs]
    projections = [link for _, _, links in chains for link in links]
    for number in range(random.randint(1, 2 * size)):
        source, target = random.choice([*learning, *sizes]), random.choice(targets)
        alike = sizes[source] == sizes[target] and random.random() < 0.6
        projections.append(
            Projection(
                *(f"s{number}", source, target, "one_to_one" if alike else "all_to_all"),
                *(make_weight(random), random.choice(DELAYS)),
            )
        )
    rules = [make_rule(random, f"R{number}") for number in range(random.choice((0, 1, 1, 2)))]
    matrices = []
    for rule in rules:
        shape = sizes[random.choice(learning)], sizes[random.choice(targets)]
        share = random.choice((1.0, 0.3))
        init = Init("uniform", (("low", share * rule.low), ("high", share * rule.high)))
        matrices.append(Matrix(f"W{rule.name}", shape, rule.name, init))
        pairs = [
            (source, target, transpose)
            for source in learning
            for target in targets
            for transpose in (False, True)
            if (sizes[source], sizes[target]) == (shape[::-1] if transpose else shape)
        ]
        for copy in range(random.randint(1, 3)):
            source, target, transpose = random.choice(pairs)
            tie = Tie(matrices[-1].name, random.choice((1, -1)), transpose)
            name, delay = f"{tie.matrix}.{copy}", random.choice(DELAYS)
            projections.append(Projection(name, source, target, "all_to_all", tie, delay))
    nodes = [*populations, *relays]
    random.shuffle(nodes)
    random.shuffle(projections)
    circuit = Circuit(
        "random",
        MappingProxyType({}),
        *(by_name(nodes), by_name(inputs), by_name(rules), by_name(matrices)),
        by_name(projections),
        make_schedule(random, [chain for chain, _, _ in chains], inputs, projections),
    )
    verify(circuit)
    return circuit


def make_schedule(
    random: Random, chains: list[Chain], inputs: list[Input], projections: list[Projection]
) -> Schedule:
    phases = [(chain.name, k) for chain in chains for k in range(len(chain.relays))]
    if not phases:
        return Schedule()
    presents = []
    for source in inputs:
        own = [p for p in projections if p.source == source.name]
        cut = random.choice((0, 0, len(own) // 2))
        for part in (own[:cut], own[cut:]):
            chain, phase = random.choice(phases)
            if part and (phase > 0 or not any(isinstance(p.weight, Tie) for p in part)):
                presents.append(Present(source.name, chain, phase, tuple(p.name for p in part)))
    rewards = [Reward(*random.choice(phases)) for _ in range(random.randint(0, 2))]
    return Schedule(tuple(chains), tuple(presents), tuple(rewards))


def make_stimulus(random: Random, circuit: Circuit, length: int) -> dict[str, list[list[bool]]]:
    """Returns what every input does in some frames or steps."""
    share = random.choice((0.2, 0.6, 0.9))
    return {
        name: [[random.random() < share for _ in range(source.size)] for _ in range(length)]
        for name, source in circuit.inputs.items()
    }


def sparse(stimulus: Mapping[str, list[list[bool]]], length: int) -> list[dict[str, list[int]]]:
    return [
        {name: [i for i, bit in enumerate(rows[k]) if bit] for name, rows in stimulus.items()}
        for k in range(length)
    ]


def compare(circuit: Circuit, result: Result, steps: list[Step]) -> None:
    """Compares everything that a run records with the steps of the small simulator."""
    assert result.steps == len(steps)
    assert result.frame_starts.tolist() == [k for k, step in enumerate(steps) if step.starts_frame]
    for found, step in zip(result.phase_of_step, steps, strict=True):
        assert found in step.phases or (found is None and not step.phases)
    for name in circuit.populations:
        expected = [[k, i] for k, step in enumerate(steps) for i in step.spikes[name]]
        assert result.events[name].tolist() == expected, name
        states = (64 * np.array(result.recorder.membranes[name])).tolist()
        assert states == [step.membranes[name] for step in steps], name
        counts = [0] * (1 + max(step.offset for step in steps))
        for step in steps:
            counts[step.offset] += len(step.spikes[name])
        found = result.spike_counts[name].tolist()
        assert found == (counts if circuit.schedule.chains else sum(counts)), name
    overflows = [(k, *overflow) for k, step in enumerate(steps) for overflow in step.overflows]
    for quantity in "uv":
        expected = [(k, name, i) for k, kind, name, i in overflows if kind == quantity]
        found = [
            (overflow.count, overflow.step, overflow.population, overflow.neuron)
            for overflow in result.overflows
            if overflow.quantity == quantity
        ]
        assert found == ([(len(expected), *expected[0])] if expected else [])


def compare_runs(random: Random, circuit: Circuit, state_file: Path) -> None:
    """Compares a few runs, one after the other, with saving and loading in between."""
    seed = random.randrange(9)
    simulator = Simulator(circuit, seed=seed)
    small = SmallSimulator(
        circuit,
        {
            name: initial_weights(circuit, matrix, seed).tolist()
            for name, matrix in circuit.matrices.items()
        },
    )
    probes = [probe for name in circuit.populations for probe in (name, f"{name}.v")]
    for _ in range(random.randint(1, 5)):
        learn, length = random.random() < 0.8, random.choice((1, 2, 3, 5, 8, 13))
        options: dict[str, Any] = {"learn": learn, "probes": probes, "counts": True}
        if random.random() < 0.7:
            stimulus = make_stimulus(random, circuit, length)
            by_frames = bool(circuit.schedule.chains)
            run = small.run_frames if by_frames else small.run_steps
            steps = run(sparse(stimulus, length), learn)
            result = simulator.run(
                stimulus, **{"frames" if by_frames else "steps": length}, **options
            )
        else:
            length *= random.choice((1, 7))
            steps = small.run_steps([{}] * length, learn)
            result = simulator.run(steps=length, **options)
        compare(circuit, result, steps)
        weights = {name: array.tolist() for name, array in simulator.plastic_weights().items()}
        assert weights == small.weights
        if random.random() < 0.15:
            simulator.save(state_file)
            simulator = Simulator.load(state_file)


@pytest.fixture(scope="module")
def state_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("states") / "state.npz"


BOUNDED = settings(max_examples=250, derandomize=True, deadline=None, database=None)
SEEDS = st.integers(0, 10**9)
SIZES = st.sampled_from((1, 2, 3, 4, 4, 4, 4))


@given(seed=SEEDS, size=SIZES)
@BOUNDED
def test_random_circuits_without_chains(seed: int, size: int, state_file: Path) -> None:
    random = Random(seed)
    compare_runs(random, make_circuit(random, size, False), state_file)


@given(seed=SEEDS, size=SIZES)
@BOUNDED
def test_random_circuits_with_chains(seed: int, size: int, state_file: Path) -> None:
    random = Random(seed)
    compare_runs(random, make_circuit(random, size, True), state_file)
