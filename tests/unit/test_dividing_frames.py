"""Frames that divide, and phases that do not come in every frame: what must not be claimed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import sfc
from sfc import cli
from sfc.analysis.obligations import comes_always
from sfc.ir.circuit import Circuit

BRANCHES = """sfc 1;
import "neurons.sfc";
import "chains.sfc";
input bit[1];
input data[2];
neuron Plain { threshold = 1024; }
population asked : Gated;
instance choice : Choice(2) { condition = asked; g = main; }
phase main[1] { present bit to asked; open asked; }
"""


def branches(short: int, long: int, more: str) -> Circuit:
    chain = f"chain main[4] : Relay ring started by short.g[{short - 1}], long.g[{long - 1}];\n"
    chain += f"instance short : Branch({short}) {{ trigger = choice.yes; }}\n"
    chain += f"instance long : Branch({long}) {{ trigger = choice.no; }}\n"
    return sfc.compile_text(BRANCHES + chain + more)


def spikes(circuit: Circuit, name: str) -> int:
    samples = {"bit": np.array([[0], [1]] * 5), "data": np.ones((10, 2), bool)}
    return len(sfc.Simulator(circuit).run(samples, probes=[name]).events[name])


def status(circuit: Circuit) -> list[str]:
    return [o.status for o in sfc.phases(circuit).obligations if o.is_asserted]


def test_what_comes_back_from_a_branch_may_take_both() -> None:
    """late fires in the longer branch, and would let choice.no fire in the frame after it."""
    both = branches(
        2,
        2,
        """population late[2] : Gated; population both : Plain;
phase long.g[0] { present data to late; open late; }
late -> choice.no all_to_all weight spike delay 3;
short.g[0], long.g[0] -> both all_to_all weight 800;
probe both;
assert silent both in short.g[0];
""",
    )
    assert spikes(both, "both") > 0
    assert status(both) != ["proved"]
    smaller = sfc.optimise(both, passes=["drop-useless"])
    assert spikes(smaller, "both") == spikes(both, "both")


def test_rest_within_one_branch_of_two() -> None:
    circuit = branches(
        6,
        7,
        """population p[2] : Gated { refractory = 3; }
phase long.g[1], long.g[3] { present data to p; open p; }
probe p;
""",
    )
    smaller = sfc.optimise(circuit, passes=["drop-rest"])
    assert spikes(smaller, "p") == spikes(circuit, "p") > 0
    assert smaller.populations["p"].neuron.refractory == 3


def test_a_phase_of_one_branch_is_not_in_every_frame() -> None:
    text = "population q : Plain;\nshort.g[0], long.g[0] -> q all_to_all weight 2000;\nprobe q;\n"
    reached = sfc.phases(branches(2, 2, text)).sound
    table = reached.table_of("short.g")
    assert table is not None
    assert table.cell("q", 0).state == "must_fire"
    assert not comes_always(reached.reading, "short.g", 0)
    assert comes_always(reached.reading, "main", 2)


NEVER = """sfc 1;
import "neurons.sfc";
chain g[4] : Relay ring;
neuron Plain { threshold = 1024; }
population never, p : Plain;
chain k[3] : Relay started by never;
g[0] -> p all_to_all weight 2000;
g[2] -> never all_to_all weight 1000;
probe p;
"""


@pytest.mark.parametrize(("kind", "expected"), [("silent", "proved"), ("fires", "refuted")])
def test_a_phase_that_never_comes(kind: str, expected: str) -> None:
    assert status(sfc.compile_text(NEVER + f"assert {kind} p in k[1];\n")) == [expected]


def test_passes_do_not_suppose_that_copies_begin_equal() -> None:
    circuit = sfc.compile_text("""sfc 1;
import "neurons.sfc";
rule Grow { dw = 2*x0*y0; range = 0..254; }
input data[2];
chain g[6] : Relay ring;
population x[2], a[2], b[2], d[2] : Gated;
plastic W[2, 2] by Grow init constant(200);
x -> a via W as A;
x -> b via W as B;
a -> d one_to_one weight spike;
b -> d one_to_one weight -spike;
phase 1 { present data to x; open x; }
phase 2 { open a above 320; open b above 320; }
phase 3 { open d; }
probe d;
""")
    counts = []
    for each in (circuit, sfc.optimise(circuit, passes=["drop-useless"])):
        simulator = sfc.Simulator(each)
        simulator.weights["B"] = np.zeros((2, 2), int)
        counts.append(len(simulator.run({"data": np.ones((3, 2), bool)}).events["d"]))
    assert counts == [6, 6]


def test_readings_of_other_moments_are_shown_together(tmp_path: Path) -> None:
    """If z fires, it lets the ring run wild: the sound reading knows no phases."""
    path = tmp_path / "mixed.sfc"
    path.write_text("""sfc 1;
import "neurons.sfc";
input data[8];
chain g[4] : Relay ring;
population x[8], z[2] : Gated;
x -> z all_to_all weight 1600;
z -> g[1] all_to_all weight 8000;
phase 1 { present data to x; open x; }
phase 3 { open z; }
probe z;
""")
    phases = sfc.phases(sfc.compile(path))
    assert (phases.sound.table.chain, phases.conditional.table.chain) == ("", "g")
    assert phases.conditional.table.cell("z", 2).state == "open"
    result = CliRunner().invoke(cli.app, ["phases", str(path)])
    assert result.exit_code == 0, result.output
    assert "z in phase 2" in result.stdout
