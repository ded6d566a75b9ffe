"""From files to circuits, and bundles: what is written, what is read back, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import sfc
from sfc import driver, files
from sfc.ir.circuit import Circuit
from sfc.ir.record import digest
from sfc.resources import circuit_path

FILES = ["manifest.json", "netlist.json", "weights.npz"]


@pytest.fixture(scope="module")
def circuit() -> Circuit:
    return sfc.compile("backprop", n_in=9, n_hid=6, n_out=3)


@pytest.fixture
def plain() -> Circuit:
    return sfc.compile_text("sfc 1; neuron M { threshold = 5; } population a[2] : M;", "plain.sfc")


def samples(count: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(3)
    images = generator.integers(0, 2, (count, 9), dtype=np.uint8)
    labels = np.eye(3, dtype=np.uint8)[generator.integers(0, 3, count)]
    return {"image": images, "label": labels}


def codes(action: object, *arguments: object, **options: object) -> list[str]:
    with pytest.raises(sfc.SfcError) as caught:
        action(*arguments, **options)  # type: ignore[operator]
    assert str(caught.value).encode()
    return [diagnostic.code for diagnostic in caught.value.diagnostics]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# Compiling


def test_shipped_circuits_compile_by_name_and_by_path(tmp_path: Path) -> None:
    by_name = sfc.compile("plain")
    path = tmp_path / "plain.sfc"
    shipped = circuit_path("plain")
    assert shipped is not None
    path.write_text(shipped.read_text("utf-8"), "utf-8")
    assert digest(sfc.compile(path)) == digest(sfc.compile(str(path))) == digest(by_name)


@pytest.mark.parametrize("name", ["backprob", "nothing/at/all", "a\0b", "a\0b.sfc", "\ud800.sfc"])
def test_files_that_are_not_there(name: str) -> None:
    assert codes(sfc.compile, name) == ["E0101"]


def test_a_misspelt_circuit_is_guessed() -> None:
    with pytest.raises(sfc.SfcError, match="did you mean `backprop`"):
        sfc.compile("backprob")


def test_folders_and_broken_links_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "link.sfc").symlink_to(tmp_path / "gone.sfc")
    (tmp_path / "loop.sfc").symlink_to(tmp_path / "loop.sfc")
    for path in (tmp_path, tmp_path / "link.sfc", tmp_path / "loop.sfc"):
        assert codes(sfc.compile, path) == ["E0101"]


def test_a_name_that_is_too_long() -> None:
    assert codes(sfc.compile, "a" * 5000) == ["E0101"]


# Bundles


@pytest.mark.parametrize("trained", [False, True])
def test_a_bundle_runs_as_the_circuit_does(circuit: Circuit, tmp_path: Path, trained: bool) -> None:
    simulator = sfc.Simulator(circuit, seed=5)
    if trained:
        simulator.run(samples(10), learn=True)
    before = {name: simulator.weights[name] for name in circuit.projections}
    written = sfc.build(circuit, tmp_path / "out", simulator=simulator)
    assert [path.name for path in written] == [*FILES[1:], FILES[0]]
    assert sorted(contents(tmp_path / "out")) == FILES
    loaded = sfc.load_bundle(tmp_path / "out")
    assert loaded.circuit == circuit
    assert digest(loaded.circuit) == digest(circuit)
    fresh = sfc.Simulator(circuit, seed=5)
    for name, weights in before.items():
        assert np.array_equal(loaded.weights[name], weights)
        if circuit.rule_of(circuit.projections[name]):
            fresh.weights[name] = weights
    expected, found = (s.run(samples(30), learn=True) for s in (fresh, loaded))
    assert expected.events.keys() == found.events.keys()
    for name, events in expected.events.items():
        assert np.array_equal(events, found.events[name])
    for name in circuit.projections:
        assert np.array_equal(fresh.weights[name], loaded.weights[name])


def test_a_bundle_is_the_same_every_time(circuit: Circuit, tmp_path: Path) -> None:
    for name in ("one", "two"):
        sfc.build(circuit, tmp_path / name, seed=3)
    sfc.build(circuit, tmp_path / "other", seed=4)
    one, two, other = (contents(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two
    assert one["netlist.json"] == other["netlist.json"]
    assert one["weights.npz"] != other["weights.npz"]


def test_folders_are_made_and_replaced(plain: Circuit, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "deep"
    for _ in range(2):
        sfc.build(plain, folder)
        assert sorted(contents(folder)) == FILES
    assert [path.name for path in folder.parent.iterdir()] == ["deep"]
    (tmp_path / "empty").mkdir()
    assert sfc.build(plain, tmp_path / "empty")


def test_a_bundle_of_a_circuit_without_weights(plain: Circuit, tmp_path: Path) -> None:
    sfc.build(plain, tmp_path / "out")
    assert sfc.load_bundle(tmp_path / "out").circuit == plain


def test_numpy_does_not_open_a_bundle(
    circuit: Circuit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("np.load was called")

    sfc.build(circuit, tmp_path / "out")
    monkeypatch.setattr(np, "load", refuse)
    assert sfc.load_bundle(tmp_path / "out")


def test_a_foreign_folder_is_left_alone(plain: Circuit, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert codes(sfc.build, plain, tmp_path) == ["E0802"]
    assert contents(tmp_path) == {"notes.txt": b"mine"}


def test_a_foreign_folder_with_a_manifest_is_left_alone(plain: Circuit, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "an app"}')
    (tmp_path / "index.html").write_text("mine")
    assert codes(sfc.build, plain, tmp_path) == ["E0802"]
    assert len(contents(tmp_path)) == 2


def test_files_of_the_user_in_a_bundle_are_left_alone(plain: Circuit, tmp_path: Path) -> None:
    sfc.build(plain, tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    assert codes(sfc.build, plain, tmp_path / "out") == ["E0802"]
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"


def test_a_file_in_the_way_is_left_alone(plain: Circuit, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
        assert codes(sfc.build, plain, folder) == ["E0802"]
    assert contents(tmp_path) == {"file": b"mine"}


@pytest.mark.parametrize("call", ["write_bytes", "mkdir"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_failing_write_leaves_the_old_bundle(
    circuit: Circuit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, after: int
) -> None:
    sfc.build(circuit, tmp_path / "out", seed=1)
    old = contents(tmp_path)
    original = getattr(Path, call)
    calls = []

    def failing(self: Path, *arguments: object, **options: object) -> object:
        calls.append(self)
        if len(calls) > after:
            raise OSError(28, "No space left on device")
        return original(self, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, call, failing)
        assert codes(sfc.build, circuit, tmp_path / "out", seed=2) == ["E0802"]
    assert contents(tmp_path) == old
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_failing_replacement_leaves_the_old_bundle(
    plain: Circuit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sfc.build(plain, tmp_path / "out")
    old = contents(tmp_path)

    def failing(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(driver.os, "replace", failing)
        patch.setattr(driver.os, "rename", failing)
        assert codes(sfc.build, plain, tmp_path / "out") == ["E0802"]
    assert contents(tmp_path) == old


def test_the_current_folder(
    plain: Circuit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(sfc.SfcError):
        sfc.build(plain, ".")


def test_an_unknown_target(plain: Circuit, tmp_path: Path) -> None:
    assert codes(sfc.build, plain, tmp_path / "out", target="netlst") == ["E0707"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["missing", "empty", "longer", "one bit", "a folder", "JSON"])
def test_a_damaged_bundle_is_refused(
    circuit: Circuit, tmp_path: Path, name: str, damage: str
) -> None:
    sfc.build(circuit, tmp_path / "out")
    path = tmp_path / "out" / name
    data = path.read_bytes()
    path.unlink()
    if damage == "a folder":
        path.mkdir()
    elif damage == "JSON":
        path.write_text("[" * 100_000)
    elif damage != "missing":
        middle = data[len(data) // 2] ^ 4
        flipped = data[: len(data) // 2] + bytes([middle]) + data[len(data) // 2 + 1 :]
        path.write_bytes({"empty": b"", "longer": data + b"x", "one bit": flipped}[damage])
    assert codes(sfc.load_bundle, tmp_path / "out") == ["E0801"]


@pytest.mark.parametrize(
    "manifest",
    [
        None,
        [],
        {},
        {"format": "sfc-bundle 2", "files": {}},
        {"format": "sfc-bundle 1"},
        {"format": "sfc-bundle 1", "files": []},
        {"format": "sfc-bundle 1", "files": {}},
        {"format": "sfc-bundle 1", "files": {"netlist.json": 5}},
        {"format": "sfc-bundle 1", "files": {"netlist.json": "0" * 64}},
        {"format": "sfc-bundle 1", "files": "netlist.json"},
    ],
    ids=repr,
)
def test_a_manifest_of_another_form_is_refused(
    plain: Circuit, tmp_path: Path, manifest: object
) -> None:
    sfc.build(plain, tmp_path / "out")
    (tmp_path / "out" / "manifest.json").write_text(json.dumps(manifest))
    assert codes(sfc.load_bundle, tmp_path / "out") == ["E0801"]


def test_a_folder_that_is_no_bundle(tmp_path: Path) -> None:
    assert codes(sfc.load_bundle, tmp_path) == ["E0801"]
    assert codes(sfc.load_bundle, tmp_path / "missing") == ["E0801"]
    assert codes(sfc.load_bundle, tmp_path / "nu\0l") == ["E0801"]


def test_write_file_replaces_or_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "file.json"
    files.write_file(path, b"old")

    def failing(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", failing)
        assert codes(files.write_file, path, b"new") == ["E0802"]
    assert contents(tmp_path) == {"deep/file.json": b"old"}
    files.write_file(path, b"new")
    assert contents(tmp_path) == {"deep/file.json": b"new"}
    assert codes(files.write_file, path / "below", b"new") == ["E0802"]
