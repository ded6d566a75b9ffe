"""Small circuits of which it would be easy to prove too much."""

from __future__ import annotations

import numpy as np

from sfc import Simulator, compile_text, phases
from sfc.analysis.phases import Phases
from sfc.ir.circuit import Circuit

HEAD = """sfc 1;
const theta = 64;
neuron Relay { threshold = theta; ring = 128; }
neuron Gated { threshold = theta; bias = -8*theta; drive = 40; close = 496; }
rule Grow { dw = 4*x0*y0; range = 0..255; }
chain g[8] : Relay ring;
"""


def compiled(text: str, head: str = HEAD) -> Circuit:
    return compile_text(head + text, "pitfall.sfc")


def analysed(text: str, head: str = HEAD) -> Phases:
    return phases(compiled(text, head))


def state(found: Phases, population: str, phase: int) -> str:
    return found.sound.table.cell(population, phase).state


def fires(text: str, population: str, step: int, head: str = HEAD, **samples: list[int]) -> bool:
    """Tells whether a population fires in a step of a run of two equal samples."""
    circuit = compiled(text, head)
    rows = {name: np.array([sample, sample]) for name, sample in samples.items()}
    result = Simulator(circuit).run(rows, probes=[population])
    return bool((result.events[population][:, 0] == step).any())


def test_the_kick_of_a_ring_does_not_make_its_relay_rest() -> None:
    """In the first frame g[0] fires again in step 1; later it rests then."""
    head = HEAD.replace("ring = 128;", "ring = 128; refractory = 3;")
    text = "g[1] -> g[0] all_to_all weight 128;"
    result = Simulator(compiled(text, head)).run(steps=4, probes=["g[0]"])
    assert result.events["g[0]"].tolist() == [[1, 0]]
    assert analysed(text, head).sound.reading.timeline.frame is None


def test_a_sample_may_not_come_where_its_chain_may_not_start() -> None:
    """Phase 1 of k is phase 4 of g, and takes away what p brings, if f fired in phase 1."""
    text = """
    input p[2], q[1];
    population f : Gated;
    population c[2] : Gated;
    chain k[2] : Relay started by f;
    p -> c one_to_one weight -40 as minus;
    phase g[1] { present q to f; open f; }
    phase g[4] { present p to c; open c; }
    phase k[1] { present p; }
    """
    assert not fires(text, "c", 4, p=[1, 1], q=[1])
    assert fires(text, "c", 4, p=[1, 1], q=[0])
    assert state(analysed(text), "c", 4) == "may_fire"


def test_samples_of_rings_that_lost_their_time_come_at_different_times() -> None:
    text = """
    chain k[5] : Relay ring;
    input p[2];
    neuron Plain { threshold = 32; drive = 40; }
    population c[2] : Plain;
    p -> c one_to_one weight -40 as minus;
    k[2] -> g[0] all_to_all weight 128;
    phase g[0] { present p to c; }
    phase k[0] { present p; }
    """
    found = analysed(text)
    assert found.sound.reading.timeline.frame is None
    assert found.sound.table.cell("c").state == "may_fire"
    assert fires(text, "c", 3, p=[1, 1])


def test_the_least_that_a_sample_has_on_may_lie_in_another_slice() -> None:
    text = """
    input p[4] at least 2;
    population x[4], y[2] : Gated;
    x[0..1] -> y one_to_one weight spike;
    phase g[1] { present p to x; open x; }
    phase g[2] { open y; }
    """
    assert analysed(text).sound.table.cell("y", 2).count == (0, 2)
    assert not fires(text, "y", 2, p=[0, 0, 1, 1])


def test_two_of_three_neurons_are_not_three() -> None:
    """Both x and z see p, in slices of different sizes."""
    text = """
    input p[4];
    population x[4], z[4] : Gated;
    population a, b, d : Gated;
    x -> a all_to_all weight spike;
    z -> b all_to_all weight spike;
    b -> d one_to_one weight spike;
    a -> d one_to_one weight -spike;
    phase g[1] { present p to x; present p to z; open x[0..1]; open z[0..2]; }
    phase g[2] { open a; open b; }
    phase g[3] { open d; }
    """
    assert fires(text, "d", 3, p=[0, 0, 1, 0])
    assert state(analysed(text), "d", 3) == "may_fire"


def test_equal_slices_of_other_rows_are_other_neurons() -> None:
    text = """
    input p[6];
    population x[2, 3], y[3, 2] : Gated;
    population a, b, d : Gated;
    x[1, 0..1] -> a all_to_all weight spike;
    y[1, 0..1] -> b all_to_all weight spike;
    b -> d one_to_one weight spike;
    a -> d one_to_one weight -spike;
    phase g[1] { present p to x; present p to y; open x; open y; }
    phase g[2] { open a; open b; }
    phase g[3] { open d; }
    """
    assert fires(text, "d", 3, p=[0, 0, 1, 0, 0, 0])
    assert state(analysed(text), "d", 3) == "may_fire"


def test_a_kernel_slides_otherwise_over_other_rows() -> None:
    text = """
    input p[6];
    population x[2, 3], y[3, 2] : Gated;
    population a[1, 2], b[2, 1], d[2] : Gated;
    x -> a conv([[1, 1], [1, 1]]) weight 64;
    y -> b conv([[1, 1], [1, 1]]) weight 64;
    a -> d one_to_one weight spike;
    b -> d one_to_one weight -spike;
    phase g[1] { present p to x; present p to y; open x; open y; }
    phase g[2] { open a; open b; }
    phase g[3] { open d; }
    """
    assert fires(text, "d", 3, p=[0, 0, 0, 0, 1, 0])
    assert state(analysed(text), "d", 3) == "may_fire"


