"""First weights of plastic matrices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit, Matrix
from sfc.ir.integers import WeightRange
from sfc.sim.weights import turned_into


def first_weights(circuit: Circuit, seed: int) -> dict[str, NDArray[np.int16]]:
    """Returns each plastic projection's own copy of its matrix, (n_pre, n_post), by its name.

    A value that a tie's sign takes out of the range is clipped.
    """
    arrays = {}
    for matrix in circuit.matrices.values():
        weights = circuit.rules[matrix.rule].weights
        tied = circuit.tied(matrix.name)
        drawn = initial_weights(circuit, matrix, seed) if tied else np.zeros((0, 0), np.int16)
        for projection in tied:
            turned = np.clip(turned_into(projection, drawn), weights.low, weights.high)
            arrays[projection.name] = np.ascontiguousarray(turned, np.int16)
    return arrays


def initial_weights(circuit: Circuit, matrix: Matrix, seed: int) -> NDArray[np.int16]:
    """Returns the first weights of a matrix, (rows, columns), in weight units.

    The draws depend on the seed and the matrix's name alone. Values are clipped to the rule's
    range and rounded towards zero to a weight that can be held.
    """
    weights = circuit.rules[matrix.rule].weights
    generator = np.random.default_rng([seed, *matrix.name.encode()])
    values = _METHODS[matrix.init.method](generator, matrix.shape, **dict(matrix.init.arguments))
    return _held(values, weights)


def _held(values: NDArray[np.float64], weights: WeightRange) -> NDArray[np.int16]:
    clipped = np.clip(values, weights.low, weights.high)
    held: NDArray[np.int16] = (np.trunc(clipped / weights.step) * weights.step).astype(np.int16)
    return held


def _zeros(_generator: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    return np.zeros(shape)


def _constant(
    _generator: np.random.Generator, shape: tuple[int, int], value: float
) -> NDArray[np.float64]:
    return np.full(shape, float(value))


def _uniform(
    generator: np.random.Generator, shape: tuple[int, int], low: float, high: float
) -> NDArray[np.float64]:
    return generator.uniform(low, high, shape)


def _glorot_normal(
    generator: np.random.Generator, shape: tuple[int, int], scale: float, clip: float
) -> NDArray[np.float64]:
    """Normal with variance 2 / (rows + columns), times scale, clipped (Glorot & Bengio 2010)."""
    deviation = np.sqrt(2 / sum(shape))
    values: NDArray[np.float64] = generator.standard_normal(shape) * (deviation * scale)
    clipped: NDArray[np.float64] = np.clip(values, -clip, clip)
    return clipped


_METHODS: dict[str, Callable[..., NDArray[np.float64]]] = {
    "zeros": _zeros,
    "constant": _constant,
    "uniform": _uniform,
    "glorot_normal": _glorot_normal,
}
