"""What the commands share: options, consoles, how diagnostics are shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sfc.diagnostics import Diagnostic, Reporter, fail

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from sfc.ir.circuit import Circuit

Defines = Annotated[
    list[str],
    typer.Option("-D", metavar="NAME=VALUE", help="value of a `param`; may be repeated"),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="of first weights and sample order")]


def parameters(defines: list[str]) -> dict[str, float]:
    """Returns the values of ``-D name=value`` options."""
    values: dict[str, float] = {}
    for define in defines:
        name, equals, text = define.partition("=")
        if not equals or not name.isidentifier():
            raise typer.BadParameter(f"-D takes NAME=VALUE, found {define!r}")
        try:
            values[name] = int(text)
        except ValueError:
            try:
                values[name] = float(text)
            except ValueError:
                fail("E0305", f"parameter `{name}` takes a number, found {text!r}")
    return values


def compiled(file: Path, values: dict[str, float]) -> Circuit:
    """Compiles a circuit file and shows its warnings."""
    from sfc import driver

    reporter = Reporter()
    circuit = driver.compile(file, reporter, **values)
    show_diagnostics(reporter.sorted())
    return circuit


def console(stderr: bool = False) -> Console:
    """Returns a console that treats no text as markup."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)


def show_diagnostics(diagnostics: list[Diagnostic]) -> None:
    """Prints diagnostics to standard error, coloured on a terminal."""
    if not diagnostics:
        return
    if not sys.stderr.isatty():
        print("\n".join(str(diagnostic) for diagnostic in diagnostics), file=sys.stderr)
        return
    from rich.text import Text

    for diagnostic in diagnostics:
        text = Text(str(diagnostic))
        text.highlight_regex(r"error\[\w+\]", "bold red")
        text.highlight_regex(r"warning\[\w+\]", "bold yellow")
        text.highlight_regex(r"(?m)^ +\| +(?P<caret>\^+.*)$", "red")
        text.highlight_regex(r"(?m)^  help:", "bold cyan")
        console(stderr=True).print(text)
