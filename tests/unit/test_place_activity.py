from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import sfc
from sfc.place.activity import measured, of_counts, predicted

CHAINS = """sfc 1;
neuron Relay { threshold = 128; ring = 512; }
neuron Gated { threshold = 128; bias = -896; drive = 80; }
input pic[6] at most 4;
chain g[4] : Relay ring;
population a[6], b[6] : Gated;
phase 1 { present pic to a; open a; }
phase 3 { open b; }
a -> b one_to_one weight spike delay 1;
"""


def test_prediction_bounds_every_cell_and_input() -> None:
    activity = predicted(sfc.compile_text(CHAINS))
    assert (activity.samples, activity.steps) == (0, 4)
    found = {name: spikes.tolist() for name, spikes in activity.spikes.items()}
    assert found["pic"] == [4, 0, 0, 0]
    assert found["a"] == [0, 4, 0, 0]
    assert found["b"] == [0, 0, 0, 4]
    assert [found[f"g[{k}]"] for k in range(4)] == [
        [0, 0, 0, 1],
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
    ]


def test_prediction_without_frames_is_per_step() -> None:
    text = """sfc 1;
    neuron Leaky { threshold = 10; }
    input pic[5];
    population a[3] : Leaky;
    pic -> a all_to_all weight 4;
    """
    activity = predicted(sfc.compile_text(text))
    assert activity.steps == 1
    assert {name: spikes.tolist() for name, spikes in activity.spikes.items()} == {
        "a": [3],
        "pic": [5],
    }


def test_counts_of_a_run_are_averaged() -> None:
    circuit = sfc.compile_text(CHAINS)
    rows = [[1, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0]]
    result = sfc.Simulator(circuit).run({"pic": rows}, counts=True)
    assert dict(result.presented) == {"pic": 8}
    activity = of_counts(circuit, result.spike_counts, 4, result.presented)
    assert activity.spikes["pic"].tolist() == [2, 0, 0, 0]
    assert activity.spikes["a"].tolist() == [0, 2, 0, 0]
    assert activity.spikes["b"].tolist() == [0, 0, 0, 2]
    assert activity.basis == "a run of 4 samples"


def test_no_prediction_is_below_what_was_counted() -> None:
    circuit = sfc.compile("backprop", n_hid=20)
    data = sfc.load_data("mnist20")
    inputs = {"image": data.train_images[:200], "label": data.train_labels[:200]}
    result = sfc.Simulator(circuit, seed=1).run(inputs, counts=True)
    counted = of_counts(circuit, result.spike_counts, 200, result.presented)
    most = predicted(circuit)
    assert counted.spikes["image"].sum() > 50
    for name, spikes in counted.spikes.items():
        assert (spikes <= most.spikes[name]).all(), name


def _run(path: Path, *arguments: str) -> Path:
    words = [sys.executable, "-m", "sfc", "run", *arguments, "--json", str(path)]
    subprocess.run(words, capture_output=True, check=True, cwd=path.parent)
    return path


def test_file_of_a_training_tells_the_last_epoch(tmp_path: Path) -> None:
    path = _run(
        tmp_path / "run.json",
        *("backprop", "-D", "n_hid=20", "--data", "mnist20", "--limit", "60", "--epochs", "2"),
        *("--test-limit", "10"),
    )
    run = json.loads(path.read_text())
    assert run["counted"] == {"what": "training", "frames": 60, "steps": 720}
    circuit = sfc.compile("backprop", n_hid=20)
    activity = measured(circuit, path)
    assert activity.basis == "run.json: 60 samples, training"
    assert (activity.samples, activity.steps) == (60, 12)
    data = sfc.load_data("mnist20")
    on = data.train_images[:60].sum() / 60
    assert activity.spikes["image"].tolist() == pytest.approx([on, *[0] * 11])
    assert activity.spikes["x"][[1, 7, 11]].tolist() == pytest.approx([on] * 3)
    assert activity.spikes["t"].tolist() == pytest.approx([0, 0, 0, 1, *[0] * 8])
    assert activity.spikes["label"].tolist() == pytest.approx([0, 0, 1, *[0] * 9])


def test_file_of_a_test_alone_tells_that(tmp_path: Path) -> None:
    arguments = ("backprop_inference", "-D", "n_hid=20", "--data", "mnist20", "--epochs", "0")
    path = _run(tmp_path / "test.json", *arguments, "--test-limit", "30")
    activity = measured(sfc.compile("backprop_inference", n_hid=20), path)
    assert activity.basis == "test.json: 30 samples, test"
    assert activity.spikes["label"].sum() == 0
    on = sfc.load_data("mnist20").test_images[:30].sum() / 30
    assert activity.spikes["x"].tolist() == pytest.approx([0, on, 0, 0])


def test_file_of_a_watched_run_without_frames(tmp_path: Path) -> None:
    path = _run(tmp_path / "plain.json", "plain", "--steps", "50")
    circuit = sfc.compile("plain")
    activity = measured(circuit, path)
    assert (activity.samples, activity.steps) == (50, 1)
    counts = sfc.Simulator(circuit).run(steps=50, counts=True).spike_counts
    for name in circuit.populations:
        assert activity.spikes[name].tolist() == [counts[name] / 50]


def test_file_of_another_circuit_is_refused_with_both_named(tmp_path: Path) -> None:
    path = _run(tmp_path / "ring.json", "ring", "--frames", "3")
    with pytest.raises(sfc.SfcError, match=r"E0804.*of a run of `ring`.*, not of `plain`"):
        measured(sfc.compile("plain"), path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "is no file of a run"),
        ('{"format": "sfc-sweep 1"}', "is no file of a run"),
        ("DIGEST}", "tells no spikes"),
        ('DIGEST, "counted": {"frames": 1}, "spike_counts": {}, "presented": {}}', "holds None"),
        (
            'DIGEST, "counted": {"frames": 1, "steps": 3}, "spike_counts": {}, "presented": {}}',
            "were not counted",
        ),
        (
            'DIGEST, "counted": {"frames": 0, "steps": 0}, "spike_counts": {}, "presented": {}}',
            "no sample",
        ),
        (
            'DIGEST, "counted": {"frames": 1, "steps": 3}, "spike_counts": {"g[0]": [0.5]}, '
            '"presented": {}}',
            "holds 0.5",
        ),
    ],
)
def test_damaged_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    from sfc.ir.record import digest

    circuit = sfc.compile("ring")
    path = tmp_path / "run.json"
    head = f'{{"format": "sfc-run 1", "digest": "{digest(circuit)}"'
    path.write_text(text.replace("DIGEST", head))
    with pytest.raises(sfc.SfcError, match=f"E0804(.|\n)*{message}"):
        measured(circuit, path)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(sfc.SfcError, match=r"E0804.*cannot be read"):
        measured(sfc.compile("ring"), tmp_path / "none.json")
