from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

import sfc
from sfc.chips.read import chip
from sfc.ir.circuit import Circuit
from sfc.ir.rules import Rule, Term, Trace
from sfc.ir.synapses import cells, synapses
from sfc.place.activity import Activity, of_counts
from sfc.place.cost import barrier_ns, cost, costs
from sfc.place.operations import Operations, operations, update_steps
from sfc.place.paper import measured_by_authors
from sfc.place.placement import Piece, Placement

LOIHI = chip("loihi1")

SMALL = """sfc 1;
neuron Relay { threshold = 128; ring = 512; }
neuron Gated { threshold = 128; bias = -896; drive = 80; }
neuron Plain { threshold = 10; }
input pic[4];
chain g[3] : Relay ring;
population a[4] : Gated;
population b[2] : Plain;
phase 1 { present pic to a; open a; }
a -> b all_to_all weight 8 delay 1;
"""

# Cores 0 and 1 lie on tile (0, 0), core 4 on tile (1, 0), core 40 on tile (2, 1).
PLACED = Placement(
    "loihi1",
    (
        *(Piece(f"g[{k}]", 0, 0, 1) for k in range(3)),
        Piece("a", 0, 1, 0),
        Piece("a", 2, 3, 4),
        Piece("b", 0, 1, 40),
    ),
)

SPIKES = {
    "pic": [3, 0, 0],
    "a": [0, 3, 0],
    "b": [1, 0, 0],
    "g[0]": [0, 0, 1],
    "g[1]": [1, 0, 0],
    "g[2]": [0, 1, 0],
}


def _activity(spikes: dict[str, list[float]]) -> Activity:
    arrays = {name: np.array(values, np.float64) for name, values in spikes.items()}
    return Activity("by hand", 1, len(next(iter(spikes.values()))), arrays)


def _small() -> Operations:
    return operations(sfc.compile_text(SMALL), PLACED, _activity(SPIKES), LOIHI)


def test_every_count_of_a_few_neurons() -> None:
    counted = _small()
    synaptic = {name: n for name, n in counted.synaptic.items() if not name.startswith("g")}
    assert synaptic == {"pic -> a": 3, "a -> b": 6}
    assert sum(n for name, n in counted.synaptic.items() if name.startswith("g")) == 3 + 4
    assert counted.data() == {
        "synaptic_operations": 16,
        "synaptic_operations_dense": pytest.approx(10 + _dense_links(3)),
        "synaptic_operations_sparse": pytest.approx(3 + 3 - _dense_links(3)),
        "neuron_updates_active": 4 * 3 + 3 + 2,
        "neuron_updates_inactive": 2 * 3 + 2 * 2,
        "spikes": 7,
        "messages": 3 + 2 + 3,
        "messages_from_host": 3,
        "messages_within_tile": 3 + 1,
        "messages_between_chips": 0,
        "hops_east_west": 1 + 1.5 * 2 + 1.5 * 1,
        "hops_north_south": 3,
        "synaptic_updates": 0,
    }
    assert (counted.tiles, counted.chips, counted.learns) == (3, 1, False)


def _dense_links(number: int) -> int:
    """Of the links of relays, whose one synapse may be either."""
    projections = sfc.compile_text(SMALL).projections.values()
    link = next(p for p in projections if p.origin and p.origin.kind == "link")
    return number if link.pattern == "all_to_all" else 0


def test_loads_by_core_and_step() -> None:
    loads = _small().loads
    assert loads.cores == (0, 1, 4, 40)
    assert (loads.dense + loads.sparse).tolist() == [[3.5, 1, 3.5, 0], [0, 1, 0, 6], [0, 1, 0, 0]]
    assert loads.sent.tolist() == [[0, 3, 0, 0], [1.5, 1, 1.5, 0], [0, 1, 0, 0]]
    assert loads.received.tolist() == [[2.5, 1, 2.5, 0], [0, 1, 0, 3], [0, 1, 0, 0]]
    assert loads.active.tolist() == [[2, 1, 2, 2], [2, 1, 2, 0], [2, 1, 2, 0]]
    assert loads.inactive.tolist() == [[0, 2, 0, 0], [0, 2, 0, 2], [0, 2, 0, 2]]
    assert loads.spikes.tolist() == [[0, 1, 0, 1], [1.5, 1, 1.5, 0], [0, 1, 0, 0]]


