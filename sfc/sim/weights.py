"""The weights of a simulator, by matrix or by projection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sfc.diagnostics import fail, nearest
from sfc.ir.circuit import Circuit, Projection, Tie, Weight
from sfc.ir.integers import WeightRange
from sfc.ir.limits import SIMULATED_BYTES
from sfc.ir.synapses import synapses


class Weights(MutableMapping[str, NDArray[Any]]):
    """Weights in weight units, under the names of matrices and of projections.

    Reading gives a copy: change it and assign it as a whole. A matrix, (rows, columns),
    stands for all projections tied to it, with sign and transpose; a projection, (n_pre, n_post),
    for its own synapses. Constant weights can be read only.
    """

    def __init__(self, circuit: Circuit, arrays: Mapping[str, NDArray[np.int16]]) -> None:
        """Wraps the arrays of the plastic projections."""
        self._circuit = circuit
        self._arrays = arrays

    def __iter__(self) -> Iterator[str]:
        yield from self._circuit.matrices
        yield from self._circuit.projections

    def __len__(self) -> int:
        return len(self._circuit.matrices) + len(self._circuit.projections)

    def __contains__(self, name: object) -> bool:
        return name in self._circuit.matrices or name in self._circuit.projections

    def get(self, name: str, default: Any = None) -> Any:
        """Returns the weights called `name`, or `default` if there are none."""
        if name not in self:
            return default
        return self[name]

    def __delitem__(self, name: str) -> None:
        fail("E0704", "weights cannot be deleted")

    def __repr__(self) -> str:
        return f"<Weights of {self._circuit.name}: {', '.join(self)}>"

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name in self._circuit.matrices:
            return self._matrix(name)
        projection = self._projection(name)
        if projection.name in self._arrays:
            return self._arrays[projection.name].copy()
        return _constant(self._circuit, projection)

    def __setitem__(self, name: str, value: ArrayLike) -> None:
        if name in self._circuit.matrices:
            self._set_matrix(name, np.asarray(value))
            return
        projection = self._projection(name)
        rule = self._circuit.rule_of(projection)
        if rule is None:
            fail("E0704", f"the weights of `{name}` are constant", projection.span)
        shape = self._circuit.synapse_shape(projection)
        _check(f"`{name}`", np.asarray(value), shape, rule.weights)
        self._arrays[projection.name][:] = value

    def _matrix(self, name: str) -> NDArray[np.int16]:
        tied = self._circuit.tied(name)
        if not tied:
            fail("E0704", f"no projection is tied to `{name}`", self._circuit.matrices[name].span)
        first = turned_into(tied[0], self._arrays[tied[0].name])
        for projection in tied[1:]:
            other = turned_into(projection, self._arrays[projection.name])
            differing = np.argwhere(first != other)
            if len(differing):
                row, column = (int(index) for index in differing[0])
                fail(
                    "E0705",
                    f"`{name}` has no one value: {len(differing)} of {first.size} weights differ "
                    f"between `{tied[0].name}` and `{projection.name}`, first at "
                    f"[{row}, {column}]: {first[row, column]} and {other[row, column]}",
                    projection.span,
                    help=f'read each projection, for instance weights["{projection.name}"]',
                )
        return first.astype(np.int16) if first.max(initial=0) < 2**15 else first

    def _set_matrix(self, name: str, value: NDArray[Any]) -> None:
        matrix = self._circuit.matrices[name]
        weights = self._circuit.rules[matrix.rule].weights
        _check(f"`{name}`", value, matrix.shape, weights)
        tied = self._circuit.tied(name)
        for projection in tied:
            label = f"`{projection.name}`, tied to {projection.weight},"
            turned = turned_into(projection, value)
            _check(label, turned, self._circuit.synapse_shape(projection), weights)
        for projection in tied:
            self._arrays[projection.name][:] = turned_into(projection, value)

    def _projection(self, name: str) -> Projection:
        projections = self._circuit.projections
        if name in projections:
            return projections[name]
        if f"{name} #1" in projections:
            alike = [other for other in projections if other.startswith(f"{name} #")]
            help = f"use one of {', '.join(alike)}, or label them with `as`"
            fail("E0206", f"`{name}` fits {len(alike)} projections", help=help)
        fail("E0201", f"there are no weights called `{name}`", help=nearest(name, self))


def turned_into(projection: Projection, matrix: NDArray[Any]) -> NDArray[Any]:
    """Returns a matrix as a tied projection has it: with its sign, transposed or not.

    It is its own inverse. The result has 32 bits: the opposite of -32768 has no place in 16.
    """
    tie = projection.weight
    assert isinstance(tie, Tie)
    signed = tie.sign * matrix.astype(np.int32)
    return signed.T if tie.transpose else signed


def _check(what: str, value: NDArray[Any], shape: tuple[int, int], weights: WeightRange) -> None:
    if value.shape != shape:
        fail("E0704", f"{what} has shape {shape}, found {value.shape}")
    if value.dtype.kind not in "iu":
        fail("E0704", f"{what} takes integers, found {value.dtype}", help="round them first")
    if not value.size:
        return
    wrong = (value < weights.low) | (value > weights.high)
    wrong |= np.where(wrong, 0, value).astype(np.int64) % weights.step != 0
    if wrong.any():
        row, column = (int(index) for index in np.argwhere(wrong)[0])
        fail(
            "E0704",
            f"{what} holds {weights.low}..{weights.high} in steps of {weights.step}; "
            f"{np.count_nonzero(wrong)} values are not, first {value[row, column]} "
            f"at [{row}, {column}]",
        )


def _constant(circuit: Circuit, projection: Projection) -> NDArray[Any]:
    shape = circuit.synapse_shape(projection)
    if shape[0] * shape[1] * 8 > SIMULATED_BYTES:
        fail("E0306", f"`{projection.name}` has {shape[0] * shape[1]:,} synapses: too many to show")
    assert isinstance(projection.weight, Weight)
    value = projection.weight.value
    number = int(value) if value.is_integer() else value
    if projection.pattern == "one_to_one":
        return np.diag(np.full(shape[0], number))
    if projection.pattern == "all_to_all":
        return np.full(shape, number)
    found = synapses(circuit, projection)
    total = np.zeros(shape, type(number))
    np.add.at(total, (found.sources, found.targets), found.mantissas * number)
    return total
