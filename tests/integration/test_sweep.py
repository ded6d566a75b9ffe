"""Sweeps as a user meets them: in processes, with Dask, stopped and gone on with."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import sfc

SHORT = ["--data", "mnist20", "--limit", "50", "--test-limit", "40"]
LONGER = ["--data", "mnist20", "--limit", "200", "--test-limit", "20", "-D", "n_hid=8"]
LONGER += ["--engine", "reference", "--jobs=2"]
VARIED = ["backprop", *SHORT, "-D", "n_hid=8,16", "--seeds", "2", "--epochs", "2"]


def start(*words: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "sfc", "sweep", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def sweep(*words: str, folder: Path, code: int = 0) -> tuple[str, str]:
    process = start(*words, folder=folder)
    printed, errors = process.communicate(timeout=120)
    assert process.returncode == code, printed + errors
    assert "Traceback" not in errors
    return printed, errors


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def without_times(path: Path) -> list[dict[str, str]]:
    return [{name: row[name] for name in row if name != "seconds"} for row in rows_of(path)]


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(happened: object, seconds: float = 30) -> None:
    """Waits until a function returns something true."""
    end = time.monotonic() + seconds
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def one_job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one")
    words = ["--jobs", "1", "-o", "results.csv", "--json", "out.json", "--plot", "plots"]
    printed, errors = sweep(*VARIED, *words, folder=folder)
    assert "4 runs, " in printed
    assert "rows in results.csv" in printed
    assert errors == ""
    return folder


def test_a_row_is_that_of_a_single_run(one_job: Path) -> None:
    rows = rows_of(one_job / "results.csv")
    assert [(row["n_hid"], row["seed"]) for row in rows] == [
        ("8", "0"),
        ("8", "1"),
        ("16", "0"),
        ("16", "1"),
    ]
    row = rows[3]
    words = [sys.executable, "-m", "sfc", "run", "backprop", *SHORT, "--epochs", "2"]
    words += ["-D", "n_hid=16", "--seed", "1", "--json", "-"]
    done = subprocess.run(words, cwd=one_job, capture_output=True, text=True, check=True)
    outcome = json.loads(done.stdout)
    tests = [epoch["test"] for epoch in outcome["epochs"]]
    last = outcome["epochs"][-1]
    for readout in ("by_spikes", "by_membrane"):
        accuracies = [test[f"accuracy_{readout}"] for test in tests]
        assert float(row[f"test_{readout}"]) == accuracies[-1]
        assert float(row[f"best_{readout}"]) == max(accuracies)
        assert float(row[f"last_ten_{readout}"]) == pytest.approx(sum(accuracies) / 2)
        assert float(row[f"training_{readout}"]) == last[f"training_accuracy_{readout}"]
    assert (row["engine"], row["samples"], row["epochs"]) == ("auto", "50", "2")
    assert float(row["seconds"]) > 0


def test_json_and_pictures(one_job: Path) -> None:
    outcome = json.loads((one_job / "out.json").read_text())
    assert outcome["format"] == "sfc-sweep 1"
    assert outcome["parameters"] == {"n_hid": [8, 16]}
    assert (outcome["seeds"], outcome["data"], outcome["epochs"]) == ([0, 1], "mnist20", 2)
    assert [(run["parameters"], run["seed"]) for run in outcome["runs"]] == [
        ({"n_hid": n_hid}, seed) for n_hid in (8, 16) for seed in (0, 1)
    ]
    assert [group["runs"] for group in outcome["summary"]] == [2, 2]
    first = outcome["summary"][0]["by_membrane"]
    seen = [run["test_by_membrane"] for run in outcome["runs"][:2]]
    assert first == {
        "mean": pytest.approx(sum(seen) / 2),
        "lowest": min(seen),
        "highest": max(seen),
    }
    assert (one_job / "plots" / "sweep.png").read_bytes()[:4] == b"\x89PNG"
    assert "by membrane" in (one_job / "plots" / "sweep.svg").read_text()


def test_a_finished_sweep_is_not_run_again(one_job: Path) -> None:
    before = (one_job / "results.csv").read_bytes()
    printed, _ = sweep(*VARIED, "-o", "results.csv", "--json", "-", folder=one_job)
    assert (one_job / "results.csv").read_bytes() == before
    again = json.loads(printed)["runs"]
    assert again == json.loads((one_job / "out.json").read_text())["runs"]


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a Dask scheduler with two workers, each a process."""
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(processes=True, **options) as cluster:
        yield cluster.scheduler_address


