"""From the syntax tree of a circuit file to the circuit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

from sfc.diagnostics import Reporter, nearest
from sfc.ir.circuit import Circuit, Input, Parameter, Population, Tie
from sfc.ir.limits import NEURON_LIMIT
from sfc.ir.schedule import Schedule
from sfc.ir.testbench import Testbench
from sfc.ir.verify import verify
from sfc.sema.connect import connect
from sfc.sema.declare import start_chain
from sfc.sema.draft import Draft
from sfc.sema.evaluate import evaluate, mentioned, truth
from sfc.sema.expand import declare_parameter, fill, fill_scope, import_file
from sfc.sema.functions import described
from sfc.sema.placement import check_constraints, grouping, placing
from sfc.sema.schedule import assert_property, phase_block, probe, readout
from sfc.sema.scope import Abandon, Scope, Shared, Symbol
from sfc.sema.testbench import testbench
from sfc.syntax import ast


def elaborate(
    file: ast.CircuitFile,
    parameters: Mapping[str, Parameter],
    reporter: Reporter,
    folders: Iterable[Path] = (),
) -> tuple[Circuit, tuple[Testbench, ...]]:
    """Returns the circuit of a file, and its tests.

    Names may be used before they are declared. Every mistake is reported before the first stage
    that cannot go on without it.

    Args:
        file: the syntax tree.
        parameters: values for the file's ``param`` declarations, overriding their defaults.
        reporter: receives warnings and errors.
        folders: where imported files are looked for, after the folder of the file.

    Raises:
        SfcError: there are errors.
    """
    draft = Draft(reporter)
    scope = Scope(Shared(reporter, draft, tuple(folders), fill=fill_scope))
    _declare_file(file, parameters, scope)
    statements = list(_statements(scope.items, scope))
    _check_assertions(statements)
    own = [s for s in scope.symbols.values() if s.name.span.source is file.source]
    order: list[str] = []
    for symbol, owner in _symbols(own, scope):
        with suppress(Abandon):
            value = owner.value(symbol, symbol.name.span)
            if symbol.kind == "parameter" and owner is scope:
                draft.parameters[symbol.name.text] = value
            order.append(owner.path + symbol.name.text)
    draft.sort(order)
    for kind, handler in _HANDLERS.items():
        for statement, place in statements:
            if isinstance(statement, kind):
                with suppress(Abandon):
                    handler(statement, place)
    _check_sizes(draft)
    _check_chains(draft)
    check_constraints(draft)
    reporter.fail_on_errors()
    _check_presents(draft)
    _check_matrices(draft)
    circuit = draft.finish(_circuit_name(file.source.name), file.doc)
    verify(circuit)
    return circuit, _testbenches(file, circuit, scope)


def _declare_file(file: ast.CircuitFile, parameters: Mapping[str, Parameter], scope: Scope) -> None:
    """Declares and expands everything in a file."""
    if file.source.path:
        scope.shared.files[Path(file.source.path).resolve()] = None
    body = []
    for statement in file.statements:
        if isinstance(statement, ast.Import):
            with suppress(Abandon):
                import_file(statement, scope)
        elif isinstance(statement, ast.Param):
            declare_parameter(statement, scope, dict(parameters))
        elif not isinstance(statement, ast.Test):
            body.append(statement)
    _check_parameters(file, parameters, scope)
    fill(tuple(body), scope)


def _symbols(symbols: Iterable[Symbol], scope: Scope) -> Iterator[tuple[Symbol, Scope]]:
    """Yields symbols of a scope, and those inside the instances among them."""
    for symbol in list(symbols):
        if symbol.kind not in ("instance", "array of instances"):
            yield symbol, scope
        elif symbol.state == "done":
            inner = symbol.value
            for instance in inner.values() if isinstance(inner, dict) else (inner,):
                yield from _symbols(instance.symbols.values(), instance)


def _statements(items: list[Any], scope: Scope) -> Iterator[tuple[Any, Scope]]:
    """Yields the statements that declare no name, each with its scope, in order."""
    for item in items:
        if isinstance(item, Scope):
            yield from _statements(item.items, item)
        elif isinstance(item, list):
            yield from _statements(item, scope)
        else:
            yield item, scope


def _check_assertions(statements: list[tuple[Any, Scope]]) -> None:
    """Reports the assertions that do not hold; raises `SfcError` if there are any."""
    failed = None
    for statement, scope in statements:
        if isinstance(statement, ast.Assertion):
            try:
                _assertion(statement, scope)
            except Abandon:
                failed = scope
    if failed is not None:
        failed.reporter.fail_on_errors()


def _assertion(statement: ast.Assertion, scope: Scope) -> None:
    if truth(statement.condition, scope):
        return
    values = []
    for reference in mentioned(statement.condition):
        if reference.trailers or scope.kind(reference.name.text) not in ("constant", "parameter"):
            continue
        shown = f"{reference.name.text} is {described(evaluate(reference, scope))}"
        if shown not in values:
            values.append(shown.replace("is the number", "is"))
    message = statement.message.value if statement.message else "the assertion does not hold"
    scope.error("E0210", message, statement.condition.span, help=", ".join(values))


_HANDLERS: dict[type, Callable[[Any, Scope], None]] = {
    ast.ChainDeclaration: start_chain,
    ast.Connection: connect,
    ast.PhaseBlock: phase_block,
    ast.ProbeDeclaration: probe,
    ast.ReadoutDeclaration: readout,
    ast.Property: assert_property,
    ast.Placing: placing,
    ast.Grouping: grouping,
}
"""What elaborates statements that declare no name, in the order in which they are taken."""


def _circuit_name(source_name: str) -> str:
    """Returns the name of a file without its suffix, as letters, digits, `_`, `.` and `-`."""
    stem = re.sub(r"[^\w.-]", "_", PurePath(source_name).stem).strip("_.")
    return stem or "circuit"


def _check_parameters(
    file: ast.CircuitFile, parameters: Mapping[str, Parameter], scope: Scope
) -> None:
    known = [s.name.text for s in file.statements if isinstance(s, ast.Param)]
    for name in parameters:
        if name not in known:
            listing = f"its parameters are {', '.join(known)}" if known else "it has none"
            message = f"{file.source.name} has no parameter `{name}`"
            scope.reporter.error("E0208", message, help=nearest(name, known) or listing)


def _check_sizes(draft: Draft) -> None:
    nodes: list[Population | Input] = [*draft.populations.values(), *draft.inputs]
    total = sum(node.size for node in nodes)
    if total > NEURON_LIMIT:
        largest = max(nodes, key=lambda node: node.size)
        message = f"the circuit has {total:,} neurons; at most {NEURON_LIMIT:,} are possible"
        pointer = f"{largest.size:,} of them"
        draft.reporter.error("E0306", message, largest.span, pointer=pointer)


def _check_chains(draft: Draft) -> None:
    """Reports chains of which none makes the frames."""
    chains = tuple(draft.chains.values())
    if chains and Schedule(chains).clock is None:
        first = chains[0]
        message = "no chain makes the frames: every chain is started by populations"
        help = f"write `ring started by …` for the chain in which a frame begins, as `{first.name}`"
        draft.reporter.error("E0506", message, first.span, help=help)


def _check_matrices(draft: Draft) -> None:
    used = {p.weight.matrix for p in draft.projections if isinstance(p.weight, Tie)}
    for matrix in draft.matrices:
        if matrix.name not in used:
            message = f"no projection is made of matrix `{matrix.name}`"
            help = f"add `source -> target via {matrix.name};`"
            draft.reporter.warning("W0601", message, matrix.span, help=help)


def _check_presents(draft: Draft) -> None:
    presented = {present.input for present, _ in draft.presents}
    presented |= {readout.label for readout in draft.readouts}
    for source in draft.inputs if draft.chains else ():
        if source.name not in presented:
            message = f"input `{source.name}` is presented in no phase"
            help = f"add `present {source.name} to …;` to a phase"
            draft.reporter.warning("W0502", message, source.span, help=help)


def _testbenches(file: ast.CircuitFile, circuit: Circuit, scope: Scope) -> tuple[Testbench, ...]:
    """Elaborates the tests of a file."""
    found = []
    for statement in file.statements:
        if isinstance(statement, ast.Test):
            with suppress(Abandon):
                found.append(testbench(statement, circuit, scope))
    scope.reporter.fail_on_errors()
    return tuple(found)
