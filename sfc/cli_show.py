"""The `show` command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sfc.cli_common import Defines, compiled, parameters

HELP = """Draw a circuit: its populations, what joins them, and when they are open.

\b
Examples:
  sfc show backprop
  sfc show backprop -o backprop.svg
  sfc show my_circuit.sfc -D n=4 --depth 1 -o overview.html
  sfc show graded_relay --relays -o - > graded_relay.svg

A .svg file is a picture; a .html file is a page with it, in which modules fold and unfold and
populations are listed. Both stand for themselves and need no network.
"""


def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="circuit file, or a shipped one")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", metavar="FILE", help=".svg or .html; - prints SVG; default: build/CIRCUIT.html"
        ),
    ] = None,
    defines: Defines = [],  # noqa: B006
    depth: Annotated[
        int | None,
        typer.Option(min=0, help="levels of modules to unfold; default: all that stay readable"),
    ] = None,
    relays: Annotated[
        bool, typer.Option("--relays", help="draw what relays open and close as edges too")
    ] = False,
) -> None:
    """Draws a circuit."""
    from sfc.report import show as diagrams
    from sfc.report.drawing import draw

    circuit = compiled(file, parameters(defines))
    if output is not None and str(output) == "-":
        typer.echo(draw(circuit, depth, relays).encode(), nl=False)
        return
    print(diagrams.show(circuit, output or Path("build") / f"{circuit.name}.html", depth, relays))
