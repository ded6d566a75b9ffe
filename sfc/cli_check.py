"""The `check` command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sfc.cli_common import Defines, parameters, show_diagnostics, show_proof
from sfc.files import check_writable, write_file

if TYPE_CHECKING:
    from sfc.ir.testbench import Testbench

HELP = """Check a circuit file: what it holds, and what can be proved of its timing.

\b
Examples:
  sfc check circuits/examples/backprop.sfc
  sfc check backprop -D n_hid=100 --strict
  sfc check backprop --print-ir

It proves what it can of every run: who fires in which phase, and what the circuit
asserts. Warnings say what cannot be meant. A refuted assertion fails; what is open,
neither proved nor refuted, passes unless --strict.
"""


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="circuit file, or a shipped one")],
    defines: Defines = [],  # noqa: B006
    strict: Annotated[bool, typer.Option("--strict", help="fail if anything is open")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="write all of it; - prints it")
    ] = None,
    print_ir: Annotated[
        bool, typer.Option("--print-ir", help="print the circuit's textual IR, and analyse nothing")
    ] = False,
) -> None:
    """Checks a circuit file."""
    if json_file is not None and str(json_file) != "-":
        check_writable(json_file, file)
    from sfc import driver
    from sfc.diagnostics import Reporter
    from sfc.report.check import check_data, check_lines
    from sfc.report.summary import summarise

    reporter = Reporter()
    tests: tuple[Testbench, ...] = ()
    if defines:
        circuit = driver.compile(file, reporter, **parameters(defines))
    else:
        circuit, tests = driver.compile_tests(file, reporter)
    if print_ir:
        show_diagnostics(reporter.sorted())
        print(circuit, end="")
        return
    observed = {expected.subject for test in tests for expected in test.expectations}
    if defines:
        observed = _observed_by_default(file)
    phases = driver.check(circuit, reporter, observed=observed, strict=strict)
    if str(json_file) == "-":
        print(json.dumps(check_data(phases, reporter.sorted()), indent=1))
    else:
        show_diagnostics(reporter.sorted())
        print(summarise(circuit))
        for line in check_lines(phases):
            show_proof(line)
    if json_file is not None and str(json_file) != "-":
        text = json.dumps(check_data(phases, reporter.sorted()), indent=1)
        write_file(json_file, f"{text}\n".encode())
    if any(diagnostic.severity == "error" for diagnostic in reporter.diagnostics):
        raise typer.Exit(1)


def _observed_by_default(file: Path) -> set[str]:
    """Returns what the tests read: they are written for the defaults of the parameters."""
    from sfc import driver
    from sfc.diagnostics import SfcError

    try:
        _, tests = driver.compile_tests(file)
    except SfcError:
        return set()
    return {expected.subject for test in tests for expected in test.expectations}
