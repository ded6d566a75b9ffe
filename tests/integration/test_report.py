"""The `report` command, as a user meets it."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sfc import SfcError, bundles, cli, driver

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from allocation_samples import sample


def report(*words: object, code: int = 0) -> Result:
    result = CliRunner().invoke(cli.app, ["report", *map(str, words)])
    assert result.exit_code == code, result.output
    return result


def refused(*words: object) -> str:
    result = report(*words, code=1)
    assert isinstance(result.exception, SfcError)
    return str(result.exception)


def bundle(folder: Path, record: dict[str, Any]) -> Path:
    """A folder as `sfc build --chip` leaves it, with its allocation alone."""
    data = json.dumps(record).encode()
    sums = {"allocation.json": hashlib.sha256(data).hexdigest()}
    manifest = {"format": "sfc-bundle 1", "target": "netlist", "files": sums}
    folder.mkdir()
    (folder / "allocation.json").write_bytes(data)
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return folder


def test_a_bundle_and_its_file_are_reported_alike(tmp_path: Path) -> None:
    folder = bundle(tmp_path / "b", sample())
    shown = report(folder).stdout
    assert shown.startswith("backprop on Loihi 1: 5 cores of 128, at least 4 (synaptic memory);")
    assert report(folder / "allocation.json").stdout == shown
    assert len(report(folder, "--all").stdout) > len(shown)


def test_json_is_what_was_read(tmp_path: Path) -> None:
    folder = bundle(tmp_path / "b", sample())
    assert json.loads(report(folder, "--json", "-").stdout) == sample()
    report(folder, "--json", tmp_path / "a.json", "--html", tmp_path / "a.html")
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == sample()
    assert (tmp_path / "a.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert report(folder, "--html", "-").stdout == (tmp_path / "a.html").read_text("utf-8")


def test_json_without_its_ending_is_known(tmp_path: Path) -> None:
    path = tmp_path / "allocation"
    path.write_text(json.dumps(sample(), indent=1), "utf-8")
    assert "5 cores of 128" in report(path).stdout


def test_a_bundle_that_was_changed_is_refused(tmp_path: Path) -> None:
    folder = bundle(tmp_path / "b", sample())
    (folder / "allocation.json").write_text(json.dumps(sample() | {"cores_used": 1}), "utf-8")
    assert "allocation.json was changed since sfc wrote it" in refused(folder)


def test_a_bundle_without_placement_is_refused(tmp_path: Path) -> None:
    bundles.build(driver.compile("ring"), tmp_path / "ring")
    assert "holds no allocation.json" in refused(tmp_path / "ring")
    (tmp_path / "empty").mkdir()
    assert "it is no bundle" in refused(tmp_path / "empty")


def test_other_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"format": "sfc-phases 1"}', "utf-8")
    assert "its format is 'sfc-phases 1'" in refused(path)
    path.write_text("{", "utf-8")
    assert "it is no JSON" in refused(path)
    assert "missing" in refused(tmp_path / "none.json")
    monkeypatch.setattr(bundles, "_ALLOCATION_BYTES", 2**20)
    path.write_text(json.dumps(sample()) + " " * 2**20, "utf-8")
    assert "is larger than 1 MiB" in refused(path)


def test_what_is_placed_cannot_be_changed(tmp_path: Path) -> None:
    folder = bundle(tmp_path / "b", sample())
    assert "is placed already" in refused(folder, "--chip", "loihi1")
    assert "its parameters are fixed" in refused(folder, "-D", "n=3")
    assert "stays as it was built" in refused(folder, "-O2")
    file = folder / "allocation.json"
    assert "is what is read" in refused(file, "--json", file)
