"""The two ends of a projection, and its clauses."""

from __future__ import annotations

from dataclasses import dataclass

from sfc.sema.evaluate import follow
from sfc.sema.nodes import Node
from sfc.sema.references import node, population
from sfc.sema.scope import Scope
from sfc.span import Span
from sfc.syntax import ast

Clauses = dict[str, ast.Clause]
"""Clauses of a projection or gate by their kinds."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of a projection.

    Attributes:
        source_index, target_index: the indices of ``x[i] -> y[j] for …``, where there is a ``for``.
    """

    source: Node
    target: Node
    source_index: ast.Index | None
    target_index: ast.Index | None
    span: Span

    @classmethod
    def of(cls, source: ast.Reference, target: ast.Reference, indexed: bool, scope: Scope) -> Ends:
        """Returns the ends that two references name; with `indexed` their last index varies."""
        span = source.span.to(target.span)
        if not indexed:
            return cls(node(source, scope), population(target, scope), None, None, span)
        source, source_index = _without_index(source, scope)
        target, target_index = _without_index(target, scope)
        return cls(node(source, scope), population(target, scope), source_index, target_index, span)


def expression_of(clause: ast.Clause) -> ast.Expression:
    """Returns the expression of a clause that has one."""
    assert not isinstance(clause.value, ast.Name | tuple)
    return clause.value


def _without_index(
    reference: ast.Reference, scope: Scope
) -> tuple[ast.Reference, ast.Index | None]:
    """Splits ``net.h[i]`` into ``net.h`` and the index; a relay ``g[3]`` stays as it is."""
    last = reference.trailers[-1] if reference.trailers else None
    if not isinstance(last, ast.Index):
        return reference, None
    shorter = ast.Reference(reference.name, reference.trailers[:-1], reference.span)
    found = follow(shorter, scope, ("population", "input"))
    return (shorter, last) if found.kind in ("population", "input") else (reference, None)
