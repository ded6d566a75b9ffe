"""The `test` command: runs the tests of circuit files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sfc.cli_common import Defines, Engine, console, parameters, show_diagnostics
from sfc.cli_suite import Session, Suite
from sfc.diagnostics import Reporter, SfcError
from sfc.files import check_writable, write_file
from sfc.sim import DEFAULT_ENGINE

if TYPE_CHECKING:
    from sfc.ir.circuit import Parameter

HELP = """Run the tests that circuit files hold.

\b
Examples:
  sfc test my_circuit.sfc
  sfc test circuits/examples/*.sfc -x
  sfc test memory -D n=8 -k "held for six" --trace memory.vcd

A test that fails is shown with what drove the neuron in question in that step. --trace writes a
waveform for GTKWave and other viewers, and its arrays beside it as .npz.
"""


def run_tests(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="circuit files, or shipped ones")
    ],
    defines: Defines = [],  # noqa: B006
    substring: Annotated[
        str, typer.Option("-k", metavar="SUBSTRING", help="only tests with this in their title")
    ] = "",
    trace_file: Annotated[
        Path | None,
        typer.Option("--trace", metavar="FILE.vcd", help="write the waveform of one test"),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="write the outcome; - prints it")
    ] = None,
    stop: Annotated[bool, typer.Option("-x", help="stop at the first test that fails")] = False,
    engine: Engine = DEFAULT_ENGINE,
) -> None:
    """Runs the tests of circuit files."""
    written = [path for path in (json_file,) if path is not None and str(path) != "-"]
    if trace_file is not None:
        if trace_file.suffix == ".npz":
            raise typer.BadParameter("--trace takes FILE.vcd; the arrays are written beside it")
        written += [trace_file, trace_file.with_suffix(".npz")]
    for path in written:
        check_writable(path)
    values = parameters(defines)
    suites = [_compiled(file, values, substring) for file in files]
    _check_selection(suites, substring, trace_file)
    session = Session(suites, engine, str(json_file) == "-")
    session.run(stop)
    if trace_file is not None and not session.interrupted:
        session.write_trace(trace_file)
    if json_file is not None:
        text = json.dumps(session.data(), indent=1) + "\n"
        if str(json_file) == "-":
            sys.stdout.write(text)
        else:
            write_file(json_file, text.encode())
    session.summarise()
    if session.interrupted:
        raise typer.Exit(130)
    if session.count(False) or any(suite.errors for suite in suites):
        raise typer.Exit(1)


def _compiled(file: Path, values: dict[str, Parameter], substring: str) -> Suite:
    """Compiles a file, shows its diagnostics, and selects tests."""
    from sfc import driver

    reporter = Reporter()
    try:
        circuit, tests = driver.compile_tests(file, reporter, **values)
    except SfcError as error:
        show_diagnostics(list(error.diagnostics))
        return Suite(file, errors=error.diagnostics)
    show_diagnostics(reporter.sorted())
    suite = Suite(file, circuit)
    for bench in tests:
        if substring.casefold() in bench.title.casefold():
            suite.tests.append(bench)
        else:
            suite.deselected.append(bench.title)
    return suite


def _check_selection(suites: list[Suite], substring: str, trace_file: Path | None) -> None:
    """Ends the command where there is nothing to run, or more than can be traced."""
    selected = sum(len(suite.tests) for suite in suites)
    titles = [title for suite in suites for title in suite.deselected]
    if not selected and not any(suite.errors for suite in suites):
        files = ", ".join(str(suite.file) for suite in suites)
        if titles:
            message = f'no test has "{substring}" in its title; there are: {"; ".join(titles)}'
        else:
            message = f'there are no tests in {files}; write test "title" {{ … }} into it'
        console(stderr=True).print(message)
        raise typer.Exit(1)
    if trace_file is not None and selected != 1:
        names = "; ".join(bench.title for suite in suites for bench in suite.tests)
        message = f"--trace takes one test, and {selected} are selected: choose one with -k"
        raise typer.BadParameter(f"{message} ({names})" if names else message)
