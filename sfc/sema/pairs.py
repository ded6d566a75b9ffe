"""Projections by index variables: ``x[i] -> y[j] for i in 0..9, j in 0..i if i != j``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.ir.limits import PAIR_LIMIT
from sfc.sema.ends import Clauses, Ends, expression_of
from sfc.sema.evaluate import elements, index_ends, mentioned, number, truth
from sfc.sema.nodes import Node
from sfc.sema.references import counted, declared
from sfc.sema.scope import Scope, Symbol
from sfc.sema.vectors import NotVectorised, vector
from sfc.span import Span
from sfc.syntax import ast

Columns = dict[str, NDArray[np.int64]]


def pairs(
    clauses: Clauses, ends: Ends, spike: int | None, constant: float, scope: Scope
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Returns sources, targets and weights, (k,) each, of a projection with ``for``.

    Args:
        spike: what `spike` means in the weight.
        constant: the weight, if there is no such clause.
    """
    variables = clauses["for"].value
    assert isinstance(variables, tuple)
    inner = Scope(scope.shared, scope, scope.path, scope.level, scope.made)
    symbols: list[Symbol] = []
    columns = _columns(variables, symbols, inner, clauses["for"].span)
    rows = _Rows(columns, symbols, inner, spike)
    if "if" in clauses:
        kept = rows.values(expression_of(clauses["if"]), truth).astype(bool)
        columns = {name: column[kept] for name, column in columns.items()}
        rows = _Rows(columns, symbols, inner, spike)
    sources = _numbers(ends.source_index, ends.source, ends.span, rows)
    targets = _numbers(ends.target_index, ends.target, ends.span, rows)
    weights = np.full(rows.count, constant)
    if "weight" in clauses:
        weights = rows.values(expression_of(clauses["weight"]), _weight(spike))
    return sources, targets, weights.astype(np.float64)


def _weight(spike: int | None) -> Callable[[ast.Expression, Scope], float]:
    return lambda expression, scope: number(expression, scope, spike)


def _columns(variables: Sequence[Any], symbols: list[Symbol], scope: Scope, span: Span) -> Columns:
    """Returns the values of all index variables, a row for every combination.

    The range of a variable may depend on those before it.
    """
    if not variables:
        return {}
    rows: list[tuple[Any, ...]] = [()]
    for place, variable in enumerate(variables):
        name = variable.name
        depends = _mentions(variable.interval, symbols)
        shared = None if depends else elements(variable.interval, scope)
        if shared is not None and len(shared) * len(rows) > PAIR_LIMIT:
            _report_too_many(span, scope)
        longer: list[tuple[Any, ...]] = []
        for row in rows:
            for symbol, value in zip(symbols, row, strict=True):
                symbol.value = value
            values = elements(variable.interval, scope) if shared is None else shared
            longer += [(*row, value) for value in values]
            if len(longer) > PAIR_LIMIT:
                _report_too_many(span, scope)
        rows = longer
        symbol = Symbol("constant", name, lambda: None, "done", 0)
        scope.enter(name, symbol)
        symbols.append(symbol)
        if any(isinstance(row[place], bool | float | tuple) for row in rows):
            message = f"index variable `{name.text}` takes integers only"
            scope.error("E0305", message, variable.interval.span)
    table = np.array(rows, np.int64).reshape(len(rows), len(symbols))
    return {symbol.name.text: table[:, place] for place, symbol in enumerate(symbols)}


def _mentions(interval: ast.Interval, symbols: list[Symbol]) -> bool:
    known = {symbol.name.text for symbol in symbols}
    expressions = [end for end in (interval.low, interval.high) if end is not None]
    return any(r.name.text in known for end in expressions for r in mentioned(end))


def _report_too_many(span: Span, scope: Scope) -> None:
    message = f"the index variables take more than {PAIR_LIMIT:,} values together"
    scope.error("E0306", message, span, help="use a pattern")


class _Rows:
    """The combinations of the index variables' values.

    Attributes:
        count: how many there are.
    """

    def __init__(
        self, columns: Columns, symbols: list[Symbol], scope: Scope, spike: int | None
    ) -> None:
        self.columns, self.symbols, self.scope, self.spike = columns, symbols, scope, spike
        self.count = len(next(iter(columns.values())))

    def values(
        self, expression: ast.Expression, single: Callable[[ast.Expression, Scope], Any]
    ) -> NDArray[Any]:
        """Returns the value of an expression for every row.

        Args:
            single: computes it where it cannot be computed for all rows at once.
        """
        if self.count:
            self._go_to(0)
            single(expression, self.scope)
        try:
            found = vector(expression, self.columns, self.scope, self.spike)
            return np.broadcast_to(found, (self.count,))
        except NotVectorised:
            self.scope.count(self.count // 4, expression.span)
            values = []
            for row in range(self.count):
                self._go_to(row)
                values.append(single(expression, self.scope))
            return np.array(values)

    def integers(self, interval: ast.Interval) -> NDArray[Any]:
        """Returns the index that an interval gives for every row."""
        if interval.high is not None:
            message = "one index is needed here, not a range"
            self.scope.error("E0202", message, interval.span)
        found = self.values(interval.low, lambda _, scope: index_ends(interval, scope)[0])
        wrong = np.flatnonzero(found % 1 != 0)
        if wrong.size:
            self._go_to(int(wrong[0]))
            index_ends(interval, self.scope)
        return found.astype(np.int64)

    def _go_to(self, row: int) -> None:
        for symbol in self.symbols:
            symbol.value = int(self.columns[symbol.name.text][row])


def _numbers(index: ast.Index | None, end: Node, span: Span, rows: _Rows) -> NDArray[np.int64]:
    """Returns the numbers within a population or slice that an index says, row by row."""
    scope = rows.scope
    if index is None:
        if end.size > 1:
            message = f"`{end.name}` needs an index where there is a `for`"
            scope.error("E0402", message, span, help=f"write {end.name}[i]")
        return np.zeros(rows.count, np.int64)
    shape = end.shape
    if len(index.intervals) != len(shape):
        found = "1 index" if len(index.intervals) == 1 else f"{len(index.intervals)} indices"
        message = f"`{end.name}` has {counted(len(shape), 'extent')}, found {found}"
        scope.error("E0308", message, index.span, labels=declared(end))
    places = np.zeros(rows.count, np.int64)
    for interval, size in zip(index.intervals, shape, strict=True):
        numbers = rows.integers(interval)
        outside = np.flatnonzero((numbers < 0) | (numbers >= size))
        if len(outside):
            number = int(numbers[outside[0]])
            message = f"index {number} is outside `{end.name}`, whose indices are 0 to {size - 1}"
            help = "count around with %, or exclude it with `if`"
            scope.error("E0308", message, interval.span, labels=declared(end), help=help)
        places = places * size + numbers
    return places
