"""Allocations of small circuits, and what is refused."""

from __future__ import annotations

import pytest
from small_chips import small_chip

import sfc
from sfc.diagnostics import SfcError
from sfc.place.allocate import allocate, trade_offs

HEAD = "sfc 1;\nneuron N { threshold = 1024; }\n"


@pytest.mark.parametrize("text", ["", "input image[4];\n"])
def test_nothing_to_place(text: str) -> None:
    circuit = sfc.compile_text(HEAD + text, "small.sfc")
    for place in (allocate, trade_offs):
        with pytest.raises(SfcError, match=r"E0708.*no populations"):
            place(circuit, small_chip())
