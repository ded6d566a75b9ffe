"""The invariants of the IR. What elaboration, a pass or a file yields must satisfy all of them.

I01 a table's key is its object's name; populations and inputs share one namespace; names have no
    characters that mean something in a path or on a terminal
I02 shapes have one or two positive extents and sizes within the limits
I03 a neuron's parameters are integers that the hardware holds
I04 a projection's ends exist, and its target is a population
I05 a projection's parts lie within its ends, and its pattern fits their sizes
I06 a delay is 0..62; a constant weight has an 8-bit mantissa and an exponent in range, or the
    pattern holds real weights in weight units
I07 a tie names a matrix of the projection's shape, and the pattern is all_to_all
I08 a matrix names a rule and a known method for its first weights; a rule's range is held, its
    terms and traces have known variables, and its sums fit 64 bits
I09 a chain's relays are different populations of one neuron; a chain is not empty
I10 presents, rewards, probes and readouts name existing things and phases of their chains; a
    readout's chain makes the frames
I11 an input that is presented in a phase 0 has no plastic synapses there: its spikes are sent in
    the step before, which belongs to the frame before
I12 a chain is started by existing populations, by projections onto its first relay; where there are
    chains, one makes the frames
I13 a property names existing populations, matrices and phases
I14 an input's bounds are 0..size, and not more are on at least than at most
I15 projections that share weights are tied to one matrix with equal sign and transpose; each is in
    one group of at least two
I16 constraints name existing populations, none twice; an "on" has cores, and several populations
    only if they have one neuron each, of which none has another "on"; a "together" or "apart" has
    at least two, a "together" of one size; and they do not contradict one another
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from sfc.ir.circuit import Circuit, Init, Input, Matrix, Population, Projection, Tie, Weight
from sfc.ir.groups import clashes
from sfc.ir.inits import INITS
from sfc.ir.integers import (
    COEFFICIENT_BITS,
    DECAY_LIMIT,
    DELAY_LIMIT,
    IMPULSE_LIMIT,
    REFRACTORY_LIMIT,
    THRESHOLD_LIMIT,
    TRACE_LIMIT,
    WEIGHT_EXPONENTS,
    holds_bias,
    mantissa_step,
    plastic_range,
)
from sfc.ir.limits import (
    CORE_LIMIT,
    FACTOR_LIMIT,
    INTEGER_LIMIT,
    NEURON_LIMIT,
    RULE_TERM_LIMIT,
    SYNAPSE_LIMIT,
)
from sfc.ir.patterns import Convolution, Part, RealTable, Sparse, as_rows, shape_of
from sfc.ir.rules import RULE_VARIABLES, TRACE_VARIABLES, Rule, Term
from sfc.ir.schedule import Present, Readout, Reward, Schedule

_NAME = re.compile(r"\w[\w.\[\]-]*")


class InvariantError(ValueError):
    """A circuit that breaks an invariant; the message begins with its number."""


def verify(circuit: Circuit) -> None:
    """Checks every invariant.

    Raises:
        InvariantError: naming the first invariant that is broken and by what.
    """
    for violation in _violations(circuit):
        raise InvariantError(violation)


def _violations(circuit: Circuit) -> Iterator[str]:
    tables = (
        circuit.populations,
        circuit.inputs,
        circuit.rules,
        circuit.matrices,
        circuit.projections,
    )
    names = [circuit.name, *(chain.name for chain in circuit.schedule.chains)]
    for table in tables:
        names += [name for name in table if table is not circuit.projections]
        for key, thing in table.items():
            if key != thing.name:
                yield f"I01 {key} is called {thing.name}"
    for name in names:
        if not _NAME.fullmatch(name):
            yield f"I01 {name!r} is no name"
    for name in circuit.projections:
        if not name.isprintable():
            yield f"I01 {name!r} is no name of a projection"
    yield from (f"I01 {name} twice" for name in circuit.inputs if name in circuit.populations)
    nodes: list[Population | Input] = [*circuit.inputs.values(), *circuit.populations.values()]
    for node in nodes:
        yield from _node(node)
    if sum(node.size for node in nodes) > NEURON_LIMIT:
        yield f"I02 more than {NEURON_LIMIT} neurons"
    for rule in circuit.rules.values():
        yield from _rule(rule)
    for matrix in circuit.matrices.values():
        yield from _matrix(circuit, matrix)
    for projection in circuit.projections.values():
        yield from _projection(circuit, projection)
    yield from _schedule(circuit, circuit.schedule)
    yield from _shared(circuit)
    yield from _constraints(circuit)


def _node(node: Population | Input) -> Iterator[str]:
    if not 1 <= len(node.shape) <= 2 or min(node.shape) < 1:
        yield f"I02 {node.name} has shape {node.shape}"
    if isinstance(node, Input):
        most = node.size if node.at_most is None else node.at_most
        if not 0 <= node.at_least <= most <= node.size:
            yield f"I14 {node.name} of size {node.size} has {node.at_least} to {most} on"
        return
    neuron = node.neuron
    held = (
        0 <= neuron.threshold <= THRESHOLD_LIMIT,
        holds_bias(neuron.bias),
        0 <= neuron.refractory <= REFRACTORY_LIMIT,
        0 <= neuron.decay_u <= DECAY_LIMIT,
        0 <= neuron.decay_v <= DECAY_LIMIT,
    )
    if not all(held):
        yield f"I03 {node.name} has parameters {neuron}"


def _rule(rule: Rule) -> Iterator[str]:
    if plastic_range(rule.low, rule.high) is None:
        yield f"I08 {rule.name} has range {rule.low}..{rule.high}"
    for terms in (rule.dw, rule.dt):
        for term in terms:
            if len(term.factors) > FACTOR_LIMIT or not set(term.factors) <= set(RULE_VARIABLES):
                yield f"I08 {rule.name} has a term {term}"
            elif not float(term.coefficient * 2**COEFFICIENT_BITS).is_integer():
                yield f"I08 {rule.name} has a coefficient {term.coefficient}"
        if len(terms) > RULE_TERM_LIMIT or sum(map(largest_term, terms)) >= 2**62:
            yield f"I08 {rule.name} has sums that 64 bits do not hold"
    if len({trace.variable for trace in rule.traces}) != len(rule.traces):
        yield f"I08 {rule.name} has two traces of one variable"
    for trace in rule.traces:
        known = trace.variable in TRACE_VARIABLES
        if not known or not 0 <= trace.impulse <= IMPULSE_LIMIT or trace.tau < 0:
            yield f"I08 {rule.name} has a trace {trace}"


def largest_term(term: Term) -> float:
    """Returns the largest magnitude that a term can take, in units of 2^-COEFFICIENT_BITS."""
    factors = math.prod(_LARGEST.get(factor, 1) for factor in term.factors)
    return abs(term.coefficient) * 2.0**COEFFICIENT_BITS * factors


_LARGEST = {"w": 2**15, "d": DELAY_LIMIT, "t": 256} | dict.fromkeys(TRACE_VARIABLES, TRACE_LIMIT)


def _matrix(circuit: Circuit, matrix: Matrix) -> Iterator[str]:
    if matrix.rule not in circuit.rules:
        yield f"I08 {matrix.name} learns by an unknown rule {matrix.rule}"
    if not _starts(matrix.init):
        yield f"I08 {matrix.name} starts by {matrix.init}"
    if min(matrix.shape) < 1 or matrix.shape[0] * matrix.shape[1] > SYNAPSE_LIMIT:
        yield f"I02 {matrix.name} has shape {matrix.shape}"


def _starts(init: Init) -> bool:
    """Tells whether a matrix can get its first weights so."""
    ranges = INITS.get(init.method)
    arguments = dict(init.arguments)
    if ranges is None or list(ranges) != [name for name, _ in init.arguments]:
        return False
    if any(not low <= arguments[name] <= high for name, (low, high) in ranges.items()):
        return False
    return init.method != "uniform" or arguments["low"] <= arguments["high"]


def _projection(circuit: Circuit, projection: Projection) -> Iterator[str]:
    name, weight = projection.name, projection.weight
    if projection.source not in circuit.populations and projection.source not in circuit.inputs:
        yield f"I04 {name} starts at an unknown {projection.source}"
        return
    if projection.target not in circuit.populations:
        yield f"I04 {name} ends at an unknown population {projection.target}"
        return
    ends = circuit.ends(projection)
    for end, part in zip(ends, (projection.source_part, projection.target_part), strict=True):
        if part is not None and not _lies_within(part, end.shape):
            yield f"I05 {name} joins {part} of {end.name}, whose shape is {end.shape}"
            return
    rows, columns = circuit.synapse_shape(projection)
    if projection.pattern == "one_to_one" and rows != columns:
        yield f"I05 {name} joins {rows} to {columns} neurons one to one"
    yield from _pattern(circuit, projection)
    if not 0 <= projection.delay <= DELAY_LIMIT:
        yield f"I06 {name} has delay {projection.delay}"
    if not isinstance(weight, Tie):
        if abs(weight.mantissa) > 255 or weight.exponent not in WEIGHT_EXPONENTS:
            yield f"I06 {name} has weight {weight}"
        return
    matrix = circuit.matrices.get(weight.matrix)
    if matrix is None or weight.sign not in (1, -1) or projection.pattern != "all_to_all":
        yield f"I07 {name} is tied to {weight}"
        return
    shape = matrix.shape[::-1] if weight.transpose else matrix.shape
    if shape != (rows, columns):
        yield f"I07 {name} has shape {(rows, columns)}, {weight} has {shape}"


def _lies_within(part: Part, shape: tuple[int, ...]) -> bool:
    if len(part) != len(shape):
        return False
    return all(0 <= low <= high < size for (low, high), size in zip(part, shape, strict=True))


def _pattern(circuit: Circuit, projection: Projection) -> Iterator[str]:
    """Checks a pattern that has parameters."""
    name, pattern = projection.name, projection.pattern
    if isinstance(pattern, str):
        return
    if isinstance(pattern, Sparse):
        if not 0 <= pattern.probability <= 1 or not 0 <= pattern.seed <= INTEGER_LIMIT:
            yield f"I05 {name} has pattern {pattern}"
            return
    elif isinstance(pattern, Convolution):
        widths = {len(row) for row in pattern.kernel}
        low = min(*pattern.stride, *(padding + 1 for padding in pattern.padding))
        high = max(*pattern.stride, *pattern.padding)
        if len(widths) != 1 or 0 in widths or low < 1 or high > 2**20:
            yield f"I05 {name} has pattern {pattern}"
            return
        source, target = circuit.ends(projection)
        shape = pattern.target_shape(as_rows(shape_of(source.shape, projection.source_part)))
        if shape != as_rows(shape_of(target.shape, projection.target_part)):
            yield f"I05 {name} yields {shape}, its target has {target.shape}"
            return
    if isinstance(pattern, RealTable):
        yield from _real_weights(circuit, projection)
        return
    from sfc.ir.synapses import synapses  # not before it is needed: NumPy takes a while to load

    try:
        mantissas = synapses(circuit, projection).mantissas
    except (ValueError, TypeError) as error:
        yield f"I05 {name} has {error}"
        return
    if not len(mantissas):
        return
    low, high = int(mantissas.min()), int(mantissas.max())
    step = mantissa_step(low, high)
    if step is None or (mantissas % step).any():
        yield f"I06 {name} has mantissas {low}..{high} that 8 bits do not hold"
    is_unit = isinstance(projection.weight, Weight) and projection.weight.mantissa == 1
    if not (is_unit or isinstance(pattern, Sparse)):
        yield f"I06 {name} has mantissas and weight {projection.weight}"


def _real_weights(circuit: Circuit, projection: Projection) -> Iterator[str]:
    from sfc.ir.reals import real_synapses

    if projection.weight != Weight(1, 0):
        yield f"I06 {projection.name} has real weights and weight {projection.weight}"
    try:
        real_synapses(circuit, projection)
    except (ValueError, TypeError) as error:
        yield f"I05 {projection.name} has {error}"


def _schedule(circuit: Circuit, schedule: Schedule) -> Iterator[str]:
    lengths = {chain.name: len(chain.relays) for chain in schedule.chains}
    if len(lengths) != len(schedule.chains):
        yield "I09 two chains have one name"
    starts: dict[str, list[str]] = {}
    for projection in circuit.projections.values():
        if projection.origin is not None and projection.origin.kind == "start":
            starts.setdefault(projection.target, []).append(projection.source)
    for chain in schedule.chains:
        relays = [circuit.populations.get(relay) for relay in chain.relays]
        if len(set(chain.relays)) != len(chain.relays):
            yield f"I09 {chain.name} has a relay twice"
        if not relays or any(relay is None or relay.size != 1 for relay in relays):
            yield f"I09 {chain.name} has a relay that is not one neuron"
        drivers = starts.get(chain.relays[0], []) if chain.relays else []
        if sorted(drivers) != sorted(chain.started_by):
            yield f"I12 {chain.name} is not started by {chain.started_by}"
    if schedule.chains and schedule.clock is None:
        yield "I12 no chain makes the frames"
    for present in schedule.presents:
        if present.input not in circuit.inputs:
            yield f"I10 unknown input {present.input} is presented"
        for name in present.projections:
            carrier = circuit.projections.get(name)
            if carrier is None or carrier.source != present.input:
                yield f"I10 {present.input} is presented by {name}, which does not start there"
            elif present.phase == 0 and isinstance(carrier.weight, Tie):
                yield f"I11 {present.input} is presented in phase 0 by the plastic {name}"
    for readout in schedule.readouts:
        if readout.population not in circuit.populations or readout.label not in circuit.inputs:
            yield f"I10 readout of {readout.population} against {readout.label}"
        elif circuit.size(readout.population) != circuit.size(readout.label):
            yield f"I10 readout of {readout.population} differs in size from {readout.label}"
        elif schedule.clock is not None and readout.chain != schedule.clock.name:
            yield f"I10 readout of {readout.population} in a chain that makes no frames"
    for probe in schedule.probes:
        if probe.population not in circuit.populations:
            yield f"I10 unknown population {probe.population} is probed"
    distinct = {(id(probe.phases), probe.chain): probe for probe in schedule.probes}
    for probe in distinct.values():
        if probe.phases and not _inside(probe.phases, lengths.get(probe.chain, 0)):
            yield f"I10 {probe.population} is probed in phases {probe.phases} of {probe.chain}"
    for prop in circuit.properties:
        known = circuit.matrices if prop.kind == "tied" else circuit.populations
        if any(subject not in known for subject in prop.subjects):
            yield f"I13 {prop.kind} of unknown {prop.subjects}"
        if prop.phases and not _inside(prop.phases, lengths.get(prop.chain, 0)):
            yield f"I13 {prop.kind} in phases {prop.phases} of {prop.chain}"
    events: list[Present | Reward | Readout] = []
    events += [*schedule.presents, *schedule.rewards, *schedule.readouts]
    for event in events:
        if not 0 <= event.phase < lengths.get(event.chain, 0):
            yield f"I10 {event} is outside its chain"


def _shared(circuit: Circuit) -> Iterator[str]:
    """Checks the groups of projections that share their weights."""
    names = [name for group in circuit.shared for name in group]
    if len(set(names)) != len(names):
        yield "I15 a projection shares weights with two groups"
    for group in circuit.shared:
        found = [circuit.projections.get(name) for name in group]
        weights = {projection.weight if projection else None for projection in found}
        if len(group) < 2 or len(weights) != 1 or not isinstance(weights.pop(), Tie):
            yield f"I15 {', '.join(group)} share weights"


def _constraints(circuit: Circuit) -> Iterator[str]:
    """Checks what is asked of the placement."""
    placed: set[str] = set()
    for constraint in circuit.constraints:
        names = constraint.populations
        listed = f"I16 {', '.join(names)} {constraint.kind}"
        if not circuit.populations.keys() >= set(names):
            yield f"{listed}: no such population"
        sizes = {circuit.size(name) for name in names}
        if len(set(names)) != len(names) or len(names) < (1 if constraint.kind == "on" else 2):
            yield f"{listed}: too few populations, or one twice"
        if constraint.kind != "on":
            if (constraint.first, constraint.last) != (-1, -1):
                yield f"{listed} cores {constraint.first}..{constraint.last}"
            if constraint.kind == "together" and len(sizes) > 1:
                yield f"{listed}: they differ in size"
            continue
        if not 0 <= constraint.first <= constraint.last < CORE_LIMIT:
            yield f"{listed} cores {constraint.first}..{constraint.last}"
        if len(names) > 1 and sizes != {1}:
            yield f"{listed} cores: several populations of several neurons"
        if not placed.isdisjoint(names):
            yield f"{listed} cores twice"
        placed.update(names)
    for constraint, clash in clashes(circuit.constraints, circuit.size):
        yield f"I16 {clash.one} and {clash.other} cannot be {constraint.kind}"


def _inside(phases: tuple[int, ...], length: int) -> bool:
    """Tells whether phases are those of a chain of a length."""
    return min(phases) >= 0 and max(phases) < length
