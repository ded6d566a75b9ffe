"""From the syntax tree of a circuit file to the circuit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import PurePath
from typing import Any

from sfc.diagnostics import Reporter, nearest
from sfc.ir.circuit import Circuit, Input, Matrix, Population, Rule, Tie
from sfc.ir.limits import INTEGER_LIMIT, NEURON_LIMIT
from sfc.ir.verify import verify
from sfc.sema.connect import connect
from sfc.sema.declare import declare_chain, declare_inputs, declare_matrix, declare_populations
from sfc.sema.draft import Draft
from sfc.sema.evaluate import evaluate
from sfc.sema.models import declare_model
from sfc.sema.rules import declare_rule
from sfc.sema.schedule import phase_block, probe, readout
from sfc.sema.scope import Abandon, Scope
from sfc.syntax import ast

_HANDLERS: dict[type, Callable[[Any, Draft], None]] = {
    ast.Connection: connect,
    ast.PhaseBlock: phase_block,
    ast.ProbeDeclaration: probe,
    ast.ReadoutDeclaration: readout,
}
"""What elaborates statements that declare no name, in the order in which they are taken."""


def elaborate(
    file: ast.CircuitFile, parameters: Mapping[str, float], reporter: Reporter
) -> Circuit:
    """Returns the circuit of a file.

    Names may be used before they are declared. Every mistake is reported before the first stage
    that cannot go on without it.

    Args:
        file: the syntax tree.
        parameters: values for the file's ``param`` declarations, overriding their defaults.
        reporter: receives warnings and errors.

    Raises:
        SfcError: there are errors.
    """
    scope = Scope(reporter)
    draft = Draft(scope)
    for statement in file.statements:
        _declare(statement, draft, parameters)
    _check_parameters(file, parameters, reporter)
    for symbol in list(scope.symbols.values()):
        try:
            value = scope.value(symbol, symbol.name.span)
        except Abandon:
            continue
        _collect(symbol.kind, symbol.name.text, value, draft)
    for kind, handler in _HANDLERS.items():
        for statement in file.statements:
            if isinstance(statement, kind):
                with suppress(Abandon):
                    handler(statement, draft)
    _check_sizes(draft)
    reporter.fail_on_errors()
    _check_presents(draft)
    _check_matrices(draft)
    circuit = draft.finish(_circuit_name(file.source.name), file.doc)
    verify(circuit)
    return circuit


def _circuit_name(source_name: str) -> str:
    """Returns the name of a file without its suffix, as letters, digits, `_`, `.` and `-`."""
    stem = re.sub(r"[^\w.-]", "_", PurePath(source_name).stem).strip("_.")
    return stem or "circuit"


def _declare(statement: ast.Statement, draft: Draft, parameters: Mapping[str, float]) -> None:
    scope = draft.scope
    if isinstance(statement, ast.Param):
        parameter = statement
        scope.declare("parameter", statement.name, lambda: _parameter(parameter, scope, parameters))
    elif isinstance(statement, ast.Const):
        value = statement.value
        scope.declare("constant", statement.name, lambda: evaluate(value, scope))
    elif isinstance(statement, ast.NeuronModel):
        declare_model(statement, scope)
    elif isinstance(statement, ast.RuleDeclaration):
        declare_rule(statement, scope)
    elif isinstance(statement, ast.InputDeclaration):
        declare_inputs(statement, draft)
    elif isinstance(statement, ast.ChainDeclaration):
        declare_chain(statement, draft)
    elif isinstance(statement, ast.PopulationDeclaration):
        declare_populations(statement, draft)
    elif isinstance(statement, ast.PlasticDeclaration):
        declare_matrix(statement, draft)


def _parameter(param: ast.Param, scope: Scope, parameters: Mapping[str, float]) -> float:
    name = param.name.text
    if name in parameters:
        if not abs(parameters[name]) <= INTEGER_LIMIT:
            message = f"the value given for parameter `{name}` is out of range"
            scope.error("E0302", message, help="it can be -(2^63 - 1) to 2^63 - 1")
        return parameters[name]
    if param.default is None:
        message = f"parameter `{name}` has no value"
        help = f"give one with -D {name}=…, or a default: `param {name} = …;`"
        scope.error("E0209", message, param.name.span, help=help)
    value = evaluate(param.default, scope)
    if isinstance(value, bool):
        message = f"parameter `{name}` is a number, found {str(value).lower()}"
        scope.error("E0305", message, param.default.span)
    return value


def _check_parameters(
    file: ast.CircuitFile, parameters: Mapping[str, float], reporter: Reporter
) -> None:
    known = [s.name.text for s in file.statements if isinstance(s, ast.Param)]
    for name in parameters:
        if name not in known:
            listing = f"its parameters are {', '.join(known)}" if known else "it has none"
            message = f"{file.source.name} has no parameter `{name}`"
            reporter.error("E0208", message, help=nearest(name, known) or listing)


def _collect(kind: str, name: str, value: object, draft: Draft) -> None:
    """Adds a resolved symbol to the draft; populations and chains add themselves."""
    if kind == "parameter" and isinstance(value, int | float):
        draft.parameters[name] = value
    elif isinstance(value, Input):
        draft.inputs.append(value)
    elif isinstance(value, Rule):
        draft.rules.append(value)
    elif isinstance(value, Matrix):
        draft.matrices.append(value)


def _check_sizes(draft: Draft) -> None:
    nodes: list[Population | Input] = [*draft.populations.values(), *draft.inputs]
    total = sum(node.size for node in nodes)
    if total > NEURON_LIMIT:
        largest = max(nodes, key=lambda node: node.size)
        message = f"the circuit has {total:,} neurons; at most {NEURON_LIMIT:,} are possible"
        pointer = f"{largest.size:,} of them"
        draft.scope.reporter.error("E0306", message, largest.span, pointer=pointer)


def _check_matrices(draft: Draft) -> None:
    used = {p.weight.matrix for p in draft.projections if isinstance(p.weight, Tie)}
    for matrix in draft.matrices:
        if matrix.name not in used:
            message = f"no projection is made of matrix `{matrix.name}`"
            help = f"add `source -> target via {matrix.name};`"
            draft.scope.reporter.warning("W0601", message, matrix.span, help=help)


def _check_presents(draft: Draft) -> None:
    presented = {present.input for present, _ in draft.presents}
    presented |= {readout.label for readout in draft.readouts}
    for source in draft.inputs if draft.chains else ():
        if source.name not in presented:
            message = f"input `{source.name}` is presented in no phase"
            help = f"add `present {source.name} to …;` to a phase"
            draft.scope.reporter.warning("W0502", message, source.span, help=help)
