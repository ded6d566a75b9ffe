"""What the benchmark of placing gives to nengo-loihi, and the authors' placement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sfc

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finds modules where the benchmark finds them."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


def test_the_authors_place_on_81_cores() -> None:
    from authors import authors_placement, plastic_synapses

    circuit = sfc.compile("backprop")
    placement = authors_placement(circuit)
    assert placement.cores == tuple(range(2, 83))
    held = plastic_synapses(circuit, placement)
    assert max(held.values()) == 8520
    assert sum(held.values()) == 500_000
    for name, pieces in placement.of_population().items():
        numbers = [n for piece in pieces for n in range(piece.first, piece.last + 1)]
        assert numbers == list(range(circuit.populations[name].size))
    of_h = placement.of_population()["h"]
    assert [(piece.size, piece.core) for piece in of_h[:2]] == [(6, 2), (6, 3)]
    assert (of_h[-1].size, of_h[-1].core) == (4, 68)


@pytest.mark.parametrize("name", ["backprop", "backprop_inference"])
def test_wiring_has_every_synapse_of_the_circuit(name: str) -> None:
    from peers.network import make_wiring

    circuit = sfc.compile(name, n_in=12, n_hid=8, n_out=3)
    job = make_wiring(circuit, seed=5)
    found = {projection.name: projection for projection in job.projections}
    assert list(found) == list(circuit.projections)
    for projection in circuit.projections.values():
        wired = found[projection.name]
        rows, columns = job.size(wired.source), job.size(wired.target)
        assert (rows, columns) == circuit.synapse_shape(projection)
        assert (wired.delay, wired.learns) == (projection.delay, circuit.learns(projection))
        assert wired.one_to_one == (projection.pattern == "one_to_one")
        if wired.weights is not None:
            assert wired.weights.shape == (rows, columns)
            assert not np.any(wired.weights % 2)
            assert np.abs(wired.weights.astype(int)).max() <= 256
    matrices = [p.name for p in job.projections if p.weights is not None]
    assert len(matrices) == {"backprop": 8, "backprop_inference": 2}[name]
    assert any(found[name].weights.any() for name in matrices)


def test_a_table_says_how_many_times_as_many_cores() -> None:
    from bench_place import Result, lines

    us, them = Result(2, 0.01, 0.04), Result(8, 0.1, 0.15)
    assert lines(us, them)[-1].split() == ["nengo-loihi", "/", "sfc", "4", "10", "5"]
    gave_up = Result(0, 4.0, 0.0, "BuildError: too many")
    rows = lines(us, gave_up)
    assert len(rows) == 2
    assert rows[1].endswith("BuildError: too many")
