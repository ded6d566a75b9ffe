"""The phase analysis, by hand.

In the small circuits a spike brings 40, an open neuron fires above 32, and a closed one above 576.
"""

from __future__ import annotations

import pytest

import sfc
from sfc import compile_text, phases
from sfc.analysis.phases import Phases
from sfc.analysis.table import Cell

HEAD = """sfc 1;
const theta = 64;
neuron Relay { threshold = theta; ring = 128; }
neuron Gated { threshold = theta; bias = -8*theta; drive = 40; close = 496; }
rule Grow { dw = 2*x0*y0; range = 0..255; }
chain g[8] : Relay ring;
input p[4];
population x[4], y[4] : Gated;
phase g[1] { present p to x; open x; }
"""


def analysed(text: str, head: str = HEAD) -> Phases:
    return phases(compile_text(head + text, "small.sfc"))


def cell(text: str, population: str, phase: int, head: str = HEAD) -> Cell:
    return analysed(text, head).sound.table.cell(population, phase)


FIRING = {
    "x": (1, 7, 11),
    "m_x": (6,),
    "h": (2, 5, 7, 9, 11),
    "h_lt": (2, 7, 11),
    "h_gt": (2, 7, 11),
    "m_h": (3,),
    "c_h": (6,),
    "h_T": (5, 6, 9, 10),
    "o": (3, 5, 9),
    "o_lt": (3, 5, 9),
    "o_gt": (3, 5, 9),
    "o_T": (5, 9),
    "t": (3,),
    "d_plus": (4,),
    "d_minus": (4,),
} | {f"g[{k}]": ((k - 1) % 12,) for k in range(12)}
"""What fires in the published circuit, see its header and its waveforms."""


@pytest.fixture(scope="module")
def backprop() -> Phases:
    return phases(sfc.compile("backprop"))


def test_backprop_fires_in_47_of_324_cells(backprop: Phases) -> None:
    found = {(c.population, c.phase) for c in backprop.conditional.table.firing()}
    assert found == {(name, phase) for name, numbers in FIRING.items() for phase in numbers}
    assert len(found) == 47
    assert len(list(backprop.conditional.table.cells())) == 324


def test_backprop_leaves_18_cells_open(backprop: Phases) -> None:
    """310 pixels of 254 may drive h by 78,740; the gates of phases 0, 6, 8 and 10 hold less.

    A closed neuron fires above 1024 + 8192 = 9,216; one more gate that closes holds 8,128 more.
    """
    cells = backprop.conditional.table.open()
    found = {(cell.population, cell.phase): (cell.drive[1], cell.level) for cell in cells}
    expected = {}
    for name in ("h", "h_lt", "h_gt"):
        expected |= {(name, 0): (78_740, 9_216), (name, 8): (78_740, 17_344)}
    for name in ("o", "o_lt", "o_gt"):
        expected |= {(name, phase): (101_600, 17_344) for phase in (0, 6, 10)}
        expected |= {(name, 8): (101_600, 9_216)}
    assert found == expected
    supposed = [o for o in backprop.obligations if not o.is_asserted]
    assert {(o.subject, o.phase) for o in supposed} == set(expected)


def test_the_errors_of_backprop_are_silent_where_outputs_repeat(backprop: Phases) -> None:
    """In phases 5 and 9 the outputs are equal: what o brings to d_minus, o_gt takes away.

    o_lt opens it by 8,704, so that it would need more than 512.
    """
    for phase in (6, 10):
        there = backprop.conditional.table.cell("d_minus", phase)
        assert (there.state, there.opened, there.margin) == ("silent", True, 512)


def test_the_ties_of_backprop(backprop: Phases) -> None:
    states = {p.projection: p.state for p in backprop.conditional.ties.proofs}
    assert states == {
        "x -> h_lt": "proved",
        "x -> h_gt": "proved",
        "h -> o_lt": "proved",
        "h -> o_gt": "proved",
        "o -> h_T": "proved",
        "o_T -> h_T": "rail",
    }


def test_few_enough_pixels_leave_nothing_open_in_phase_8() -> None:
    """68 x 254 = 17,272 is at most 17,344, and 69 x 254 = 17,526 is not."""
    for most, state in ((68, "silent"), (69, "open")):
        found = phases(sfc.compile("backprop", most_on=most)).conditional.table
        assert found.cell("h", 8).state == state
        assert found.cell("h", 8).drive == (-256 * most, 254 * most)


