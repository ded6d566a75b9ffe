"""What the commands share: options, consoles, how diagnostics are shown."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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

_OUTER_COMMA = re.compile(r",(?![^\[]*\])")
"""A comma that stands in no brackets."""

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
Engine = Annotated[str, typer.Option(help="simulation engine")]
Level = Annotated[int, typer.Option("-O", min=0, max=2, help="how far to optimise, see `sfc opt`")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="of first weights and sample order")]


def parameters(defines: list[str]) -> dict[str, Parameter]:
    """Returns the values of ``-D name=value`` options; an array is written ``name=[4, 3, 2]``."""
    return {name: _value(name, text) for name, text in map(_define, defines)}


def alternatives(defines: list[str]) -> dict[str, list[Parameter]]:
    """Returns the values of ``-D name=value,value`` options; arrays are ``name=[4, 3],[4, 2]``."""
    values: dict[str, list[Parameter]] = {}
    for name, text in map(_define, defines):
        if name in values:
            message = f"-D {name} is given twice: write -D {name}=VALUE,VALUE"
            raise typer.BadParameter(message)
        values[name] = [_value(name, part) for part in _OUTER_COMMA.split(text)]
    return values


def grey_levels(levels: str | None) -> list[int] | None:
    """Returns the numbers of ``--levels 40,110,180``."""
    if levels is None:
        return None
    try:
        return [int(part) for part in levels.split(",")]
    except ValueError:
        message = f"--levels takes grey values such as 40,110,180, found {levels!r}"
        raise typer.BadParameter(message) from None


def _define(define: str) -> tuple[str, str]:
    """Returns the name and the value of a ``-D`` option, as they are written."""
    name, equals, text = define.partition("=")
    if not equals or not name.isidentifier():
        raise typer.BadParameter(f"-D takes NAME=VALUE, found {define!r}")
    return name, text


def _value(name: str, text: str) -> Parameter:
    text = text.strip()
    try:
        if text.startswith("[") and text.endswith("]"):
            return tuple(_number(part) for part in text[1:-1].split(","))
        return _number(text)
    except ValueError:
        found = f"parameter `{name}` takes a number or an array such as [4, 3], found {text!r}"
        fail("E0305", found)


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


@contextmanager
def progress_bar(what: str, total: int) -> Iterator[Callable[[int, str], None]]:
    """Shows a bar on a terminal while its block runs; the block says how much is done, and a note.

    with progress_bar("frames", 100) as advance:
        advance(50, "half of them")
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    on_terminal = console(stderr=True)
    with Progress(
        *columns, console=on_terminal, transient=True, disable=not on_terminal.is_terminal
    ) as bar:
        task = bar.add_task(what, total=total, note="")

        def advance(done: int, note: str) -> None:
            bar.update(task, completed=done, note=note)

        yield advance
