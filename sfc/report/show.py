"""Diagrams as files."""

from __future__ import annotations

from pathlib import Path

from sfc.diagnostics import fail
from sfc.files import write_file
from sfc.ir.circuit import Circuit
from sfc.report.diagram_page import page
from sfc.report.drawing import draw


def show(
    circuit: Circuit, path: str | Path, depth: int | None = None, relays: bool = False
) -> Path:
    """Draws a circuit into a file, as an SVG picture or as an HTML page.

        sfc.show(sfc.compile("backprop"), "backprop.svg")

    Args:
        circuit: any circuit.
        path: of the file; its suffix, ``.svg`` or ``.html``, says which.
        depth: how many levels of modules are unfolded; by default all, if that is easy to read.
        relays: draw what relays open and close as edges too.

    Raises:
        SfcError: E0306, it has too many boxes; E0802, the file cannot be written.
    """
    path = Path(path)
    drawers = {".svg": draw, ".html": page}
    drawer = drawers.get(path.suffix.lower())
    if drawer is None:
        fail("E0802", f"cannot write {path}: diagrams are .svg or .html files")
    write_file(path, drawer(circuit, depth, relays).encode())
    return path
