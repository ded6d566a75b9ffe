"""A circuit as the arrays that kernels run, see `sfc.sim.event.kernels.layout`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit, Input, Population, Projection, Weight
from sfc.ir.integers import COEFFICIENT_BITS, DECAY_LIMIT, TRACE_LIMIT, UNIT
from sfc.ir.patterns import Part
from sfc.ir.rules import TRACE_VARIABLES, Trace
from sfc.ir.synapses import cells, synapses
from sfc.sim.clock import Clock, Phase
from sfc.sim.event.kernels import layout
from sfc.sim.learning import Learner, Product, TraceState, used_variables
from sfc.sim.places import places

Fields = dict[str, int]


class Table:
    """Lists of numbers one after the other."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.int32]] = []
        self._size = 0

    def add(self, numbers: Iterable[int] | NDArray[Any]) -> int:
        """Adds a list and returns its place."""
        part = np.asarray(numbers, np.int32)
        self._parts.append(part)
        self._size += len(part)
        return self._size - len(part)

    def array(self) -> NDArray[np.int32]:
        """Returns all of them."""
        return np.concatenate([*self._parts, np.zeros(1, np.int32)])


@dataclass(frozen=True, slots=True)
class Program:
    """A circuit's arrays.

    Attributes:
        nodes: the numbers of populations and inputs.
        plastic: the numbers of plastic projections.
        phases: the numbers of (chain, index).
        tags: (place, shape) of the tags of projections that have them.
        arrays: those of `layout.ARRAYS` that follow from the circuit.
        columns: of the widest projection.
    """

    circuit: Circuit
    nodes: dict[str, int]
    plastic: dict[str, int]
    phases: dict[Phase, int]
    tags: dict[str, tuple[int, tuple[int, int]]]
    arrays: dict[str, Any]
    columns: int

    def neuron(self, number: int) -> tuple[str, int]:
        """Returns the population of a neuron, and its number there."""
        starts = self.arrays["nodes"]["start"]
        node = int(np.searchsorted(starts, number, "right")) - 1
        return list(self.nodes)[node], number - int(starts[node])


def program(circuit: Circuit) -> Program:
    """Returns the arrays of a circuit."""
    return _Builder(circuit).program()


