"""What does not fit is told by name: object, resource, demand, limit, place, and a way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_chips import small_chip

import sfc
from sfc.chips.chip import Chip
from sfc.diagnostics import Diagnostic
from sfc.ir.circuit import Circuit, Neuron, Population, Projection, Weight, by_name
from sfc.ir.synapses import table
from sfc.span import Span

HEAD = """sfc 1;
neuron Gated { threshold = 1024; bias = -8192; }
rule Grow { dw = 2*x0*y0; }
"""
LEARN = """population i[{sources}], x[4] : Gated;
plastic W[{sources}, 4] by Grow;
i -> x via W;
"""


def refused(text: str, chip: Chip | str | Path = "loihi1", **wishes: Any) -> Diagnostic:
    circuit = sfc.compile_text(HEAD + text, "c.sfc")
    return refused_circuit(circuit, chip, **wishes)


def refused_circuit(circuit: Circuit, chip: Chip | str | Path, **wishes: Any) -> Diagnostic:
    with pytest.raises(sfc.SfcError) as caught:
        sfc.allocate(circuit, chip, **wishes)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


def marked(span: Span | None, text: str) -> str:
    """What a span covers, in a text below the head; it must have a line and column there."""
    assert span is not None
    assert str(span).startswith(f"c.sfc:{span.line}:{span.column}")
    line = (HEAD + text).splitlines()[span.line - 1]
    return line[span.column - 1 :]


def test_a_delay_beyond_the_chip() -> None:
    text = "population a[30], b[30] : Gated;\na -> b one_to_one weight 20 delay 5;\n"
    found = refused(text, small_chip(delay=3))
    assert found.code == "E1007"
    assert found.message == "`a -> b` has a delay of 5; Small has delays up to 3"
    assert marked(found.span, text).startswith("a -> b")
    assert "relay-delays,longest=3" in found.help
    circuit = sfc.compile_text(HEAD + text, "c.sfc")
    shorter = sfc.optimise(circuit, passes=["relay-delays,longest=3"])
    assert sfc.allocate(shorter, small_chip(delay=3)).cores_used == 1


def test_a_refractory_time_beyond_the_chip() -> None:
    text = "neuron R { threshold = 1024; refractory = 9; }\npopulation a[30] : R;\n"
    found = refused(text, small_chip(refractory=4))
    assert found.code == "E1007"
    assert found.message == "`a` is refractory for 9 steps; Small has up to 4"
    assert marked(found.span, text).startswith("a[30]")
    assert found.help == "write `refractory = 4;` or less"


def test_all_that_a_chip_does_not_hold_is_told_at_once() -> None:
    text = """neuron R { threshold = 1024; refractory = 9; }
population a[3], b[3] : R;
a -> b one_to_one weight 20 delay 5;
b -> a one_to_one weight 20 delay 6;
"""
    with pytest.raises(sfc.SfcError) as caught:
        sfc.allocate(sfc.compile_text(HEAD + text), small_chip(delay=3, refractory=4))
    assert [one.code for one in caught.value.diagnostics] == ["E1007"] * 4


def test_weights_without_a_format() -> None:
    pattern = table([0, 0], [0, 1], [255, -1])
    ends = by_name([Population(name, (size,), Neuron(64)) for name, size in (("a", 1), ("b", 2))])
    joined = by_name([Projection("p", "a", "b", pattern, Weight(1, 0))])
    found = refused_circuit(Circuit("c", populations=ends, projections=joined), "loihi1")
    assert found.code == "E1007"
    assert found.message.startswith("no synapse format of Intel Loihi holds the weights of `p`")
    assert found.help == "split the projection by weight"


def test_too_many_sources_to_learn_from() -> None:
    text = """population a[1500], b[700], x[4] : Gated;
plastic W[1500, 4] by Grow;
plastic V[700, 4] by Grow;
a -> x via W;
b -> x via V;
"""
    found = refused(text)
    assert found.code == "E1008"
    assert found.message == (
        "neuron 0 of `x` takes 4,400 entries for input axons, and a core of Intel Loihi has 4,096"
    )
    assert marked(found.span, text).startswith("x[4]")
    assert [label.text for label in found.labels] == [
        "`a -> x` takes 3,000 of them",
        "`b -> x` takes 1,400 of them",
    ]
    assert marked(found.labels[0].span, text).startswith("a -> x")
    assert found.help.startswith("1,348 of the 1,500 sources of `a -> x` fit, each with 2 entries")
    fewer = HEAD + text.replace("1500", "1348")
    assert sfc.allocate(sfc.compile_text(fewer), "loihi1").cores_used >= 2
    refused(text.replace("1500", "1349"))


def test_sources_that_do_not_learn_take_one_entry() -> None:
    found = refused("population i[5000], x[4] : Gated;\ni -> x all_to_all weight 20;\n")
    assert found.code == "E1008"
    assert "takes 5,000 entries for input axons" in found.message
    assert found.help.startswith("4,096 of the 5,000 sources of `i -> x` fit: use fewer")


def test_more_than_one_projection_is_too_much() -> None:
    text = """population a[500], b[400], x[4] : Gated;
