"""`sfc test`, as a user meets it."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner
from vcd.reader import TokenKind, tokenize

import sfc
from sfc import cli, cli_suite
from sfc.diagnostics import printable

CIRCUIT = """sfc 1;
param n = 4;
neuron Gated { threshold = 1024; bias = -8192; drive = 520; ring = 10240; }
input image[n];
chain g[4] : Gated ring;
population x[n], y[n] : Gated;
x -> y one_to_one weight spike;
phase 1 { present image to x; open x; }
phase 2 { open y; }
"""
RIGHT = 'test "x copies" { present image = 1; expect x at 1 = 1; }\n'
WRONG = 'test "y is late" { present image[1] = 1; expect y[1] at 3 = 1; }\n'
BOTH = 'test "y copies" { present image = 1; expect y at 2 = 1; }\n'
IDLE = 'test "it runs" { run 3; }\n'


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.sfc").write_text(CIRCUIT + RIGHT + WRONG + BOTH)
    Path("b.sfc").write_text(CIRCUIT + RIGHT + BOTH)
    Path("idle.sfc").write_text(CIRCUIT + IDLE)
    Path("empty.sfc").write_text(CIRCUIT)
    Path("broken.sfc").write_text(CIRCUIT + 'test "t" { expect z at 2 = 1; }')


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli.app, ["test", *words])
    assert result.exit_code == code, result.output
    return re.sub(r"in \d+\.\d\d s", "in 0.00 s", result.output)


def test_tests_that_pass() -> None:
    assert run("b.sfc").splitlines() == [
        "b.sfc",
        "  PASSED  x copies",
        "  PASSED  y copies",
        "",
        "2 passed in 0.00 s",
    ]


def test_a_test_that_fails() -> None:
    assert run("b.sfc", "a.sfc", code=1).splitlines() == [
        "b.sfc",
        "  PASSED  x copies",
        "  PASSED  y copies",
        "a.sfc",
        "  PASSED  x copies",
        "  FAILED  y is late",
        "  PASSED  y copies",
        "",
        "a.sfc: y is late",
        "a.sfc:11:42: error[E0710]: `y[1]` is silent in frame 0, phase g[3] (step 3), "
        "expected a spike",
        '    11 | test "y is late" { present image[1] = 1; expect y[1] at 3 = 1; }',
        "       |                                          ^^^^^^^^^^^^^^^^^^^^^",
        "  it spikes in phase g[2], step 2",
        "  drive of `y[1]` in step 3:",
        "    nothing arrives",
        "        0  current",
        "    -8192  bias",
        "    -8192  membrane, not above the threshold 1024",
        "",
        "4 passed, 1 failed in 0.00 s",
    ]


def test_a_shipped_circuit_and_parameters() -> None:
    assert "2 passed in" in run("memory")
    assert "2 passed in" in run("b.sfc", "-D", "n=7")


def test_a_test_that_expects_nothing() -> None:
    printed = run("idle.sfc")
    assert "  PASSED  it runs  expects nothing\n" in printed
    assert "1 passed in" in printed


def test_stop_at_the_first_failure() -> None:
    printed = run("a.sfc", "b.sfc", "-x", code=1)
    assert printed.startswith("a.sfc\n  PASSED  x copies\n  FAILED  y is late\n\n")
    assert printed.endswith("\n1 passed, 1 failed, 3 not run in 0.00 s\n")
    assert "\nb.sfc" not in printed


def test_selected_tests() -> None:
    printed = run("a.sfc", "b.sfc", "-k", "Y Copies")
    assert printed.count("PASSED  y copies") == 2
    assert "2 passed, 3 deselected in" in printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["empty.sfc"], 'there are no tests in empty.sfc; write test "title" { … } into it\n'),
        (["empty.sfc", "./empty.sfc"], "there are no tests in empty.sfc, empty.sfc; write"),
        (["b.sfc", "-k", "late"], 'no test has "late" in its title; there are: x copies; y copies'),
    ],
)
def test_nothing_to_run(words: list[str], message: str) -> None:
    assert run(*words, code=1).startswith(message)


def test_a_file_without_tests_among_others() -> None:
    assert run("empty.sfc", "b.sfc").startswith("empty.sfc  no tests\nb.sfc\n  PASSED")


def test_a_file_with_mistakes_among_others() -> None:
    printed = run("broken.sfc", "b.sfc", "nowhere.sfc", code=1)
    assert "error[E0201]" in printed
    assert "cannot read nowhere.sfc" in printed
    assert "PASSED  x copies" in printed
    assert "\n2 passed, 2 files with mistakes in 0.00 s\n" in printed


def test_a_mistake_stops_too() -> None:
    printed = run("b.sfc", "broken.sfc", "-x", code=1)
    assert "PASSED" not in printed
    assert "0 passed, 2 not run, 1 file with mistakes" in printed


def test_warnings_are_shown() -> None:
    Path("w.sfc").write_text(CIRCUIT.replace("phase 1", "input unused; phase 1") + RIGHT)
    assert "warning[W0502]" in run("w.sfc")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["b.sfc", "--engine", "nest"], 1, "unknown engine `nest`"),
        (["b.sfc", "--json", "."], 1, "it is a folder"),
        (["b.sfc", "--trace", "b.sfc/x.vcd"], 1, "cannot write"),
        (["b.sfc", "-D", "n"], 2, "-D takes NAME=VALUE"),
        (["b.sfc", "-D", "m=3"], 1, "has no parameter `m`"),
        (["b.sfc", "--trace", "x.vcd"], 2, "2 are selected: choose one with -k"),
        (["b.sfc", "-k", "x", "--trace", "x.npz"], 2, "--trace takes FILE.vcd"),
        ([], 2, "Missing argument"),
    ],
)
def test_mistakes(
    words: list[str],
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["sfc", "test", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == code
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert not list(Path().glob("*.npz"))


def test_a_trace() -> None:
    printed = run("a.sfc", "-k", "late", "--trace", "out/wave.vcd", code=1)
    assert "Waveform of 4 steps in out/wave.vcd, its arrays in out/wave.npz\n" in printed
    with open("out/wave.vcd", "rb") as file:
        names = [t.var.reference for t in tokenize(file) if t.kind is TokenKind.VAR]
    assert set(names) == {"frame", "x", "x_open", "y", "y_open", "image", "g", "g_phase"}
    with np.load("out/wave.npz", allow_pickle=False) as arrays:
        assert np.argwhere(arrays["spikes/y"]).tolist() == [[2, 1]]


def test_json() -> None:
    run("a.sfc", "broken.sfc", "--json", "out.json", code=1)
    data = json.loads(Path("out.json").read_text())
    assert data["format"] == "sfc-test 1"
    assert (data["passed"], data["failed"], data["files_with_mistakes"]) == (2, 1, 1)
    good, broken = data["files"]
    assert [test["passed"] for test in good["tests"]] == [True, False, True]
    assert good["parameters"] == {"n": 4}
    failure = good["tests"][1]["failure"]
    assert [d["code"] for d in failure["diagnostics"]] == ["E0710"]
    difference = failure["difference"]
    assert (difference["subject"], difference["place"], difference["step"]) == ("y", [1], 3)
    assert (difference["frame"], difference["phase"]) == (0, ["g", 3])
    assert difference["drive"]["bias"] == -8192
    assert broken["diagnostics"][0]["code"] == "E0201"
    assert broken["diagnostics"][0]["line"] == 10


def test_json_alone_on_standard_output() -> None:
    result = CliRunner().invoke(cli.app, ["test", "b.sfc", "--json", "-"])
    assert json.loads(result.stdout)["passed"] == 2
    assert "2 passed in" in result.stderr


def test_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    from sfc.sim import testbench

    run_one = testbench.run_test

    def interrupted(*arguments: object) -> sfc.Outcome:
        if arguments[1].title == "y copies":  # type: ignore[attr-defined]
            raise KeyboardInterrupt
        return run_one(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(testbench, "run_test", interrupted)
    printed = run("a.sfc", "b.sfc", "--json", "out.json", code=130)
    assert "PASSED  x copies\n  FAILED  y is late\nINTERRUPTED  y copies\n" in printed
    assert "a.sfc: y is late\na.sfc:11:42: error[E0710]" in printed
    assert printed.endswith("\n1 passed, 1 failed, 3 not run in 0.00 s\n")
    assert json.loads(Path("out.json").read_text())["interrupted"] is True


def test_a_chain_that_stops() -> None:
    Path("s.sfc").write_text(CIRCUIT.replace("10240", "5120") + RIGHT)
    printed = run("s.sfc", code=1)
    assert "s.sfc: x copies\ns.sfc:5:7: error[E0706]: chain `g` stopped" in printed
    printed = run("s.sfc", "--trace", "s.vcd", code=1)
    assert "Waveform of" in printed


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_colours_and_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    from sfc.cli_test import run_tests

    terminal, errors = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", errors)
    monkeypatch.setattr(cli_suite, "_PATIENCE", -1.0)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with pytest.raises(typer.Exit):
        run_tests([Path("a.sfc"), Path("idle.sfc")])
    shown = terminal.getvalue()
    assert "\x1b[32mPASSED\x1b[0m  x copies" in shown
    assert "\x1b[1;31mFAILED\x1b[0m  y is late" in shown
    assert "\x1b[33m  expects nothing" in shown
    assert "\x1b[1;31merror[E0710]\x1b[0m" in shown
    assert "3 passed, 1 failed" in printable(shown)
    assert "3/3" in printable(errors.getvalue())


def test_help_shows_examples() -> None:
    assert "sfc test circuits/examples/*.sfc -x" in run("--help")