def test_an_opened_population_may_fire() -> None:
    found = cell("", "x", 1)
    assert (found.state, found.count, found.drive) == ("may_fire", (0, 4), (0, 40))
    assert (found.level, found.margin) == (32, -8)
    assert (found.opened, found.closed) == (True, False)


def test_a_cell_at_which_nothing_arrives_is_silent() -> None:
    found = cell("", "x", 2)
    assert (found.state, found.count, found.drive) == ("silent", (0, 0), (0, 0))
    assert (found.level, found.margin) == (576, 576)


def test_closing_raises_the_level() -> None:
    text = "x -> y one_to_one weight spike; phase g[2] { close y; } phase g[5] { open y; }"
    found = cell(text, "y", 2)
    assert (found.state, found.closed, found.level, found.margin) == ("silent", True, 1072, 1032)


def test_a_copy_fires_as_its_source_does() -> None:
    text = "x -> y one_to_one weight spike delay 2; phase g[4] { open y; }"
    bounded = HEAD.replace("p[4]", "p[4] at least 2 at most 3")
    found = cell(text, "y", 4, bounded)
    assert (found.state, found.count) == ("must_fire", (2, 3))
    reading = analysed(text, bounded).sound.reading
    x, y = (reading.network.blocks_of[name][0] for name in "xy")
    assert reading.firing(x, 1).number == reading.firing(y, 4).number


def test_a_spike_of_a_frame_ago_may_not_have_been() -> None:
    """x fires in phase 1, and y twelve steps later, in phase 5 of the next frame."""
    text = "x -> y one_to_one weight spike delay 11; phase g[5] { open y; }"
    found = cell(text, "y", 5, HEAD.replace("p[4]", "p[4] at least 2"))
    assert (found.state, found.count) == ("may_fire", (0, 4))


def test_one_spike_is_not_enough_where_two_are_needed() -> None:
    """Above 64 a neuron of y needs a spike of x and one of the others: at most as many fire."""
    text = """
    input q[4] at most 1;
    population z[4] : Gated;
    x -> y one_to_one weight spike;
    z -> y one_to_one weight spike;
    phase g[1] { present q to z; open z; }
    phase g[2] { open y above theta; }
    """
    head = HEAD.replace("p[4]", "p[4] at most 2")
    assert cell(text, "y", 2, head).count == (0, 1)
    assert cell(text, "y", 2, head).margin == 64 - 80


def test_all_to_all_adds_up() -> None:
    """Of at least 2 and at most 3, each brings 12: at least 24, at most 36, to every neuron."""
    text = "x -> y all_to_all weight 12; phase g[2] { open y; } phase g[3] { open y; }"
    found = cell(text, "y", 2, HEAD.replace("p[4]", "p[4] at least 2 at most 3"))
    assert (found.state, found.count, found.drive) == ("may_fire", (0, 4), (24, 36))
    found = cell(text, "y", 2, HEAD.replace("p[4]", "p[4] at least 3 at most 3"))
    assert (found.state, found.count, found.drive) == ("must_fire", (4, 4), (36, 36))


def test_a_neuron_rests_after_a_spike() -> None:
    """Relays 1 and 2 drive z by 600, above 576, in phases 1 and 2; it rests after the first."""
    text = """
    population z : Gated { refractory = 2; }
    g[1], g[2] -> z all_to_all weight 600;
    """
    table = analysed(text).sound.table
    assert [table.cell("z", k).state for k in (1, 2)] == ["must_fire", "silent"]
    table = analysed(text.replace("refractory = 2;", "")).sound.table
    assert [table.cell("z", k).state for k in (1, 2)] == ["must_fire", "must_fire"]
    maybe = "population z[4] : Gated { refractory = 2; } x -> z one_to_one weight 600;"
    table = analysed(f"{maybe} g[3] -> z all_to_all weight 600;").sound.table
    assert [table.cell("z", k).state for k in (2, 3)] == ["may_fire", "may_fire"]


