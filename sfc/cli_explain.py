"""`sfc explain`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sfc.cli_common import console

HELP = """Explain a diagnostic code: why it is a mistake, and an example wrong and right.

\b
Examples:
  sfc explain E0303
  sfc explain

Without a code, all of them are listed.
"""

_WIDTH = 100


def explain(
    code: Annotated[
        str | None, typer.Argument(metavar="CODE", help="as in error[E0303]", show_default=False)
    ] = None,
) -> None:
    """Explains a diagnostic code."""
    from sfc.explain import grouped, page

    if code is not None:
        _show(page(code))
        return
    for number, (about, meanings) in enumerate(grouped().items()):
        print(f"{chr(10) if number else ''}{about}")
        for known, meaning in meanings.items():
            print(f"  {known}  {meaning}")


def _show(text: str) -> None:
    if not sys.stdout.isatty():
        print(text, end="")
        return
    from rich.markdown import Markdown

    screen = console()
    screen.print(Markdown(text), soft_wrap=False, width=min(screen.width, _WIDTH))
