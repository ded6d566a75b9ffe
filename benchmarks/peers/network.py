"""Jobs from circuits: populations and projections as plain arrays, and what must come of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from peers.job import KICK, LEAD, Generator, Job, Population, Projection, Rule, in_order
from peers.works import Work

import sfc
from sfc.ir import circuit as ir
from sfc.ir.circuit import Circuit, Weight
from sfc.ir.integers import COEFFICIENT_BITS, DECAY_LIMIT

Arrays = dict[str, np.ndarray]


def make_job(work: Work) -> Job:
    """Returns a job whose outcome the reference engine worked out.

    The circuit has one ring and nothing else that makes frames, or no chains, and its neurons keep
    nothing.
    """
    circuit = work.circuit
    simulator = work.simulator("reference")
    first = simulator.plastic_weights()
    result = simulator.run(work.inputs, probes=work.compared)
    generators, projections = _generators(work, first)
    return Job(
        work.name,
        work.samples,
        LEAD + result.steps,
        [_population(population) for population in circuit.populations.values()],
        generators,
        [*_projections(circuit, first), *projections],
        _rule(circuit),
        _rewards(circuit, work.samples),
        *outcome(work, simulator, result),
    )


def make_wiring(circuit: Circuit, seed: int) -> Job:
    """Returns a job that only says what is joined to what: nothing is presented or compared.

    Inputs are generators that stay silent, and matrices random even weights of -256..254.
    """
    generator = np.random.default_rng(seed)

    def drawn(p: ir.Projection) -> np.ndarray:
        weights = generator.integers(-128, 128, circuit.synapse_shape(p), np.int16)
        return np.left_shift(weights, 1, out=weights)

    tied = [p for p in circuit.projections.values() if not isinstance(p.weight, Weight)]
    first = {p.name: drawn(p) for p in tied}
    nothing = np.zeros((0, 2), np.int64)
    return Job(
        circuit.name,
        0,
        LEAD,
        [_population(population) for population in circuit.populations.values()],
        [Generator(name, node.size, nothing) for name, node in circuit.inputs.items()],
        [_projection(circuit, p, p.source, first) for p in circuit.projections.values()],
        None,
        np.zeros(0, np.int64),
    )


def outcome(work: Work, simulator: sfc.Simulator, result: sfc.Result) -> tuple[Arrays, Arrays]:
    """Returns the spikes and the weights of a run as a job has them."""
    circuit = work.circuit
    learning = [name for name, p in circuit.projections.items() if circuit.learns(p)]
    spikes = {name: in_order(result.events[name]) + np.array([LEAD, 0]) for name in work.compared}
    return spikes, {name: simulator.weights[name] for name in learning}


def _population(population: ir.Population) -> Population:
    neuron = population.neuron
    assert neuron.decay_u == neuron.decay_v == DECAY_LIMIT, "the peers' neurons keep nothing"
    size = population.size
    return Population(population.name, size, neuron.threshold, neuron.bias, neuron.refractory)


def _projections(circuit: Circuit, first: Arrays) -> list[Projection]:
    """Returns the projections between populations, with the weights that they begin with."""
    between = (p for p in circuit.projections.values() if p.source in circuit.populations)
    return [_projection(circuit, p, p.source, first) for p in between]


def _projection(circuit: Circuit, p: ir.Projection, source: str, first: Arrays) -> Projection:
    assert p.source_part is None is p.target_part
    assert p.pattern in ("one_to_one", "all_to_all")
    weight = p.weight if isinstance(p.weight, Weight) else Weight(1, 0)
    assert weight.exponent >= 0
    how = (p.pattern == "one_to_one", weight.mantissa, weight.exponent, p.delay)
    return Projection(p.name, source, p.target, *how, circuit.learns(p), first.get(p.name))


def _generators(work: Work, first: Arrays) -> tuple[list[Generator], list[Projection]]:
    """Returns a generator for each presentation of an input and for the kick, with synapses."""
    circuit = work.circuit
    generators, projections = [], []
    for source, steps, names in _presentations(circuit, work.samples):
        label = f"{source}, {names[0]}"
        samples, numbers = np.nonzero(work.inputs[source])
        events = np.stack([steps[samples], numbers], axis=1)
        generators.append(Generator(label, circuit.inputs[source].size, events))
        projections += [_projection(circuit, circuit.projections[n], label, first) for n in names]
    if circuit.schedule.chains:
        (chain,) = circuit.schedule.chains
        assert chain.ring
        assert not chain.started_by
        ends = (chain.relays[-1], chain.relays[0])
        link = next(p for p in circuit.projections.values() if (p.source, p.target) == ends)
        assert link.delay == 0
        generators.append(Generator(KICK, 1, np.array([[LEAD - 2, 0]])))
        weight = (link.weight.mantissa, link.weight.exponent)
        projections.append(Projection(KICK, KICK, ends[1], True, *weight, 0))
    return generators, projections


def _presentations(
    circuit: Circuit, samples: int
) -> Iterator[tuple[str, np.ndarray, tuple[str, ...]]]:
    """Yields an input, the step in which each sample's spikes are sent, and their projections."""
    if circuit.schedule.chains:
        length = circuit.schedule.frame_length
        for present in circuit.schedule.presents:
            steps = LEAD + length * np.arange(samples) + present.phase - 1
            yield present.input, steps, present.projections
        return
    for name in circuit.inputs:
        names = tuple(p.name for p in circuit.projections.values() if p.source == name)
        yield name, LEAD + np.arange(samples), names


def _rule(circuit: Circuit) -> Rule | None:
    """Returns the one rule by which projections learn."""
    rules = {p: circuit.rule_of(p) for p in circuit.projections.values() if circuit.learns(p)}
    if not rules:
        return None
    (rule,) = set(rules.values())
    terms = {term.factors: term.scaled >> COEFFICIENT_BITS for term in rule.dw}
    always, rewarded = terms.pop(("x0", "y0")), terms.pop(("r1", "x0", "y0"), 0)
    assert not terms
    assert not rule.dt
    return Rule(always, rewarded, rule.low, rule.high)


def _rewards(circuit: Circuit, samples: int) -> np.ndarray:
    length = circuit.schedule.frame_length or 0
    phases = [reward.phase for reward in circuit.schedule.rewards]
    return np.sort((LEAD + length * np.arange(samples)[:, None] + phases).ravel()).astype(np.int64)
