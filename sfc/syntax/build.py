"""Turns Lark's parse tree into the syntax tree."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lark import Token, Tree

from sfc.syntax import ast
from sfc.syntax.build_expressions import ExpressionBuilder


class Builder(ExpressionBuilder):
    """Builds the nodes of statements, too."""

    # Declarations

    def declarator(self, tree: Tree[Token], name: Token, *extents: Any) -> ast.Declarator:
        return ast.Declarator(self.name(name), self.all(list(extents)), self.span(tree))

    def bounded(self, _tree: Tree[Token], declarator: Any, *bounds: Any) -> ast.Declarator:
        built: ast.Declarator = self.build(declarator)
        return replace(built, bounds=self.all(list(bounds)))

    def bound(self, tree: Tree[Token], kind: Token, value: Any) -> ast.Bound:
        return ast.Bound(str(kind), self.build(value), self.span(tree))

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

    def chain(self, tree: Tree[Token], declarator: Any, model: Token, *rest: Any) -> Any:
        ring, starters, delay = rest
        return ast.ChainDeclaration(
            self.build(declarator),
            self.name(model),
            ring is not None,
            self.build(starters) or (),
            self.build(delay),
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

    def pattern_call(self, tree: Tree[Token], word: Token, *arguments: Any) -> ast.Clause:
        call = ast.Call(self.name(word), self.all(list(arguments)), self.span(tree))
        return ast.Clause("pattern", call, self.span(tree))

    def matrix(self, tree: Tree[Token], path: Token, key: Token) -> ast.Clause:
        return ast.Clause("pattern", (self.text(path), self.text(key)), self.span(tree))

    def pairs(self, tree: Tree[Token], *variables: Any) -> ast.Clause:
        return ast.Clause("for", self.all(list(variables)), self.span(tree))

    def index_variable(self, _tree: Tree[Token], name: Token, interval: Any) -> ast.IndexVariable:
        return ast.IndexVariable(self.name(name), self.build(interval))

    def condition(self, tree: Tree[Token], expression: Any) -> ast.Clause:
        return ast.Clause("if", self.build(expression), self.span(tree))

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

    def probe(self, tree: Tree[Token], subjects: Any, at: Any) -> ast.ProbeDeclaration:
        return ast.ProbeDeclaration(
            self.build(subjects), self.build(at) or (), self.span(tree), self.doc(tree)
        )

    def readout(self, tree: Tree[Token], population: Any, phase: Any, label: Any) -> Any:
        return ast.ReadoutDeclaration(
            self.build(population),
            self.build(phase),
            self.build(label),
            self.span(tree),
            self.doc(tree),
        )

    # Placement

    def placing(self, tree: Tree[Token], subjects: Any, cores: Any) -> ast.Placing:
        return ast.Placing(self.build(subjects), self.build(cores), self.span(tree))

    def grouping(self, tree: Tree[Token], kind: Token, subjects: Any) -> ast.Grouping:
        return ast.Grouping(str(kind), self.build(subjects), self.span(tree))

    # Modules

    def import_(self, tree: Tree[Token], path: Token) -> ast.Import:
        return ast.Import(self.text(path), self.span(tree))

    def module(self, tree: Tree[Token], name: Token, *rest: Any) -> ast.Module:
        *parameters, body = rest
        return ast.Module(
            self.name(name), self.all(parameters), self.build(body), self.span(tree), self.doc(tree)
        )

    def parameter(self, tree: Tree[Token], name: Token, default: Any) -> ast.Param:
        return ast.Param(self.name(name), self.build(default), self.span(tree))

    def body(self, tree: Tree[Token], *statements: Any) -> tuple[ast.Statement, ...]:
        return self.nested_all(tree, statements)

    def port(self, tree: Tree[Token], kind: Token, *declarators: Any) -> ast.Port:
        return ast.Port(str(kind), self.all(list(declarators)), self.span(tree))

    def instance(self, tree: Tree[Token], name: Token, *rest: Any) -> ast.Instance:
        variable, interval, module, arguments, bindings = rest if len(rest) == 5 else (*rest, None)
        index = None
        if variable is not None:
            index = ast.IndexVariable(self.name(variable), self.build(interval))
        return ast.Instance(
            self.name(name),
            index,
            self.name(module),
            self.build(arguments) or (),
            self.build(bindings) or (),
            self.span(tree),
            self.doc(tree),
        )

    def arguments(self, _tree: Tree[Token], *arguments: Any) -> tuple[ast.Argument, ...]:
        return self.all(list(arguments))

    def bindings(self, _tree: Tree[Token], *bindings: Any) -> tuple[ast.Binding, ...]:
        return self.all(list(bindings))

    def binding(self, tree: Tree[Token], port: Token, reference: Any) -> ast.Binding:
        return ast.Binding(self.name(port), self.build(reference), self.span(tree))

    def alias(self, tree: Tree[Token], name: Token, reference: Any) -> ast.Alias:
        return ast.Alias(self.name(name), self.build(reference), self.span(tree))

    def loop(self, tree: Tree[Token], name: Token, interval: Any, label: Any, body: Any) -> Any:
        return ast.Loop(
            self.name(name),
            self.build(interval),
            self.build(label),
            self.build(body),
            self.span(tree),
        )

    def conditional(self, tree: Tree[Token], condition: Any, body: Any, otherwise: Any) -> Any:
        following = () if otherwise is None else self.nested(tree, otherwise)
        if isinstance(following, ast.Conditional):
            following = (following,)
        return ast.Conditional(self.build(condition), self.build(body), following, self.span(tree))

    def assertion(self, tree: Tree[Token], condition: Any, message: Token | None) -> ast.Assertion:
        text = None if message is None else self.text(message)
        return ast.Assertion(self.build(condition), text, self.span(tree))

    def property_(self, tree: Tree[Token], kind: Token, *rest: Any) -> ast.Property:
        subjects = self.build(rest[0]) if rest else ()
        return ast.Property(str(kind), subjects, self.all(list(rest[1:])), self.span(tree))

    # Tests

    def test(self, tree: Tree[Token], title: Token, *items: Any) -> ast.Test:
        return ast.Test(
            self.text(title), self.nested_all(tree, items), self.span(tree), self.doc(tree)
        )

    def frame(self, tree: Tree[Token], *children: Any) -> ast.Frame:
        built = self.nested_all(tree, children)
        numbers = tuple(node for node in built if isinstance(node, ast.Interval))
        items = tuple(node for node in built if not isinstance(node, ast.Interval))
        return ast.Frame(numbers, items, self.span(tree))

    def test_loop(self, tree: Tree[Token], name: Token, interval: Any, *items: Any) -> ast.Loop:
        nested = self.nested_all(tree, items)
        return ast.Loop(self.name(name), self.build(interval), None, nested, self.span(tree))

    def at(self, _tree: Tree[Token], *intervals: Any) -> tuple[ast.Interval, ...]:
        return self.all(list(intervals))

    def stimulus(self, tree: Tree[Token], subject: Any, at: Any, value: Any) -> ast.Stimulus:
        return ast.Stimulus(
            self.build(subject), self.build(at) or (), self.build(value), self.span(tree)
        )

    def expectation(self, tree: Tree[Token], subject: Any, at: Any, value: Any) -> ast.Expectation:
        return ast.Expectation(
            (self.build(subject),), self.build(at) or (), self.build(value), self.span(tree)
        )

    def silence(self, tree: Tree[Token], _word: Token, subjects: Any, at: Any) -> ast.Expectation:
        return ast.Expectation(self.build(subjects), self.build(at) or (), None, self.span(tree))

    def assignment(self, tree: Tree[Token], subject: Any, value: Any) -> ast.Assignment:
        return ast.Assignment(self.build(subject), self.build(value), self.span(tree))

    def run(self, tree: Tree[Token], length: Any) -> ast.Run:
        return ast.Run(self.build(length), self.span(tree))
