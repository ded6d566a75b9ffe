"""`sfc chips`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sfc.cli_common import console

if TYPE_CHECKING:
    from sfc.chips.chip import Chip

HELP = """List the chips that circuits are placed on, or show what is known of one.

\b
Examples:
  sfc chips
  sfc chips loihi1
  sfc chips my_chip.toml
  sfc chips loihi1 --json - | jq '.chips[0].limits.compartments'

Every figure has its unit, its source, and how far it is to be trusted; those that are not verified
are marked. A file that is shown has no mistakes. docs/chips.md says how to write one.
"""

_WIDTH = 120
"""Of tables that go elsewhere than to a terminal."""


def chips(
    chip: Annotated[
        str | None,
        typer.Argument(metavar="CHIP", help="name of a chip, or a chip file", show_default=False),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="write all figures; - prints them")
    ] = None,
) -> None:
    """Lists the chips, or shows one."""
    from sfc.chips.read import chip as read
    from sfc.chips.read import chip_names
    from sfc.files import check_writable, write_file

    if json_file is not None and str(json_file) != "-":
        check_writable(json_file, Path(chip) if chip is not None else None)
    found = [read(name) for name in (chip_names() if chip is None else [chip])]
    if json_file is not None:
        data = {"format": "sfc-chips 1", "chips": [asdict(each) for each in found]}
        text = json.dumps(data, indent=1)
        if str(json_file) == "-":
            print(text)
        else:
            write_file(json_file, f"{text}\n".encode())
            print(json_file)
    elif chip is None:
        _list(found)
    else:
        _show(found[0])


def _list(found: list[Chip]) -> None:
    names, titles = max(len(c.name) for c in found), max(len(c.title) for c in found)
    for chip in found:
        held = f"{chip.cores:,} cores of {chip.limit('compartments'):,} compartments"
        systems = f"systems of up to {chip.most_chips:,} chips"
        print(f"{chip.name:<{names}}  {chip.title:<{titles}}  {held}, {systems}")


def _show(chip: Chip) -> None:
    from sfc.cli_chip_table import tables

    screen = console()
    if not sys.stdout.isatty():
        screen.width = _WIDTH
    for part in tables(chip):
        screen.print(part, soft_wrap=False)
