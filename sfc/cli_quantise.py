"""The `quantise` command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sfc.cli_common import Defines, parameters
from sfc.diagnostics import Reporter
from sfc.files import check_writable, write_file

HELP = """Say what rounding costs the real weights of a circuit's matrices.

\b
Examples:
  sfc quantise network.sfc
  sfc quantise network.sfc --clip 99.9
  sfc quantise network.sfc --json report.json
  sfc quantise network.sfc --split -o build/network && sfc run build/network --frames 10

Every command rounds such weights when it reads the circuit, with the exponents of least error;
here other choices can be looked at, and with -o built.
"""


def quantise(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="circuit file, or a shipped one")],
    defines: Defines = [],  # noqa: B006
    exponent: Annotated[
        int | None, typer.Option(min=-6, max=7, help="of all mantissas; default: of least error")
    ] = None,
    clip: Annotated[
        float | None,
        typer.Option(metavar="PERCENT", help="saturate magnitudes above this percentile"),
    ] = None,
    split: Annotated[
        bool, typer.Option("--split", help="two projections, coarse and fine, where that helps")
    ] = False,
    extra: Annotated[
        float, typer.Option(metavar="SHARE", help="of the weights that may get two synapses so")
    ] = 0.1,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="write the report; - prints it")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", metavar="DIR", help="write the rounded circuit's netlist")
    ] = None,
) -> None:
    """Reports on the quantisation of a circuit's real weights."""
    from sfc import bundles, driver
    from sfc.passes.quantise import Quantise

    chosen = Quantise(exponent, clip, split, extra)
    if json_file is not None and str(json_file) != "-":
        check_writable(json_file, file)
    reporter = Reporter()
    circuit = driver.elaborate(file, reporter, **parameters(defines))
    circuit, reports = chosen.apply(circuit, reporter)
    reporter.fail_on_errors()
    if output is not None:
        bundles.build(circuit, output)
    data = {"circuit": circuit.name, "projections": [report.record() for report in reports]}
    text = json.dumps(data, indent=1) + "\n"
    if str(json_file) == "-":
        print(text, end="")
        return
    if json_file is not None:
        write_file(json_file, text.encode())
    print("\n".join(map(str, reports)) or f"{circuit.name}: no real weights")