a -> x all_to_all weight 1;
b -> x all_to_all weight 1;
"""
    found = refused(text, small_chip(input_axons=300))
    assert found.help.startswith("even without `a -> x` it is too much")


def test_too_much_synaptic_memory() -> None:
    found = refused(LEARN.format(sources=300), small_chip(synapse_words=256))
    assert found.code == "E1008"
    assert found.message == (
        "neuron 0 of `x` takes 300 words of synaptic memory, and a core of Small has 256"
    )
    assert found.help.startswith("256 of the 300 sources of `i -> x` fit: use fewer")


def test_too_many_bytes() -> None:
    chip = small_chip(memory_bytes=2000, compartment_bytes=8, synapse_words=None)
    found = refused("population i[300], x[4] : Gated;\ni -> x all_to_all weight 20;\n", chip)
    assert found.message == (
        "neuron 0 of `x` takes 2,408 bytes of memory, and a core of Small has 2,000"
    )
    assert found.labels[0].text == "`i -> x` takes 2,400 of them"
    assert found.help.startswith("249 of the 300 sources")


def test_a_cap_below_one_neuron() -> None:
    text = LEARN.format(sources=100)
    found = refused(text, max_plastic_per_core=80)
    assert found.code == "E1008"
    assert found.message == (
        "neuron 0 of `x` takes 100 plastic synapses, and --max-plastic-per-core is 80"
    )
    assert found.help == "allow it: --max-plastic-per-core 100"
    circuit = sfc.compile_text(HEAD + text)
    assert sfc.allocate(circuit, max_plastic_per_core=100).most_plastic == 100


def test_spikes_that_go_to_too_many_pieces() -> None:
    text = "population a[3], b[300] : Gated;\na -> b all_to_all weight 20;\n"
    found = refused(text, small_chip(output_axons=3, compartments=8))
    assert found.code == "E1008"
    assert found.message == (
        "neuron 0 of `a` takes 38 entries for output axons, and a core of Small has 3"
    )
    assert found.help.startswith("its spikes go to too many pieces")


def test_a_delay_beyond_the_delay_slots_of_one_neuron() -> None:
    text = "population a[30], b[30] : Gated;\na -> b one_to_one weight 20 delay 60;\n"
    chip = small_chip(dendritic_accumulators=40)
    found = refused(text, chip)
    assert found.code == "E1008"
    assert found.message == (
        "neuron 0 of `b` has synapses with a delay of 60, which take more delay slots than the 40 "
        "that a core of Small has"
    )
    assert "longest=31" in found.help
    shorter = sfc.optimise(sfc.compile_text(HEAD + text), passes=["relay-delays,longest=31"])
    assert sfc.allocate(shorter, chip).cores_used >= 30


def test_too_many_formats_for_one_neuron() -> None:
    text = "population a[3], b[3] : Gated;\n" + "".join(
        f"a -> b one_to_one weight 20 delay {delay};\n" for delay in range(5)
    )
    found = refused(text, small_chip(synapse_formats=2))
    assert found.code == "E1008"
    assert "takes 4 synapse formats, and a core of Small has 2" in found.message
    assert found.help.startswith("let them share formats of synapses")


def test_neurons_that_are_together_and_too_much() -> None:
    text = "population a[3], b[3] : Gated;\nplace together a, b;\n"
    found = refused(text, small_chip(compartments=1))
    assert found.message == (
        "neuron 0 of `a` and `b` takes 2 compartments, and a core of Small has 1"
    )
    assert found.help == "let `place together` name fewer populations"


def test_more_neurons_than_chips_hold() -> None:
    text = "population i[200000] : Gated;\n"
    found = refused(text, chips=1)
    assert found.code == "E1009"
    assert found.message == (
        "`c` takes at least 196 cores (200,000 compartments, 1,024 a core), and there are 128"
    )
    assert marked(found.span, text).startswith("i[200000]")
    assert found.help.startswith("allow more chips: --chips 2")
    assert sfc.allocate(sfc.compile_text(HEAD + text), chips=2).cores_used == 196


def test_more_neurons_than_cores_hold() -> None:
    found = refused("population i[3000] : Gated;\n", cores=2)
    assert found.code == "E1009"
    assert found.message.endswith("(3,000 compartments, 1,024 a core), and there are 2")
    assert found.help == "allow more cores: --cores 3"


def test_a_cap_that_takes_more_cores_than_there_are() -> None:
    text = """population i[100], x[400] : Gated;
