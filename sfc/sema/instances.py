"""Instances of modules: their parameters and ports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sfc.diagnostics import Label, nearest, shortened
from sfc.ir.limits import EXPANSION_LIMIT, INSTANCE_DEPTH_LIMIT, NEURON_LIMIT
from sfc.sema.declare import extents
from sfc.sema.evaluate import evaluate, follow, whole_range
from sfc.sema.nodes import Node
from sfc.sema.references import counted
from sfc.sema.scope import Abandon, Kind, Scope, Symbol, article
from sfc.span import Span
from sfc.syntax import ast

_PORT_KINDS: dict[str, Kind] = {
    "population": "population",
    "chain": "chain",
    "input": "input",
    "plastic": "plastic matrix",
}


@dataclass(frozen=True, slots=True)
class Module:
    """A module and the scope in which it was declared."""

    declaration: ast.Module
    scope: Scope


def declare_instance(statement: ast.Instance, scope: Scope) -> None:
    """Declares an instance or an array of them; what is inside is filled in later."""
    variable = statement.variable
    if variable is None:
        scope.declare(
            "instance", statement.name, lambda: _instance(statement, scope, statement.name.text)
        )
        return

    def resolve() -> dict[int, Scope]:
        instances = {}
        values = whole_range(variable.interval, scope, EXPANSION_LIMIT)
        scope.count(len(values), statement.span)
        for value in values:
            inner = Scope(scope.shared, scope, scope.path, scope.level, scope.made)
            define(variable.name, value, inner)
            instances[value] = _instance(statement, inner, f"{statement.name.text}[{value}]")
        return instances

    scope.declare("array of instances", statement.name, resolve)


def _instance(statement: ast.Instance, outer: Scope, name: str) -> Scope:
    """Makes an instance of a module; `outer` knows the names in its arguments."""
    module: Module = outer.lookup(statement.module, "module")
    declaration = module.declaration
    what = f"`{shortened(outer.path + name)}` of module `{declaration.name.text}`"
    bindings: dict[str, tuple[ast.Binding, Scope]] = {}
    for binding in statement.bindings:
        if binding.port.text in bindings:
            message = f"port `{binding.port.text}` of {what} is bound twice"
            outer.error("E0205", message, binding.span, help="keep one of them")
        bindings[binding.port.text] = (binding, outer)
    inner = Scope(
        outer.shared,
        module.scope,
        f"{outer.path}{name}.",
        deeper_level(outer, statement.span, f"module `{declaration.name.text}`"),
        (Label(statement.name.span, f"in {what}, made here"), *outer.made),
        dict(bindings),
    )
    inner.statements = declaration.statements
    _bind_arguments(statement, declaration, inner, outer)
    return inner


def check_bindings(scope: Scope) -> None:
    """Reports what an instance binds and its module does not have."""
    for text, (binding, outer) in (scope.bindings or {}).items():
        ports = [n for n, s in scope.symbols.items() if isinstance(s.resolve, _PortResolver)]
        message = f"the module has no port `{text}`"
        help = nearest(text, ports) or f"its ports are {', '.join(ports) or 'none'}"
        labels = scope.made[:1]
        outer.reporter.error("E0212", message, binding.port.span, labels=labels, help=help)
    for text, symbol in scope.symbols.items() if not scope.bindings else ():
        port = symbol.resolve
        if isinstance(port, _PortResolver) and port.bound is None:
            message = f"port `{text}` is not bound"
            labels = (Label(port.declarator.span, "the port is declared here"),)
            help = f"write `{{ {text} = …; }}`: {article(_PORT_KINDS[port.kind])}"
            scope.reporter.error("E0212", message, scope.made[0].span, labels=labels, help=help)


def deeper_level(scope: Scope, span: Span, what: str) -> int:
    """Returns the level of a scope inside another; reports a recursion without an end."""
    if scope.level >= INSTANCE_DEPTH_LIMIT:
        message = f"{what} is nested more than {INSTANCE_DEPTH_LIMIT} levels deep"
        help = "end the recursion of a module with `if`, on a parameter that becomes smaller"
        scope.fatal("E0213", message, span, help=help)
    return scope.level + 1


def _bind_arguments(
    statement: ast.Instance, module: ast.Module, inner: Scope, outer: Scope
) -> None:
    """Declares the parameters of a module in an instance, with their values."""
    known = {parameter.name.text: parameter for parameter in module.parameters}
    outer.count(len(known), statement.span)
    names, given = list(known), {}
    for position, argument in enumerate(statement.arguments):
        span = argument.name.span if argument.name else argument.expression.span
        name = argument.name.text if argument.name else dict(enumerate(names)).get(position, "")
        if name not in known:
            takes = f"takes {counted(len(names), 'argument')}"
            problem = f"has no parameter `{name}`" if name else takes
            listing = f"its parameters are {', '.join(names)}" if names else "it has none"
            if any(isinstance(part, ast.Port) for part in module.statements) and not name:
                listing += "; ports are bound in braces: `{ pre = x; }`"
            message = f"module `{module.name.text}` {problem}"
            outer.error("E0208", message, span, help=nearest(name, names) or listing)
        if name in given:
            message = f"parameter `{name}` of module `{module.name.text}` is given twice"
            outer.error("E0205", message, span, help="keep one of them")
        given[name] = argument.expression
    for name, parameter in known.items():
        expression, scope = given.get(name), outer
        if expression is None:
            expression, scope = parameter.default, inner
        if expression is None:
            message = f"parameter `{name}` of module `{module.name.text}` has no value"
            labels = (Label(parameter.name.span, "declared here"),)
            help = f"write {module.name.text}({name} = …)"
            outer.error("E0209", message, statement.module.span, labels=labels, help=help)
        inner.declare("constant", parameter.name, Evaluation(expression, scope))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Computes an expression in a scope when it is needed."""

    expression: ast.Expression
    scope: Scope

    def __call__(self) -> Any:
        """Returns the value."""
        return evaluate(self.expression, self.scope)


