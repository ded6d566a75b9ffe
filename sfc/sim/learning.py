"""The update of one plastic projection, as the exact semantics have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.ir.integers import COEFFICIENT_BITS, TAG_RANGE, TRACE_LIMIT
from sfc.ir.rules import POST_VARIABLES, PRE_VARIABLES, SYNAPSE_VARIABLES, Rule, Term, Trace

Integers = NDArray[Any]


class TraceState:
    """A trace of one population (or of the reward): integers 0..127.

    In every step it decays to floor(trace * exp(-1/tau)), then a spike adds the impulse, and the
    sum is clipped to 127. A rule sees it after that. The decay is computed in decimal arithmetic,
    so that it is the same on every machine.
    """

    def __init__(self, trace: Trace, size: int) -> None:
        """Starts at zero."""
        factor = (-1 / Decimal(trace.tau)).exp() if trace.tau > 0 else Decimal(0)
        self.decayed = np.array([int(v * factor) for v in range(TRACE_LIMIT + 1)], np.int64)
        self.impulse = trace.impulse
        self.values: Integers = np.zeros(size, np.int64)

    def advance(self, spikes: NDArray[np.bool_]) -> None:
        """Goes on by a step in which these neurons spiked."""
        values = self.decayed[self.values] + self.impulse * spikes
        self.values = np.minimum(values, TRACE_LIMIT)


@dataclass(frozen=True, slots=True)
class Product:
    """Terms of a rule that share their factors of the neurons and of the synapse.

    Attributes:
        pre, post, synapse: the shared factors.
        scalars: for each term its coefficient and the factors that are the same everywhere.
    """

    pre: tuple[str, ...]
    post: tuple[str, ...]
    synapse: tuple[str, ...]
    scalars: tuple[tuple[int, tuple[str, ...]], ...]


def products(terms: tuple[Term, ...]) -> tuple[Product, ...]:
    """Groups the terms of a rule."""
    groups: dict[tuple[tuple[str, ...], ...], list[tuple[int, tuple[str, ...]]]] = {}
    for term in terms:
        kinds = (PRE_VARIABLES, POST_VARIABLES, ("w", "t"))
        key = tuple(tuple(f for f in term.factors if f in kind) for kind in kinds)
        rest = tuple(f for f in term.factors if not any(f in kind for kind in kinds))
        groups.setdefault(key, []).append((term.scaled, rest))
    return tuple(
        Product(pre, post, synapse, tuple(scalars))
        for (pre, post, synapse), scalars in groups.items()
    )


class Learner:
    """Learning of one projection: its rule, and its tags if the rule uses them.

    Attributes:
        tags: (n_pre, n_post), None where no term has the factor t.
        needs_pre, needs_post: whether every term has the factor x0, or y0.
    """

    def __init__(self, rule: Rule, delay: int, shape: tuple[int, int]) -> None:
        """Prepares the rule's products."""
        self.rule = rule
        self.weights = rule.weights
        self.dw, self.dt = products(rule.dw), products(rule.dt)
        self.delay = delay
        uses_tags = any("t" in p.synapse for p in self.dw + self.dt)
        self.tags = np.zeros(shape, np.int16) if uses_tags else None
        both = self.dw + self.dt
        self.needs_pre = all("x0" in product.pre for product in both)
        self.needs_post = all("y0" in product.post for product in both)

    def idle(self, pre_spikes: bool, post_spikes: bool) -> bool:
        """Tells whether every term is zero, given whether any neuron spiked."""
        return (self.needs_pre and not pre_spikes) or (self.needs_post and not post_spikes)

    def learn(self, weights: NDArray[np.int16], variables: Mapping[str, Integers | int]) -> None:
        """Updates the weights (n_pre, n_post) and tags by one step, in place.

        Args:
            weights: in weight units.
            variables: x0 … of every presynaptic, y0 … of every postsynaptic neuron; r0, r1.
        """
        variables = {**variables, "d": self.delay}
        dw = _sum(self.dw, weights, self.tags, variables)
        dt = _sum(self.dt, weights, self.tags, variables)
        if dw is not None:
            block = weights[dw.place] + _truncated(dw.values, self.weights.step)
            weights[dw.place] = np.clip(block, self.weights.low, self.weights.high)
        if dt is not None and self.tags is not None:
            tags = self.tags[dt.place] + _truncated(dt.values, 1)
            self.tags[dt.place] = np.clip(tags, TAG_RANGE.start, TAG_RANGE.stop - 1)


@dataclass(frozen=True, slots=True)
class Change:
    """A sum of products where it is not zero.

    Attributes:
        place: an open mesh of rows and columns.
        values: in units of 2^-COEFFICIENT_BITS.
    """

    place: tuple[Any, ...]
    values: Integers


def _sum(
    sums: tuple[Product, ...],
    weights: NDArray[np.int16],
    tags: NDArray[np.int16] | None,
    variables: Mapping[str, Integers | int],
) -> Change | None:
    parts = []
    for product in sums:
        scalar = sum(
            coefficient * prod(int(variables[factor]) for factor in factors)
            for coefficient, factors in product.scalars
        )
        if scalar == 0:
            continue
        pre = _vector(product.pre, variables, weights.shape[0])
        post = _vector(product.post, variables, weights.shape[1])
        if pre.any() and post.any():
            parts.append((scalar, pre, post, product.synapse))
    if not parts:
        return None
    rows = np.logical_or.reduce([pre != 0 for _, pre, _, _ in parts]).nonzero()[0]
    columns = np.logical_or.reduce([post != 0 for _, _, post, _ in parts]).nonzero()[0]
    place = np.ix_(rows, columns)
    values = np.zeros((len(rows), len(columns)), np.int64)
    for scalar, pre, post, synapse in parts:
        part = np.multiply.outer(scalar * pre[rows], post[columns])
        for factor in synapse:
            part *= weights[place] if factor == "w" else tags[place]  # type: ignore[index]
        values += part
    return Change(place, values)


def _vector(
    factors: tuple[str, ...], variables: Mapping[str, Integers | int], size: int
) -> NDArray[np.int64]:
    vector: Integers = np.ones(size, np.int64)
    for factor in factors:
        vector = vector * variables[factor]
    return vector


def _truncated(values: NDArray[np.int64], step: int) -> NDArray[np.int64]:
    """Rounds to a multiple of a power of two towards zero, from units of 2^-COEFFICIENT_BITS."""
    bits = COEFFICIENT_BITS + step.bit_length() - 1
    magnitude = (np.abs(values) >> bits) * step
    return np.where(values < 0, -magnitude, magnitude)


def used_variables(rule: Rule) -> frozenset[str]:
    """Returns the variables of a rule's terms that are not of the synapse itself."""
    factors = {factor for term in (*rule.dw, *rule.dt) for factor in term.factors}
    return frozenset(factors - set(SYNAPSE_VARIABLES))
