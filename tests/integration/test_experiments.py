"""The script that writes docs/results.md."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import sfc

ROOT = Path(__file__).parents[2]
TINY = ["--only", "mnist", "--epochs", "1", "--limit", "20", "--test-limit", "10"]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "experiments", ROOT / "benchmarks" / "experiments.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def outcome(seed: int, digest: str = "d", **changes: Any) -> dict[str, Any]:
    by_spikes = {"last": 0.9 + seed / 100, "best": 0.95, "best_epoch": 3}
    by_membrane = {"last": 0.97, "best": 0.98, "best_epoch": 4}
    summary = {"last_epochs": 10, "by_spikes": by_spikes, "by_membrane": by_membrane}
    position = {"epoch": 60, "sample": 0}
    data = {"digest": digest, "seed": seed, "limit": 0, "next": position, "summary": summary}
    return data | changes


def test_a_table_has_a_row_a_seed_and_their_mean(script: ModuleType) -> None:
    experiments = [e for e in script.EXPERIMENTS if e.name in ("mnist", "margin")]
    runs = {"mnist": {2: outcome(2), 1: outcome(1)}}
    assert script.table(experiments, runs).splitlines()[2:] == [
        "| 400-400-10, the paper's circuit | 60 | 1 | 91.0 | 95.0 | 97.0 | 98.0 |",
        "| 400-400-10, the paper's circuit | 60 | 2 | 92.0 | 95.0 | 97.0 | 98.0 |",
        "| 400-400-10, the paper's circuit | 60 | mean | 91.5 | 95.0 | 97.0 | 98.0 |",
        "| 400-400-10, margin 512 | 60 | | not run yet | | | |",
        "| the paper, on the chip | | | 96.3; second reading 97.5 | | | |",
    ]


def test_a_run_is_taken_if_it_is_finished_and_of_this_circuit(
    script: ModuleType, tmp_path: Path
) -> None:
    experiment = next(e for e in script.EXPERIMENTS if e.name == "mnist")
    digest = experiment.digest()
    kept = {
        1: outcome(1, digest),
        2: outcome(2, digest, next={"epoch": 59, "sample": 50}),
        3: outcome(3, "of another circuit"),
        4: outcome(4, digest, limit=20),
        5: {},
    }
    for seed, data in kept.items():
        (tmp_path / f"mnist-seed{seed}-epochs60.json").write_text(json.dumps(data))
    (tmp_path / "mnist-seed6-epochs60.json").write_text("{")
    (tmp_path / "mnist-seed7-epochs1.json").write_text(json.dumps(outcome(7, digest)))
    (tmp_path / "mnist-800-seed8-epochs60.json").write_text(json.dumps(outcome(8, digest)))
    assert list(script.outcomes(tmp_path, experiment, script.Lengths())) == [1]


def test_a_run_is_kept(
    script: ModuleType,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = script.PAGE.read_bytes()
    words = [*TINY, "--seeds", "4", "--folder", str(tmp_path)]
    assert script.main(words) == 0
    printed = capfd.readouterr().out
    assert "[1/1] mnist, seed 4: run backprop --data mnist20\n" in printed
    assert "epoch 1: while learning" in printed
    row = re.search(r"\| 400-400-10, the paper's circuit \| 1 \| 4 \|.*\n", printed)
    assert row is not None
    assert {path.name for path in tmp_path.iterdir()} == {
        "mnist-seed4-epochs1-20-10",
        "mnist-seed4-epochs1-20-10.json",
    }
    assert script.main(words) == 0
    again = capfd.readouterr().out
    assert "[1/1] mnist, seed 4: kept\n" in again
    assert "epoch 1" not in again
    assert row[0] in again
    assert script.PAGE.read_bytes() == before


def test_the_page_is_what_the_script_makes_of_no_runs_or_more(
    script: ModuleType, tmp_path: Path
) -> None:
    page = script.PAGE.read_text("utf-8")
    parts = script.parts(script.EXPERIMENTS, tmp_path, script.Lengths(), None)
    filled = script.filled(page, parts)
    assert script.filled(filled, parts) == filled
    text = re.compile(r"(<!-- (\w+) -->).*?(<!-- end of \2 -->)", re.DOTALL)
    assert text.sub(r"\1\3", filled) == text.sub(r"\1\3", page)
    for part in parts.values():
        assert part in filled
        for command in re.findall(r"^sfc .*", part, re.MULTILINE):
            assert command in page
    with pytest.raises(SystemExit, match="one <!-- mnist -->"):
        script.filled("", parts)


def test_circuits_fit_their_data(script: ModuleType) -> None:
    sizes = {"mnist20": 400, "fashion28": 784, script.GREY_FASHION: 2352}
    for experiment in script.EXPERIMENTS:
        circuit = sfc.compile(experiment.circuit, **experiment.parameters)
        images = [v.size for name, v in circuit.inputs.items() if name.endswith("image")]
        assert images == [sizes[experiment.data]], experiment.name
