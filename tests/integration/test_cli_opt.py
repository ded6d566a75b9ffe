"""`sfc passes` and `sfc opt`, and -O elsewhere, as a user meets them."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import sfc
from sfc import cli
from sfc.ir.text import parse_circuit
from sfc.passes import PASSES

TEXT = """sfc 1;
neuron Cell { threshold = 100; ring = 128; }
chain g[3] : Cell ring;
population a[2], b[2], c[2] : Cell;
probe b;
g[1] -> a all_to_all weight 128;
for k in 0..1 { a -> b, c one_to_one weight 60; }
"""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small.sfc").write_text(TEXT, "utf-8")


def run(*words: str) -> Result:
    result = CliRunner().invoke(cli.app, list(words))
    assert result.exit_code == 0, result.output
    return result


def mistake(*words: str) -> str:
    result = CliRunner().invoke(cli.app, list(words))
    assert isinstance(result.exception, sfc.SfcError), result.output
    return str(result.exception)


def test_help_shows_examples() -> None:
    for command in ("opt", "passes"):
        assert "Examples:" in run(command, "--help").stdout


def test_passes_are_listed_and_explained() -> None:
    listed = run("passes").stdout
    for kind in PASSES:
        assert f"{kind.summary}\n" in listed
        explained = run("passes", kind.name).stdout
        assert explained.startswith(f"{kind.name}: {kind.summary}\n")
        assert f"Preserves {kind.preserves}: " in explained
    assert "Option longest, default 62.\n" in run("passes", "relay-delays").stdout
    assert "did you mean `merge-gates`?" in mistake("passes", "merge-gate")


def test_levels() -> None:
    circuit = sfc.compile("small.sfc")
    assert parse_circuit(run("opt", "small.sfc", "-O0").stdout) == circuit
    assert run("opt", "small.sfc").stdout == run("opt", "small.sfc", "-O1").stdout
    assert run("opt", "small.sfc", "-p", "merge-gates").stdout == run("opt", "small.sfc").stdout
    less = parse_circuit(run("opt", "small.sfc", "-O2").stdout)
    assert less == sfc.optimise(circuit, level=2)
    assert len(less.populations) == len(circuit.populations) - 1
    assert CliRunner().invoke(cli.app, ["opt", "small.sfc", "-O3"]).exit_code == 2


def test_textual_ir_stands_for_a_circuit_file() -> None:
    assert run("opt", "small.sfc", "-O2", "-o", "small.ir").stdout == ""
    assert run("check", "small.ir", "--print-ir").stdout == Path("small.ir").read_text("utf-8")
    assert run("opt", "small.ir", "-O2").stdout == Path("small.ir").read_text("utf-8")
    run("run", "small.ir", "--frames", "2")
    run("build", "small.ir", "-o", "bundle")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("sfc-ir 1", "sfc-ir 2"), "expected 'sfc-ir 1'"),
        (("shape=[2]", "shape=[0]"), "I02"),
        (("pattern=", "patern="), "unknown field 'patern'"),
        (('probe population="b"', 'probe population="z"'), "I10"),
        (("projection", "projektion"), "unknown object"),
    ],
)
def test_damaged_textual_ir(change: tuple[str, str], message: str) -> None:
    text = run("check", "small.sfc", "--print-ir").stdout
    Path("small.ir").write_text(text.replace(*change), "utf-8")
    found = mistake("opt", "small.ir")
    assert "error[E0801]: small.ir is no textual IR" in found
    assert message in found


def test_textual_ir_has_no_parameters() -> None:
    run("opt", "small.sfc", "-o", "small.ir")
    assert "E0208" in mistake("opt", "small.ir", "-D", "n=3")


def test_what_passes_did_is_told_on_standard_error() -> None:
    words = ["opt", "small.sfc", "-O1", "--time-passes", "--dump-after", "merge-gates"]
    result = run(*words)
    assert "8 → 6" in result.stderr
    assert "share-copies" in result.stderr
    dump, _, _ = result.stderr.removeprefix("# after merge-gates\n").partition("pass ")
    assert dump == result.stdout
    assert "did you mean `merge-gates`?" in mistake(
        "opt", "small.sfc", "--dump-after", "mergegates"
    )
    nothing = mistake("opt", "small.sfc", "-O0", "--dump-after", "drop-unread")
    assert "these run: none" in nothing


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-p", "merge-gats"], "did you mean `merge-gates`?"),
        (["-p", "merge-gates,longest=3"], "no option `longest`"),
        (["-p", "relay-delays,longest=x"], "is an integer"),
        (["-o", "."], "it is a folder"),
        (["-D", "n=3"], "no parameter `n`"),
    ],
)
def test_mistakes(words: list[str], message: str) -> None:
    assert message in mistake("opt", "small.sfc", *words)


def test_run_and_build_take_a_level() -> None:
    assert "│ c " in run("run", "small.sfc", "--frames", "2").stdout
    printed = run("run", "small.sfc", "--frames", "2", "-O2").stdout
    assert "│ b " in printed
    assert "│ c " not in printed
    run("build", "small.sfc", "-O2", "-o", "bundle")
    assert sfc.load_bundle("bundle").circuit == sfc.optimise(sfc.compile("small.sfc"), level=2)
    assert "drop -O" in mistake("run", "bundle", "--frames", "2", "-O1")


def test_a_state_goes_on_at_its_own_level() -> None:
    run("run", "small.sfc", "--frames", "2", "-O2", "--save", "state.npz")
    run("run", "small.sfc", "--frames", "2", "-O2", "--resume", "state.npz")
    found = mistake("run", "small.sfc", "--frames", "2", "--resume", "state.npz")
    assert "-O values" in found
