"""Chips by name or file."""

from __future__ import annotations

from pathlib import Path

from sfc.chips.check import checked
from sfc.chips.chip import Chip
from sfc.chips.toml import read_toml
from sfc.diagnostics import fail, nearest, shortened
from sfc.resources import resource


def chip_names() -> list[str]:
    """Returns the names of the chips that come with sfc."""
    return sorted(path.stem for path in _folder().glob("*.toml"))


def chip(name: str | Path) -> Chip:
    """Returns a chip.

    Args:
        name: of a chip that comes with sfc, or the path of a chip file (docs/chips.md), which ends
            in ``.toml`` or has a folder.

    Raises:
        SfcError: E1001 to E1006, there is no such chip, or its file is not as it should be.
    """
    shipped = chip_names()
    if str(name) in shipped:
        return checked(read_toml(_folder() / f"{name}.toml", shipped))
    path = Path(name)
    if path.suffix != ".toml" and path.name == str(name):
        help = nearest(str(name), shipped) or f"these come with sfc: {', '.join(shipped)}"
        help += "; a chip file ends in .toml"
        fail("E1001", f"there is no chip `{shortened(str(name))}`", help=help)
    document = read_toml(path, shipped)
    found = checked(document)
    if found.name in shipped:
        message = f"`{found.name}` is the name of a chip that comes with sfc"
        help = "give your chip another name, so that reports tell the two apart"
        fail("E1006", message, document.span("name"), help=help)
    return found


def _folder() -> Path:
    return resource("targets") / "chips"
