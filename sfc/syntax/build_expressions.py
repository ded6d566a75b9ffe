"""Turns Lark's parse trees of expressions into the syntax tree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from lark import Token, Tree

from sfc.diagnostics import fail
from sfc.ir.limits import INTEGER_LIMIT, NAME_LIMIT, NESTING_LIMIT, TERM_LIMIT
from sfc.span import Source, Span
from sfc.syntax import ast
from sfc.syntax.words import RESERVED_NAMES

_TAKEN = ("import", "property")
"""Rules whose names mean something else in a class of Python's."""

_OPERATOR = {"expression": "or", "conjunction": "and"}


class ExpressionBuilder:
    """Builds the nodes of expressions and names: a method a grammar rule."""

    def __init__(self, source: Source, docs: dict[int, str]) -> None:
        """Takes the source and its ``///`` comments by line number."""
        self.source = source
        self.docs = docs
        self.depth = 0

    def build(self, tree: Any) -> Any:
        """Returns the node of a rule's tree, a Name for a token, None for an absent option."""
        if tree is None:
            return None
        if isinstance(tree, Token):
            return self.name(tree)
        method = f"{tree.data}_" if tree.data in _TAKEN else tree.data
        return getattr(self, method)(tree, *tree.children)

    def all(self, trees: list[Any]) -> tuple[Any, ...]:
        """Builds every tree that is there."""
        return tuple(self.build(tree) for tree in trees if tree is not None)

    def span(self, tree: Tree[Token] | Token) -> Span:
        """Returns the place of a tree or token."""
        at = tree if isinstance(tree, Token) else tree.meta
        return Span(self.source, at.line, at.column, at.end_line, at.end_column)  # type: ignore[arg-type]

    def doc(self, tree: Tree[Token]) -> str:
        """Returns the ``///`` lines right above a statement, the first of its line."""
        lines: list[str] = []
        number = tree.meta.line - 1
        while number in self.docs:
            lines.append(self.docs.pop(number))
            number -= 1
        return "\n".join(reversed(lines))

    def name(self, token: Token) -> ast.Name:
        """Builds a name; a reserved word is an error."""
        span = self.span(token)
        if len(token) > NAME_LIMIT:
            message = f"a name has {len(token)} characters; at most {NAME_LIMIT} are possible"
            fail("E0306", message, span)
        if token.type == "NAME" and token in RESERVED_NAMES:
            fail(
                "E0107",
                f"`{token}` is reserved for a later version of the language",
                span,
                help=f"choose another name, for instance `{token}_`",
            )
        return ast.Name(str(token), span)

    def nested(self, tree: Tree[Token], child: Any) -> Any:
        """Builds a child one level deeper, within the limit."""
        if self.depth >= NESTING_LIMIT:
            message = f"expressions and blocks nest more than {NESTING_LIMIT} levels deep"
            help = "name a part of an expression with `const`, or make a block a module"
            fail("E0106", message, self.span(tree), help=help)
        self.depth += 1
        node = self.build(child)
        self.depth -= 1
        return node

    def nested_all(self, tree: Tree[Token], children: Iterable[Any]) -> tuple[Any, ...]:
        """Builds children one level deeper, within the limit; absent ones are left out."""
        return tuple(self.nested(tree, child) for child in children if child is not None)

    def text(self, token: Token) -> ast.Text:
        """Builds a text in quotes."""
        return ast.Text(str(token)[1:-1], self.span(token))

    def number(self, tree: Tree[Token], token: Token) -> ast.Number:
        text = str(token)
        span = self.span(tree)
        if len(text) > 40:
            fail("E0302", f"a number with {len(text)} characters is too long", span)
        value = int(text) if text.isdigit() else float(text)
        if abs(value) > INTEGER_LIMIT:
            fail("E0302", f"{text} exceeds the largest number, 2^63 - 1", span)
        return ast.Number(value, span)

    def true(self, tree: Tree[Token], _token: Token) -> ast.Boolean:
        return ast.Boolean(True, self.span(tree))

    def false(self, tree: Tree[Token], _token: Token) -> ast.Boolean:
        return ast.Boolean(False, self.span(tree))

    def reference(self, tree: Tree[Token], name: Token, *trailers: Any) -> ast.Reference:
        first = ast.Name("spike", self.span(name)) if name == "spike" else self.name(name)
        return ast.Reference(first, self.all(list(trailers)), self.span(tree))

    def attribute(self, tree: Tree[Token], name: Token) -> ast.Attribute:
        return ast.Attribute(self.name(name), self.span(tree))

    def index(self, tree: Tree[Token], *intervals: Any) -> ast.Index:
        return ast.Index(self.nested_all(tree, intervals), self.span(tree))

    def array(self, tree: Tree[Token], *intervals: Any) -> ast.Array:
        return ast.Array(self.nested_all(tree, intervals), self.span(tree))

    def sign(self, tree: Tree[Token], operator: Token, operand: Any) -> ast.Unary:
        return ast.Unary(str(operator), self.nested(tree, operand), self.span(tree))

    def negated(self, tree: Tree[Token], operand: Any) -> ast.Unary:
        return ast.Unary("not", self.nested(tree, operand), self.span(tree))

    def operation(self, tree: Tree[Token], *children: Any) -> ast.Operation:
        """Builds a flat operation: its operators are tokens, or the one operator of the rule."""
        if implied := _OPERATOR.get(tree.data):
            rest = [(implied, child) for child in children[1:]]
        else:
            rest = [(str(children[i]), children[i + 1]) for i in range(1, len(children), 2)]
        if len(rest) >= TERM_LIMIT:
            message = f"an expression has {len(rest) + 1} operands in a row, more than {TERM_LIMIT}"
            fail("E0106", message, self.span(tree), help="split it with `const`")
        first = self.build(children[0])
        operands = tuple((operator, self.build(child)) for operator, child in rest)
        return ast.Operation(first, operands, self.span(tree))

    def power(self, tree: Tree[Token], base: Any, exponent: Any) -> ast.Operation:
        operands = (("**", self.nested(tree, exponent)),)
        return ast.Operation(self.build(base), operands, self.span(tree))

    def group(self, tree: Tree[Token], expression: Any) -> Any:
        return replace(self.nested(tree, expression), span=self.span(tree))

    expression = conjunction = comparison = sum = product = operation

    def call(self, tree: Tree[Token], name: Token, *arguments: Any) -> ast.Call:
        return ast.Call(self.name(name), self.all(list(arguments)), self.span(tree))

    def argument(self, tree: Tree[Token], name: Token | None, expression: Any) -> ast.Argument:
        return ast.Argument(self.build(name), self.nested(tree, expression))

    def interval(self, tree: Tree[Token], low: Any, high: Any) -> ast.Interval:
        return ast.Interval(self.build(low), self.build(high), self.span(tree))
