"""Circuits on chips, as a user asks for them: `build --chip`, `report` of a circuit, the API."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from placements import assert_placed
from typer.testing import CliRunner, Result

import sfc
from sfc import bundles, cli
from sfc.place.check import violations

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "circuits" / "examples").glob("*.sfc"))
SMALL = ("-D", "n_in=40", "-D", "n_hid=30", "-D", "most_on=31")
PARTLY = {("deep_backprop", "loihi1")}
"""Placed on more cores than the bound."""


def run(*words: object, code: int = 0) -> Result:
    result = CliRunner().invoke(cli.app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result


def refused(*words: object) -> str:
    result = run(*words, code=1)
    assert isinstance(result.exception, sfc.SfcError)
    return str(result.exception)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def record_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "allocation.json").read_text("utf-8"))


@pytest.fixture
def small_folder(tmp_path: Path) -> Path:
    """A small flagship, placed on a chip."""
    run("build", "backprop", *SMALL, "--chip", "loihi1", "-o", tmp_path / "built")
    return tmp_path / "built"


@pytest.fixture
def chip_file(tmp_path: Path) -> Path:
    """Of a chip with few cores, of few neurons."""
    said = 'unit = "each"\nsource = "made up"\nconfidence = "high"\n'
    figures = {"cores": 4, "cores_per_tile": 1, "mesh": [2, 2], "compartments": 8}
    limits = "".join(f"[limits.{name}]\nvalue = {value}\n{said}" for name, value in figures.items())
    boards = '[boards]\nchips = [1, 2]\nsource = "made up"\nconfidence = "high"\n'
    path = tmp_path / "tiny.toml"
    path.write_text(f'name = "tiny"\ntitle = "Tiny"\n{boards}{limits}', "utf-8")
    return path


def test_a_bundle_tells_of_its_allocation(small_folder: Path) -> None:
    manifest = json.loads((small_folder / "manifest.json").read_text("utf-8"))
    for name in ("allocation.json", "allocation.html", "netlist.json"):
        data = (small_folder / name).read_bytes()
        assert manifest["files"][name] == hashlib.sha256(data).hexdigest()
    record = record_of(small_folder)
    assert record["format"] == "sfc-allocation 1"
    assert (record["circuit"], record["chip"]["name"]) == ("backprop", "loihi1")
    assert record["parameters"]["n_hid"] == 30
    held = sum(
        part["last"] - part["first"] + 1 for core in record["cores"] for part in core["populations"]
    )
    assert held == sum(population["neurons"] for population in record["populations"])
    simulator = sfc.load_bundle(small_folder)
    assert simulator.circuit == sfc.compile("backprop", n_in=40, n_hid=30, most_on=31)


def test_a_bundle_without_a_chip_has_no_allocation(tmp_path: Path) -> None:
    shown = run("build", "ring", "-o", tmp_path / "ring").stdout
    assert "core" not in shown
    assert set(contents(tmp_path / "ring")) == {"manifest.json", "netlist.json", "weights.npz"}
    run("build", "ring", "--chip", "loihi1", "-o", tmp_path / "ring")
    assert "allocation.json" in contents(tmp_path / "ring")
    run("build", "ring", "-o", tmp_path / "ring")
    assert set(contents(tmp_path / "ring")) == {"manifest.json", "netlist.json", "weights.npz"}


@pytest.mark.parametrize("objective", ["cores", "step", "traffic"])
def test_what_is_built_is_the_same_in_another_process_and_folder(
    objective: str, tmp_path: Path
) -> None:
    """Whatever order sets of texts have there."""
    words = ["build", "backprop", *SMALL, "--chip", "loihi1", "--objective", objective, "-o"]
    run(*words, tmp_path / "one")
    other = tmp_path / "elsewhere"
    other.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7"}
    subprocess.run(
        [sys.executable, "-m", "sfc", *words, "two"], cwd=other, env=environment, check=True
    )
    assert contents(tmp_path / "one") == contents(other / "two")


def test_the_first_line_tells_of_a_folder_a_file_and_a_circuit(small_folder: Path) -> None:
    words = ("report", "backprop", *SMALL, "--chip", "loihi1")
    shown = run("report", small_folder).stdout
    assert re.match(r"backprop on Intel Loihi: \d+ cores? of 128, at least \d+ \(", shown)
    assert run("report", small_folder / "allocation.json").stdout == shown
    assert run(*words).stdout == shown
    assert json.loads(run(*words, "--json", "-").stdout) == record_of(small_folder)
    page = (small_folder / "allocation.html").read_text("utf-8")
    assert run(*words, "--html", "-").stdout == page


def test_files_of_a_report(tmp_path: Path) -> None:
    paths = tmp_path / "a.json", tmp_path / "a.html"
    words = ("report", "graded_relay", "--chip", "loihi1")
    shown = run(*words, "--json", paths[0], "--html", paths[1]).stdout
    assert shown.split() == [str(path) for path in paths]
    assert json.loads(paths[0].read_text("utf-8"))["cores_used"] == 1
    assert paths[1].read_text("utf-8").startswith("<!DOCTYPE html>")
    assert "it is a folder" in refused(*words, "--json", tmp_path)


@pytest.mark.parametrize(
    ("suffix", "begin"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF")]
)
def test_trade_offs_are_plotted(suffix: str, begin: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"trade_offs{suffix}"
    shown = run("report", "gated_copy", "--chip", "loihi1", "--cores", 3, "--pareto", path).stdout
    assert path.read_bytes().startswith(begin)
    assert shown.startswith("allocations that no other beats in cores, step and traffic together")
    assert shown.rstrip().endswith(str(path))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--pareto", "a.gif"), "no picture can be written to a.gif"),
        (("--pareto", "-"), "no picture can be written to -"),
        (("--pareto", "a.svg", "--chips", 2), "does not heed --chips"),
        (("--pareto", "a.svg", "--objective", "step"), "does not heed --objective"),
        (("--pareto", "a.svg", "--json", "a.json"), "--json and --html tell of one"),
    ],
)
def test_what_trade_offs_cannot_be(
    words: tuple[object, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refused("report", "ring", "--chip", "loihi1", *words)
    assert list(tmp_path.iterdir()) == []


def test_trade_offs_need_a_circuit_and_a_chip(small_folder: Path) -> None:
    assert "on which chip?" in refused("report", "ring", "--pareto", "a.svg")
    assert "on which chip?" in refused("report", small_folder, "--pareto", "a.svg")


@pytest.mark.parametrize(
    "option",
    [
        ("--objective", "step"),
        ("--chips", 1),
        ("--cores", 1),
        ("--max-plastic-per-core", 1),
        ("--activity", "run.json"),
    ],
)
def test_options_of_placing_need_something_to_place(
    option: tuple[object, ...], small_folder: Path, tmp_path: Path
) -> None:
    for words in (("build", "ring", "-o", tmp_path / "ring"), ("report", "ring")):
        message = refused(*words, *option)
        assert f"{option[0]} is for a placement, and no chip is given" in message
        assert "--chip loihi1" in message
    assert not (tmp_path / "ring").exists()
    message = refused("report", small_folder, *option)
    assert "is placed already" in message
    assert f"drop {option[0]}" in message


def test_names_that_there_are_not(tmp_path: Path) -> None:
    words = ("build", "ring", "-o", tmp_path / "ring", "--chip")
    assert "did you mean `loihi2`?" in refused(*words, "loihi")
    assert "unknown objective `fast`" in refused(*words, "loihi1", "--objective", "fast")
    assert "nothing.toml" in refused(*words, tmp_path / "nothing.toml")
    assert "is not placed yet" in refused("report", "ring")
    assert not (tmp_path / "ring").exists()


def test_what_does_not_fit_leaves_no_folder(tmp_path: Path) -> None:
    message = refused("build", "backprop", "--chip", "loihi1", "--cores", 4, "-o", tmp_path / "b")
    assert "error[E1009]: `backprop` takes at least 5 cores" in message
    assert not (tmp_path / "b").exists()


def test_a_chip_file_of_ones_own(chip_file: Path, tmp_path: Path) -> None:
    shown = run("build", "graded_relay", "--chip", chip_file, "-o", tmp_path / "built").stdout
    assert shown.splitlines()[-1].startswith("4 cores of 4, at least 4 (compartments); 1 chip")
    record = record_of(tmp_path / "built")
    assert record["chip"]["title"] == "Tiny"
    assert {core["used"]["compartments"]["available"] for core in record["cores"]} == {8}
    shown = run("report", "memory", "--chip", chip_file).stdout
    assert shown.startswith("memory on Tiny: ")
    circuit, chip = sfc.compile("graded_relay"), sfc.chip(chip_file)
    assert violations(circuit, chip, sfc.allocate(circuit, chip_file).placement) == []


def test_activity_of_a_run(tmp_path: Path) -> None:
    words = ("graded_relay", "--chip", "loihi1")
    path = tmp_path / "run.json"
    run("run", "graded_relay", "--input", "pattern=11100000", "--frames", 2, "--json", path)
    record = json.loads(run("report", *words, "--activity", path, "--json", "-").stdout)
    assert record["traffic"]["samples"] == 2
    assert record["traffic"]["spikes_per_sample"] == 14
    assert "run.json" in record["traffic"]["basis"]
    predicted = json.loads(run("report", *words, "--json", "-").stdout)
    assert predicted["traffic"]["samples"] == 0
    assert predicted["traffic"]["spikes_per_sample"] > 14
    assert predicted["step_time_us"] > record["step_time_us"]
    message = refused("build", "ring", "--chip", "loihi1", "--activity", path, "-o", tmp_path / "r")
    assert "is of a run of `graded_relay`" in message
    message = refused("report", *words, "--activity", tmp_path / "none.json")
    assert "cannot be read" in message


def test_nothing_is_made_up_of_loihi_2(tmp_path: Path) -> None:
    words = ("backprop", *SMALL, "--chip", "loihi2")
    shown = run("build", *words, "-o", tmp_path / "built").stdout.splitlines()[-1]
    assert shown.endswith("1 chip")
    record = record_of(tmp_path / "built")
    assert record["step_time_us"] is None
    assert record["energy"] == {}
    for core in record["cores"]:
        for resource in ("input_axons", "output_axons", "synapse_formats"):
            assert core["used"][resource]["available"] is None
            assert core["used"][resource]["used"] > 0
    assert {"input_axons", "memory_bytes"} & {one["name"] for one in record["unverified"]}
    assert "n/a" in run("report", *words, "--all").stdout
    assert run("report", *words, "--objective", "step").stdout.startswith(
        "backprop on Intel Loihi 2"
    )


@pytest.mark.parametrize("chip", ["loihi1", "loihi2"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_placed(path: Path, chip: str) -> None:
    circuit = sfc.compile(path)
    allocation = sfc.allocate(circuit, chip)
    assert violations(circuit, sfc.chip(chip), allocation.placement) == []
    assert allocation.cores_used == len(allocation.placement.cores)
    assert allocation.cores_used >= allocation.lower_bound
    assert (allocation.cores_used == allocation.lower_bound) is ((path.stem, chip) not in PARTLY)
    assert allocation.chips == 1


@pytest.mark.parametrize("objective", ["cores", "step", "traffic"])
def test_a_placed_circuit_does_what_the_whole_does(objective: str) -> None:
    circuit = sfc.compile("backprop", n_in=40, n_hid=30, most_on=31)
    allocation = sfc.allocate(circuit, objective=objective, max_plastic_per_core=600)
    assert allocation.most_plastic <= 600
    assert allocation.cores_used >= 8
    assert_placed(circuit, sfc.chip("loihi1"), allocation.placement, max_plastic_per_core=600)


def test_objectives_are_worth_their_names() -> None:
    circuit = sfc.compile("backprop", n_in=100, n_hid=100, most_on=80)
    cores, step, traffic = (
        sfc.allocate(circuit, "loihi1", objective=name) for name in ("cores", "step", "traffic")
    )
    assert cores.cores_used <= min(step.cores_used, traffic.cores_used)
    assert step.step_time_us < min(cores.step_time_us, traffic.step_time_us)
    assert traffic.hop_weighted <= min(cores.hop_weighted, step.hop_weighted)


def test_trade_offs_are_sorted_and_none_beats_another() -> None:
    circuit = sfc.compile("backprop", n_in=100, n_hid=100, most_on=80)
    found = sfc.trade_offs(circuit, "loihi1", cores=40)
    scores = [(one.cores_used, one.step_time_us, one.hop_weighted) for one in found]
    assert len(found) > 3
    assert [score[0] for score in scores] == sorted(score[0] for score in scores)
    for one in scores:
        for other in scores:
            assert one == other or any(a < b for a, b in zip(one, other, strict=True))
    for one in found:
        assert one.cores_used <= 40
        assert violations(circuit, sfc.chip("loihi1"), one.placement) == []


def test_an_allocation_is_built_and_read(tmp_path: Path) -> None:
    circuit = sfc.compile("memory")
    allocation = sfc.allocate(circuit, sfc.chip("loihi1"))
    sfc.build(circuit, tmp_path / "memory", allocation=allocation)
    record = bundles.load_allocation(tmp_path / "memory")
    assert record["cores_used"] == allocation.cores_used
    with pytest.raises(sfc.SfcError, match="build takes an Allocation of the circuit"):
        sfc.build(sfc.compile("ring"), tmp_path / "ring", allocation=allocation)


@pytest.mark.parametrize("wish", ["chips", "cores", "max_plastic_per_core"])
def test_numbers_that_are_none(wish: str) -> None:
    circuit = sfc.compile("ring")
    for place in (sfc.allocate, *((sfc.trade_offs,) if wish == "cores" else ())):
        with pytest.raises(sfc.SfcError, match=f"{wish} must be at least 1, found 0"):
            place(circuit, "loihi1", **{wish: 0})
        with pytest.raises(sfc.SfcError, match=f"{wish} is a whole number, found str"):
            place(circuit, "loihi1", **{wish: "2"})


def test_other_types_are_refused() -> None:
    circuit: Any = sfc.compile("ring")
    for place in (sfc.allocate, sfc.trade_offs):
        with pytest.raises(sfc.SfcError, match="a Circuit is placed, found str"):
            place("ring")
        with pytest.raises(sfc.SfcError, match="a chip is a name, a file or a Chip"):
            place(circuit, None)
        with pytest.raises(sfc.SfcError, match="an activity is a file or an Activity, found int"):
            place(circuit, activity=3)
    with pytest.raises(sfc.SfcError, match="unknown objective `None`"):
        sfc.allocate(circuit, objective=None)