def test_cost_on_the_basis_of_davies() -> None:
    found = cost(LOIHI, _small(), "davies")
    assert found.dynamic_uj == pytest.approx(
        {
            "synaptic_operation": 16 * 23.6e-6,
            "neuron_active": 17 * 81e-6,
            "neuron_inactive": 10 * 52e-6,
            "spike_within_tile": 4 * 1.7e-6,
            "hop_east_west": 5.5 * 3.0e-6,
            "hop_north_south": 3 * 4.0e-6,
        }
    )
    assert found.learning_uj == 0
    barrier = 113 + (465 - 113) * math.log2(3) / 5
    steps = [
        2 * 8.4 + 3.5 * 3.5,
        2 * 5.3 + 6 * 3.5,
        8.4 + 2 * 5.3 + 3.5 + 2.1,
    ]
    assert found.phases_ns == pytest.approx([step + barrier for step in steps])
    assert found.slowest == (0, 40, 1)
    assert found.cores_ns[40] == pytest.approx(steps[1])
    assert found.latency_us == pytest.approx((sum(steps) + 3 * barrier) / 1000)
    assert found.longest_step_us == pytest.approx((steps[1] + barrier) / 1000)
    assert found.mean_step_us == pytest.approx(found.latency_us / 3)
    assert found.static_uj == pytest.approx(104.4e-3 * found.latency_us)
    assert found.dynamic_total_uj == pytest.approx(sum(found.dynamic_uj.values()))


def test_cost_on_the_basis_of_sanafe() -> None:
    found = cost(LOIHI, _small(), "sanafe")
    assert found.dynamic_uj["neuron_access"] == pytest.approx(27 * 51.2e-6)
    assert found.dynamic_uj["neuron_update"] == pytest.approx(17 * 21.6e-6)
    assert found.dynamic_uj["spike_out"] == pytest.approx(7 * 69.3e-6)
    assert found.dynamic_uj["axon_out_message"] == pytest.approx(8 * 111e-6)
    assert found.dynamic_uj["axon_in_message"] == 0
    assert found.dynamic_uj["hop_north_south"] == pytest.approx(3 * 4.2e-6)
    relays = 3 * 6.0 + 3.7 + 30.0
    assert found.phases_ns == pytest.approx(
        [
            relays + 3 * 5.1 + 1000,
            2 * (6.0 + 3.7) + 1.5 * (30.0 + 5.1) + 1000,
            relays + 5.1 + 1000,
        ]
    )
    assert found.slowest == (1, 0, 1)
    assert found.cores_ns[40] == pytest.approx(3 * 16.0 + 6 * 3.8)


def test_messages_to_another_chip_are_counted_apart() -> None:
    moved = Placement("loihi1", (*PLACED.pieces[:-1], Piece("b", 0, 1, 128 + 40)))
    counted = operations(sfc.compile_text(SMALL), moved, _activity(SPIKES), LOIHI)
    assert (counted.between_chips, counted.chips, counted.tiles) == (3, 2, 2)
    assert (counted.hops_east_west, counted.hops_north_south) == (1, 0)
    assert counted.within_tile == 4
    found = cost(LOIHI, counted, "davies")
    assert found.barrier_ns == pytest.approx(465 + (14_300 - 465) / 8)
    assert found.static_uj == pytest.approx(2 * 104.4e-3 * found.latency_us)


@pytest.mark.parametrize(
    ("basis", "tiles", "chips", "nanoseconds"),
    [
        ("davies", 1, 1, 113),
        ("davies", 32, 1, 465),
        ("davies", 8, 1, 113 + 352 * 3 / 5),
        ("sanafe", 1, 1, 600),
        ("sanafe", 3, 1, 1000),
        ("sanafe", 28, 1, 1400),
        ("sanafe", 32, 1, 1800),
        ("davies", 32, 256, 14_300),
        ("davies", 32, 768, 16_200),
        ("sanafe", 32, 768, 16_200),
    ],
)
def test_barrier(basis: str, tiles: int, chips: int, nanoseconds: float) -> None:
    assert barrier_ns(LOIHI, basis, tiles, chips) == pytest.approx(nanoseconds)


def test_chip_without_published_costs_gets_none() -> None:
    assert costs(chip("loihi2"), _small()) == {}
    assert list(costs(LOIHI, _small())) == ["davies", "sanafe"]


LEARNING = """sfc 1;
neuron Plain {{ threshold = 10; }}
rule Delta {{ dw = {dw}; range = -256..254; {traces} }}
population a[4], b[6] : Plain;
plastic W[4, 6] by Delta;
a -> b via W;
"""