def test_dask_gives_the_same_rows(one_job: Path, scheduler: str, tmp_path: Path) -> None:
    sweep(*VARIED, "--scheduler", scheduler, "-o", "results.csv", folder=tmp_path)
    assert without_times(tmp_path / "results.csv") == without_times(one_job / "results.csv")


def test_data_that_differ_on_a_worker(scheduler: str, tmp_path: Path) -> None:
    from sfc.sweeps.plan import Options, make_plan
    from sfc.sweeps.pools import opened
    from sfc.sweeps.work import execute

    options = Options("mnist20", limit=50, test_limit=50)
    plan = make_plan("backprop", {"n_hid": [8]}, [0], options)
    with opened(scheduler=scheduler) as pool:
        task = plan.task(plan.runs[0]) | {"data_digest": "another"}
        outcome = pool.executor.submit(execute, task).result()
    (error,) = outcome["errors"]
    assert error[0] == "E0701"
    assert "holds something else here" in error[1]


def test_ctrl_c_with_dask(scheduler: str, tmp_path: Path) -> None:
    process = start("backprop", *LONGER[:-1], "--seeds", "50", "-o", "r.csv",
                    "--scheduler", scheduler, folder=tmp_path)  # fmt: skip
    wait_for((tmp_path / "r.csv").exists)
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=30)
    assert process.returncode == 130, printed + errors
    assert all(" - distributed." in line for line in errors.splitlines()), errors
    assert f"{50 - len(rows_of(tmp_path / 'r.csv'))} rows remain" in printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopped_and_gone_on_with(number: signal.Signals, tmp_path: Path) -> None:
    words = ["backprop", *LONGER, "--seeds", "4", "-o", "r.csv"]
    process = start(*words, folder=tmp_path)
    wait_for((tmp_path / "r.csv").exists)
    workers = children(process.pid)
    assert len(workers) >= 2
    process.send_signal(number)
    printed, errors = process.communicate(timeout=30)
    kept = rows_of(tmp_path / "r.csv")
    assert 1 <= len(kept) < 4
    assert errors == ""
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert f"{4 - len(kept)} rows remain, {len(kept)} are in r.csv" in printed
        assert "Repeat the command to go on" in printed
    wait_for(lambda: not any(map(is_running, workers)))
    assert [path.name for path in tmp_path.iterdir()] == ["r.csv"]
    printed, _ = sweep(*words, folder=tmp_path)
    assert f"{len(kept)} of 4 rows are in r.csv already." in printed
    rows = rows_of(tmp_path / "r.csv")
    assert [row["seed"] for row in rows] == ["0", "1", "2", "3"]
    assert all(row in rows for row in kept)


@pytest.mark.parametrize("started", [1, 3])
def test_ctrl_c_while_workers_start(started: int, tmp_path: Path) -> None:
    """The signal goes to all processes of a terminal; one of them keeps track of resources."""
    words = [sys.executable, "-m", "sfc", "sweep", "backprop", *LONGER, "--seeds", "9"]
    process = subprocess.Popen(
        words,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(lambda: len(children(process.pid)) >= started)
    os.killpg(process.pid, signal.SIGINT)
    printed, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, ""), printed + errors
    assert "Stopped: 9 rows remain" in printed


def test_a_run_that_fails_leaves_a_row_and_the_others_go_on(tmp_path: Path) -> None:
    words = ["backprop", *SHORT, "-D", "n_in=400,9", "-D", "n_hid=8", "-o", "r.csv"]
    printed, errors = sweep(*words, folder=tmp_path, code=1)
    good, bad = rows_of(tmp_path / "r.csv")
    assert good["error"] == ""
    assert bad["error"].startswith("E0702: the images of mnist20 have 400 pixels")
    assert bad["test_by_spikes"] == ""
    assert "n_in 9, n_hid 8, seed 0 failed:\n" in errors
    assert "error[E0702]: the images" in errors
    assert "help: add -D n_in=400" in errors
    assert "2 runs, 1 failed" in printed
    assert "┃ failed ┃" in printed
    again, _ = sweep(*words, folder=tmp_path, code=1)
    assert "1 of 2 rows are in r.csv already" in again
    assert rows_of(tmp_path / "r.csv") == [good, bad]


