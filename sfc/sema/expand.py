"""Declares the names of statements, and expands modules, loops, conditions and imports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from sfc.files import find_within
from sfc.ir.limits import (
    EXPANSION_LIMIT,
    IMPORT_LIMIT,
    INTEGER_LIMIT,
)
from sfc.sema.declare import (
    declare_chain,
    declare_inputs,
    declare_matrix,
    declare_populations,
)
from sfc.sema.evaluate import elements, evaluate, follow, truth, whole_range
from sfc.sema.instances import (
    Evaluation,
    Module,
    check_bindings,
    declare_instance,
    declare_ports,
    deeper_level,
    define,
)
from sfc.sema.models import declare_model
from sfc.sema.rules import declare_rule
from sfc.sema.scope import Abandon, Scope
from sfc.syntax import ast
from sfc.syntax.parser import parse, read_source

_IN_FILES = (ast.Import, ast.Param, ast.Test)
"""What belongs in a file, outside of all modules, loops and conditions."""


def fill(statements: tuple[Any, ...], scope: Scope, items: list[Any] | None = None) -> None:
    """Declares the names of statements and expands what is in them.

    Names come first, so that they may be used before they are declared; then conditions, loops and
    instances, in their order. What declares no name is kept in the scope's items.

    Args:
        statements: of the syntax tree.
        scope: receives the names.
        items: receives the other statements, by default those of the scope.

    Raises:
        SfcError: the circuit exceeds a limit.
    """
    items = scope.items if items is None else items
    waiting: list[Callable[[], None]] = []
    for statement in statements:
        scope.count(len(getattr(statement, "declarators", "1")), statement.span)
        try:
            later = _take(statement, scope, items)
        except Abandon:
            continue
        if later is not None:
            waiting.append(later)
    for expand in waiting:
        try:
            expand()
        except Abandon:
            continue


def import_file(statement: ast.Import, scope: Scope) -> None:
    """Makes the models, rules, constants and modules of another file known."""
    shared, text = scope.shared, statement.path
    path = find_within(text.value, shared.folders_of(text.span), "E0108", text.span)
    key = path.resolve()
    if key in shared.files and shared.files[key] is None:
        message = f"`{text.value}` imports itself, directly or by what it imports"
        help = "move what both files need into a third one"
        scope.fatal("E0109", message, text.span, help=help)
    if key not in shared.files:
        if len(shared.files) > IMPORT_LIMIT:
            scope.fatal("E0306", f"more than {IMPORT_LIMIT} files are imported", text.span)
        shared.files[key] = None
        file = parse(read_source(path))
        imported = Scope(shared, path=_prefix(path, len(shared.files)))
        for other in file.statements:
            if isinstance(other, ast.Import):
                import_file(other, imported)
        imported.source = file.source
        _declare_definitions(file, imported)
        shared.files[key] = imported
    found = shared.files[key]
    assert found is not None
    for name, symbol in found.symbols.items():
        if symbol.name.span.source is found.source:
            scope.enter(ast.Name(name, statement.span), symbol)


def _prefix(path: Path, number: int) -> str:
    """Returns what the flat names of an imported file begin with; no instance can be called so."""
    stem = "".join(c if c.isalnum() and c.isascii() else "_" for c in path.stem)
    return f"{stem}-{number}."


def _declare_definitions(file: ast.CircuitFile, scope: Scope) -> None:
    """Declares what a file offers to others; its own circuit is left out."""
    for statement in file.statements:
        if isinstance(statement, ast.Param):
            declare_parameter(statement, scope, {})
        elif isinstance(statement, ast.Const | ast.NeuronModel | ast.RuleDeclaration | ast.Module):
            _DECLARE[type(statement)](statement, scope)


def declare_parameter(statement: ast.Param, scope: Scope, given: dict[str, Any]) -> None:
    """Declares a parameter of a file; `given` has the values that override defaults."""

    def resolve() -> Any:
        name = statement.name.text
        if name in given:
            numbers = given[name] if isinstance(given[name], tuple) else (given[name],)
            if not all(abs(number) <= INTEGER_LIMIT for number in numbers):
                message = f"the value given for parameter `{name}` is out of range"
                scope.error("E0302", message, help="it can be -(2^63 - 1) to 2^63 - 1")
            return given[name]
        if statement.default is None:
            message = f"parameter `{name}` has no value"
            help = f"give one with -D {name}=…, or a default: `param {name} = …;`"
            if scope.source is not None:
                help = f"give it a default, `param {name} = …;`: it belongs to an imported file"
            scope.error("E0209", message, statement.name.span, help=help)
        value = evaluate(statement.default, scope)
        values = value if isinstance(value, tuple) else (value,)
        if any(isinstance(v, bool | tuple) for v in values):
            found = str(value).lower() if isinstance(value, bool) else "something else"
            message = f"parameter `{name}` is a number or an array of numbers, found {found}"
            scope.error("E0305", message, statement.default.span)
        return value

    scope.declare("parameter", statement.name, resolve)


def _take(statement: Any, scope: Scope, items: list[Any]) -> Callable[[], None] | None:
    """Declares a statement's names or keeps it; returns what must wait for the other names."""
    kind = type(statement)
    if kind in _DECLARE:
        if scope.is_anonymous and kind not in (ast.Const, ast.Alias):
            for declared in getattr(statement, "declarators", (statement,)):
                scope.shared.reported.add(("name", _name(declared), scope.path))
            message = (
                "a loop that declares something needs a name, so that each round's is told apart"
            )
            help = "write `for … in … as stage { … }`: then it is stage[0].… and so on"
            scope.error("E0211", message, statement.span, help=help)
        _DECLARE[kind](statement, scope)
        if kind is ast.ChainDeclaration and statement.starters:
            items.append(statement)
        return None if kind is not ast.Instance else lambda: _fill_named(statement.name, scope)
    if kind is ast.Port:
        declare_ports(statement, scope)
    elif kind is ast.Conditional:
        branch: list[Any] = []
        items.append(branch)
        return lambda: _expand_conditional(statement, scope, branch)
    elif kind is ast.Loop:
        if statement.label is not None:
            _declare_loop(statement, scope)
            return lambda: _fill_named(statement.label, scope)
        rounds: list[Any] = []
        items.append(rounds)
        return lambda: _expand_loop(statement, scope, rounds)
    elif kind in _IN_FILES:
        _report_place(statement, scope)
    else:
        items.append(statement)
    return None


