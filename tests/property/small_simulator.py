"""A second simulator, written from the exact semantics alone, to compare the engines with.

Plain integers, one neuron and one synapse at a time: slow and obvious on purpose. It shares
nothing with what it checks but the classes of the IR; what is drawn from a seed (first weights,
the synapses of sparse projections) is given to it.
"""

from __future__ import annotations

import struct
import zlib
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from math import prod

from sfc.ir.circuit import Circuit, Population, Projection, Tie
from sfc.ir.patterns import Convolution, Table, Toeplitz
from sfc.ir.rules import Rule, Term

Phase = tuple[str, int]
Spikes = Mapping[str, list[int]]
"""By population or input, the numbers of those that spike."""

Shape = tuple[int, ...]
Part = tuple[tuple[int, int], ...]
Synapse = tuple[int, int, int]
"""Row and column within the parts that a projection joins, and the mantissa."""

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


def numbers(shape: Shape, part: Part | None) -> list[int]:
    """Returns the numbers of a part's neurons, row by row."""
    ranges = part or [(0, extent - 1) for extent in shape]
    found = []
    for place in product(*(range(low, high + 1) for low, high in ranges)):
        number = 0
        for index, extent in zip(place, shape, strict=True):
            number = number * extent + index
        found.append(number)
    return found


def grid(shape: Shape, part: Part | None) -> tuple[int, int]:
    """Returns the rows and columns of a part; what has one dimension is a row."""
    extents = [high - low + 1 for low, high in part] if part else list(shape)
    return (1, extents[0]) if len(extents) == 1 else (extents[0], extents[1])


def expand(
    projection: Projection, source: tuple[int, int], target: tuple[int, int], drawn: list[Synapse]
) -> list[Synapse]:
    """Returns a projection's synapses; `drawn` are those of one whose pattern is random."""
    pattern, rows, columns = projection.pattern, prod(source), prod(target)
    everything = list(product(range(rows), range(columns)))
    if pattern == "all_to_all":
        return [(i, j, 1) for i, j in everything]
    if pattern == "one_to_one":
        return [(i, i, 1) for i in range(rows)]
    if isinstance(pattern, Toeplitz):
        strengths = dict(enumerate(pattern.values, pattern.first))
        return [(i, j, m) for i, j in everything if (m := strengths.get(j - i, 0))]
    if isinstance(pattern, Table):
        return list(struct.iter_unpack("<iii", zlib.decompress(b64decode(pattern.data))))
    if not isinstance(pattern, Convolution):
        return drawn
    (down, right), (above, left) = pattern.stride, pattern.padding
    found = []
    for y, x in product(range(target[0]), range(target[1])):
        for a, row in enumerate(pattern.kernel):
            for b, mantissa in enumerate(row):
                i, j = y * down - above + a, x * right - left + b
                if mantissa and i in range(source[0]) and j in range(source[1]):
                    found.append((i * source[1] + j, y * target[1] + x, mantissa))
    return found


@dataclass
class Step:
    """What happened in a step: spikes, membranes in state units, overflows (u or v, of whom).

    What inputs sent in it may become known in the step after.
    """

    starts_frame: bool
    offset: int
    phases: set[Phase]
    spikes: dict[str, list[int]] = field(default_factory=dict)
    sent: dict[str, set[int]] = field(default_factory=dict)
    sent_before: dict[str, set[int]] = field(default_factory=dict)
    membranes: dict[str, list[int]] = field(default_factory=dict)
    overflows: list[tuple[str, str, int]] = field(default_factory=list)


class Stopped(Exception):
    """No frame began for longer than one may last."""


