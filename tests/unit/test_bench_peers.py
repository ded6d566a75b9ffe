"""The networks that peers are given, and what keeps their environments fixed."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import sfc

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "benchmarks" / "peers"
FOLDERS = sorted(path.parent for path in PEERS.glob("*/run.py"))


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finds modules where the driver and the peers' programs find them."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.syspath_prepend(str(PEERS))


def small_work(name: str):
    from peers.works import Work

    generator = np.random.default_rng(3)
    if name == "coincidences":
        circuit = sfc.compile(PEERS / "coincidences.sfc", n=12)
        inputs = {side: generator.random((40, 12)) < 0.4 for side in ("pre", "post")}
        weights = {"W": 2 * generator.integers(-128, 127, (12, 12))}
        return Work(name, "", circuit, inputs, weights, ("h",))
    circuit = sfc.compile(name, n_in=12, n_hid=8, n_out=3)
    inputs = {
        "image": generator.random((40, 12)) < 0.6,
        "label": np.eye(3, dtype=bool)[generator.integers(0, 3, 40)],
    }
    weights = {
        "W1": 2 * generator.integers(-60, 127, (12, 8)),
        "W2": 2 * generator.integers(-100, 127, (8, 3)),
    }
    return Work(name, "", circuit, inputs, weights, ("h", "o"))


@pytest.mark.parametrize(
    "name", ["backprop", "backprop_margin", "backprop_inference", "coincidences"]
)
def test_a_job_replayed_in_numpy_is_the_run_of_the_reference(name: str, tmp_path: Path) -> None:
    from job import differences, read_job
    from peers.job import write_job
    from peers.network import make_job
    from replay import Replay

    work = small_work(name)
    write_job(tmp_path / "job.npz", make_job(work))
    job = read_job(tmp_path / "job.npz")
    replay = Replay(job)
    for _ in range(job.steps):
        replay.advance()
    assert all(len(events) > 10 for events in job.spikes.values())
    assert len(job.learned) == {"backprop_inference": 0, "coincidences": 1}.get(name, 8)
    spikes = {name: replay.spikes(name) for name in job.spikes}
    assert differences(job, spikes, replay.weights) == []
    for projection in job.projections:
        if projection.learns:
            assert (job.learned[projection.name] != projection.weights).any()


def test_differences_are_seen() -> None:
    from peers.job import differences
    from peers.network import make_job

    job = make_job(small_work("backprop"))
    spikes = {name: events.copy() for name, events in job.spikes.items()}
    learned = {name: weights.copy() for name, weights in job.learned.items()}
    assert differences(job, spikes, learned) == []
    spikes["h"][-1, 1] += 1
    learned["x -> h_lt"][2, 3] += 2
    sentences = differences(job, spikes, learned)
    assert len(sentences) == 2
    assert "spikes of h" in sentences[0]
    assert sentences[1] == "1 of 96 weights of x -> h_lt differ"


def test_the_contests_are_those_of_the_folders() -> None:
    from bench_peers import CONTESTS

    contests = {peer.folder for peer in CONTESTS}
    assert contests | {"sanafe"} == {folder.name for folder in FOLDERS}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_requirement_is_pinned(folder: Path) -> None:
    version = (folder / "python-version").read_text("utf-8").strip()
    assert re.fullmatch(r"3\.\d+", version)
    lines = (folder / "requirements.txt").read_text("utf-8").splitlines()
    assert lines
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line), line
    wanted = tuple(int(number) for number in version.split("."))
    for path in (*folder.rglob("*.py"), PEERS / "job.py", PEERS / "replay.py"):
        ast.parse(path.read_text("utf-8"), feature_version=wanted)


def test_a_program_that_fails_or_does_not_end_is_left_out() -> None:
    from peers.environments import LeftOut, run

    assert run([sys.executable, "-c", "print(5)"], 60) == "5\n"
    with pytest.raises(LeftOut, match="ValueError: no such thing"):
        run([sys.executable, "-c", "raise ValueError('no such thing')"], 60)
    with pytest.raises(LeftOut, match=r"took more than 0\.3 s"):
        run([sys.executable, "-c", "import time; time.sleep(600)"], 0.3)
    with pytest.raises(LeftOut, match="cannot be run"):
        run([ROOT / "no-such-program"], 60)


def test_a_missing_python_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from peers import environments

    peer = tmp_path / "peer"
    peer.mkdir()
    (peer / "python-version").write_text("3.99\n")
    (peer / "requirements.txt").write_text("")
    monkeypatch.setattr(environments, "PEERS", tmp_path)
    with pytest.raises(environments.LeftOut, match=r"there is no Python 3\.99 here"):
        environments.environment("peer", tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