class _Builder:
    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.table = Table()
        names = [*circuit.populations, *circuit.inputs]
        self.nodes = {name: number for number, name in enumerate(names)}
        self.place = places(circuit)
        by_source = sorted(
            circuit.projections.values(), key=lambda projection: self.nodes[projection.source]
        )
        self.order = [projection.name for projection in by_source]
        self.numbers = {name: number for number, name in enumerate(self.order)}
        chains = circuit.schedule.chains
        phases = [(chain.name, k) for chain in chains for k in range(len(chain.relays))]
        self.phase_numbers = {phase: number for number, phase in enumerate(phases)}
        self.traces: dict[tuple[str, Trace], int] = {}
        self.trace_rows: list[Fields] = []
        self.decayed: list[NDArray[np.int64]] = []
        self.products: list[Fields] = []
        self.terms: list[Fields] = []
        self.tags: dict[str, tuple[int, tuple[int, int]]] = {}
        self.n_tags = self.n_traced = self.n_factors = 0

    def program(self) -> Program:
        circuit = self.circuit
        learning = {p.name: self._learning(p) for p in circuit.projections.values()}
        projections = [
            self._projection(circuit.projections[name]) | learning[name] for name in self.order
        ]
        plastic = [k for k, fields in enumerate(projections) if fields.get("learns", layout.FIXED)]
        widest = max((fields["n_post"] for fields in projections), default=0)
        arrays: dict[str, Any] = {
            "nodes": layout.records(layout.NODE, self._nodes()),
            "projections": layout.records(layout.PROJECTION, projections),
            "plastic": np.array(plastic, np.int64),
            "chains": layout.records(layout.CHAIN, self._chains()),
            "presents": layout.records(layout.PRESENT, self._presents()),
            "phase_table": layout.records(layout.PHASE, self._phases()),
            "products": layout.records(layout.PRODUCT, self.products),
            "terms": layout.records(layout.TERM, self.terms),
            "traces": layout.records(layout.TRACE, self.trace_rows),
            "trace_values": np.zeros(self.n_traced, np.int64),
            "decayed": np.array(self.decayed, np.int64).reshape(-1, TRACE_LIMIT + 1),
            "tags": np.zeros(self.n_tags, np.int16),
            "sums": np.zeros(widest, np.int16),
            "changes": np.zeros(widest, np.int16),
            "factors": np.zeros((self.n_factors, widest + 1), np.int64),
            "table": self.table.array(),
        }
        numbers = {n: k for n, k in self.numbers.items() if circuit.rule_of(circuit.projections[n])}
        phases = self.phase_numbers
        return Program(circuit, self.nodes, numbers, phases, self.tags, arrays, widest)

    def _nodes(self) -> list[Fields]:
        circuit, rows = self.circuit, []
        start = 0
        sources = [self.nodes[circuit.projections[name].source] for name in self.order]
        first_out = np.searchsorted(sources, np.arange(len(self.nodes) + 1)).tolist()
        relays = {
            relay: self.phase_numbers[chain.name, index]
            for chain in circuit.schedule.chains
            for index, relay in enumerate(chain.relays)
        }
        for number, name in enumerate(self.nodes):
            size = circuit.size(name)
            fields = {"start": start, "size": size, "phase": relays.get(name, -1)}
            fields |= {"level_step": -1, "dense_step": -1, "spike_step": -1}
            fields |= {"before_step": -1, "sample": -1}
            fields |= {"first_out": first_out[number], "end_out": first_out[number + 1]}
            if name in circuit.populations:
                fields |= _neuron(circuit.populations[name])
            rows.append(fields)
            start += size
        return rows

    def _projection(self, projection: Projection) -> Fields:
        circuit = self.circuit
        source, target = circuit.ends(projection)
        n_pre, n_post = circuit.synapse_shape(projection)
        part = projection.source_part
        fields = {
            "source": self.nodes[source.name],
            "target": self.nodes[target.name],
            "delay": projection.delay,
            "n_pre": n_pre,
            "n_post": n_post,
            "rows": self._numbers_within(source, part),
            "whole": int(projection.target_part is None),
            "from_input": int(isinstance(source, Input)),
            "line_step": -1,
        }
        fields |= self._columns(target, projection.target_part)
        if isinstance(projection.weight, Weight):
            fields["amount"] = int(UNIT * projection.weight.value)
        if projection.pattern == "one_to_one":
            fields["kind"] = layout.ONE_TO_ONE
        elif not isinstance(projection.pattern, str):
            fields |= {"kind": layout.LISTED} | self._listed(projection, n_pre)
        elif (rule := circuit.rule_of(projection)) is None:
            fields["kind"] = layout.ALL_TO_ALL
        else:
            largest = max(abs(rule.low), abs(rule.high))
            fields |= {"kind": layout.PLASTIC, "block": (2**15 - 1) // max(largest, 1)}
        return fields

    def _numbers_within(self, node: Population | Input, part: Part | None) -> int:
        """Returns where each neuron's number within a part is listed, -1 for the whole."""
        if part is None:
            return -1
        chosen = cells(node.shape, part)
        numbers = np.full(node.size, -1)
        numbers[chosen] = np.arange(len(chosen))
        return self.table.add(numbers)

    def _columns(self, target: Population, part: Part | None) -> Fields:
        start = self.place[target.name].start
        if part is None:
            return {"column": start}
        chosen = start + cells(target.shape, part)
        if (np.diff(chosen) == 1).all():
            return {"column": int(chosen[0])}
        return {"column": -1, "columns": self.table.add(chosen)}

    def _listed(self, projection: Projection, n_pre: int) -> Fields:
        found = synapses(self.circuit, projection)
        assert isinstance(projection.weight, Weight)
        amounts = (found.mantissas * (UNIT * projection.weight.value)).astype(np.int64)
        first = np.searchsorted(found.sources, np.arange(n_pre + 1))
        return {
            "first": self.table.add(first),
            "targets": self.table.add(found.targets),
            "amounts": self.table.add(amounts),
        }

    def _learning(self, projection: Projection) -> Fields:
        rule = self.circuit.rule_of(projection)
        if rule is None:
            return {}
        source, target = self.circuit.ends(projection)
        shape = self.circuit.synapse_shape(projection)
        learner = Learner(rule, projection.delay, (0, 0))
        weights = rule.weights
        changes_tags = learner.dt if learner.tags is not None else ()
        dw, dt = self._products(learner.dw), self._products(changes_tags)
        fields = {
            "learns": layout.BY_RULE if learner.dw or changes_tags else layout.FIXED,
            "change_bits": COEFFICIENT_BITS + weights.step.bit_length() - 1,
            "step": weights.step,
            "low": weights.low,
            "high": weights.high,
            "needs_pre": int(learner.needs_pre),
            "needs_post": int(learner.needs_post),
            "first_dw": dw[0],
            "end_dw": dw[1],
            "end_dt": dt[1],
            "tags": -1,
            "pre_cells": self._cells(source, projection.source_part),
            "post_cells": self._cells(target, projection.target_part),
            "post_columns": self._numbers_within(target, projection.target_part),
        } | self._traces(projection, used_variables(rule) & set(TRACE_VARIABLES))
        if learner.dw and not changes_tags and all(map(_is_coincidence, learner.dw)):
            fields["learns"] = layout.BY_COINCIDENCE
        else:
            self.n_factors = max(self.n_factors, len(learner.dw) + len(changes_tags))
        if learner.tags is not None:
            self.tags[projection.name] = (self.n_tags, shape)
            fields["tags"] = self.n_tags
            self.n_tags += shape[0] * shape[1]
        return fields

    def _products(self, products: tuple[Product, ...]) -> tuple[int, int]:
        first = len(self.products)
        for product in products:
            factors = (*product.pre, *product.post, *product.synapse)
            fields = {factor: factors.count(factor) for factor in factors}
            fields |= {"first": len(self.terms), "end": len(self.terms) + len(product.scalars)}
            self.products.append(fields)
            for coefficient, scalars in product.scalars:
                powers = {factor: scalars.count(factor) for factor in scalars}
                self.terms.append({"coefficient": coefficient} | powers)
        return first, len(self.products)

    def _cells(self, node: Population | Input, part: Part | None) -> int:
        return -1 if part is None else self.table.add(cells(node.shape, part))

    def _traces(self, projection: Projection, used: Iterable[str]) -> Fields:
        source, target = self.circuit.ends(projection)
        rule = self.circuit.rule_of(projection)
        assert rule is not None
        fields = dict.fromkeys(TRACE_VARIABLES, -1)
        by_line = isinstance(source, Input)
        line = f"-> {projection.name}" if by_line else source.name
        for variable in sorted(used):
            trace = rule.trace(variable)
            owner = {"x": line, "y": target.name, "r": ""}[variable[0]]
            if (owner, trace) not in self.traces:
                size = {"x": source.size, "y": target.size, "r": 1}[variable[0]]
                is_line = by_line and variable[0] == "x"
                number = {"x": self.nodes[source.name], "y": self.nodes[target.name], "r": -1}
                row = {
                    "owner": self.numbers[projection.name] if is_line else number[variable[0]],
                    "by_line": int(is_line),
                    "start": self.n_traced,
                    "size": size,
                    "impulse": trace.impulse,
                }
                self.traces[owner, trace] = len(self.traces)
                self.trace_rows.append(row)
                self.decayed.append(TraceState(trace, 0).decayed)
                self.n_traced += size
            fields[variable] = self.traces[owner, trace]
        return fields

    def _chains(self) -> list[Fields]:
        return [
            {
                "first_phase": self.phase_numbers[chain.name, 0],
                "relay": self.nodes[chain.relays[0]],
                "ring": int(chain.ring),
                "started": int(bool(chain.started_by)),
            }
            for chain in self.circuit.schedule.chains
        ]

    def _by_phase(self) -> list[Any]:
        presents = self.circuit.schedule.presents
        return sorted(presents, key=lambda p: self.phase_numbers[p.chain, p.phase])

    def _presents(self) -> list[Fields]:
        rows = []
        for present in self._by_phase():
            first = self.table.add([self.numbers[name] for name in present.projections])
            end = first + len(present.projections)
            rows.append({"input": self.nodes[present.input], "first": first, "end": end})
        return rows

    def _phases(self) -> list[Fields]:
        schedule, rows = self.circuit.schedule, []
        numbers = [self.phase_numbers[p.chain, p.phase] for p in self._by_phase()]
        rewarded = {(reward.chain, reward.phase) for reward in schedule.rewards}
        chains = {chain.name: number for number, chain in enumerate(schedule.chains)}
        first = np.searchsorted(numbers, np.arange(len(self.phase_numbers) + 1)).tolist()
        for number, (chain, index) in enumerate(self.phase_numbers):
            fields = {"chain": chains[chain], "index": index}
            fields["rewarded"] = int((chain, index) in rewarded)
            fields |= {"first_present": first[number], "end_present": first[number + 1]}
            rows.append(fields)
        return rows


def _neuron(population: Population) -> Fields:
    neuron = population.neuron
    remembers = neuron.decay_u < DECAY_LIMIT or neuron.decay_v < DECAY_LIMIT
    return {
        "threshold": UNIT * neuron.threshold,
        "bias": UNIT * neuron.bias,
        "decay_u": neuron.decay_u,
        "decay_v": neuron.decay_v,
        "rest": max(neuron.refractory - 1, 0),
        "remembers": int(remembers),
        "restless": int(not remembers and neuron.bias > neuron.threshold),
    }


def _is_coincidence(product: Product) -> bool:
    """Tells whether a product is one number where both ends spike, and zero elsewhere."""
    return set(product.pre) == {"x0"} and set(product.post) == {"y0"} and not product.synapse


def main_chain(clock: Clock, phases: dict[Phase, int]) -> Fields:
    """Returns what a machine says of the chain that makes frames."""
    if clock.main is None:
        return {"main": -1, "main_chain": -1}
    chains = [chain.name for chain in clock.chains]
    return {
        "main": phases[clock.main.name, 0],
        "main_chain": chains.index(clock.main.name),
        "main_ring": int(clock.main.ring),
        "main_length": len(clock.main.relays),
        "longest": clock.longest_frame,
    }