def _name(declared: Any) -> str:
    """Returns the name that a declarator or declaration declares."""
    text: str = getattr(declared, "declarator", declared).name.text
    return text


def _fill_named(name: ast.Name, scope: Scope) -> None:
    """Fills the instances or rounds that a name stands for."""
    symbol = scope.symbols[name.text]
    if symbol.name is not name:
        return
    value = scope.value(symbol, name.span)
    for inner in value.values() if isinstance(value, dict) else (value,):
        scope.items.append(inner)
        fill_scope(inner)


def fill_scope(scope: Scope) -> None:
    """Declares and expands what an instance or a round of a loop holds, once."""
    statements, scope.statements = scope.statements, ()
    if statements:
        fill(statements, scope)
        check_bindings(scope)


def _report_place(statement: Any, scope: Scope) -> NoReturn:
    what = {ast.Import: "import", ast.Param: "param", ast.Test: "test"}[type(statement)]
    help = "move it out of the block"
    if isinstance(statement, ast.Param):
        help = "the parameters of a module stand in parentheses after its name"
    message = f"`{what}` belongs in the file, not in a block"
    scope.error("E0211", message, statement.span, help=help)


def _expand_conditional(statement: ast.Conditional, scope: Scope, items: list[Any]) -> None:
    chosen = truth(statement.condition, scope)
    fill(statement.statements if chosen else statement.otherwise, scope, items)


def _expand_loop(statement: ast.Loop, scope: Scope, items: list[Any]) -> None:
    for value in _rounds(statement, scope):
        inner = Scope(scope.shared, scope, scope.path, scope.level, scope.made)
        define(statement.variable, value, inner)
        items.append(inner)
        fill(statement.statements, inner)


def _rounds(statement: ast.Loop, scope: Scope) -> tuple[Any, ...] | range:
    if statement.interval.high is not None:
        values = whole_range(statement.interval, scope, EXPANSION_LIMIT)
        scope.count(len(values), statement.span)
        return values
    array = elements(statement.interval, scope)
    scope.count(len(array), statement.span)
    return array


def _declare_loop(statement: ast.Loop, scope: Scope) -> None:
    label = statement.label
    assert label is not None

    def resolve() -> dict[int, Scope]:
        scopes: dict[int, Scope] = {}
        for number, value in enumerate(_rounds(statement, scope)):
            key = value if statement.interval.high is not None else number
            assert isinstance(key, int)
            inner = Scope(
                scope.shared,
                scope,
                f"{scope.path}{label.text}[{key}].",
                deeper_level(scope, statement.span, f"loop `{label.text}`"),
                scope.made,
            )
            inner.statements = statement.statements
            define(statement.variable, value, inner)
            scopes[key] = inner
        return scopes

    scope.declare("array of instances", label, resolve)


def _declare_constant(statement: ast.Const, scope: Scope) -> None:
    scope.declare("constant", statement.name, Evaluation(statement.value, scope))


def _declare_module(statement: ast.Module, scope: Scope) -> None:
    scope.declare("module", statement.name, lambda: Module(statement, scope))


def _declare_alias(statement: ast.Alias, scope: Scope) -> None:
    def resolve() -> Any:
        found = follow(statement.reference, scope, ("population", "constant", "chain"))
        if found.rest:
            message = f"an alias stands for a whole thing; `{found.text}` has no such part"
            scope.error("E0202", message, found.rest[0].span, help=f"write `{found.text}`")
        return found

    scope.declare("alias", statement.name, resolve)


_DECLARE: dict[type, Callable[[Any, Scope], None]] = {
    ast.Const: _declare_constant,
    ast.NeuronModel: declare_model,
    ast.RuleDeclaration: declare_rule,
    ast.Module: _declare_module,
    ast.InputDeclaration: declare_inputs,
    ast.ChainDeclaration: declare_chain,
    ast.PopulationDeclaration: declare_populations,
    ast.PlasticDeclaration: declare_matrix,
    ast.Instance: declare_instance,
    ast.Alias: _declare_alias,
}