plastic W[100, 400] by Grow;
i -> x via W;
"""
    found = refused(text, cores=10, max_plastic_per_core=100)
    assert found.message == (
        "`c` takes at least 400 cores (40,000 plastic synapses, 100 a core), and there are 10"
    )
    assert found.help.endswith("or --max-plastic-per-core 4000")


def test_what_was_placed_and_what_not() -> None:
    text = "population a[7], b[7], c[7] : Gated;\nplace apart a, b, c;\n"
    found = refused(text, cores=2)
    assert found.code == "E1009"
    assert found.message == (
        "`c` takes 3 cores as sfc packs it, and at least 1 however it is packed "
        "(21 compartments, 1,024 a core); there are 2: the first 2 cores hold 2 populations as a "
        "whole, and not 7 neurons of `c`"
    )
    assert found.help == "allow more cores: --cores 3"
    assert (
        "there is 1: the first core holds 1 population as a whole" in refused(text, cores=1).message
    )


def test_a_chip_of_ones_own_with_tiny_limits(tmp_path: Path) -> None:
    figures = {"cores": 2, "cores_per_tile": 1, "mesh": [2, 1], "compartments": 4}
    said = 'unit = "each"\nsource = "made up"\nconfidence = "high"\n'
    limits = "".join(f"[limits.{name}]\nvalue = {value}\n{said}" for name, value in figures.items())
    boards = '[boards]\nchips = [1]\nsource = "made up"\nconfidence = "high"\n'
    path = tmp_path / "tiny.toml"
    path.write_text(f'name = "tiny"\ntitle = "Tiny"\n{boards}{limits}', "utf-8")
    found = refused("population a[30], b[30] : Gated;\na -> b one_to_one weight 20;\n", path)
    assert found.code == "E1009"
    assert found.message == (
        "`c` takes at least 15 cores (60 compartments, 4 a core), and there are 2"
    )
    assert found.help.startswith("no system of Tiny is that large")
    small = sfc.compile_text(HEAD + "population a[3], b[4] : Gated;\na -> b all_to_all weight 20;")
    assert sfc.allocate(small, path).cores_used == 2


def test_neurons_on_a_core_that_does_not_hold_them() -> None:
    text = "population a[3000] : Gated;\nplace a on cores 0..1;\n"
    found = refused(text)
    assert found.code == "E1010"
    assert found.message == (
        "core 0 does not hold neurons 0..1499 of `a`: with what lies there and is together with "
        "them it would take 1,500 compartments, and a core of Intel Loihi has 1,024"
    )
    assert marked(found.span, text).startswith("a on cores 0..1")
    assert found.help.startswith("deal them to more cores")


def test_the_statement_that_is_too_much_is_shown() -> None:
    text = """population a[700], b[700] : Gated;
place a on cores 0;
place b on cores 0;
"""
    found = refused(text)
    assert marked(found.span, text) == "b on cores 0;"
    assert "1,400 compartments" in found.message


def test_other_resources_of_a_core_that_is_chosen() -> None:
    text = LEARN.format(sources=100) + "place x on cores 0;\n"
    found = refused(text, max_plastic_per_core=200)
    assert "400 plastic synapses, and --max-plastic-per-core is 200" in found.message
    assert "--max-plastic-per-core 400" in found.help
    found = refused(text, small_chip(synapse_words=64))
    assert "words of synaptic memory, and a core of Small has 64" in found.message
    text = """neuron A { threshold = 64; } neuron B { threshold = 128; }
population a : A; population b : B;
place a, b on cores 0;
"""
    found = refused(text, small_chip(threshold_profiles=1))
    assert found.message.startswith("core 0 does not hold neuron 0 of `b`: ")
    assert "2 threshold profiles" in found.message
    assert found.help == "place them on a core that others leave free"


@pytest.mark.parametrize(
    ("cores", "wishes", "last"),
    [("120..140", {"chips": 1}, 127), ("130", {"cores": 2}, 127), ("300", {"cores": 200}, 255)],
)
def test_cores_that_are_not_there(cores: str, wishes: dict[str, int], last: int) -> None:
    text = f"population a[30] : Gated;\nplace a on cores {cores};\n"
    found = refused(text, **wishes)
    assert found.code == "E1010"
    assert found.message == (
        f"`a` is placed on core {cores.rpartition('..')[2]}, and there are {last + 1}"
    )
    assert marked(found.span, text).startswith("a on cores")
    assert found.help.endswith(f"the last that may be used is {last}")


def test_apart_on_one_core_is_found_when_the_circuit_is_made() -> None:
    text = """population a[3], b[3], c[3] : Gated;
place a on cores 3;
place b on cores 3;
place together a, c;
place apart c, b;
"""
    with pytest.raises(sfc.SfcError, match="are to be apart, and both on core 3") as caught:
        sfc.compile_text(HEAD + text)
    assert [one.code for one in caught.value.diagnostics] == ["E1011"]
