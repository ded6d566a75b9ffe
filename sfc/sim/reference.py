"""The reference simulator: plain NumPy, the oracle that everything else is compared with.

It follows the exact step of the hardware (see docs/semantics.md): arrive, current, membrane,
spike, deliver, learn. All state is integer, in state units (64 a weight unit).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit, Input, Population, Projection, Weight
from sfc.ir.integers import (
    DECAY_LIMIT,
    STATE_LIMIT,
    UNIT,
)
from sfc.ir.patterns import Part
from sfc.ir.rules import TRACE_VARIABLES, Trace
from sfc.ir.synapses import cells, synapses
from sfc.sim.clock import Clock, Moment, Phase
from sfc.sim.learning import Learner, TraceState, used_variables
from sfc.sim.places import places
from sfc.sim.recorder import Recorder
from sfc.sim.state import check_state
from sfc.sim.step_record import Step, StepRecord
from sfc.sim.stimulus import Stimulus

Integers = NDArray[Any]
Spikes = NDArray[np.bool_]
Lines = dict[str, NDArray[np.intp]]
"""The neurons that spiked in a step, by population, or by projection from an input."""


def decay(values: Integers, factor: Integers) -> Integers:
    """Returns sign(x) * ((|x| * (4096 - factor)) >> 12), elementwise."""
    magnitude: Integers = (np.abs(values) * (4096 - factor)) >> 12
    return np.where(values < 0, -magnitude, magnitude)


def wrap(values: Integers) -> Integers:
    """Returns the 24-bit two's complement of integers."""
    wrapped: Integers = ((values + 2**23) & (2**24 - 1)) - 2**23
    return wrapped


