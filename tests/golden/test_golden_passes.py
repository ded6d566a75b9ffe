"""What every pass and level makes of a small circuit.

The first line of `<name>.sfc` holds the options of `sfc opt`; `<name>.txt` is the textual IR that
it prints. SFC_UPDATE_GOLDEN=1 rewrites them.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sfc import cli
from sfc.ir.text import parse_circuit
from sfc.passes import LEVELS, PASSES

FOLDER = Path(__file__).parent / "passes"
NAMES = sorted(path.stem for path in FOLDER.glob("*.sfc"))


@pytest.mark.parametrize("name", NAMES)
def test_it_prints(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    first, _, _ = Path(f"{name}.sfc").read_text("utf-8").partition("\n")
    words = shlex.split(first.removeprefix("//"))
    result = CliRunner().invoke(cli.app, ["opt", f"{name}.sfc", *words])
    assert result.exit_code == 0, result.output
    golden = Path(f"{name}.txt")
    if os.environ.get("SFC_UPDATE_GOLDEN") == "1":
        golden.write_text(result.stdout, "utf-8")
    assert result.stdout == golden.read_text("utf-8")
    assert str(parse_circuit(result.stdout)) == result.stdout


def test_every_pass_and_level_has_a_circuit() -> None:
    levels = [f"level-{level}" for level in LEVELS if level]
    assert sorted([*levels, *(kind.name for kind in PASSES)]) == NAMES
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == NAMES