def define(name: ast.Name, value: Any, scope: Scope) -> None:
    """Gives a name a value."""
    scope.enter(name, Symbol("constant", name, lambda: value, "done", value))


def declare_ports(statement: ast.Port, scope: Scope) -> None:
    """Declares the ports of one statement as what the instance binds to them."""
    if scope.bindings is None:
        message = "`port` belongs in a module"
        help = "declare the population itself, or put this into a `module`"
        scope.error("E0211", message, statement.span, help=help)
    for declarator in statement.declarators:
        name = declarator.name.text
        bound = scope.bindings.pop(name, None)
        resolver = _PortResolver(statement.kind, declarator, bound, scope)
        scope.declare(_PORT_KINDS[statement.kind], declarator.name, resolver)


@dataclass(frozen=True, slots=True)
class _PortResolver:
    """Finds what a port is bound to, and checks that it fits.

    Attributes:
        bound: None if it is not bound, which is reported in the end.
    """

    kind: str
    declarator: ast.Declarator
    bound: tuple[ast.Binding, Scope] | None
    scope: Scope

    def __call__(self) -> Any:
        """Returns what the port is bound to."""
        if self.bound is None:
            raise Abandon
        binding, outer = self.bound
        kind = _PORT_KINDS[self.kind]
        found = follow(binding.reference, outer, (kind,))
        span = binding.reference.span
        if found.kind != kind:
            outer.wrong_kind(found.text, span, found.symbol, found.kind, (kind,))
        if found.rest:
            message = f"`{found.text}` can be bound to a port only as a whole"
            outer.error("E0202", message, found.rest[0].span, help=f"write `{found.text}`")
        self._check_shape(found.value, found.text, span, outer)
        return found.value

    def _check_shape(self, value: Any, text: str, span: Span, outer: Scope) -> None:
        if not self.declarator.extents:
            return
        shape = extents(self.declarator, self.scope, NEURON_LIMIT)
        actual = (len(value.relays),) if self.kind == "chain" else value.shape
        if shape == actual:
            return
        name = self.declarator.name.text
        message = f"port `{name}` is {list(shape)}; `{text}` is {list(actual)}"
        labels = [Label(self.declarator.span, "the port is declared here")]
        if isinstance(value, Node) and value.span:
            labels.append(Label(value.span, f"`{value.thing.name}` is declared here"))
        help = "give both one size: check the arguments of the instance"
        outer.error("E0401", message, span, labels=tuple(labels), help=help)