@dataclass(frozen=True, slots=True)
class _Cells:
    """The part of a population that a projection joins.

    Attributes:
        size: of the whole population.
        chosen: the numbers of the part's neurons, None for all.
    """

    size: int
    chosen: NDArray[np.intp] | None

    @classmethod
    def of(cls, node: Population | Input, part: Part | None) -> _Cells:
        """Returns the cells of a part; None stands for the whole."""
        return cls(node.size, None if part is None else cells(node.shape, part))

    def pick(self, values: NDArray[Any]) -> NDArray[Any]:
        """Returns the values of the part's neurons, from those of the whole population."""
        picked: NDArray[Any] = values if self.chosen is None else values[self.chosen]
        return picked

    def rows(self) -> NDArray[np.intp] | None:
        """Returns each neuron's number within the part, -1 for those outside; None for all."""
        if self.chosen is None:
            return None
        rows = np.full(self.size, -1, np.intp)
        rows[self.chosen] = np.arange(len(self.chosen))
        return rows


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A projection, ready to deliver.

    Attributes:
        line: see `ReferenceEngine._line`.
        rows: by neuron of the source its row among the synapses, -1 for none; None if they agree.
        target: where its neurons lie in the vectors of all neurons.
        amount: what a spike adds, in state units, for a constant weight.
        weights: (n_pre, n_post) in weight units, for a plastic one, else None.
        listed: the synapses one by one, where the pattern has more than a word.
    """

    name: str
    line: str
    delay: int
    rows: NDArray[np.intp] | None
    target: slice | NDArray[np.intp]
    one_to_one: bool
    amount: int
    weights: NDArray[np.int16] | None
    listed: _Listed | None


@dataclass(frozen=True, slots=True)
class _Listed:
    """Synapses one by one.

    Attributes:
        first: (n_pre + 1,): where each source's synapses begin.
        targets: (k,) columns.
        amounts: (k,) what a spike adds, in state units.
    """

    first: NDArray[np.intp]
    targets: NDArray[np.int32]
    amounts: NDArray[np.int64]

    def arriving(self, rows: NDArray[np.intp], columns: int) -> NDArray[np.int64]:
        """Returns what spikes of these sources add to each of the targets, (columns,)."""
        parts = [np.arange(self.first[row], self.first[row + 1]) for row in rows]
        chosen = np.concatenate([np.zeros(0, np.intp), *parts])
        total = np.zeros(columns, np.int64)
        np.add.at(total, self.targets[chosen], self.amounts[chosen])
        return total


@dataclass(frozen=True, slots=True)
class _Learning:
    """What a plastic projection learns from.

    Attributes:
        pre, post: lines of its spikes, see `ReferenceEngine._line`, and which of their neurons.
        traces: by variable, those that its rule uses.
    """

    learner: Learner
    pre: tuple[str, _Cells]
    post: tuple[str, _Cells]
    traces: dict[str, TraceState]


class ReferenceEngine:
    """Steps a circuit through time.

    All neurons lie in one vector, population after population.

    Attributes:
        weights: (n_pre, n_post) of every plastic projection, in weight units.
        place: where each population lies in the vectors.
        keeps_u, keeps_v: the neurons whose current or membrane does not vanish in a step.
        u, v: current and membrane of every neuron, in state units.
        resting: steps for which each neuron stays silent.
        arriving: (delay, neuron), a ring by steps: what arrives in the steps to come.
    """

    kind = "reference"
    reason = ""
    fallbacks = None
    pace = 50
    """Frames of a large circuit that it runs in about a tenth of a second."""

    def __init__(self, circuit: Circuit, weights: dict[str, NDArray[np.int16]]) -> None:
        """Starts at step 0 with nothing under way; `weights` is used in place."""
        self.circuit = circuit
        self.weights = weights
        self.clock = Clock(circuit)
        self.place = places(circuit)
        self.names = list(self.place)
        self.starts = np.array([place.start for place in self.place.values()], np.intp)
        self.relays = {
            relay: (chain.name, index)
            for chain in circuit.schedule.chains
            for index, relay in enumerate(chain.relays)
        }
        self._outgoing: dict[str, list[Outgoing]] = {name: [] for name in self.names}
        self._outgoing |= {name: [] for name in circuit.inputs}
        for projection in circuit.projections.values():
            self._outgoing[projection.source].append(self._synapses(projection))
        self._record = StepRecord(circuit)
        self._set_parameters()
        self._set_state()

    def fresh(self, weights: dict[str, NDArray[np.int16]]) -> ReferenceEngine:
        """Returns an engine of the same circuit before step 0; `weights` is used in place."""
        return ReferenceEngine(self.circuit, weights)

    def _synapses(self, projection: Projection) -> Outgoing:
        weight = projection.weight
        source, target = self.circuit.ends(projection)
        place: slice | NDArray[np.intp] = self.place[projection.target]
        if projection.target_part is not None:
            place = self.place[projection.target].start + cells(
                target.shape, projection.target_part
            )
        return Outgoing(
            projection.name,
            self._line(projection),
            projection.delay,
            _Cells.of(source, projection.source_part).rows(),
            place,
            projection.pattern == "one_to_one",
            int(UNIT * weight.value) if isinstance(weight, Weight) else 0,
            self.weights.get(projection.name),
            None if isinstance(projection.pattern, str) else self._listed(projection),
        )

    def _listed(self, projection: Projection) -> _Listed:
        found = synapses(self.circuit, projection)
        rows, _ = self.circuit.synapse_shape(projection)
        assert isinstance(projection.weight, Weight)
        unit = UNIT * projection.weight.value
        return _Listed(
            np.searchsorted(found.sources, np.arange(rows + 1)),
            found.targets,
            (found.mantissas * unit).astype(np.int64),
        )

    def _set_parameters(self) -> None:
        populations = self.circuit.populations.values()

        def each(values: list[int]) -> Integers:
            sizes = [population.size for population in populations]
            return np.repeat(np.array(values, np.int64), sizes)

        neurons = [population.neuron for population in populations]
        self.threshold = each([UNIT * neuron.threshold for neuron in neurons])
        self.bias = each([UNIT * neuron.bias for neuron in neurons])
        self.rest = each([max(neuron.refractory - 1, 0) for neuron in neurons])
        decay_u = each([neuron.decay_u for neuron in neurons])
        decay_v = each([neuron.decay_v for neuron in neurons])
        self.keeps_u = np.flatnonzero(decay_u < DECAY_LIMIT)
        self.keeps_v = np.flatnonzero(decay_v < DECAY_LIMIT)
        self.decay_u, self.decay_v = decay_u[self.keeps_u], decay_v[self.keeps_v]

    def _set_state(self) -> None:
        circuit = self.circuit
        size = len(self.bias)
        slots = 2 + max((p.delay for p in circuit.projections.values()), default=0)
        self.u: Integers = np.zeros(size, np.int64)
        self.v: Integers = np.zeros(size, np.int64)
        self.resting: Integers = np.zeros(size, np.int64)
        self.arriving = np.zeros((slots, size), np.int64)
        self.learning: dict[str, _Learning] = {}
        self.traces: dict[tuple[str, Trace], TraceState] = {}
        for projection in circuit.projections.values():
            rule = circuit.rule_of(projection)
            if rule is None:
                continue
            source, target = circuit.ends(projection)
            pre = (self._line(projection), _Cells.of(source, projection.source_part))
            post = (target.name, _Cells.of(target, projection.target_part))
            traces = {}
            for variable in sorted(used_variables(rule) & set(TRACE_VARIABLES)):
                trace = rule.trace(variable)
                owner = {"x": pre[0], "y": post[0], "r": ""}[variable[0]]
                size = {"x": source.size, "y": target.size, "r": 1}[variable[0]]
                state = self.traces.setdefault((owner, trace), TraceState(trace, size))
                traces[variable] = state
            learner = Learner(rule, projection.delay, circuit.synapse_shape(projection))
            self.learning[projection.name] = _Learning(learner, pre, post, traces)

    def _line(self, projection: Projection) -> str:
        """Returns under which name the spikes that a projection sees are kept.

        A population's spikes go over all its projections, an input's only over those that present
        it: so it is the source, or for an input the projection.
        """
        is_input = projection.source in self.circuit.inputs
        return f"-> {projection.name}" if is_input else projection.source

    def run(self, stimulus: Stimulus, recorder: Recorder, learn: bool) -> None:
        """Runs until the stimulus is over.

        Raises:
            SfcError: the chain that makes frames fell silent.
        """
        clock = self.clock
        while not stimulus.is_over(clock):
            moment = clock.begin(restart=stimulus.by_frames)
            if moment.starts_frame:
                stimulus.next_frame()
            if stimulus.by_frames and clock.step - clock.frame_start > clock.longest_frame:
                clock.fail_stopped()
            self.step(moment, stimulus, recorder, learn)

    def step(self, moment: Moment, stimulus: Stimulus, recorder: Recorder, learn: bool) -> None:
        """Goes through one step."""
        clock = self.clock
        for relay in moment.kicked:
            self._deliver(relay, np.array([0]), clock.step - 1)
        first = [phase for phase in moment.phases if phase[1] == 0]
        sent_before = self._present(stimulus, first, clock.step - 1, {})

        arrived = self.arriving[clock.step % len(self.arriving)]
        current = arrived.copy()
        if len(self.keeps_u):
            current[self.keeps_u] += decay(self.u[self.keeps_u], self.decay_u)
        arrived[:] = 0
        self.u = wrap(current)
        potential = self.u + self.bias
        if len(self.keeps_v):
            potential[self.keeps_v] += decay(self.v[self.keeps_v], self.decay_v)
        awake = self.resting == 0
        potential[~awake] = 0
        membrane = np.minimum(np.maximum(potential, -STATE_LIMIT), STATE_LIMIT)
        overflows = self._record.overflows_of("u", current, self.u)
        overflows += self._record.overflows_of("v", potential, membrane)

        spikes = awake & (membrane > self.threshold)
        self.v = np.where(spikes, 0, membrane)
        self.resting = np.where(spikes, self.rest, self.resting - ~awake)

        active = self._active(spikes)
        relays = tuple(self.relays[name] for name in active if name in self.relays)
        sent = stimulus.sent_in_step(clock)
        lines = dict(active)
        for name, neurons in (*active.items(), *sent.items()):
            lines |= self._deliver(name, neurons, clock.step)
        later = [phase for phase in relays if phase[1] > 0]
        sent |= self._present(stimulus, later, clock.step, lines)
        if self.traces:
            self._advance_traces(lines, moment)
        if learn:
            self._learn(lines, moment)
        done = Step(moment, membrane, active, sent, sent_before, overflows)
        self._record.hand_over(recorder, clock, done)
        clock.end(relays)

    def _active(self, spikes: Spikes) -> dict[str, NDArray[np.intp]]:
        """Returns the neurons that spiked, by population; only populations with spikes."""
        if not spikes.any():
            return {}
        firing = np.flatnonzero(np.logical_or.reduceat(spikes, self.starts))
        return {
            self.names[index]: spikes[self.place[self.names[index]]].nonzero()[0]
            for index in firing
        }

    def _deliver(
        self,
        source: str,
        neurons: NDArray[np.intp],
        step: int,
        only: tuple[str, ...] | None = None,
    ) -> Lines:
        """Sends the spikes of a population or input in a step over its projections.

        Returns:
            The spikes by line, for plastic projections from an input (see `_line`).
        """
        lines: Lines = {}
        for outgoing in self._outgoing[source]:
            if only is not None and outgoing.name not in only:
                continue
            if outgoing.line != source:
                lines[outgoing.line] = neurons
            rows = neurons
            if outgoing.rows is not None:
                rows = outgoing.rows[neurons]
                rows = rows[rows >= 0]
            self._add(outgoing, rows, step + 1 + outgoing.delay)
        return lines

    def _add(self, outgoing: Outgoing, rows: NDArray[np.intp], step: int) -> None:
        """Adds what spikes in these rows of a projection bring to its target in `step`."""
        slot = self.arriving[step % len(self.arriving)]
        if outgoing.listed is not None:
            columns = len(slot[outgoing.target])
            slot[outgoing.target] += outgoing.listed.arriving(rows, columns)
        elif outgoing.weights is not None:
            chosen = outgoing.weights.take(rows, axis=0)
            total = np.add.reduce(chosen, axis=0, dtype=_sum_type(len(chosen)))
            slot[outgoing.target] += UNIT * total.astype(np.int64)
        elif not outgoing.one_to_one:
            slot[outgoing.target] += outgoing.amount * len(rows)
        elif isinstance(outgoing.target, slice):
            slot[outgoing.target][rows] += outgoing.amount
        else:
            slot[outgoing.target[rows]] += outgoing.amount

    def _present(
        self, stimulus: Stimulus, phases: list[Phase], step: int, lines: Lines
    ) -> dict[str, NDArray[np.intp]]:
        """Makes inputs spike in `step`, so that they arrive in `phases`.

        Returns:
            The spikes by input; they are added to `lines` too.
        """
        sent = {}
        for present in self.circuit.schedule.presents if phases else ():
            if (present.chain, present.phase) in phases:
                neurons = stimulus.sample(present.input)
                if len(neurons):
                    lines |= self._deliver(present.input, neurons, step, present.projections)
                    sent[present.input] = neurons
        return sent

    def _advance_traces(self, lines: Lines, moment: Moment) -> None:
        rewarded = np.array([self._is_rewarded(moment)])
        for (owner, _), trace in self.traces.items():
            size = len(trace.values)
            trace.advance(rewarded if not owner else _dense(lines.get(owner), size))

    def _is_rewarded(self, moment: Moment) -> bool:
        rewards = self.circuit.schedule.rewards
        return any((reward.chain, reward.phase) in moment.phases for reward in rewards)

    def _learn(self, lines: Lines, moment: Moment) -> None:
        rewarded = self._is_rewarded(moment)
        for name, learning in self.learning.items():
            (pre, sources), (post, targets) = learning.pre, learning.post
            if learning.learner.idle(pre in lines, post in lines):
                continue
            variables: dict[str, Any] = {
                "x0": sources.pick(_dense(lines.get(pre), sources.size)),
                "y0": targets.pick(_dense(lines.get(post), targets.size)),
                "r0": int(rewarded),
            }
            for variable, trace in learning.traces.items():
                end = {"x": sources, "y": targets}.get(variable[0])
                variables[variable] = end.pick(trace.values) if end else trace.values[0]
            learning.learner.learn(self.weights[name], variables)

    def state(self) -> dict[str, NDArray[Any]]:
        """Returns everything but the weights that the next steps depend on."""
        clock = self.clock
        chains = [chain.name for chain in self.circuit.schedule.chains]
        spiked = [(chains.index(chain), index) for chain, index in clock.spiked]
        state: dict[str, NDArray[Any]] = {
            "clock": np.array([clock.step, clock.frame, clock.frame_start], np.int64),
            "spiked": np.array(spiked, np.int64).reshape(-1, 2),
            "u": self.u,
            "v": self.v,
            "resting": self.resting,
            "arriving": self.arriving,
        }
        for index, trace in enumerate(self.traces.values()):
            state[f"trace/{index}"] = trace.values
        for name, learning in self.learning.items():
            if learning.learner.tags is not None:
                state[f"tags/{name}"] = learning.learner.tags
        return state

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Goes on from what `state` returned.

        Raises:
            SfcError: the arrays are not those of this circuit (E0801).
        """
        check_state(self.circuit, self.state(), state)
        clock, chains = self.clock, self.circuit.schedule.chains
        clock.step, clock.frame, clock.frame_start = (int(value) for value in state["clock"])
        clock.spiked = tuple((chains[int(c)].name, int(i)) for c, i in state["spiked"])
        for name in ("u", "v", "resting", "arriving"):
            getattr(self, name)[:] = state[name]
        for index, trace in enumerate(self.traces.values()):
            trace.values[:] = state[f"trace/{index}"]
        for name, learning in self.learning.items():
            if learning.learner.tags is not None:
                learning.learner.tags[:] = state[f"tags/{name}"]


def _dense(neurons: NDArray[np.intp] | None, size: int) -> Spikes:
    spikes = np.zeros(size, np.bool_)
    if neurons is not None:
        spikes[neurons] = True
    return spikes


def _sum_type(count: int) -> type[np.signedinteger[Any]]:
    """Returns a type that holds the sum of so many 16-bit weights; 32 bits are summed faster."""
    return np.int32 if count < 2**16 else np.int64
