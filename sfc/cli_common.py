"""What the commands share: options, consoles, how diagnostics are shown."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from sfc.diagnostics import Diagnostic, Reporter, fail

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console
    from rich.text import Text

    from sfc.ir.circuit import Circuit, Parameter

_MOST_ALIKE = 30
"""Warnings of one code that are shown."""

_STYLES = {
    "proved|nothing is open": "bold green",
    "open": "bold yellow",
    "refuted": "bold red",
    "assumed": "dim",
}

Defines = Annotated[
    list[str],
    typer.Option(
        "-D", metavar="NAME=VALUE", help="value of a `param`, also [1, 2]; may be repeated"
    ),
]
Level = Annotated[int, typer.Option("-O", min=0, max=2, help="how far to optimise, see `sfc opt`")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="of first weights and sample order")]


def parameters(defines: list[str]) -> dict[str, Parameter]:
    """Returns the values of ``-D name=value`` options; an array is written ``name=[4, 3, 2]``."""
    values: dict[str, Parameter] = {}
    for define in defines:
        name, equals, text = define.partition("=")
        if not equals or not name.isidentifier():
            raise typer.BadParameter(f"-D takes NAME=VALUE, found {define!r}")
        is_array = text.startswith("[") and text.endswith("]")
        try:
            if is_array:
                values[name] = tuple(_number(part) for part in text[1:-1].split(","))
            else:
                values[name] = _number(text)
        except ValueError:
            found = f"parameter `{name}` takes a number or an array such as [4, 3], found {text!r}"
            fail("E0305", found)
    return values


def _number(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def compiled(file: Path, values: dict[str, Parameter], level: int = 0) -> Circuit:
    """Compiles a circuit file, optimises it and shows the warnings."""
    from sfc import driver

    reporter = Reporter()
    circuit = driver.compile(file, reporter, **values)
    if level:
        circuit = driver.optimise(circuit, level=level, reporter=reporter)
    show_diagnostics(reporter.sorted())
    return circuit


def console(stderr: bool = False) -> Console:
    """Returns a console that treats no text as markup."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)


def highlighted(diagnostic: Diagnostic) -> Text:
    """Returns a diagnostic in colours, for a terminal."""
    from rich.text import Text

    text = Text(str(diagnostic))
    text.highlight_regex(r"error\[\w+\]", "bold red")
    text.highlight_regex(r"warning\[\w+\]", "bold yellow")
    text.highlight_regex(r"(?m)^ +\| +(?P<caret>\^+.*)$", "red")
    text.highlight_regex(r"(?m)^  help:", "bold cyan")
    return text


def show_diagnostics(diagnostics: list[Diagnostic]) -> None:
    """Prints diagnostics to standard error, coloured on a terminal; not too many of a kind."""
    if not diagnostics:
        return
    seen = Counter(diagnostic.code for diagnostic in diagnostics)
    shown: Counter[str] = Counter()
    kept = []
    for diagnostic in diagnostics:
        shown[diagnostic.code] += 1
        if diagnostic.severity == "error" or shown[diagnostic.code] <= _MOST_ALIKE:
            kept.append(diagnostic)
    _print_diagnostics(kept)
    for code, count in seen.items():
        if code.startswith("W") and count > _MOST_ALIKE:
            print(f"{count - _MOST_ALIKE:,} more warnings {code} are not shown", file=sys.stderr)


def _print_diagnostics(diagnostics: list[Diagnostic]) -> None:
    if not sys.stderr.isatty():
        print("\n".join(str(diagnostic) for diagnostic in diagnostics), file=sys.stderr)
        return
    for diagnostic in diagnostics:
        console(stderr=True).print(highlighted(diagnostic))
    error = next((d for d in diagnostics if d.severity == "error"), None)
    if error is not None:
        hint = f"more on this: sfc explain {error.code}"
        console(stderr=True).print(hint, style="dim")


def show_proof(line: str) -> None:
    """Prints a line of a check, its first word coloured on a terminal."""
    if not sys.stdout.isatty():
        print(line)
        return
    from rich.text import Text

    text = Text(line)
    for word, style in _STYLES.items():
        text.highlight_regex(f"^(?:{word})", style)
    console().print(text)
