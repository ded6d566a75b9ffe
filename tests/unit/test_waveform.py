"""Waveforms: what is traced, and that a VCD file read back says the same."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vcd.reader import TokenKind, tokenize

import sfc
from sfc import driver
from sfc.report import waveform
from sfc.report.waveform import vcd_bytes, waveform_npz
from sfc.sim.drive import drive_of
from sfc.sim.script import Script
from sfc.sim.trace import Trace, trace

BRANCHING = """sfc 1;
neuron Relay { threshold = 1024; ring = 2048; }
neuron Gated { threshold = 1024; bias = -8192; drive = 520; close = 8128; }
input image[4], go;
chain g[5] : Relay ring;
chain s[2] : Relay;
population start : Gated;
chain r[3] : Relay started by start delay 1;
module M() { population y[2, 2], mask[4] : Gated; }
instance net : M();
phase g[0] { present image to net.mask; open net.mask; close net.y; }
phase g[1] { present go to start; open start; }
phase r[1] { open net.y[0, 0..1]; }
phase s[1] { close net.y[1, 0] by 4064; }
gate net.mask[2..3] -> net.y[1, 0..1] one_to_one delay 1;
test "branch" {
  present image = [0, 1, 0, 1];
  frame 1 { present go = 1; }
  run 4;
}
"""


def traced(text: str, tmp_path: Path) -> tuple[Trace, Script]:
    path = tmp_path / "branching.sfc"
    path.write_text(text, "utf-8")
    circuit, (bench,) = driver.compile_tests(path)
    return trace(circuit, bench), Script(circuit, bench)


Waves = dict[str, tuple[int, list[Any]]]


def read_back(data: bytes) -> tuple[str, Waves]:
    """The comment of a VCD file, and the width and values of its signals step by step."""
    comment, scopes, names, sizes = "", [], {}, {}
    values: dict[str, Any] = {}
    columns: dict[str, list[Any]] = {}
    now = -1
    for token in tokenize(io.BytesIO(data)):
        if token.kind is TokenKind.COMMENT:
            comment = token.comment
        elif token.kind is TokenKind.TIMESCALE:
            assert str(token.timescale) == "1 us"
        elif token.kind is TokenKind.SCOPE:
            scopes.append(token.scope.ident)
        elif token.kind is TokenKind.UPSCOPE:
            scopes.pop()
        elif token.kind is TokenKind.VAR:
            name = ".".join([*scopes, token.var.reference])
            assert name not in names.values()
            names[token.var.id_code], sizes[name] = name, token.var.size
            columns[name] = []
        elif token.kind is TokenKind.CHANGE_TIME:
            for _ in range(now, token.time_change) if now >= 0 else ():
                for code, name in names.items():
                    columns[name].append(values[code])
            now = token.time_change
        elif token.kind in (TokenKind.CHANGE_SCALAR, TokenKind.CHANGE_VECTOR):
            values[token.data.id_code] = token.data.value
    return comment, {name: (sizes[name], columns[name]) for name in columns}


def bits(width: int, values: list[Any]) -> np.ndarray:
    """(steps, width) booleans, the leftmost bit first."""
    rows = [value if isinstance(value, str) else format(value, f"0{width}b") for value in values]
    return np.array([[bit == "1" for bit in row] for row in rows])


def numbers(values: list[Any]) -> list[int]:
    return [-1 if value == "z" else value for value in values]


def test_frames_phases_and_spikes_of_a_trace(tmp_path: Path) -> None:
    found, script = traced(BRANCHING, tmp_path)
    inputs = [script.inputs(range(k, k + 1)) for k in range(4)]
    rows = {
        n: np.concatenate([i.get(n, np.zeros((1, s), bool)) for i in inputs])
        for n, s in (("image", 4), ("go", 1))
    }
    names = ["net.y", "net.mask", "start", "g", "s", "r", "image", "go"]
    result = sfc.Simulator(script.circuit).run(rows, probes=names)
    assert found.steps == result.steps == 20
    assert found.stopped == ""
    assert set(found.spikes) == set(names)
    for name in names:
        size = {"g": 5, "s": 2, "r": 3}.get(name) or script.circuit.size(name)
        np.testing.assert_array_equal(found.spikes[name], result.spikes[name].reshape(20, size))
    assert found.frame.tolist() == [0] * 5 + [1] * 5 + [2] * 5 + [3] * 5
    assert found.phases["g"].tolist() == [0, 1, 2, 3, 4] * 4
    assert found.phases["s"].tolist() == [0, 1, -1, -1, -1] * 4
    assert found.phases["r"].tolist() == [-1] * 9 + [0, 1, 2] + [-1] * 8


def test_gates_arrive_when_the_engine_says_so(tmp_path: Path) -> None:
    found, script = traced(BRANCHING, tmp_path)
    origins = {
        p.name: p.origin.kind for p in script.circuit.projections.values() if p.origin is not None
    }
    gated = {"opened": ("open", "gate"), "closed": ("close",)}
    seen = 0
    for population in ("net.y", "net.mask", "start"):
        for step in range(found.steps):
            arrivals = {
                arrival.projection
                for number in range(script.circuit.size(population))
                for arrival in drive_of(script, population, number, step // 5, step).arrivals
            }
            kinds = {origins.get(projection) for projection in arrivals}
            for signals, wanted in gated.items():
                signal = getattr(found, signals).get(population, np.zeros(found.steps, bool))
                assert signal[step] == bool(kinds & set(wanted)), (population, step, signals)
                seen += int(signal[step])
    assert seen > 10
    assert set(found.opened) == {"net.y", "net.mask", "start"}
    assert set(found.closed) == {"net.y"}


def test_a_vcd_file_reads_back_as_the_trace(tmp_path: Path) -> None:
    found, _ = traced(BRANCHING, tmp_path)
    comment, waves = read_back(vcd_bytes(found))
    assert "Test: branch" in comment
    assert "neuron 0 leftmost" in comment
    assert "1 us stands for one step" in comment
    for name, spikes in found.spikes.items():
        width, values = waves.pop(f"branching.{name}")
        assert width == spikes.shape[1]
        np.testing.assert_array_equal(bits(width, values), spikes)
    for ending, signals in (("open", found.opened), ("close", found.closed)):
        for name, signal in signals.items():
            assert waves.pop(f"branching.{name}_{ending}")[1] == [str(int(bit)) for bit in signal]
    for name, phases in found.phases.items():
        assert numbers(waves.pop(f"branching.{name}_phase")[1]) == phases.tolist()
    assert waves.pop("branching.frame")[1] == found.frame.tolist()
    assert waves == {}


def test_equal_traces_give_equal_files(tmp_path: Path) -> None:
    first, again = (traced(BRANCHING, tmp_path)[0] for _ in range(2))
    assert vcd_bytes(first) == vcd_bytes(again)
    assert waveform_npz(first) == waveform_npz(again)


def test_the_arrays_load_without_pickle(tmp_path: Path) -> None:
    found, _ = traced(BRANCHING, tmp_path)
    with np.load(io.BytesIO(waveform_npz(found)), allow_pickle=False) as arrays:
        assert set(arrays) == {
            *(f"spikes/{name}" for name in found.spikes),
            *(f"phase/{name}" for name in found.phases),
            *("phase", "frame"),
        }
        for name, spikes in found.spikes.items():
            assert arrays[f"spikes/{name}"].dtype == np.bool_
            np.testing.assert_array_equal(arrays[f"spikes/{name}"], spikes)
        np.testing.assert_array_equal(arrays["phase"], found.phases["g"])
        np.testing.assert_array_equal(arrays["phase/r"], found.phases["r"])
        np.testing.assert_array_equal(arrays["frame"], found.frame)


def test_a_plain_circuit_has_neither_frames_nor_phases(tmp_path: Path) -> None:
    text = "sfc 1; neuron M { threshold = 5; bias = 2; decay_v = 0; } population a[2] : M;"
    found, _ = traced(f'{text} test "t" {{ run 6; }}', tmp_path)
    _, waves = read_back(vcd_bytes(found))
    assert waves == {"branching.a": (2, [0, 0, 3, 0, 0, 3])}
    with np.load(io.BytesIO(waveform_npz(found))) as arrays:
        assert set(arrays["frame"]) == set(arrays["phase"]) == {-1}


def test_a_large_population_has_several_signals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waveform, "_WIDEST", 3)
    text = "sfc 1; neuron M { threshold = 5; } input p[8]; population a[8] : M;"
    text += 'p -> a one_to_one weight 6; test "t" { present p at 0 = [1, 0, 0, 0, 1, 1, 0, 1];'
    found, _ = traced(f"{text} run 2; }}", tmp_path)
    _, waves = read_back(vcd_bytes(found))
    names = ["branching.a_0", "branching.a_1", "branching.a_2"]
    assert [waves[name][0] for name in names] == [3, 3, 2]
    parts = [bits(*waves[name]) for name in names]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), found.spikes["a"])
    assert b"a_1[3:5]" in vcd_bytes(found)


def test_signals_of_one_name_are_told_apart(tmp_path: Path) -> None:
    text = BRANCHING.replace("start : Gated;", "start_open, start, g_phase : Gated;")
    found, _ = traced(text, tmp_path)
    _, waves = read_back(vcd_bytes(found))
    for name, derived in (("start_open", found.opened["start"]), ("g_phase", found.phases["g"])):
        assert waves[f"branching.{name}"] == (1, ["0"] * found.steps)
        values = waves[f"branching.{name}_"][1]
        assert [int(value) for value in values] == derived.tolist()


def test_a_title_cannot_end_the_comment(tmp_path: Path) -> None:
    found, _ = traced(BRANCHING.replace('"branch"', '"a $end $var"'), tmp_path)
    comment, waves = read_back(vcd_bytes(found))
    assert "Test: a end var" in comment
    assert len(waves) == 16


def test_a_run_that_stops_is_traced_up_to_there(tmp_path: Path) -> None:
    found, _ = traced(BRANCHING + "start -> g[3] all_to_all weight -2048;", tmp_path)
    assert found.stopped.startswith("chain `g` stopped")
    assert found.spikes["start"].sum() == 1
    assert found.steps > 100
    comment, waves = read_back(vcd_bytes(found))
    assert "The run ended early: chain `g` stopped" in comment
    assert len(waves["branching.start"][1]) == found.steps
    assert set(found.phases["g"][10:]) == {-1}


def test_a_trace_that_takes_too_much_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfc.sim.trace._TRACE_BYTES", 100)
    with pytest.raises(sfc.SfcError, match=r"E0306.*trace of 20 steps of 24 neurons"):
        traced(BRANCHING, tmp_path)
