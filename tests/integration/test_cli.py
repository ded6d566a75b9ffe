"""The command line, as a user meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import sfc

SMALL = ["-D", "n_hid=20"]
SHORT = ["--data", "mnist20", "--limit", "200", "--test-limit", "100", "--seed", "5"]


def run(*words: str, folder: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "sfc", *words], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def weights_of(path: Path) -> dict[str, np.ndarray]:
    return sfc.Simulator.load(path).plastic_weights()


def test_help_shows_examples(tmp_path: Path) -> None:
    for words in ([], ["check"], ["build"], ["run"], ["sweep"]):
        assert "Examples:" in run(*words, "--help", folder=tmp_path).stdout


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["check", "no_such.sfc"], 1, "cannot read no_such.sfc"),
        (["check", "bakprop"], 1, "did you mean `backprop`?"),
        (["check", "backprop", "-D", "n_hdi=3"], 1, "did you mean `n_hid`?"),
        (["check", "backprop", "-D", "n_hid"], 2, "-D takes NAME=VALUE"),
        (["check", "backprop", "-D", "n_hid=many"], 1, "takes a number"),
        (["run", "ring"], 2, "--frames or --steps"),
        (["run", "backprop"], 2, "--data mnist20"),
        (["run", "backprop", *SHORT, "--frames", "3"], 2, "runs without training"),
        (["run", "ring", "--frames", "3", "--json", "."], 1, "it is a folder"),
        (["run", "ring", "--frames", "2", "--engine", "nest"], 1, "unknown engine `nest`"),
        (["run", "backprop", "--data", "mnist"], 1, "did you mean `mnist20`?"),
        (["run", "backprop", "--data", "fashion28"], 1, "add -D n_in=784"),
        (["run", "backprop", *SHORT, "--levels", "40,180"], 1, "IDX files of MNIST and Fashion"),
        (["run", "backprop", *SHORT, "--levels", "40;180"], 2, "grey values such as 40,110,180"),
        (["run", "backprop", *SHORT, "--levels", "4", "--threshold", "4"], 2, "give one of them"),
        (["run", "backprop", *SHORT, "--reference", "paper=96.3"], 2, "add --plot DIR"),
        (["run", "backprop", "--plot", "p", "--reference", "96.3"], 2, "LABEL=PERCENT such as"),
        (["run", "backprop", "--plot", "p", "--reference", "a=101"], 2, "LABEL=PERCENT such as"),
        (["run", "backprop", "--plot", "p", "--reference", "a=nan"], 2, "LABEL=PERCENT such as"),
        (["run", "plain", "--frames", "2"], 1, "no chain and so no frames"),
        (["run", "gated_and", "--frames", "1", "--input", "a=11"], 1, "4 elements"),
        (["build", "ring", "--target", "netlst"], 1, "did you mean `netlist`?"),
        (["bild", "ring"], 2, "No such command"),
    ],
)
def test_mistakes(words: list[str], code: int, message: str, tmp_path: Path) -> None:
    assert message in run(*words, folder=tmp_path, code=code).stderr
    assert list(tmp_path.iterdir()) == []


def test_check_loads_no_library_that_it_does_not_need(tmp_path: Path) -> None:
    words = [sys.executable, "-X", "importtime", "-m", "sfc", "check", "backprop"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert {"lark", "typer"} <= loaded
    assert not {"matplotlib", "networkx", "numpy", "rich", "vcd"} & loaded


def test_check_prints_the_ir_that_parses_back(tmp_path: Path) -> None:
    from sfc.ir.text import parse_circuit

    text = run("check", "backprop", "--print-ir", folder=tmp_path).stdout
    assert parse_circuit(text) == sfc.compile("backprop")
    assert '"g[2] -> h"' in text
    assert '"value": 8704' in text


def test_a_bundle_runs_as_its_circuit_does(tmp_path: Path) -> None:
    run("build", "backprop", *SMALL, "--seed", "5", "-o", "bundle", folder=tmp_path)
    run("run", "bundle", *SHORT, "--save", "a.npz", folder=tmp_path)
    run("run", "backprop", *SMALL, *SHORT, "--save", "b.npz", folder=tmp_path)
    a, b = weights_of(tmp_path / "a.npz"), weights_of(tmp_path / "b.npz")
    assert a.keys() == b.keys()
    assert all(np.array_equal(a[name], b[name]) for name in a)


def test_json_and_pictures(tmp_path: Path) -> None:
    words = [*SMALL, *SHORT, "--json", "out.json", "--plot", "plots", "--epochs", "2"]
    done = run("run", "backprop", *words, "--reference", "$a_b$=96.3", folder=tmp_path)
    outcome = json.loads((tmp_path / "out.json").read_text())
    assert outcome["format"] == "sfc-run 1"
    assert outcome["parameters"] == {"n_in": 400, "n_hid": 20, "n_out": 10, "most_on": 310}
    assert outcome["epochs"][0]["samples"] == 200
    assert outcome["test"]["samples"] == 100
    confusion = np.array(outcome["test"]["confusion_by_spikes"])
    assert confusion.sum() == 100
    assert np.trace(confusion) / 100 == outcome["test"]["accuracy_by_spikes"]
    names = {path.name for path in (tmp_path / "plots").iterdir()}
    assert {"accuracy.png", "raster.png", "weights_W1.png", "fields_W1.png"} <= names
    starts = {".png": b"\x89PNG", ".pdf": b"%PDF"}
    assert all(p.read_bytes()[:4] == starts[p.suffix] for p in (tmp_path / "plots").iterdir())
    tests = [epoch["test"]["accuracy_by_membrane"] for epoch in outcome["epochs"]]
    summary = outcome["summary"]
    assert summary["last_epochs"] == 2
    assert summary["by_membrane"]["last"] == sum(tests) / 2
    assert summary["by_membrane"]["best"] == max(tests)
    last = f"mean of the last 2 epochs: test {100 * summary['by_spikes']['last']:.1f} % by spikes"
    assert last in done.stdout
    assert outcome["levels"] == []


def test_grey_images_at_levels(tmp_path: Path) -> None:
    grey = np.random.default_rng(1).integers(0, 256, (60, 6, 5), dtype=np.uint8)
    labels = np.arange(60) % 4
    names = ("train_images", "train_labels", "test_images", "test_labels")
    np.savez(tmp_path / "grey.npz", **dict(zip(names, (grey, labels) * 2, strict=True)))
    data = ["--data", "grey.npz", "--levels", "60,120,200", "-D", "n_hid=8", "-D", "n_out=4"]
    done = run("run", "backprop", *data, folder=tmp_path, code=1)
    assert "90 pixels (3 planes of 6 by 5); input `image` has 400" in done.stderr
    assert "add -D n_in=90" in done.stderr
    words = [*data, "-D", "n_in=90", "--json", "out.json", "--save", "s.npz", "--plot", "plots"]
    run("run", "backprop", *words, folder=tmp_path)
    assert json.loads((tmp_path / "out.json").read_text())["levels"] == [60, 120, 200]
    assert (tmp_path / "plots" / "fields_W1.png").is_file()
    words[3] = "60,120,201"
    done = run("run", "backprop", *words, "--resume", "s.npz", folder=tmp_path, code=1)
    assert "saved with dataset grey at levels [60, 120, 200], not grey at" in done.stderr


CHECKED = """sfc 1;
import "neurons.sfc";
input pattern[4] at most 2;
chain g[4] : Relay ring;
population a[4], b[4] : Gated;
a -> b one_to_one weight 9600;
phase 1 { present pattern to a; open a; }
assert silent a in 2;
assert silent b in 0..2;
assert silent b in 2;
"""


@pytest.mark.parametrize(("patterns", "code"), [("0000", 0), ("0000,1100,0111", 1)])
def test_what_must_not_happen_is_checked(patterns: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "checked.sfc").write_text(CHECKED)
    words = ["run", "checked.sfc", "--frames", "3", "--input", f"pattern={patterns}"]
    done = run(*words, "--check", "--json", "out.json", folder=tmp_path, code=code)
    check = json.loads((tmp_path / "out.json").read_text())["check"]
    assert check["samples"] == 3
    assert {"population": "b", "phase": ["g", 2]} in check["watched"]
    nothing = "Nothing that was watched happened"
    if code == 0:
        assert f"{nothing}: 1 cell, 3 samples." in done.stdout  # silence in the others is proved
        assert "W0702" not in done.stderr
        assert check["violations"] == []
    else:
        assert nothing not in done.stdout
        assert done.stderr.splitlines() == [
            "warning[W0702]: b fired in phase g[2] in 2 of 3 samples, 5 spikes; "
            "first b[0] in sample 1",
            "warning[W0702]: pattern broke its bounds, at most 2, in 1 of 3 samples; "
            "first in sample 2, with 3 on",
        ]
        assert [violation["first"]["sample"] for violation in check["violations"]] == [1, 2]
    unchecked = run(*words, "--json", "out.json", folder=tmp_path)
    assert "W0702" not in unchecked.stderr
    assert "check" not in json.loads((tmp_path / "out.json").read_text())


def test_training_is_checked(tmp_path: Path) -> None:
    words = ["run", "backprop", *SMALL, *SHORT, "--check", "--json", "out.json"]
    run(*words, folder=tmp_path)
    assert json.loads((tmp_path / "out.json").read_text())["check"]["samples"] == 300


def test_json_alone_on_standard_output(tmp_path: Path) -> None:
    printed = run("run", "ring", "--frames", "4", "--json", "-", folder=tmp_path).stdout
    assert json.loads(printed)["spike_counts"]["g[0]"] == [0, 0, 4]


def test_ctrl_c_saves_a_state_that_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    words = ["run", "backprop", *SMALL, "--data", "mnist20", "--limit", "3000"]
    words += ["--test-limit", "50", "--seed", "5"]
    slowly = ["--engine", "reference"]
    command = [sys.executable, "-m", "sfc", *words, *slowly, "--save", "stopped.npz"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(2.5)
    os.kill(process.pid, signal.SIGINT)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130, printed + errors
    assert "--resume stopped.npz" in printed
    assert 0 < sfc.Simulator.load(tmp_path / "stopped.npz").notes["sample"] < 3000
    run(*words, "--resume", "stopped.npz", "--save", "whole.npz", folder=tmp_path)
    run(*words, "--save", "expected.npz", folder=tmp_path)
    found, expected = weights_of(tmp_path / "whole.npz"), weights_of(tmp_path / "expected.npz")
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_a_state_of_another_circuit_is_refused(tmp_path: Path) -> None:
    run("run", "backprop", *SMALL, *SHORT, "--save", "a.npz", folder=tmp_path)
    done = run("run", "backprop", *SHORT, "--resume", "a.npz", folder=tmp_path, code=1)
    assert "another circuit" in done.stderr


def test_damaged_files_give_messages(tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 not a zip")
    for option in ("--resume", "--weights"):
        run("run", "backprop", *SMALL, *SHORT, option, "bad.npz", folder=tmp_path, code=1)
    run("build", "ring", "-o", "bundle", folder=tmp_path)
    netlist = tmp_path / "bundle" / "netlist.json"
    netlist.write_text(netlist.read_text().replace("ring", "rung"))
    done = run("run", "bundle", "--frames", "1", folder=tmp_path, code=1)
    assert "was changed since sfc wrote it" in done.stderr


def test_weights_by_name(tmp_path: Path) -> None:
    simulator = sfc.Simulator(sfc.compile("backprop", n_hid=20), seed=9)
    w1, w2 = simulator.weights["W1"], simulator.weights["W2"]
    np.savez(tmp_path / "w.npz", W1=w1, W2=w2)
    words = ["run", "backprop", *SMALL, *SHORT, "--epochs", "0"]
    run(*words, "--weights", "w.npz", "--save", "s.npz", folder=tmp_path)
    np.testing.assert_array_equal(sfc.Simulator.load(tmp_path / "s.npz").weights["W2"], w2)
    np.savez(tmp_path / "wrong.npz", W3=w2)
    done = run(*words, "--weights", "wrong.npz", folder=tmp_path, code=1)
    assert "`W3`" in done.stderr
