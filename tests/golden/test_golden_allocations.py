"""What `sfc report` prints of made-up allocations.

`allocations/<name>-<columns>.txt` is what it prints in a terminal of that width.
SFC_UPDATE_GOLDEN=1 rewrites them.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sfc import cli

FOLDER = Path(__file__).parent / "allocations"
sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from allocation_samples import sample  # noqa: E402

CASES = {
    "flagship-80": (5, 1, False, []),
    "flagship-120": (5, 1, False, ["--all"]),
    "chips-120": (445, 4, False, []),
    "loihi2-80": (7, 1, True, []),
}


@pytest.mark.parametrize("name", CASES)
def test_it_prints(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cores, chips, loihi2, options = CASES[name]
    monkeypatch.setenv("COLUMNS", name.rpartition("-")[2])
    path = tmp_path / "allocation.json"
    path.write_text(json.dumps(sample(cores, chips, loihi2)), "utf-8")
    result = CliRunner().invoke(cli.app, ["report", str(path), *options])
    assert result.exit_code == 0, result.output
    printed = "".join(f"{line.rstrip()}\n" for line in result.stdout.splitlines())
    golden = FOLDER / f"{name}.txt"
    if os.environ.get("SFC_UPDATE_GOLDEN") == "1":
        golden.write_text(printed, "utf-8")
    assert printed == golden.read_text("utf-8")


def test_every_file_is_printed() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == sorted(CASES)
