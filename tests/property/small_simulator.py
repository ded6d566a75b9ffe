"""A second simulator, written from the exact semantics alone, to compare the engines with.

Plain integers, one neuron and one synapse at a time: slow and obvious on purpose. It shares
nothing with what it checks but the classes of the IR.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import prod

from sfc.ir.circuit import Circuit, Population, Projection, Rule, Term, Tie

Phase = tuple[str, int]
Spikes = Mapping[str, list[int]]
"""By population or input, the numbers of those that spike."""

TRACES = ("x1", "x2", "y1", "y2", "y3", "r1")


def decay(x: int, delta: int) -> int:
    magnitude = (abs(x) * (4096 - delta)) >> 12
    return magnitude if x >= 0 else -magnitude


def wrap(x: int) -> int:
    return (x + 2**23) % 2**24 - 2**23


def clip(x: int, low: int, high: int) -> int:
    return max(low, min(high, x))


def change(terms: Iterable[Term], values: Mapping[str, int], step: int) -> int:
    """Returns the sum of products, rounded towards zero to a multiple of `step`."""
    total = 0  # in 1/256, of which coefficients are multiples
    for term in terms:
        total += int(256 * term.coefficient) * prod(values[factor] for factor in term.factors)
    magnitude = abs(total) // (256 * step) * step
    return magnitude if total >= 0 else -magnitude


@dataclass
class Step:
    """What happened in a step: spikes, membranes in state units, overflows (u or v, of whom)."""

    starts_frame: bool
    offset: int
    phases: set[Phase]
    spikes: dict[str, list[int]] = field(default_factory=dict)
    membranes: dict[str, list[int]] = field(default_factory=dict)
    overflows: list[tuple[str, str, int]] = field(default_factory=list)


class SmallSimulator:
    """Every dictionary holds 0 for what it does not have."""

    def __init__(self, circuit: Circuit, matrices: Mapping[str, list[list[int]]]) -> None:
        self.circuit = circuit
        self.now = self.frame_start = 0
        self.relays_before: set[Phase] = set()
        self.u: defaultdict[tuple[str, int], int] = defaultdict(int)
        self.v: defaultdict[tuple[str, int], int] = defaultdict(int)
        self.silent: defaultdict[tuple[str, int], int] = defaultdict(int)
        self.arriving: defaultdict[tuple[int, str, int], int] = defaultdict(int)
        self.traces: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self.carried: dict[str, list[int]] = {}  # by projection, the spikes of this step
        self.tags: defaultdict[tuple[str, int, int], int] = defaultdict(int)
        self.weights: dict[str, list[list[int]]] = {}
        for projection in self.plastic():
            tie, rule = projection.weight, circuit.rule_of(projection)
            matrix = matrices[tie.matrix]
            turned = zip(*matrix, strict=True) if tie.transpose else matrix
            self.weights[projection.name] = [
                [clip(tie.sign * weight, rule.low, rule.high) for weight in row] for row in turned
            ]

    def plastic(self) -> list[Projection]:
        return [p for p in self.circuit.projections.values() if isinstance(p.weight, Tie)]

    def run_frames(self, samples: list[Spikes], learn: bool) -> list[Step]:
        """Finishes the frame under way without input, then runs a frame for each sample."""
        log: list[Step] = []
        waiting, sample = list(samples), {}
        while waiting or not self.next_begins_frame():
            if self.next_begins_frame():
                sample = waiting.pop(0)
            log.append(self.step(sample, {}, True, learn))
        return log

    def run_steps(self, rows: list[Spikes], learn: bool) -> list[Step]:
        """Runs a step for each row of inputs; without a ring, no frame follows the first."""
        return [self.step({}, row, self.now == 0, learn) for row in rows]

    def next_begins_frame(self) -> bool:
        clock = self.circuit.schedule.clock
        if clock is None or self.now == 0:
            return clock is not None
        if clock.ring:
            return (clock.name, 0) in self.relays_before
        return self.now - self.frame_start >= len(clock.relays)

    def step(self, sample: Spikes, row: Spikes, restart: bool, learn: bool) -> Step:
        schedule = self.circuit.schedule
        starts = self.next_begins_frame() and (schedule.clock.ring or restart)
        kicked = [c for c in schedule.chains if starts and (self.now == 0 or not c.ring)]
        self.frame_start = self.now if starts else self.frame_start
        phases = self.relays_before | {(chain.name, 0) for chain in kicked}
        step = Step(starts, self.now - self.frame_start, phases)
        for chain in kicked:
            self.send(chain.relays[0], [0], self.now - 1)
        self.present(sample, {phase for phase in phases if phase[1] == 0}, self.now - 1)
        self.carried.clear()
        for population in self.circuit.populations.values():
            fired = [i for i in range(population.size) if self.advance(population, i, step)]
            step.spikes[population.name] = fired
        self.relays_before = {
            (chain.name, k)
            for chain in schedule.chains
            for k, relay in enumerate(chain.relays)
            if step.spikes[relay]
        }
        for name, neurons in (step.spikes | row).items():
            self.send(name, neurons, self.now)
        self.present(sample, {phase for phase in self.relays_before if phase[1] > 0}, self.now)
        reward = any((r.chain, r.phase) in phases for r in schedule.rewards)
        for projection in self.plastic():
            rule = self.circuit.rule_of(projection)
            pre, post = self.carried.get(projection.name, []), step.spikes[projection.target]
            spiking = {"x": pre, "y": post, "r": [0] * reward}
            self.advance_traces(projection, rule, spiking)
            if learn:
                self.learn(projection, rule, spiking)
        self.now += 1
        return step

    def advance(self, population: Population, i: int, step: Step) -> bool:
        """Moves a neuron on by a step and tells whether it spikes."""
        name, neuron, key = population.name, population.neuron, (population.name, i)
        current = decay(self.u[key], neuron.decay_u) + self.arriving[self.now, name, i]
        self.u[key] = wrap(current)
        potential = decay(self.v[key], neuron.decay_v) + self.u[key] + 64 * neuron.bias
        membrane = clip(potential, 1 - 2**23, 2**23 - 1)
        if self.silent[key] > 0:
            membrane = potential = 0
        spikes = self.silent[key] == 0 and membrane > 64 * neuron.threshold
        self.v[key] = 0 if spikes else membrane
        self.silent[key] = max(neuron.refractory if spikes else self.silent[key], 1) - 1
        step.membranes.setdefault(name, []).append(membrane)
        step.overflows += [("u", name, i)] * (current != self.u[key])
        step.overflows += [("v", name, i)] * (potential != membrane)
        return spikes

    def send(self, source: str, neurons: list[int], step: int, only: tuple[str, ...] = ()) -> None:
        """Lets the spikes of a step read their synapses' weights."""
        for projection in self.circuit.projections.values():
            if projection.source != source or (only and projection.name not in only):
                continue
            self.carried[projection.name] = neurons
            target, weight = projection.target, projection.weight
            for i in neurons:
                for j in range(self.circuit.size(target)):
                    if isinstance(weight, Tie):
                        amount = 64 * self.weights[projection.name][i][j]
                    else:
                        amount = weight.mantissa << (weight.exponent + 6)
                    if projection.pattern == "all_to_all" or i == j:
                        self.arriving[step + 1 + projection.delay, target, j] += amount

    def present(self, sample: Spikes, phases: set[Phase], step: int) -> None:
        for present in self.circuit.schedule.presents:
            if (present.chain, present.phase) in phases and present.input in sample:
                self.send(present.input, sample[present.input], step, present.projections)

    def advance_traces(self, plastic: Projection, rule: Rule, spiking: Spikes) -> None:
        """A trace decays, then a spike adds its impulse; the rule sees it after that."""
        rows, columns = self.circuit.synapse_shape(plastic)
        for trace in map(rule.trace, TRACES):
            for i in range({"x": rows, "y": columns, "r": 1}[trace.variable[0]]):
                before = self.traces[plastic.name, trace.variable, i]
                after = int(before * (-1 / Decimal(trace.tau)).exp()) if before and trace.tau else 0
                after += trace.impulse * (i in spiking[trace.variable[0]])
                self.traces[plastic.name, trace.variable, i] = min(after, 127)

    def learn(self, plastic: Projection, rule: Rule, spiking: Spikes) -> None:
        for i, row in enumerate(self.weights[plastic.name]):
            for j, weight in enumerate(row):
                index, tag = {"x": i, "y": j, "r": 0}, (plastic.name, i, j)
                values = {"w": weight, "d": plastic.delay, "t": self.tags[tag]}
                values |= {f"{kind}0": int(k in spiking[kind]) for kind, k in index.items()}
                values |= {v: self.traces[plastic.name, v, index[v[0]]] for v in TRACES}
                dw, dt = change(rule.dw, values, rule.weights.step), change(rule.dt, values, 1)
                row[j] = clip(weight + dw, rule.low, rule.high)
                self.tags[tag] = clip(values["t"] + dt, -256, 255)