def test_a_bias_above_the_threshold_fires_by_itself() -> None:
    """Refractory 2: in every other step, so that frames of 7 steps are not alike."""
    found = analysed("population z : Gated { bias = 65; }").sound.table
    assert [found.cell("z", k).count for k in range(3)] == [(1, 1)] * 3
    text = "population z : Gated { bias = 65; refractory = 2; }"
    found = analysed(text).sound.table
    assert [found.cell("z", k).state for k in range(8)] == ["must_fire", "silent"] * 4
    found = analysed(text, HEAD.replace("g[8]", "g[7]")).sound.table
    assert {found.cell("z", k).state for k in range(7)} == {"may_fire"}


LEVELS = """
population low[4], middle[4], high[4], d[4], e[4] : Gated;
x -> low, middle, high all_to_all weight 20;
phase g[2] { open low above 0; open middle; open high above theta; }
phase g[3] { open d; open e; }
"""


@pytest.mark.parametrize(
    ("above", "below", "state"),
    [
        ("low", "middle", "may_fire"),
        ("middle", "low", "silent"),
        ("low", "high", "may_fire"),
        ("high", "low", "silent"),
        ("middle", "high", "may_fire"),
        ("high", "middle", "silent"),
    ],
)
def test_populations_that_see_one_drive_fire_in_order_of_their_levels(
    above: str, below: str, state: str
) -> None:
    text = f"{above} -> d one_to_one weight spike; {below} -> d one_to_one weight -spike;"
    assert cell(LEVELS + text, "d", 3).state == state


def test_levels_that_see_unlike_drives_are_unlike() -> None:
    text = LEVELS.replace("low, middle, high all_to_all", "low, high all_to_all")
    text += "x -> middle all_to_all weight 24;"
    text += "high -> d one_to_one weight spike; middle -> d one_to_one weight -spike;"
    assert cell(text, "d", 3).state == "may_fire"


def test_a_pair_against_each_other() -> None:
    """d is x without z, e is z without x; what d brings to both of them, e does not."""
    text = """
    input q[4];
    population z[4], d[4], e[4] : Gated;
    x -> d one_to_one weight spike; z -> d one_to_one weight -spike;
    z -> e one_to_one weight spike; x -> e one_to_one weight -spike;
    phase g[1] { present q to z; open z; }
    phase g[2] { open d; open e; }
    """
    found = cell(text, "d", 2)
    assert (found.state, found.drive, found.margin) == ("may_fire", (-40, 40), -8)
    same = text.replace("present q to z", "present p to z")
    assert [cell(same, name, 2).state for name in "de"] == ["silent", "silent"]


@pytest.mark.parametrize(("drive", "margin"), [(30, 4), (40, -8)])
def test_a_membrane_that_remembers(drive: int, margin: int) -> None:
    """Half is kept, so that at most twice the drive builds up, and no more than the threshold.

    30: 60 stay below 64, half of them and 30 are 60. 40: 64 / 2 + 40 = 72.
    """
    text = f"""
    neuron Slow {{ threshold = theta; decay_v = 2048; }}
    population z[4] : Slow;
    x -> z one_to_one weight {drive};
    """
    assert cell(text, "z", 2).margin == margin


def test_the_worst_drive_of_what_nobody_opened() -> None:
    """4 x 160 = 640 exceed 576, and 3 x 160 = 480 do not."""
    text = "x -> y all_to_all weight 160; phase g[5] { open y; }"
    found = analysed(text)
    open_cell = found.conditional.table.cell("y", 2)
    assert (open_cell.state, open_cell.drive, open_cell.level) == ("open", (0, 640), 576)
    (supposed,) = found.obligations
    assert supposed.text == (
        "y in phase 2: worst drive 640, safe up to 576; proved if at most 3 of p's neurons are on"
    )
    assert not analysed(text, HEAD.replace("p[4]", "p[4] at most 3")).obligations


def test_what_is_open_is_assumed_silent_in_the_conditional_reading() -> None:
    text = """
    population z[4] : Gated;
    x -> y all_to_all weight 160;
    y -> z one_to_one weight spike;
    phase g[5] { open y; }
    phase g[3] { open z; }
    """
    found = analysed(text)
    assert found.sound.table.cell("z", 3).state == "may_fire"
    assert found.conditional.table.cell("z", 3).state == "silent"
    assert [c.population for c in found.conditional.table.open()] == ["y"]


