"""Which neurons could reach their threshold at all.

The check is an upper bound: every source spikes in every step, inhibition is silent, a plastic
weight is at the top of its range, and of the gates that phases open only the strongest counts. With
this input a, the current settles at a * 4096 / decay_u at most, and the membrane at
(current + bias) * 4096 / decay_v; with decays of 4096 that is a + bias. A neuron that does not
exceed its threshold so never fires; one that does may still never fire.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit, Population, Projection, Tie
from sfc.ir.integers import DECAY_LIMIT
from sfc.ir.patterns import RealTable
from sfc.ir.reals import real_synapses
from sfc.ir.synapses import cells, synapses

Reals = NDArray[np.float64]


def reaching(circuit: Circuit, population: Population) -> NDArray[np.bool_]:
    """Tells of each neuron whether it could exceed its threshold, (size,)."""
    neuron = population.neuron
    current = _settled(_largest_input(circuit, population), neuron.decay_u)
    membrane = _settled(current + neuron.bias, neuron.decay_v)
    reached: NDArray[np.bool_] = membrane > neuron.threshold
    return reached


def _settled(driven: Reals, decay: int) -> Reals:
    """Returns where a state ends that is driven for ever; what is not positive stays as it is."""
    gain = DECAY_LIMIT / decay if decay else np.inf
    settled = driven.copy()
    settled[driven > 0] *= gain
    return settled


def _largest_input(circuit: Circuit, population: Population) -> Reals:
    total, gate = np.zeros(population.size), np.zeros(population.size)
    for projection in circuit.projections.values():
        if projection.target != population.name:
            continue
        chosen = slice(None)
        if projection.target_part is not None:
            chosen = cells(population.shape, projection.target_part)  # type: ignore[assignment]
        arriving = _excitation(circuit, projection)
        if projection.origin is not None and projection.origin.kind == "open":
            gate[chosen] = np.maximum(gate[chosen], arriving)
        else:
            total[chosen] += arriving
    return total + gate


def _excitation(circuit: Circuit, projection: Projection) -> Reals | float:
    """Returns the sum of the positive weights onto each target, or onto every one."""
    rows, columns = circuit.synapse_shape(projection)
    if isinstance(projection.weight, Tie):
        rule = circuit.rule_of(projection)
        assert rule is not None
        return float(rows * max(rule.weights.high, 0))
    value = projection.weight.value
    if projection.pattern == "one_to_one":
        return max(value, 0.0)
    if projection.pattern == "all_to_all":
        return rows * max(value, 0.0)
    targets, weights = _listed(circuit, projection, value)
    return np.bincount(targets, np.maximum(weights, 0), columns).astype(np.float64)


def _listed(
    circuit: Circuit, projection: Projection, value: float
) -> tuple[NDArray[np.int32], Reals]:
    """Returns targets and weights of synapses that are kept one by one."""
    if isinstance(projection.pattern, RealTable):
        real = real_synapses(circuit, projection)
        return real.targets, real.weights
    found = synapses(circuit, projection)
    return found.targets, found.mantissas * value
