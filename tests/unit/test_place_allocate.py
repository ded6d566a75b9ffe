"""Allocations of small circuits, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from placements import assert_placed
from small_chips import small_chip

import sfc
from sfc.chips.chip import Chip
from sfc.diagnostics import SfcError
from sfc.place.allocate import allocate, trade_offs
from sfc.place.allocation import OBJECTIVES, Allocation, Objective

HEAD = "sfc 1;\nneuron N { threshold = 1024; }\n"


def placed(text: str, chip: Chip | None = None, **options: Any) -> Allocation:
    """Places a circuit, by default on a chip like Loihi; it must fit."""
    chip = chip or small_chip()
    found = allocate(sfc.compile_text(HEAD + text, "small.sfc"), chip, **options)
    cap = options.get("plastic_cap")
    assert_placed(found.circuit, chip, found.placement, max_plastic_per_core=cap)
    assert found.lower_bound <= found.cores_used
    return found


@pytest.mark.parametrize("text", ["", "input image[4];\n"])
def test_nothing_to_place(text: str) -> None:
    circuit = sfc.compile_text(HEAD + text, "small.sfc")
    for place in (allocate, trade_offs):
        with pytest.raises(SfcError, match=r"E0708.*no populations"):
            place(circuit, small_chip())


@pytest.mark.parametrize("cores", [6, 7, 100])
def test_as_many_cores_as_are_needed_suffice(cores: int) -> None:
    """Cores of near tiles are taken first, whose numbers are not the first ones."""
    found = placed("population a[24] : N;", small_chip(compartments=4), cores=cores)
    assert found.cores_used == 6
    assert found.available_cores == cores


def test_one_core_less_does_not() -> None:
    with pytest.raises(SfcError, match=r"E1009.*takes at least 6 cores .*, and there are 5"):
        placed("population a[24] : N;", small_chip(compartments=4), cores=5)


def test_what_an_author_put_on_a_core_may_be_more_than_a_spread_allows() -> None:
    text = """
    population a[600], b[400] : N;
    a -> b all_to_all weight 64;
    place a on cores 0..1;
    """
    assert placed(text, objective="step").cores_used >= 2
    assert placed(text, objective="step", plastic_cap=100).cores_used >= 2


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(("first", "fit"), [(4, 4), (8, 2)])
def test_axons_to_a_chip_that_an_author_chose_take_more(
    objective: Objective, first: int, fit: int
) -> None:
    """Four neurons with four axons each; those to another chip take two entries."""
    text = f"""
    population a[4], b[4] : N;
    a -> b all_to_all weight 64;
    place b on cores {first}..{first + 3};
    """
    found = placed(text, small_chip(cores=8, mesh=[2, 1], output_axons=16), objective=objective)
    pieces = found.placement.of_population()
    assert pieces["b"][0].core == first
    assert all(piece.size <= fit for piece in pieces["a"])


@pytest.mark.parametrize(("size", "words"), [(1, 1), (2, 3), (3, 6)])
def test_dense_lists_of_pairs_begin_with_their_piece(size: int, words: int) -> None:
    """With words of 20 bits a dense synapse takes one, a sparse one two, and gaps count."""
    text = f"population a[{size}], b[{size}] : N;\na -> b one_to_one weight 64;\n"
    found = placed(text, small_chip(word_bits=20, block_synapses=1))
    assert sum(core.used["synaptic_memory"] for core in found.cores) == words


@pytest.mark.parametrize(
    ("size", "options", "help"),
    [
        (12, {"cores": 2}, "allow more cores: --cores 3"),
        (36, {"cores": 8}, "allow more chips: --chips 2"),
        (36, {"chips": 1}, "allow more chips: --chips 2"),
        (72, {}, "no system of Small is that large"),
    ],
)
def test_what_would_be_enough(size: int, options: dict[str, int], help: str) -> None:
    with pytest.raises(SfcError, match=f"help: {help}"):
        placed(f"population a[{size}] : N;", small_chip(cores=8, compartments=4), **options)


def test_trade_offs_are_told_once() -> None:
    found = trade_offs(sfc.compile_text(HEAD + "population a[1] : N;", "small.sfc"), small_chip())
    assert [one.cores_used for one in found] == [1]


def test_output_axons_that_suffice() -> None:
    text = """
    population a[1], b[3], c[3] : N;
    a -> b all_to_all weight 64;
    a -> c all_to_all weight 64;
    """
    assert placed(text, small_chip(compartments=4, output_axons=2)).cores_used == 2


def test_output_axons_of_chosen_cores() -> None:
    text = "population a[2], b[3], c[3], d[2] : N;\nplace a on cores 0;\n"
    text += "".join(f"a -> {target} all_to_all weight 64;\n" for target in "bcd")
    placed(text, small_chip(compartments=4, output_axons=6))


def test_long_delays_bound_the_cores() -> None:
    text = "population a[3000], b[500] : N;\na -> a one_to_one weight 64 delay 62;\n"
    found = placed(text)
    assert found.lower_bound == -(-(3000 * 64 + 500 * 8) // 8192)
    assert found.cores_used <= found.lower_bound + 1


def test_an_allocation_is_shown_in_a_line() -> None:
    assert repr(placed("population a[24] : N;")) == "<Allocation of small on small: 1 cores>"