def test_what_may_leave_24_bits_may_do_anything() -> None:
    """4 x 32,640 = 130,560 are held; with 600 more they are not."""
    text = """
    x -> y all_to_all weight -32640;
    x -> y all_to_all weight -600;
    phase g[5] { open y; }
    """
    found = analysed(text)
    assert found.sound.table.cell("y", 2).state == "open"
    assert found.conditional.table.cell("y", 2).state == "silent"
    (supposed,) = [o for o in found.obligations if o.kind == "no_overflow"]
    assert (supposed.status, supposed.margin) == ("open", 131_071 - 132_960)
    fitting = analysed(text, HEAD.replace("p[4]", "p[4] at most 3"))
    assert fitting.sound.table.cell("y", 2).state == "silent"


def tie(text: str, head: str = HEAD) -> str:
    (proof,) = analysed(text, head).sound.ties.proofs
    return proof.state


COPIES = """
population a[4], b[4] : Gated;
plastic W[4, 4] by Grow init constant(10);
x -> a via W;
y -> b via W;
phase g[1] { present p to a; open a; present p to y; open y; present p to b; open b; }
"""


def test_copies_that_learn_from_equal_spikes_stay_equal() -> None:
    assert tie(COPIES) == "proved"


def test_copies_that_learn_from_unequal_spikes_may_differ() -> None:
    assert tie(COPIES.replace("present p to b", "present q to b") + "input q[4];") == "open"
    assert tie(COPIES.replace("open b;", "")) == "open"


def test_a_negative_copy_ends_elsewhere() -> None:
    """W learns +2 in phase 1, which is rewarded, and -W -2 in phase 5, which is not."""
    assert tie(COPIES.replace("y -> b via W", "y -> b via -W")) == "open"
    text = """
    population a[4], b[4] : Gated;
    plastic W[4, 4] by Grow init constant(10);
    x -> a via W;
    y -> b via -W;
    phase g[1] { present p to a; open a; reward r1; }
    phase g[5] { present p to y; open y; present p to b; open b; }
    """
    rule = "dw = 4*x0*y0*r1 - 2*x0*y0; range ="
    head = HEAD.replace("dw = 2*x0*y0; range = 0..255;", f"{rule} -254..254;")
    assert tie(text, head) == "frames"
    assert tie(text, head.replace("-254..254", "-256..254")) == "rail"


def statuses(text: str, head: str = HEAD) -> list[str]:
    return [o.status for o in analysed(text, head).obligations if o.is_asserted]


WEAK = """
population z[4] : Gated;
plastic W[4, 4] by Grow init zeros();
x -> y via W;
y -> z one_to_one weight 600;
phase g[5] { open y; }
"""


def test_assertions_of_silence() -> None:
    """4 x 255 = 1,020 may drive y above 576, but no short run from weights of 0 does."""
    assert statuses(f"{WEAK} assert silent y in 1;") == ["proved"]
    assert statuses(f"{WEAK} assert silent z in 3;") == ["conditional"]
    assert statuses(f"{WEAK} assert silent y in 2;") == ["open"]
    assert statuses(f"{WEAK} assert silent x in 1;") == ["refuted"]


def test_a_run_refutes_what_is_not_proved() -> None:
    (found,) = analysed("x -> y one_to_one weight 600; assert silent y in 2;").obligations
    assert found.status == "refuted"
    assert found.text.startswith("y fired in phase g[2] in 8 of 8 samples")


def test_assertions_of_firing_suppose_samples_that_are_not_empty() -> None:
    assert statuses("assert fires x in 1;") == ["proved"]
    assert statuses("assert fires x in 2;") == ["refuted"]
    text = "x -> y all_to_all weight 20; phase g[2] { open y; } assert fires y in 2;"
    assert statuses(text) == ["refuted"]
    assert statuses(text, HEAD.replace("p[4]", "p[4] at least 2")) == ["proved"]
    assert statuses(f"{WEAK} phase g[2] {{ open y; }} assert fires y in 2;") == ["refuted"]


def test_assertions_of_ties_and_of_24_bits() -> None:
    assert statuses(f"{COPIES} assert tied W;") == ["proved"]
    assert statuses(f"{COPIES.replace('open b;', '')} assert tied W;") == ["refuted"]
    assert statuses("assert no_overflow;") == ["proved"]
    text = "x -> y all_to_all weight -32640; x -> y all_to_all weight -600; assert no_overflow;"
    assert statuses(text) == ["refuted"]