def test_a_worker_that_dies(tmp_path: Path) -> None:
    words = ["backprop", *LONGER, "--seeds", "4", "-o", "r.csv"]
    process = start(*words, folder=tmp_path)
    wait_for((tmp_path / "r.csv").exists)
    for worker in children(process.pid):
        if b"spawn_main" in Path(f"/proc/{worker}/cmdline").read_bytes():
            os.kill(worker, signal.SIGKILL)
            break
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "error[E0712]: the workers of this sweep are lost" in errors
    assert "fewer --jobs" in errors
    assert "Traceback" not in errors
    assert rows_of(tmp_path / "r.csv")


MISTAKES = [
    (["bakprop"], 1, "did you mean `backprop`?"),
    (["backprop", "-D", "n_hdi=3,4"], 1, "did you mean `n_hid`?"),
    (["backprop", "-D", "n_hid=3,many"], 1, "takes a number"),
    (["backprop", "-D", "n_hid=3", "-D", "n_hid=4"], 2, "given twice: write -D n_hid="),
    (["backprop", "-D", "n_hid=3,3"], 1, "n_hid is 3 twice"),
    (["backprop", "--seeds", "many"], 2, "--seeds takes a number"),
    (["backprop", "--seeds", "0"], 1, "no seed is given"),
    (["backprop", "--seeds", "1000000000"], 1, "at most 10,000 are one sweep"),
    (["backprop", "--seeds", "4,-1"], 1, "a seed is an integer from 0 on"),
    (["backprop", "--engine", "nest"], 1, "unknown engine `nest`"),
    (["backprop", "--jobs", "2", "--scheduler", "tcp://h:1"], 2, "--jobs is for this machine"),
    (["backprop", "-o", "."], 1, "it is a folder"),
    (["backprop", "-o", "/dev/null"], 1, "no file that rows could be kept in"),
    (["gated_and"], 1, "has no readout"),
]


@pytest.mark.parametrize(("words", "code", "message"), MISTAKES)
def test_mistakes(words: list[str], code: int, message: str, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from sfc import cli

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        result = CliRunner().invoke(cli.app, ["sweep", *words, "--data", "mnist20"])
    assert result.exit_code == code
    assert message in " ".join(f"{result.output} {result.exception}".split())
    assert list(tmp_path.iterdir()) == []


def test_schedulers_that_do_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("sfc.sweeps.pools._TIMEOUT", 0.5)
    for address in ("nonsense", "tcp://127.0.0.1:1", "inproc://1"):
        with pytest.raises(sfc.SfcError, match=r"E0712.*no Dask scheduler answers") as caught:
            sfc.sweep("backprop", {"n_hid": 8}, data="mnist20", scheduler=address)
        assert "`dask scheduler` prints its address" in str(caught.value)


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(sfc.SfcError, match=r"E0712.*the packages distributed") as caught:
        sfc.sweep("backprop", {"n_hid": 8}, data="mnist20", scheduler="tcp://127.0.0.1:1")
    assert 'pip install "sfc-compiler[dask]"' in str(caught.value)


def test_from_python_with_two_jobs(one_job: Path, tmp_path: Path) -> None:
    seen = []
    found = sfc.sweep(
        "backprop",
        {"n_hid": [8, 16]},
        data="mnist20",
        seeds=2,
        epochs=2,
        limit=50,
        test_limit=40,
        jobs=2,
        output=tmp_path / "results.csv",
        each=seen.append,
    )
    assert without_times(tmp_path / "results.csv") == without_times(one_job / "results.csv")
    assert {(row.parameters["n_hid"], row.seed) for row in seen} == {
        (n_hid, seed) for n_hid in (8, 16) for seed in (0, 1)
    }
    assert [group.parameters for group in found.groups] == [{"n_hid": 8}, {"n_hid": 16}]
    spread = found.groups[0].by_spikes
    assert spread is not None
    assert spread.lowest <= spread.mean <= spread.highest
    assert [path.name for path in found.draw(tmp_path / "plots")] == ["sweep.png", "sweep.svg"]
