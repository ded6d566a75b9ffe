"""Turns Lark's parse tree into the syntax tree."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lark import Token, Tree

from sfc.diagnostics import fail
from sfc.ir.limits import INTEGER_LIMIT, NAME_LIMIT, NESTING_LIMIT, TERM_LIMIT
from sfc.span import Source, Span
from sfc.syntax import ast
from sfc.syntax.words import RESERVED_NAMES

_OPERATOR = {"expression": "or", "conjunction": "and"}


class Builder:
    """Builds syntax nodes from parse trees: a method a grammar rule."""

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
        return getattr(self, tree.data)(tree, *tree.children)

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

    # Expressions

    def nested(self, tree: Tree[Token], child: Any) -> Any:
        """Builds a child one level deeper, within the limit."""
        if self.depth >= NESTING_LIMIT:
            message = f"an expression is nested more than {NESTING_LIMIT} levels deep"
            fail("E0106", message, self.span(tree), help="name a part of it with `const`")
        self.depth += 1
        node = self.build(child)
        self.depth -= 1
        return node

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

    def index(self, tree: Tree[Token], expression: Any) -> ast.Index:
        return ast.Index(self.nested(tree, expression), self.span(tree))

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

    # Declarations

    def declarator(self, tree: Tree[Token], name: Token, *extents: Any) -> ast.Declarator:
        return ast.Declarator(self.name(name), self.all(list(extents)), self.span(tree))

    def param(self, tree: Tree[Token], name: Token, default: Any) -> ast.Param:
        return ast.Param(self.name(name), self.build(default), self.span(tree), self.doc(tree))

    def const(self, tree: Tree[Token], name: Token, value: Any) -> ast.Const:
        return ast.Const(self.name(name), self.build(value), self.span(tree), self.doc(tree))

    def setting(self, tree: Tree[Token], key: Token, value: Any) -> ast.Setting:
        return ast.Setting(self.name(key), self.build(value), self.span(tree))

    def block(self, _tree: Tree[Token], *settings: Any) -> tuple[ast.Setting, ...]:
        return self.all(list(settings))

    def neuron(self, tree: Tree[Token], name: Token, base: Any, block: Any) -> ast.NeuronModel:
        return ast.NeuronModel(
            self.name(name), self.build(base), self.build(block), self.span(tree), self.doc(tree)
        )

    def rule(self, tree: Tree[Token], name: Token, *items: Any) -> ast.RuleDeclaration:
        built = self.all(list(items))
        return ast.RuleDeclaration(
            self.name(name),
            tuple(item for item in built if isinstance(item, ast.Setting)),
            tuple(item for item in built if isinstance(item, ast.TraceDeclaration)),
            self.span(tree),
            self.doc(tree),
        )

    def trace(self, tree: Tree[Token], name: Token, impulse: Any, tau: Any) -> Any:
        return ast.TraceDeclaration(
            self.name(name), self.build(impulse), self.build(tau), self.span(tree)
        )

    def input(self, tree: Tree[Token], *declarators: Any) -> ast.InputDeclaration:
        return ast.InputDeclaration(self.all(list(declarators)), self.span(tree), self.doc(tree))

    def chain(self, tree: Tree[Token], declarator: Any, model: Token, ring: Any) -> Any:
        return ast.ChainDeclaration(
            self.build(declarator),
            self.name(model),
            ring is not None,
            self.span(tree),
            self.doc(tree),
        )

    def population(self, tree: Tree[Token], *children: Any) -> ast.PopulationDeclaration:
        declarators = [c for c in children if isinstance(c, Tree) and c.data == "declarator"]
        model, *block = children[len(declarators) :]
        settings = self.build(block[0]) if block else ()
        return ast.PopulationDeclaration(
            self.all(declarators), self.name(model), settings, self.span(tree), self.doc(tree)
        )

    def plastic(self, tree: Tree[Token], declarator: Any, rule: Token, init: Any) -> Any:
        return ast.PlasticDeclaration(
            self.build(declarator),
            self.name(rule),
            self.build(init),
            self.span(tree),
            self.doc(tree),
        )

    # Connections

    def references(self, _tree: Tree[Token], *references: Any) -> tuple[ast.Reference, ...]:
        return self.all(list(references))

    def connection(self, tree: Tree[Token], sources: Any, targets: Any, *clauses: Any) -> Any:
        return ast.Connection(
            self.build(sources),
            self.build(targets),
            self.all(list(clauses)),
            tree.data == "gate",
            self.span(tree),
            self.doc(tree),
        )

    projection = gate = connection

    def clause(self, tree: Tree[Token], value: Any) -> ast.Clause:
        return ast.Clause(tree.data, self.build(value), self.span(tree))

    pattern = weight = delay = above = label = clause

    def via(self, tree: Tree[Token], minus: Token | None, matrix: Any) -> ast.Clause:
        return ast.Clause("via", self.build(matrix), self.span(tree), minus is not None)

    # Phases

    def phase(self, tree: Tree[Token], *children: Any) -> ast.PhaseBlock:
        built = self.all(list(children))
        return ast.PhaseBlock(
            tuple(node for node in built if not isinstance(node, ast.Action)),
            tuple(node for node in built if isinstance(node, ast.Action)),
            self.span(tree),
            self.doc(tree),
        )

    def gating(self, tree: Tree[Token], subjects: Any, amount: Any) -> ast.Action:
        span = self.span(tree)
        return ast.Action(tree.data, self.build(subjects), (), self.build(amount), span)

    open = close = gating

    def present(self, tree: Tree[Token], subject: Any, targets: Any) -> ast.Action:
        span = self.span(tree)
        targets = self.build(targets) or ()
        return ast.Action("present", (self.build(subject),), targets, None, span)

    def reward(self, tree: Tree[Token], variable: Token) -> ast.Action:
        name = self.name(variable)
        subject = ast.Reference(name, (), name.span)
        return ast.Action("reward", (subject,), (), None, self.span(tree))

    def probe(self, tree: Tree[Token], subjects: Any, *phases: Any) -> ast.ProbeDeclaration:
        return ast.ProbeDeclaration(
            self.build(subjects), self.all(list(phases)), self.span(tree), self.doc(tree)
        )

    def readout(self, tree: Tree[Token], population: Any, phase: Any, label: Any) -> Any:
        return ast.ReadoutDeclaration(
            self.build(population),
            self.build(phase),
            self.build(label),
            self.span(tree),
            self.doc(tree),
        )
