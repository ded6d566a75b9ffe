"""The pass that rounds real weights: what it makes, what it says, what refuses to run before it."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sfc
from sfc import driver
from sfc.ir.circuit import (
    Circuit,
    Input,
    Neuron,
    Origin,
    Population,
    Projection,
    Weight,
    by_name,
)
from sfc.ir.patterns import RealTable
from sfc.ir.reals import real_synapses, real_table
from sfc.ir.record import digest, from_record, to_record
from sfc.ir.synapses import pack, synapses
from sfc.ir.text import parse_circuit, print_circuit
from sfc.ir.verify import InvariantError, verify
from sfc.passes.quantise import Quantise
from sfc.passes.quantise_report import QuantisationReport

LEAKY = Neuron(100)
HEAD = "sfc 1; neuron Leaky { threshold = 100; }\n"


def real(weights: Iterable[Iterable[float]]) -> RealTable:
    array = np.array(weights, np.float64)
    sources, targets = np.nonzero(np.ones(array.shape))
    return real_table(sources, targets, array.ravel())


def circuit_of(
    weights: Iterable[Iterable[float]], neuron: Neuron = LEAKY, *more: Projection
) -> Circuit:
    pattern = real(weights)
    rows, columns = np.array(weights).shape
    ends = (Population("a", (rows,), Neuron(1)), Population("b", (columns,), neuron))
    joined = Projection("a -> b", "a", "b", pattern, Weight(1, 0))
    return Circuit("c", populations=by_name(ends), projections=by_name([joined, *more]))


def report_of(circuit: Circuit, **options: float) -> QuantisationReport:
    changed, reports = Quantise(**options).apply(circuit, sfc.Reporter())  # type: ignore[arg-type]
    verify(changed)
    assert not changed.real_projections()
    return reports[0]


def silenced(circuit: Circuit, **options: float) -> list[int]:
    return list(report_of(circuit, **options).first_silenced)


def written(folder: Path, text: str, **arrays: np.ndarray) -> Path:
    np.savez(folder / "w.npz", **arrays)
    file = folder / "net.sfc"
    file.write_text(HEAD + text, "utf-8")
    return file


# In the IR


def test_real_weights_are_kept_as_they_are() -> None:
    circuit = circuit_of([[0.1, 0, -3e-5], [2**31, 0, 7]])
    verify(circuit)
    found = real_synapses(circuit, circuit.projections["a -> b"])
    assert found.sources.tolist() == [0, 0, 1, 1]
    assert found.targets.tolist() == [0, 2, 0, 2]
    assert found.weights.tolist() == [0.1, -3e-5, 2**31, 7]
    assert circuit.synapse_count(circuit.projections["a -> b"]) == 4


def test_text_record_and_pickle_bring_real_weights_back() -> None:
    circuit = circuit_of([[0.1, -0.7], [1e-300, 3.25]])
    for copy in (
        parse_circuit(print_circuit(circuit)),
        from_record(to_record(circuit)),
        pickle.loads(pickle.dumps(circuit)),
    ):
        assert copy == circuit
        assert digest(copy) == digest(circuit)
    assert digest(circuit_of([[0.1, -0.7], [1e-300, 3.5]])) != digest(circuit)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (real([[np.nan]]), "I05 .* real weights"),
        (real([[np.inf]]), "I05 .* real weights"),
        (real([[2.0**32]]), "I05 .* real weights"),
        (RealTable(1, pack(np.zeros(16, np.uint8))), "I05 .* real weights"),
        (real([[1, 2]]), "I05 .* not there"),
        (RealTable(2, real([[1]]).reals), "I05 .* not 2 synapses"),
        (RealTable(1, pack(np.zeros(10**8, np.uint8))), "I05 .* not 1 synapses"),
        (RealTable(-1, ""), "I05"),
        (RealTable(10**9, ""), "I05 .* more than"),
        (RealTable(1, "?"), "I05 .* unpacked"),
    ],
)
def test_damaged_real_weights(pattern: RealTable, message: str) -> None:
    circuit = circuit_of([[1]])
    changed = replace(circuit.projections["a -> b"], pattern=pattern)
    with pytest.raises(InvariantError, match=message):
        verify(replace(circuit, projections=by_name([changed])))


def test_real_weights_have_no_unit() -> None:
    circuit = circuit_of([[1]])
    changed = replace(circuit.projections["a -> b"], weight=Weight(1, 1))
    with pytest.raises(InvariantError, match="I06"):
        verify(replace(circuit, projections=by_name([changed])))


def test_nothing_runs_or_emits_real_weights(tmp_path: Path) -> None:
    circuit = circuit_of([[0.1]])
    for action in (lambda: sfc.Simulator(circuit), lambda: sfc.build(circuit, tmp_path / "bundle")):
        with pytest.raises(sfc.SfcError, match=r"E0303.*`a -> b` has real weights"):
            action()
    assert not (tmp_path / "bundle").exists()
    with pytest.raises(ValueError, match="not quantised"):
        synapses(circuit, circuit.projections["a -> b"])


# The pass


def test_a_circuit_without_real_weights_stays_itself() -> None:
    circuit = sfc.compile("ring")
    assert Quantise().run(circuit, sfc.Reporter()) is circuit


def test_each_projection_takes_an_exponent_of_its_own() -> None:
    other = Projection("b -> a", "b", "a", real([[0.7], [0.3]]), Weight(1, 0))
    circuit = circuit_of([[1000.2, 3.9]], LEAKY, other)
    changed = Quantise().run(circuit, sfc.Reporter())
    verify(changed)
    assert changed.projections["a -> b"].weight == Weight(1, 2)
    assert changed.projections["b -> a"].weight == Weight(1, -6)
    weights = sfc.Simulator(changed).weights
    assert weights["a -> b"].tolist() == [[1000, 4]]
    assert weights["b -> a"].tolist() == [[45 / 64], [19 / 64]]
    assert Quantise(exponent=0).run(circuit, sfc.Reporter()).projections["b -> a"].weight == Weight(
        1, 0
    )


def test_weights_that_become_zero_make_no_synapse() -> None:
    circuit = circuit_of([[200, 0.3], [0.2, 150]])
    assert report_of(circuit, exponent=0).zeroed == 2
    changed = Quantise(exponent=0).run(circuit, sfc.Reporter())
    assert changed.synapse_count(changed.projections["a -> b"]) == 2


def test_weights_that_all_become_zero_are_an_error(tmp_path: Path) -> None:
    file = written(tmp_path, 'population a, b : Leaky; a -> b matrix("w.npz", "w");', w=[[0.005]])
    with pytest.raises(sfc.SfcError, match=r"E0303.*all rounded to 0") as caught:
        sfc.compile(file)
    assert "net.sfc:2:" in str(caught.value)
    file.write_text(file.read_text("utf-8").replace(");", ") weight 64;"), "utf-8")
    assert sfc.Simulator(sfc.compile(file)).weights["a -> b"].tolist() == [[0.3125]]


def test_a_split_makes_two_projections_that_add_up() -> None:
    weights = [[1000, 1], [2, 3.5]]
    changed, (report,) = Quantise(split=True).apply(circuit_of(weights), sfc.Reporter())
    verify(changed)
    assert report.is_split
    assert list(changed.projections) == ["a -> b", "a -> b fine"]
    held = sfc.Simulator(changed).weights
    assert (held["a -> b"] + held["a -> b fine"]).tolist() == weights
    assert "leave 0 % of the rms" in str(report)


def test_a_split_that_does_not_help_is_not_made() -> None:
    changed, (report,) = Quantise(split=True).apply(circuit_of([[1, 2]]), sfc.Reporter())
    assert not report.is_split
    assert list(changed.projections) == ["a -> b"]


def test_both_parts_of_a_split_are_presented(tmp_path: Path) -> None:
    text = """
    neuron Relay { threshold = 100; ring = 128; }
    chain g[3] : Relay ring;
    input i[2]; population b[2] : Leaky;
    i -> b matrix("w.npz", "w");
    phase 1 { present i; }
    """
    weights = np.array([[1000.0, 1.25], [2.5, 3.5]])
    circuit = driver.elaborate(written(tmp_path, text, w=weights))
    changed = Quantise(split=True).run(circuit, sfc.Reporter())
    verify(changed)
    assert changed.schedule.presents[0].projections == ("i -> b", "i -> b fine")
    result = sfc.Simulator(changed).run({"i": [[1, 1], [0, 1]]}, probes=["b.v"])
    assert result.membrane["b"][:, 1].tolist() == [[1002.5, 4.75], [2.5, 3.5]]


# Neurons that can no longer fire


def test_a_neuron_that_needs_all_its_input() -> None:
    # 40.3 + 40.3 + 20.3 = 100.9 exceeds 100, and 40 + 40 + 20 does not; 101 does before and after.
    weights = [[40.3, 40], [40.3, 41], [20.3, 20]]
    assert silenced(circuit_of(weights), exponent=0) == [0]
    assert silenced(circuit_of(weights), exponent=-1) == []
    assert report_of(circuit_of(weights), exponent=0).silenced == 1


def test_inhibition_does_not_enter() -> None:
    weights = [[60.6, -100], [40.8, -5]]
    assert silenced(circuit_of(weights), exponent=0) == [0]
    assert silenced(circuit_of([[-60.6], [-40.8]]), exponent=0) == []


def test_the_bias_counts() -> None:
    assert silenced(circuit_of([[50.4]], Neuron(100, bias=50)), exponent=0) == [0]
    assert silenced(circuit_of([[50.4]], Neuron(100, bias=51)), exponent=0) == []
    assert silenced(circuit_of([[50.4]], Neuron(100, bias=49)), exponent=0) == []


@pytest.mark.parametrize(
    ("neuron", "weight", "expected"),
    [
        # The current settles at twice the input, the membrane at four times that.
        (Neuron(100, decay_u=2048), 50.4, [0]),
        (Neuron(100, decay_u=2048), 51.4, []),
        (Neuron(400, decay_u=2048, decay_v=1024), 50.4, [0]),
        (Neuron(400, decay_u=2048, decay_v=1024), 51.4, []),
        # With a bias against it the membrane settles at four times the difference.
        (Neuron(400, bias=-10, decay_v=1024), 110.4, [0]),
        (Neuron(399, bias=-10, decay_v=1024), 110.4, []),
        # Without a decay anything adds up, unless it becomes nothing.
        (Neuron(100000, decay_v=0), 0.6, []),
        (Neuron(100000, decay_v=0), 0.4, [0]),
        (Neuron(100000, decay_u=0, decay_v=0), 0.4, [0]),
        (Neuron(100, bias=-20, decay_v=0), 20.4, [0]),
        (Neuron(100, bias=-20, decay_v=0), 20.6, []),
    ],
)
def test_neurons_with_memory(neuron: Neuron, weight: float, expected: list[int]) -> None:
    assert silenced(circuit_of([[weight]], neuron), exponent=0) == expected


def test_other_projections_count_as_they_are() -> None:
    def constant(name: str, pattern: object, weight: int, origin: Origin | None) -> Projection:
        return Projection(name, "a", "b", pattern, Weight(weight, 0), origin=origin)  # type: ignore[arg-type]

    opening = [constant(f"g{n}", "all_to_all", n, Origin("open", "g", n)) for n in (20, 25)]
    closing = constant("close", "all_to_all", -200, Origin("close", "g", 3))
    single = constant("single", "one_to_one", 5, None)
    # Two sources open with 25 each; 20 is a gate of another phase.
    for threshold, expected in ((95, [0]), (94, []), (96, [])):
        circuit = circuit_of([[30.4, 0], [10, 0.4]], Neuron(threshold), *opening, closing, single)
        assert silenced(circuit, exponent=0) == expected, threshold


def test_a_plastic_projection_may_grow_to_the_top_of_its_range(tmp_path: Path) -> None:
    text = """
    rule Grow { dw = 2*x0*y0; range = -128..64; }
    plastic P[2, 1] by Grow;
    population a, c[2], b : Leaky { threshold = 228; }
    a -> b matrix("w.npz", "w");
    c -> b via P;
    """
    for weight, expected in ((100.4, [0]), (101.4, []), (99.4, [])):
        circuit = driver.elaborate(written(tmp_path, text, w=np.array([[weight]])))
        assert silenced(circuit, exponent=0) == expected, weight


def test_only_the_joined_part_counts() -> None:
    circuit = circuit_of([[50.4, 50.4]], Neuron(100))
    extra = Projection("more", "a", "b", "all_to_all", Weight(50, 0), target_part=((1, 1),))
    circuit = replace(circuit, projections=by_name([*circuit.projections.values(), extra]))
    assert silenced(circuit, exponent=0) == [1]


# From files


def test_an_array_of_reals_is_rounded_with_one_warning(tmp_path: Path) -> None:
    text = 'population a[2], b[2] : Leaky;\na -> b matrix("w.npz", "w") weight 10;'
    file = written(tmp_path, text, w=np.array([[25.55, 0], [0.001, 10.06]]))
    reporter = sfc.Reporter()
    circuit = sfc.compile(file, reporter)
    assert sfc.Simulator(circuit).weights["a -> b"].tolist() == [[255, 0], [0, 101]]
    assert parse_circuit(str(circuit)) == circuit
    (warning,) = reporter.diagnostics
    assert (warning.code, warning.severity) == ("W0301", "warning")
    assert str(warning).splitlines()[:3] == [
        f"{file}:3:24: warning[W0301]: the real weights of `a -> b` are rounded to multiples of 1: "
        "the error is 0.233 % of their rms, 1 of 3 become 0, 1 saturate",
        '     3 | a -> b matrix("w.npz", "w") weight 10;',
        "       |                        ^^^",
    ]


def test_reals_that_are_held_are_not_rounded(tmp_path: Path) -> None:
    text = 'population a[2], b : Leaky; a -> b matrix("w.npz", "w") weight 1;'
    reporter = sfc.Reporter()
    circuit = sfc.compile(written(tmp_path, text, w=np.array([[0.5], [-3.25]])), reporter)
    assert not reporter.diagnostics
    assert sfc.Simulator(circuit).weights["a -> b"].tolist() == [[0.5], [-3.25]]


def test_integers_are_never_rounded(tmp_path: Path) -> None:
    text = 'population a[2], b : Leaky; a -> b matrix("w.npz", "w") weight 1;'
    with pytest.raises(sfc.SfcError, match="E0303"):
        sfc.compile(written(tmp_path, text, w=np.array([[1000], [1]])))


@pytest.mark.parametrize("kind", ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8"])
def test_every_kind_of_reals_is_taken(tmp_path: Path, kind: str) -> None:
    text = 'population a[2], b : Leaky; a -> b matrix("w.npz", "w") weight 1;'
    circuit = sfc.compile(written(tmp_path, text, w=np.array([[100.0], [0.1]], kind)))
    assert sfc.Simulator(circuit).weights["a -> b"].tolist() == [[100], [0]]


@pytest.mark.parametrize(
    ("array", "code"),
    [
        (np.array([[np.nan], [1]]), "E0403"),
        (np.array([[np.inf], [1]]), "E0403"),
        (np.array([[1j], [1]]), "E0403"),
        (np.array([[1e10], [1]]), "E0303"),
        (np.array([[1e308], [1]]), "E0303"),
        (np.array([[np.finfo("g").max], [1]], "g"), "E0304"),
        (np.array([[0.1, 0.2]]), "E0401"),
        (np.array([[0.1], [None]], object), "E0403"),
    ],
    ids=str,
)
def test_arrays_that_are_no_weights(tmp_path: Path, array: np.ndarray, code: str) -> None:
    text = 'population a[2], b : Leaky; a -> b matrix("w.npz", "w") weight 1;'
    with pytest.raises(sfc.SfcError) as caught:
        sfc.compile(written(tmp_path, text, w=array))
    assert [d.code for d in caught.value.diagnostics] == [code]
    assert "net.sfc:2:" in str(caught.value)


def test_a_run_equals_that_of_the_same_integers(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    weights = generator.normal(0, 30, (12, 7))
    by_hand = sfc.quantise(1.5 * weights)
    text = """
    input i[12]; population b[7] : Leaky {{ threshold = 90; decay_u = 1024; decay_v = 512; }}
    i -> b matrix("w.npz", "{}") weight {};
    """
    made = []
    for key, weight in (("reals", 1.5), ("integers", 2.0**by_hand.exponent)):
        chosen = text.format(key, weight)
        file = written(tmp_path, chosen, reals=weights, integers=by_hand.mantissas)
        made.append(sfc.compile(file))
    assert made[0].projections["i -> b"].pattern == made[1].projections["i -> b"].pattern
    patterns = generator.integers(0, 2, (200, 12))
    runs = [sfc.Simulator(c).run({"i": patterns}, probes=["b", "b.v"]) for c in made]
    assert len(runs[0].events["b"]) > 50
    assert (runs[0].events["b"] == runs[1].events["b"]).all()
    assert (runs[0].membrane["b"] == runs[1].membrane["b"]).all()


def test_many_weights_take_no_object_each(tmp_path: Path) -> None:
    import gc

    weights = np.random.default_rng(1).normal(0, 0.05, (784, 1000)).astype(np.float32)
    text = 'input i[784]; population b[1000] : Leaky; i -> b matrix("w.npz", "w") weight 400;'
    file = written(tmp_path, text, w=weights)
    gc.collect()
    before = len(gc.get_objects())
    circuit = sfc.compile(file)
    gc.collect()
    assert len(gc.get_objects()) - before < 20_000
    projection = circuit.projections["i -> b"]
    assert 700_000 < circuit.synapse_count(projection) <= 784_000


def test_an_input_has_no_threshold_to_lose() -> None:
    source = Input("i", (2,))
    circuit = circuit_of([[0.3], [0.4]])
    joined = replace(circuit.projections["a -> b"], source="i")
    circuit = replace(
        circuit,
        inputs=by_name([source]),
        populations=by_name([circuit.populations["b"]]),
        projections=by_name([joined]),
    )
    assert silenced(circuit) == []