class SmallSimulator:
    """Every dictionary holds 0 for what it does not have."""

    def __init__(
        self,
        circuit: Circuit,
        matrices: Mapping[str, list[list[int]]],
        drawn: Mapping[str, list[Synapse]],
    ) -> None:
        self.circuit = circuit
        self.synapses: dict[str, list[Synapse]] = {}
        self.ends: dict[str, tuple[list[int], list[int]]] = {}
        for projection in circuit.projections.values():
            parts = (projection.source_part, projection.target_part)
            both = list(zip((end.shape for end in circuit.ends(projection)), parts, strict=True))
            drawn_here = drawn.get(projection.name, [])
            joined = expand(projection, grid(*both[0]), grid(*both[1]), drawn_here)
            self.synapses[projection.name] = joined
            self.ends[projection.name] = (numbers(*both[0]), numbers(*both[1]))
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

    def run_frames(self, samples: list[Spikes], learn: bool, patience: int) -> list[Step]:
        """Finishes the frame under way without input, then runs a frame for each sample.

        Raises:
            Stopped: a frame lasts more than `patience` steps.
        """
        log: list[Step] = []
        waiting, sample = list(samples), {}
        while waiting or not self.next_begins_frame():
            if self.next_begins_frame():
                sample = waiting.pop(0)
            elif self.now - self.frame_start > patience:
                raise Stopped
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
        kicked = [
            chain
            for chain in schedule.chains
            if starts and (self.now == 0 if chain.ring else not chain.started_by)
        ]
        self.frame_start = self.now if starts else self.frame_start
        phases = self.relays_before | {(chain.name, 0) for chain in kicked}
        step = Step(starts, self.now - self.frame_start, phases)
        for chain in kicked:
            self.send(chain.relays[0], [0], self.now - 1)
        first = {phase for phase in phases if phase[1] == 0}
        step.sent_before = self.present(sample, first, self.now - 1)
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
            if neurons:
                self.send(name, neurons, self.now)
        later = {phase for phase in self.relays_before if phase[1] > 0}
        step.sent = self.present(sample, later, self.now)
        step.sent |= {name: set(neurons) for name, neurons in row.items() if neurons}
        reward = any((r.chain, r.phase) in phases for r in schedule.rewards)
        for projection in self.plastic():
            rule = self.circuit.rule_of(projection)
            carried, post = self.carried.get(projection.name, []), step.spikes[projection.target]
            sources, targets = self.ends[projection.name]
            spiking = {
                "x": [i for i, number in enumerate(sources) if number in carried],
                "y": [j for j, number in enumerate(targets) if number in post],
                "r": [0] * reward,
            }
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
            weight, (sources, targets) = projection.weight, self.ends[projection.name]
            for i, j, mantissa in self.synapses[projection.name]:
                if sources[i] not in neurons:
                    continue
                if isinstance(weight, Tie):
                    amount = 64 * self.weights[projection.name][i][j]
                else:
                    amount = mantissa * weight.mantissa << (weight.exponent + 6)
                arrival = step + 1 + projection.delay
                self.arriving[arrival, projection.target, targets[j]] += amount

    def present(self, sample: Spikes, phases: set[Phase], step: int) -> dict[str, set[int]]:
        """Returns what inputs sent."""
        sent = {}
        for present in self.circuit.schedule.presents:
            if (present.chain, present.phase) in phases and sample.get(present.input):
                self.send(present.input, sample[present.input], step, present.projections)
                sent[present.input] = set(sample[present.input])
        return sent

    def advance_traces(self, plastic: Projection, rule: Rule, spiking: Spikes) -> None:
        """A trace decays, then a spike adds its impulse; the rule sees it after that."""
        rows, columns = map(len, self.ends[plastic.name])
        used = {factor for term in (*rule.dw, *rule.dt) for factor in term.factors}
        for trace in (rule.trace(variable) for variable in TRACES if variable in used):
            for i in range({"x": rows, "y": columns, "r": 1}[trace.variable[0]]):
                before = self.traces[plastic.name, trace.variable, i]
                after = int(before * (-1 / Decimal(trace.tau)).exp()) if before and trace.tau else 0
                after += trace.impulse * (i in spiking[trace.variable[0]])
                self.traces[plastic.name, trace.variable, i] = min(after, 127)

    def learn(self, plastic: Projection, rule: Rule, spiking: Spikes) -> None:
        step = rule.weights.step
        for i, row in enumerate(self.weights[plastic.name]):
            for j, weight in enumerate(row):
                index, tag = {"x": i, "y": j, "r": 0}, (plastic.name, i, j)
                values = {"w": weight, "d": plastic.delay, "t": self.tags[tag]}
                values |= {f"{kind}0": int(k in spiking[kind]) for kind, k in index.items()}
                values |= {v: self.traces[plastic.name, v, index[v[0]]] for v in TRACES}
                dw, dt = change(rule.dw, values, step), change(rule.dt, values, 1)
                row[j] = clip(weight + dw, rule.low, rule.high)
                self.tags[tag] = clip(values["t"] + dt, -256, 255)