@pytest.mark.parametrize(
    ("dw", "traces", "updates"),
    [
        ("2*x0*y0", "", 1.5 * 6),
        ("2*x0*y0 - 2*y0", "", 4 * 6),
        ("2*x1*y0", "trace x1 impulse 8 tau 0;", 1.5 * 6),
        ("2*x1*y0", "trace x1 impulse 2 tau 1.45;", 3 * 6),
    ],
)
def test_synapses_learn_after_spikes_of_their_source(dw: str, traces: str, updates: float) -> None:
    circuit = sfc.compile_text(LEARNING.format(dw=dw, traces=traces))
    placed = Placement("loihi1", (Piece("a", 0, 3, 0), Piece("b", 0, 1, 0), Piece("b", 2, 5, 1)))
    counted = operations(circuit, placed, _activity({"a": [1.5], "b": [0]}), LOIHI)
    assert counted.updates == pytest.approx(updates)
    assert counted.loads.plastic.tolist() == [8, 16]
    found = cost(LOIHI, counted, "davies")
    assert found.learning_uj == pytest.approx(updates * 120e-6)
    assert found.learning_ns == pytest.approx(16 * 6.1)
    assert found.slowest == (1,)
    arriving, driven = 1.5 * 4, 4
    busy = 16 * 6.1 + arriving * 3.5 + driven * 8.4
    assert found.phases_ns[0] - found.barrier_ns == pytest.approx(busy)
    assert cost(LOIHI, counted, "sanafe").learning_uj is None
    assert cost(LOIHI, counted, "sanafe").learning_ns is None


def test_a_trace_lasts_until_it_is_zero() -> None:
    def rule(*terms: tuple[str, ...], tau: float = 2.0) -> Rule:
        traces = (Trace("x1", 16, tau),)
        return Rule("r", tuple(Term(1, factors) for factors in terms), traces=traces)

    assert update_steps(rule(("x0", "y0"))) == 1
    assert update_steps(rule(("x1", "y0"))) == 5  # 16, 9, 5, 3, 1
    assert update_steps(rule(("x0", "x1"))) == 1
    assert update_steps(rule(("x0",), ("x1", "y1"))) == 5
    assert update_steps(rule(("x0",), ("y0", "w"))) is None


PATTERNS = """sfc 1;
neuron Plain { threshold = 10; }
neuron Leaky { threshold = 10; decay_v = 100; }
population a[5, 6], c[5, 6] : Plain;
population b[40] : Leaky;
input pic[30];
pic -> c all_to_all weight 2;
pic[3..9] -> b[1..7] one_to_one weight 2;
a -> b sparse(0.3, seed = 2) weight 4 delay 2;
a[1..3, 2..4] -> b[4..29] all_to_all weight 2;
a[2..4, 0..5] -> c[0..2, 0..5] one_to_one weight 4;
a -> c conv([[1, 2, 0], [3, 0, 1], [1, 1, 1]], padding = 1) weight 2;
b[0..9] -> b[10..19] toeplitz([1, 0, 3], first = -1) weight 2;
"""


def _joined(circuit: Circuit, name: str) -> list[tuple[int, int]]:
    """All synapses of a projection: neurons of its source and of its target."""
    projection = circuit.projections[name]
    source, target = circuit.ends(projection)
    ends = []
    for node, part in ((source, projection.source_part), (target, projection.target_part)):
        whole = tuple((0, size - 1) for size in node.shape)
        ends.append(cells(node.shape, whole if part is None else part).tolist())
    if projection.pattern == "all_to_all":
        return [(before, after) for before in ends[0] for after in ends[1]]
    if projection.pattern == "one_to_one":
        return list(zip(*ends, strict=True))
    found = synapses(circuit, projection)
    pairs = zip(found.sources.tolist(), found.targets.tolist(), strict=True)
    return [(ends[0][before], ends[1][after]) for before, after in pairs]


def _where(placed: Placement) -> dict[tuple[str, int], int]:
    """The number of the piece of every neuron."""
    return {
        (piece.population, neuron): number
        for number, piece in enumerate(placed.pieces)
        for neuron in range(piece.first, piece.last + 1)
    }


