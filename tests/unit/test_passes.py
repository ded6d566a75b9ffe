"""Each pass on small circuits: what it changes, and what it must not touch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import sfc
from sfc.diagnostics import Reporter
from sfc.ir.circuit import Circuit, Population, by_name
from sfc.ir.schedule import Property
from sfc.ir.verify import InvariantError, verify
from sfc.passes import LEVELS, PASSES
from sfc.passes.base import MEANINGS
from sfc.passes.merge_gates import MergeGates
from sfc.passes.options import named, options, pipeline
from sfc.passes.pipeline import run_passes
from sfc.passes.quantise import Quantise
from sfc.passes.relay_delays import RelayDelays
from sfc.passes.twins import twin_classes

HEAD = """sfc 1;
neuron Cell { threshold = 100; drive = 120; ring = 128; close = 120; }
rule Grow { dw = 2*x0*y0; }
rule Reward { dw = 2*x0*y0*r1; }
rule Fixed { dw = 0; }
"""
RING = "chain g[4] : Cell ring;\n"


def compiled(text: str) -> Circuit:
    return sfc.compile_text(HEAD + text, "small.sfc")


def after(name: str, text: str) -> Circuit:
    return sfc.optimise(compiled(text), passes=[name])


def same(name: str, text: str) -> bool:
    """Whether a pass has nothing to do, and then returns the very same object."""
    circuit = compiled(text)
    changed = sfc.optimise(circuit, passes=[name])
    assert (changed == circuit) == (changed is circuit)
    return changed is circuit


def codes(text: str, *passes: str) -> list[str]:
    with pytest.raises(sfc.SfcError) as caught:
        sfc.optimise(compiled(text), passes=passes)
    return [diagnostic.code for diagnostic in caught.value.diagnostics]


# merge-gates


def merged(text: str) -> list[tuple[str, float]]:
    circuit = after("merge-gates", "population a[3], b[3] : Cell;\n" + text)
    return [(name, p.weight.value) for name, p in circuit.projections.items()]


def test_weights_add_up() -> None:
    text = "a -> b one_to_one weight 60;\na -> b one_to_one weight 0.5;\n"
    assert merged(text) == [("a -> b #1", 60.5)]
    text = "".join(f"a -> b one_to_one weight {w};\n" for w in (100, -30, -30))
    assert merged(text) == [("a -> b #1", 40)]


def test_what_adds_up_to_nothing_goes() -> None:
    text = "a -> b one_to_one weight 60;\na -> b one_to_one weight -60;\n"
    assert merged(text) == []
    assert merged("a -> b one_to_one weight 0;\n") == []
    assert merged("a -> b sparse(0) weight 3;\n") == []


def test_a_sum_that_cannot_be_held_stays_apart_and_the_rest_is_merged() -> None:
    text = "".join(f"a -> b one_to_one weight {w};\n" for w in (255, 2, 1))
    assert merged(text) == [("a -> b #1", 256), ("a -> b #2", 2)]


def test_patterns_with_mantissas_keep_the_mantissa_one() -> None:
    line = "a -> b toeplitz([1, 2, 3]) weight 4;\n"
    circuit = after("merge-gates", "population a[3], b[3] : Cell;\n" + line * 2)
    (projection,) = circuit.projections.values()
    assert (projection.weight.mantissa, projection.weight.exponent) == (1, 1)
    assert len(merged(line * 3)) == 2


@pytest.mark.parametrize(
    "other",
    [
        "a -> b one_to_one weight 60 delay 1;",
        "a -> b all_to_all weight 60;",
        "b -> a one_to_one weight 60;",
        "a[1..2] -> b[0..1] one_to_one weight 60;",
        "a[0..1] -> b[1..2] one_to_one weight 60;",
        "gate a -> b one_to_one;",
        "plastic W[3, 3] by Fixed;\na -> b via W;\na -> b via W;",
        "a -> b sparse(0.5, seed = 1) weight 60;\na -> b sparse(0.5, seed = 2) weight 60;",
    ],
)
def test_projections_that_differ_stay(other: str) -> None:
    text = "population a[3], b[3] : Cell;\na -> b one_to_one weight 60;\n"
    text += "a[0..1] -> b[0..1] one_to_one weight 60;\n"
    assert same("merge-gates", text + other)


def test_inputs_must_be_presented_alike() -> None:
    text = RING + "input p[2];\npopulation a[2] : Cell;\n"
    text += "p -> a one_to_one weight 30;\np -> a one_to_one weight 40;\n"
    together = after("merge-gates", text + "phase 1, 3 { present p; }")
    assert [p.projections for p in together.schedule.presents] == [("p -> a #1",)] * 2
    circuit = compiled(text + "phase 1, 3 { present p; }")
    first, second = circuit.schedule.presents
    presents = (first, replace(second, projections=("p -> a #1",)))
    apart = replace(circuit, schedule=replace(circuit.schedule, presents=presents))
    assert sfc.optimise(apart, passes=["merge-gates"]) is apart


def test_what_starts_a_chain_stays() -> None:
    text = RING + "chain k[2] : Cell started by g[1], g[1];\n"
    assert len(compiled(text).schedule.chains[1].started_by) == 2
    assert same("merge-gates", text)


# merge-twins


def remaining(name: str, text: str) -> list[str]:
    return [n for n in after(name, text).populations if not n.startswith("g[")]


def test_twins_in_loops_and_far_from_where_they_are_driven() -> None:
    text = "input p[2];\npopulation a[2], b[2], c[2], d[2] : Cell;\n"
    text += "p -> a, b one_to_one weight 120;\na -> b one_to_one weight 3;\n"
    text += "b -> a one_to_one weight 3;\na -> c one_to_one weight 120;\n"
    text += "b -> d one_to_one weight 120;\n"
    changed = after("merge-twins", text)
    assert list(changed.populations) == ["a", "c"]
    assert [(p.source, p.target) for p in changed.projections.values()] == [
        ("p", "a"),
        ("a", "a"),
        ("a", "c"),
    ]


@pytest.mark.parametrize(
    "differs",
    [
        "population b[2] : Cell { threshold = 101; }\np -> b one_to_one weight 120;",
        "population b[2] : Cell { refractory = 2; }\np -> b one_to_one weight 120;",
        "population b[1, 2] : Cell;\np -> b one_to_one weight 120;",
        "population b[2] : Cell;\np -> b one_to_one weight 121;",
        "population b[2] : Cell;\np -> b one_to_one weight 120 delay 1;",
        "population b[2] : Cell;\np -> b all_to_all weight 120;",
        "population b[2] : Cell;\nq -> b one_to_one weight 120;",
        "population b[2] : Cell;\np[0] -> b[1] one_to_one weight 120;",
        "population b[2] : Cell;\nfor k in 0..1 { p -> b one_to_one weight 120; }",
        "population b[2] : Cell;\nplastic W[2, 2] by Fixed;\np -> b via W;",
        "population b[2] : Cell;",
    ],
)
def test_populations_that_may_differ_stay(differs: str) -> None:
    text = "input p[2], q[2];\npopulation a[2] : Cell;\np -> a one_to_one weight 120;\n"
    assert same("merge-twins", text + differs)


def test_plastic_copies_are_no_twins_even_of_each_other() -> None:
    text = "input p[2];\npopulation a[2], b[2] : Cell;\nplastic W[2, 2] by Grow;\n"
    assert same("merge-twins", text + "p -> a, b via W;")


def test_inputs_drive_twins_in_the_same_phases_only() -> None:
    text = RING + "input p[2];\npopulation a[2], b[2] : Cell;\n"
    assert same("merge-twins", text + "phase 1 { present p to a; }\nphase 2 { present p to b; }")
    twins = text + "phase 1, 3 { present p to a, b; }"
    assert remaining("merge-twins", twins) == ["a"]


def test_what_is_named_stays_and_stands_for_its_twins() -> None:
    text = "population a[2], b[2], c[2] : Cell;\nb -> c one_to_one weight 3;\n"
    assert remaining("merge-twins", text + "probe b;") == ["b", "c"]
    assert remaining("merge-twins", text + "probe a.v, b;") == ["a", "b", "c"]
    asserted = RING + text + "assert silent a, b in 1;"
    assert remaining("merge-twins", asserted) == ["a", "b", "c"]
    circuit = after("merge-twins", text + "population d[2] : Cell;\nprobe d;\n")
    assert circuit.projections["b -> c"].source == "d"


def test_relays_are_kicked_alike_or_no_twins() -> None:
    """A ring is kicked once, an open chain in every frame, though both are driven alike."""
    text = "chain g[2] : Cell ring;\nchain k[2] : Cell;\nk[1] -> k[0] all_to_all weight 128;\n"
    classes = twin_classes(compiled(text))
    assert classes["g[0]"] != classes["k[0]"]
    assert classes["g[1]"] != classes["k[1]"]
    classes = twin_classes(compiled("chain g[3] : Cell;\nchain k[2] : Cell;\n"))
    assert [classes[f"g[{k}]"] == classes[f"k[{k}]"] for k in (0, 1)] == [True, True]
    assert classes["g[0]"] != classes["g[1]"]


def test_a_chain_goes_with_its_phases() -> None:
    text = RING + "chain k[3] : Cell started by g[2];\nchain m[2] : Cell started by g[2];\n"
    text += "input p[2];\npopulation a[2], b[2] : Cell;\nprobe a at m[1];\nprobe b at k[2];\n"
    text += "phase m[1] { present p to a; open b above 0; reward r1; }\nassert fires a in m[1];\n"
    changed = after("merge-twins", text)
    assert [chain.name for chain in changed.schedule.chains] == ["g", "k"]
    assert [(p.chain, p.phase) for p in changed.schedule.presents] == [("k", 1)]
    assert [(r.chain, r.phase) for r in changed.schedule.rewards] == [("k", 1)]
    assert [(p.chain, p.phases) for p in changed.schedule.probes] == [("k", (1,)), ("k", (2,))]
    assert [(p.chain, p.phases) for p in changed.properties] == [("k", (1,))]
    gate = changed.projections["m[1] -> b"]
    assert (gate.source, gate.origin.chain, gate.origin.phase) == ("k[1]", "k", 1)


@pytest.mark.parametrize("more", ["probe m;", "g[1] -> m[1] all_to_all weight 128;"])
def test_a_chain_stays_if_it_is_read_or_driven_otherwise(more: str) -> None:
    text = RING + "chain k[3] : Cell started by g[2];\nchain m[2] : Cell started by g[2];\n"
    changed = after("merge-twins", text + more)
    assert [chain.name for chain in changed.schedule.chains] == ["g", "k", "m"]


def test_the_chain_that_makes_the_frames_stays() -> None:
    changed = after("merge-twins", "chain k[2] : Cell;\nchain g[3] : Cell;\nchain m[3] : Cell;\n")
    assert [chain.name for chain in changed.schedule.chains] == ["g"]
    assert changed.schedule.frame_length == 3


def test_starters_that_are_twins() -> None:
    text = RING + "population a, b : Cell;\ng[1] -> a, b all_to_all weight 120;\n"
    changed = after("merge-twins", text + "chain k[2] : Cell started by a, b;\nprobe k;\n")
    assert changed.schedule.chains[1].started_by == ("a", "a")


def test_long_chains_are_partitioned_quickly() -> None:
    """Whose twins differ at their far ends only: each step of the refinement touches one relay."""
    circuit = compiled("chain g[20000] : Cell;\nchain k[20000] : Cell;\n")
    assert len(set(twin_classes(circuit).values())) == 20000


# drop-unread

DROPPED = RING + "input p[2];\npopulation a[2], b[2], c[2], d[2] : Cell;\n"
DROPPED += "a -> b one_to_one weight 120;\nb -> a, c one_to_one weight 120;\nprobe b;\n"


def test_only_what_leads_to_what_is_read_stays() -> None:
    text = DROPPED + "phase 1 { present p to a; present p to c; open d; }"
    changed = after("drop-unread", text)
    assert [n for n in changed.populations if n in "abcd"] == ["a", "b"]
    assert [p.projections for p in changed.schedule.presents] == [("p -> a",), ()]
    assert list(changed.inputs) == ["p"]
    assert len(changed.schedule.chains) == 1


@pytest.mark.parametrize(
    ("more", "stays"),
    [
        ("probe c.v at 2;", "abc"),
        ("assert silent d in 1;", "abd"),
        ("input label[2];\nreadout c at 2 against label;", "abc"),
        ("plastic W[2, 2] by Grow;\nc -> d via W;", "abcd"),
        ("plastic W[2, 2] by Fixed;\nc -> d via W;", "ab"),
        ("plastic W[2, 2] by Fixed;\nc -> d via W;\nassert tied W;", "abcd"),
        ("plastic W[2, 2] by Grow;\np -> d via W;", "abd"),
        ("assert no_overflow;", "abcd"),
        ("population e[1] : Cell;\nchain k[2] : Cell started by e;\nk[1] -> b all_to_all weight 1;"
         "\nd -> e all_to_all weight 120;", "abd"),
    ],
)  # fmt: skip
def test_what_is_read_or_learns_stays(more: str, stays: str) -> None:
    changed = after("drop-unread", DROPPED + more)
    assert "".join(n for n in changed.populations if n in "abcd") == stays


def test_a_matrix_goes_with_its_last_projection() -> None:
    text = DROPPED + "plastic W[2, 2] by Fixed;\nplastic V[2, 2] by Fixed;\n"
    changed = after("drop-unread", text + "c -> d via W;\na -> b via V;\na -> d via V;\n")
    assert list(changed.matrices) == ["V"]


CHAINS = "chain k[2] : Cell started by g[1];\nchain m[2] : Cell started by k[1];\n"


@pytest.mark.parametrize(
    ("more", "chains"),
    [
        ("", "g"),
        ("phase m[1] { present p to c; }", "g"),
        ("phase m[1] { present p to b; }", "gkm"),
        ("phase k[1] { open b; }", "gk"),
        ("probe a at k[1];", "gk"),
        ("assert silent a in m[0];", "gkm"),
        ("phase k[1] { reward r1; }\nplastic W[2, 2] by Grow;\na -> b via W;", "g"),
        ("phase k[1] { reward r1; }\nplastic W[2, 2] by Reward;\na -> b via W;", "gk"),
        ("population e[2] : Cell;\np -> e one_to_one weight 1;\nphase k[1] { present p; }\n"
         "plastic W[2, 2] by Grow;\np -> e via W;", "gk"),
    ],
)  # fmt: skip
def test_chains_whose_phases_do_not_matter_go(more: str, chains: str) -> None:
    changed = after("drop-unread", DROPPED + CHAINS + more)
    assert "".join(chain.name for chain in changed.schedule.chains) == chains
    kept = [name for chain in changed.schedule.chains for name in chain.relays]
    assert [name for name in changed.populations if name[0] in "gkm"] == kept


def test_a_circuit_that_does_not_say_what_is_read_stays() -> None:
    assert same("drop-unread", DROPPED.replace("probe b;", ""))


# share-copies


def test_copies_that_learn_the_same_are_shared() -> None:
    text = "population a[2], b[2], c[2] : Cell;\nplastic W[2, 2] by Fixed init constant(4);\n"
    text += "a -> b, c via W;\nb -> c via W.T;\nc -> b via -W;\nc -> a via -W;\n"
    text += "input p[2];\np -> a, b one_to_one weight 120;\n"
    changed = after("share-copies", text)
    assert changed.shared == (("a -> b", "a -> c"), ("c -> b", "c -> a"))
    # a drives b and c; only b has spikes of its own from p, so that what is learned may differ.
    assert same("share-copies", text.replace("Fixed", "Grow"))
    only_one = "plastic V[2, 2] by Fixed;\n"
    assert same("share-copies", "population a[2] : Cell;\n" + only_one + "a -> a via V;")


def test_groups_are_verified_and_printed_and_shrink_with_what_goes() -> None:
    text = "population a[2], b[2], c[2] : Cell;\nplastic W[2, 2] by Fixed;\nprobe b;\n"
    circuit = after("share-copies", text + "a -> b, c via W;\na -> b via -W;\n")
    assert circuit.shared == (("a -> b #1", "a -> c"),)
    assert "shared=" in str(circuit)
    assert sfc.optimise(circuit, passes=["drop-unread"]).shared == ()
    for wrong in (
        (("a -> b #1", "a -> b #2"),),
        (("a -> b #1",),),
        (("a -> b #1", "nothing"),),
        (("a -> b #1", "a -> c"), ("a -> b #1", "a -> c")),
    ):
        with pytest.raises(InvariantError, match="I15"):
            verify(replace(circuit, shared=wrong))


# relay-delays


def arrivals(circuit: Circuit, name: str) -> list[int]:
    """The steps in which a population fires."""
    steps = sfc.Simulator(circuit).run({"p": np.eye(20, 1, dtype=bool)}, probes=[name])
    return steps.events[name][:, 0].tolist()


@pytest.mark.parametrize("longest", range(8))
@pytest.mark.parametrize("delay", [0, 1, 5, 6, 7, 15])
def test_delays_stay_what_they_are(delay: int, longest: int) -> None:
    text = "input p[1];\npopulation a[1], b[1] : Cell;\np -> a one_to_one weight 120;\n"
    circuit = compiled(text + f"a -> b one_to_one weight 120 delay {delay};")
    changed = sfc.optimise(circuit, passes=[RelayDelays(longest)])
    assert max(p.delay for p in changed.projections.values()) <= longest
    assert arrivals(circuit, "b") == arrivals(changed, "b") == [2 + delay]
    assert len(changed.populations) - 2 == delay // (longest + 1)


def test_hops_are_shared_and_their_names_are_new() -> None:
    text = "population a[2, 3], b[2, 3] : Cell;\n"
    text += "a -> b one_to_one weight 3 delay 5;\na[1] -> b[0] one_to_one weight 3 delay 7;\n"
    circuit = compiled(text)
    taken = Population("a.delay[0]", (1,), circuit.populations["b"].neuron)
    circuit = replace(circuit, populations=by_name([*circuit.populations.values(), taken]))
    changed = sfc.optimise(circuit, passes=["relay-delays,longest=3"])
    hops = [p for p in changed.populations.values() if p.origin and p.origin.kind == "delay"]
    assert [(hop.name, hop.shape) for hop in hops] == [("a.delay[0]-2", (2, 3))]
    assert hops[0].span == circuit.populations["a"].span


def test_an_input_has_hops_for_each_present() -> None:
    text = (
        RING + "input p[2];\npopulation a[2], b[2] : Cell;\np -> a one_to_one weight 120 delay 5;"
    )
    text += "\np -> b one_to_one weight 120 delay 5;\nphase 0 { present p; }\n"
    circuit = compiled(text)
    shared = sfc.optimise(circuit, passes=["relay-delays,longest=4"])
    assert [p.projections for p in shared.schedule.presents] == [("p -> p.delay[0]",)]
    (present,) = circuit.schedule.presents
    apart = tuple(
        replace(present, projections=(name,)) for name in circuit.projections if "p" in name
    )
    circuit = replace(circuit, schedule=replace(circuit.schedule, presents=apart))
    changed = sfc.optimise(circuit, passes=["relay-delays,longest=4"])
    assert [p.projections for p in changed.schedule.presents] == [
        ("p -> p.delay[0]",),
        ("p -> p.delay[0]-2",),
    ]


REFUSED = "population a[2], b[2] : Cell;\n"


@pytest.mark.parametrize(
    ("text", "longest"),
    [
        ("plastic W[2, 2] by Grow;\na -> b via W delay 5;", 4),
        ("chain g[3] : Cell;\ng[0] -> a all_to_all weight 120 delay 5;\na -> g[0] all_to_all "
         "weight 128;", 4),
        (RING + "input p[2];\np -> a one_to_one weight 20 delay 5;\nphase 1, 2 { present p; }", 4),
    ],
)  # fmt: skip
def test_delays_that_cannot_be_relayed_are_errors(text: str, longest: int) -> None:
    assert codes(REFUSED + text, f"relay-delays,longest={longest}") == ["E0901"]
    assert same(f"relay-delays,longest={longest + 1}", REFUSED + text)


@pytest.mark.parametrize(
    "text",
    [
        "plastic W[2, 2] by Fixed;\na -> b via W delay 5;",
        "chain g[3] : Cell;\ng[0] -> a all_to_all weight 120 delay 5;",
        "chain g[3] : Cell ring;\ng[0] -> a all_to_all weight 120 delay 5;",
        "chain g[3] : Cell;\ng[1] -> a all_to_all weight 120 delay 5;\na -> g[1] all_to_all "
        "weight 3;",
    ],
)
def test_these_can_be_relayed(text: str) -> None:
    assert not same("relay-delays,longest=4", REFUSED + text)


def test_every_delay_that_cannot_be_relayed_is_reported() -> None:
    text = REFUSED + "plastic W[2, 2] by Grow;\na -> b via W delay 5;\nb -> a via W.T delay 6;"
    assert codes(text, "relay-delays,longest=4") == ["E0901", "E0901"]


def test_too_many_neurons_are_an_error() -> None:
    text = "population a[2000000] : Cell;\na -> a one_to_one weight 1 delay 62;\n"
    assert codes(text, "relay-delays,longest=0") == ["E0306"]


# The pipeline, options, levels


def test_every_pass_says_what_it_is() -> None:
    for kind in PASSES:
        assert kind.preserves in MEANINGS
        assert len(kind.__doc__ or "") > 200
        assert named(kind.name) == kind()
    assert list(options(RelayDelays)) == ["longest"]
    assert list(options(Quantise)) == ["exponent", "clip", "split", "extra"]
    names = {kind.name for kind in PASSES}
    assert all(step.name in names for passes in LEVELS.values() for step in passes)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("merge-gats", "E0707", "did you mean `merge-gates`?"),
        ("", "E0707", "the passes are"),
        ("relay-delays,longst=3", "E0204", "did you mean `longest`?"),
        ("relay-delays,longest", "E0204", "write longest=…"),
        ("merge-gates,longest=3", "E0204", "its options: none"),
        ("share-copies,shareable=3", "E0204", "its options: none"),
        ("relay-delays,longest=three", "E0305", "is an integer"),
        ("relay-delays,longest=" + "9" * 5000, "E0305", "is an integer"),
        ("relay-delays,longest=-1", "E0302", "0 to 62"),
        ("relay-delays,longest=63", "E0302", "0 to 62"),
    ],
)
def test_mistakes_in_the_name_of_a_pass(text: str, code: str, message: str) -> None:
    with pytest.raises(sfc.SfcError, match=code) as caught:
        named(text)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 400


def test_levels_and_passes_together() -> None:
    steps = pipeline(1, ["relay-delays,longest=7", MergeGates()])
    assert steps == (*LEVELS[1], RelayDelays(7), MergeGates())
    assert pipeline(None, []) == ()
    with pytest.raises(sfc.SfcError, match="E0302"):
        pipeline(3, [])


def test_optimise_takes_a_level_or_passes() -> None:
    text = "population a[2], b[2] : Cell;\na -> a, b one_to_one weight 6;\na -> a, b one_to_one "
    circuit = compiled(text + "weight 6;\nprobe a;")
    assert len(sfc.optimise(circuit).projections) == 2
    assert sfc.optimise(circuit, level=0) is circuit
    assert list(sfc.optimise(circuit, level=2).populations) == ["a"]
    assert len(sfc.optimise(circuit, passes="drop-unread").projections) == 2
    assert len(sfc.optimise(circuit, level=1, passes=["drop-unread"]).projections) == 1
    with pytest.raises(sfc.SfcError, match="E0305"):
        sfc.optimise("backprop")  # type: ignore[arg-type]


def test_accounts_and_dumps() -> None:
    circuit = compiled("population a[2] : Cell;\n" + "a -> a one_to_one weight 6;\n" * 2)
    seen = []
    changed, accounts = run_passes(
        circuit, LEVELS[1], Reporter(), lambda step, now: seen.append((step.name, now))
    )
    assert [account.name for account in accounts] == [name for name, _ in seen]
    assert seen[0][1] is seen[-1][1] is changed
    first = accounts[0]
    assert (first.before.projections, first.after.projections) == (2, 1)
    assert (first.before.synapses, first.after.synapses) == (4, 2)
    assert (first.before.populations, first.before.neurons) == (1, 2)
    assert all(account.seconds >= 0 for account in accounts)


def test_a_pass_that_breaks_an_invariant_is_named() -> None:
    class Breaks:
        name, summary, preserves = "breaks", "", "states"

        def run(self, circuit: Circuit, reporter: Reporter) -> Circuit:
            return replace(circuit, properties=(Property("silent", ("nobody",)),))

    circuit = compiled("population a[2] : Cell;")
    with pytest.raises(InvariantError, match=r"I13 .*after the pass breaks"):
        run_passes(circuit, [Breaks()], Reporter())


def test_optimised_circuits_have_the_digest_of_what_they_do() -> None:
    from sfc.ir.record import digest

    text = "population a[2], b[2] : Cell;\nplastic W[2, 2] by Fixed;\na -> a, b via W;\n"
    circuit = compiled(text)
    shared = sfc.optimise(circuit, passes=["share-copies"])
    assert shared != circuit
    assert digest(shared) == digest(circuit)