def test_a_spike_brings_the_weight_of_the_step_in_which_it_was_sent() -> None:
    """Both copies learn in phase 3; what x sent before arrives with what y sends after."""
    text = """
    input p[2];
    population x[2], y[2], a[2], b[2], d[2] : Gated;
    plastic W[2, 2] by Grow init constant(14);
    x -> a via W delay 3;
    y -> b via W;
    b -> d one_to_one weight spike;
    a -> d one_to_one weight -spike;
    phase g[1] { present p to x; open x; }
    phase g[3] { present p to x; present p to y; present p to a; present p to b; }
    phase g[3] { open x; open y; open a; open b; }
    phase g[4] { present p to y; open y; }
    phase g[5] { open a; open b; }
    phase g[6] { open d; }
    """
    assert fires(text, "d", 6, p=[1, 1])
    found = analysed(text)
    assert [proof.state for proof in found.sound.ties.proofs] == ["proved"]
    assert state(found, "d", 6) == "may_fire"


LATER = """
input p[2];
population x[2], y[2], a[2], b[2], d[2] : Gated;
plastic W[2, 2] by Grow init constant(16);
x -> a via W;
y -> b via W;
a -> d one_to_one weight spike;
b -> d one_to_one weight -spike;
phase g[1] { present p to x; present p to a; open x; open a; }
phase g[2] { present p to x; present p to y; open x; open y; }
phase g[3] { open a; open b; }
phase g[4] { open d; }
phase g[5] { present p to y; present p to b; open y; open b; }
assert tied W;
"""


def test_copies_that_learn_in_other_phases_are_equal_when_a_frame_begins() -> None:
    assert fires(LATER, "d", 4, p=[1, 1])
    found = analysed(LATER)
    assert [proof.state for proof in found.sound.ties.proofs] == ["frames"]
    assert [o.status for o in found.obligations if o.is_asserted] == ["proved"]
    assert state(found, "d", 4) == "may_fire"


def test_copies_that_learn_in_another_order_are_equal_up_to_the_ends() -> None:
    """The first goes up and down, the second down and up."""
    head = HEAD.replace("4*x0*y0;", "4*x0*y0*r1 - 2*x0*y0;")
    text = """
    input p[2];
    population x[2], y[2], a[2], b[2] : Gated;
    plastic W[2, 2] by Grow init constant(16);
    x -> a via W;
    y -> b via W;
    phase g[1] { present p to x; present p to a; open x; open a; reward r1; }
    phase g[3] { present p to x; present p to a; open x; open a; }
    phase g[3] { present p to y; present p to b; open y; open b; }
    phase g[5] { present p to y; present p to b; open y; open b; reward r1; }
    """
    (proof,) = analysed(text, head).sound.ties.proofs
    assert (proof.state, proof.reason) == ("rail", "they learn the same in another order")


def test_a_reward_that_may_not_come_takes_nothing_away() -> None:
    """Phase 1 of k is phase 4 of g; x and a fire there, y and b never together."""
    head = HEAD.replace("4*x0*y0;", "2*x0*y0 - 2*x0*y0*r0;")
    text = """
    input p[2], q[1];
    population f : Gated;
    population x[2], y[2], a[2], b[2] : Gated;
    chain k[2] : Relay started by f;
    plastic W[2, 2] by Grow init constant(16);
    x -> a via W;
    y -> b via W;
    phase g[1] { present q to f; open f; }
    phase g[4] { present p to x; present p to a; open x; open a; }
    phase k[1] { reward r1; }
    """
    assert [proof.state for proof in analysed(text, head).sound.ties.proofs] == ["open"]
    surely = text.replace("started by f", "started by g[2]")
    assert [proof.state for proof in analysed(surely, head).sound.ties.proofs] == ["proved"]


def test_weights_that_never_learn_never_reach_an_end() -> None:
    text = """
    rule Still { dw = 0; range = -256..254; }
    input p[2];
    population x[2], a[2], b[2] : Gated;
    plastic W[2, 2] by Still init constant(16);
    x -> a via W;
    x -> b via -W;
    """
    assert [proof.state for proof in analysed(text).sound.ties.proofs] == ["proved"]


def test_a_bias_may_take_a_membrane_out_of_its_bits() -> None:
    """4 x 32,640 = 130,560 are held as a current; 8,190 more are not, as a membrane."""
    text = """
    input p[4] at least 4;
    population h : Gated { bias = 8190; threshold = 131071; }
    p -> h all_to_all weight 32640;
    phase g[1] { present p; }
    assert no_overflow;
    """
    result = Simulator(compiled(text)).run({"p": np.ones((1, 4))})
    assert [(o.quantity, o.step) for o in result.overflows] == [("v", 1)]
    (found,) = analysed(text).obligations
    assert (found.kind, found.status) == ("no_overflow", "refuted")
    fitting = text.replace("at least 4", "at most 3")
    assert [o.status for o in analysed(fitting).obligations] == ["proved"]


def test_a_population_fires_if_one_of_its_slices_does() -> None:
    text = """
    population x[3] : Gated { bias = 65; }
    phase g[1] { close x[1..2] by 8; }
    """
    cell = analysed(text).sound.table.cell("x", 1)
    assert (cell.state, cell.count) == ("must_fire", (1, 1))


def test_rings_of_two_lengths_do_not_add_up_spikes_of_different_frames() -> None:
    """Phase 0 of the first ring meets phases 0 and 2 of the second in turn."""
    text = """
    chain k[4] : Relay ring;
    input p[3] at most 1;
    population x[3] : Gated;
    phase g[0] { present p to x; }
    phase k[0], k[2] { open x; }
    """
    head = HEAD.replace("g[8]", "g[6]")
    found = analysed(text, head)
    assert found.sound.reading.timeline.length == 12
    assert found.sound.table.cell("x", 0).count == (0, 1)