def test_all_patterns_and_slices_as_synapse_by_synapse() -> None:
    circuit = sfc.compile_text(PATTERNS)
    pieces = []
    for name, size in (("a", 30), ("c", 30), ("b", 40)):
        for number, first in enumerate(range(0, size, 7)):
            core = 3 * number + 17 * len(name) + ord(name) % 5
            pieces.append(Piece(name, first, min(first + 7, size) - 1, core))
    placed = Placement("loihi1", tuple(pieces))
    spikes = {"a": [3.0], "b": [8.0], "c": [6.0], "pic": [15.0]}
    counted = operations(circuit, placed, _activity(spikes), LOIHI)
    where, expected = _where(placed), Counter[str]()
    synaptic = Counter[str]()
    arriving: Counter[int] = Counter()
    for name, projection in circuit.projections.items():
        rate = spikes[projection.source][0] / circuit.size(projection.source)
        joined = _joined(circuit, name)
        synaptic[name] = rate * len(joined)
        for _, after in joined:
            arriving[placed.pieces[where[projection.target, after]].core] += rate
        for before, piece in {(b, where[projection.target, after]) for b, after in joined}:
            if projection.source in circuit.inputs:
                expected["messages_from_host"] += rate
                continue
            expected["messages"] += rate
            tiles = []
            for number in (where[projection.source, before], piece):
                tile = placed.pieces[number].core // 4
                tiles.append((tile % 8, tile // 8))
            expected["hops_east_west"] += rate * abs(tiles[0][0] - tiles[1][0])
            expected["hops_north_south"] += rate * abs(tiles[0][1] - tiles[1][1])
            expected["messages_within_tile"] += rate * (tiles[0] == tiles[1])
    assert counted.synaptic == pytest.approx(synaptic)
    assert {name: counted.data()[name] for name in expected} == pytest.approx(expected)
    assert len(expected) == 5
    loads = counted.loads
    found = dict(zip(loads.cores, (loads.dense + loads.sparse)[0].tolist(), strict=True))
    assert {core: n for core, n in found.items() if n} == pytest.approx(arriving)


def test_flagship_as_synapse_by_synapse() -> None:
    circuit = sfc.compile("backprop", n_hid=20)
    data = sfc.load_data("mnist20")
    inputs = {"image": data.train_images[:20], "label": data.train_labels[:20]}
    names = [*circuit.populations, *circuit.inputs]
    simulator = sfc.Simulator(circuit, seed=1)
    result = simulator.run(inputs, probes=names, counts=True)
    pieces = []
    for number, (name, population) in enumerate(circuit.populations.items()):
        for k, first in enumerate(range(0, population.size, 9)):
            last = min(first + 9, population.size) - 1
            pieces.append(Piece(name, first, last, (5 * number + k) % 90))
    placed = Placement("loihi1", tuple(pieces))
    activity = of_counts(circuit, result.spike_counts, 20, result.presented)
    counted = operations(circuit, placed, activity, LOIHI)

    where = _where(placed)
    synaptic, found = Counter[str](), Counter[str]()
    for name, projection in circuit.projections.items():
        targets: dict[int, list[int]] = {}
        for before, after in _joined(circuit, name):
            targets.setdefault(before, []).append(where[projection.target, after])
        is_input = projection.source in circuit.inputs
        for _, neuron in result.events[projection.source].tolist():
            synaptic[name] += len(targets[neuron])
            messages = len(set(targets[neuron]))
            found["messages_from_host" if is_input else "messages"] += messages
            if circuit.learns(projection):
                found["synaptic_updates"] += len(targets[neuron])
    found["spikes"] = sum(len(result.events[name]) for name in circuit.populations)
    assert found["synaptic_updates"] > 10_000
    assert {n: 20 * total for n, total in counted.synaptic.items()} == pytest.approx(synaptic)
    assert {n: 20 * counted.data()[n] for n in found} == pytest.approx(found)
    learning = [p for p in circuit.projections.values() if circuit.learns(p)]
    plastic = sum(circuit.synapse_count(projection) for projection in learning)
    assert counted.loads.plastic.sum() == plastic


TWICE = """sfc 1;
neuron Relay { threshold = 128; ring = 512; }
neuron Gated { threshold = 128; bias = -896; drive = 80; }
input pic[4];
chain g[4] : Relay ring;
population a[4], b[4] : Gated;
phase 0 { present pic to a; open a; }
phase 1 { present pic to b; open b; }
phase 3 { present pic to a; open a; }
"""


def test_an_input_goes_only_where_it_is_presented() -> None:
    circuit = sfc.compile_text(TWICE)
    result = sfc.Simulator(circuit).run({"pic": [[1, 1, 1, 0]] * 5}, counts=True)
    activity = of_counts(circuit, result.spike_counts, 5, result.presented)
    assert activity.spikes["pic"].tolist() == [3, 0, 3, 3]
    pieces = (Piece(name, 0, p.size - 1, 7) for name, p in circuit.populations.items())
    counted = operations(circuit, Placement("loihi1", tuple(pieces)), activity, LOIHI)
    by_source = {n: total for n, total in counted.synaptic.items() if n.startswith("pic")}
    assert sorted(by_source.values()) == [3, 6]
    assert counted.loads.received.sum() - counted.messages == 9 == counted.from_host


def test_measurements_are_shown_of_the_circuits_that_they_are_of() -> None:
    training = measured_by_authors(sfc.compile("backprop"), LOIHI)
    assert training is not None
    assert (training.energy_uj, training.latency_us) == pytest.approx((590, 1500))
    inference = measured_by_authors(sfc.compile("backprop_inference"), LOIHI)
    assert inference is not None
    assert (inference.energy_uj, inference.latency_us) == pytest.approx((2.5, 170))
    assert measured_by_authors(sfc.compile("backprop", n_hid=20), LOIHI) is None
    assert measured_by_authors(sfc.compile("deep_backprop"), LOIHI) is None
    assert measured_by_authors(sfc.compile("backprop"), chip("loihi2")) is None
