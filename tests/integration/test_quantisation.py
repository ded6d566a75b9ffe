"""The `quantise` command, and the page on quantisation, whose figures are those that it prints."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import sfc
from sfc import cli

PAGE = (Path(__file__).parents[2] / "docs" / "quantisation.md").read_text("utf-8")


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli.app, list(words))
    assert result.exit_code == code, result.output
    return result.output


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def _network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the files of the page's example, in the current folder."""
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks("python")[0], "quantisation.md", "exec"), {})


@pytest.mark.usefixtures("_network")
def test_the_page_shows_what_is_printed() -> None:
    shown = "".join(blocks("text"))
    commands = re.findall(r"^\$ sfc (.*)\n((?:(?!\$ ).*\n)*)", shown, re.MULTILINE)
    assert len(commands) == 3
    for command, expected in commands:
        words = [sys.executable, "-m", "sfc", *shlex.split(command)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        assert done.stderr + done.stdout == expected, command


@pytest.mark.usefixtures("_network")
def test_the_figures_as_json(tmp_path: Path) -> None:
    printed = json.loads(run("quantise", "network.sfc", "--json", "-"))
    assert printed["circuit"] == "network"
    (report,) = printed["projections"]
    assert report["projection"] == "image -> output"
    assert (report["exponent"], report["zeroed"], report["split"]["fine"]) == (2, 70, -2)
    run("quantise", "network.sfc", "--json", "report.json")
    assert json.loads((tmp_path / "report.json").read_text("utf-8")) == printed


@pytest.mark.usefixtures("_network")
def test_a_split_circuit_is_built_and_runs() -> None:
    assert "as one projection: multiples of 8" in run(
        "quantise", "network.sfc", "--split", "-o", "bundle"
    )
    weights = sfc.load_bundle("bundle").weights
    trained = 256 * np.load("trained.npz")["output"].astype(float)
    total = weights["image -> output"] + weights["image -> output fine"]
    assert np.abs(total - trained).max() <= 0.25
    assert "spikes" in run("run", "bundle", "--input", f"image={'1' * 40}", "--steps", "3")


def test_a_circuit_without_real_weights() -> None:
    assert run("quantise", "ring") == "ring: no real weights\n"
    assert json.loads(run("quantise", "ring", "--json", "-"))["projections"] == []


@pytest.mark.usefixtures("_network")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--clip", "0"], "E0302"),
        (["--extra", "2"], "E0302"),
        (["--json", "."], "E0802"),
        (["-D", "n=3"], "E0208"),
    ],
)
def test_mistakes(words: list[str], code: str) -> None:
    result = CliRunner().invoke(cli.app, ["quantise", "network.sfc", *words])
    assert isinstance(result.exception, sfc.SfcError)
    assert [d.code for d in result.exception.diagnostics] == [code]


@pytest.mark.usefixtures("_network")
def test_an_exponent_out_of_range_is_a_mistake_of_usage() -> None:
    assert "--exponent" in run("quantise", "network.sfc", "--exponent", "9", code=2)
