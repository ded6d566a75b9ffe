"""The phase table as text, JSON, chart and page."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markup import HOSTILE, SVG, tags_of
from rich.console import Console

import sfc
from sfc.analysis.phases import Phases, analyse
from sfc.cli_phase_table import headline, kept_rows, legend, phase_tables, statements
from sfc.ir.circuit import Circuit, Neuron, Origin, Population, Projection, Weight, by_name
from sfc.ir.schedule import Chain, Schedule
from sfc.report import phase_chart
from sfc.report.phase_chart import chart
from sfc.report.phase_groups import groups_of
from sfc.report.phase_json import json_chunks
from sfc.report.phase_page import page
from sfc.report.phase_rows import Row, described, rows

ROOT = Path(__file__).parents[2]

ECHO = """sfc 1;
import "neurons.sfc";
input pattern[8];
chain g[6] : Relay ring;
population x[8], memory[8], z[2], late[2], idle : Gated;
x -> memory one_to_one weight spike;
memory -> x one_to_one weight spike delay 1;
x -> z all_to_all weight 1200;
z -> late one_to_one weight spike;
phase 1 { present pattern to x; open x; }
phase 2 { open memory; open z above 2400; }
phase 3, 0 { open late; }
phase 4 { open x; }
phase 5 { close x; }
"""

MODULES = """sfc 1;
import "neurons.sfc";
input pattern[4];
chain g[3] : Relay ring;
module Inner() { port population from[4]; port chain g; population b[4] : Gated;
  from -> b one_to_one weight spike; phase g[2] { open b; } }
module Outer() { port population from[4]; port chain g; population a[4] : Gated;
  from -> a one_to_one weight spike; phase g[2] { open a; }
  instance inner : Inner() { from = from; g = g; } }
population x[4] : Gated;
instance outer[k in 1..2] : Outer() { from = x; g = g; }
phase 1 { present pattern to x; open x; }
"""


def phases_of(text: str) -> Phases:
    return analyse(sfc.compile_text(text))


@pytest.fixture(scope="module")
def backprop() -> Phases:
    return analyse(sfc.compile("backprop"))


def printed(phases: Phases, width: int = 80, plain: bool = False, **chosen: object) -> list[str]:
    """The lines of the tables, without colours."""
    sound, whole = bool(chosen.pop("sound", False)), bool(chosen.pop("whole", False))
    out = Console(file=io.StringIO(), width=width, soft_wrap=True, markup=False)
    shown = rows(phases, sound, **chosen)  # type: ignore[arg-type]
    for table in phase_tables(phases, shown, sound, whole, width, plain):
        out.print(table)
    return [line.rstrip() for line in out.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def marks(lines: list[str], name: str) -> str:
    """The marks of all phases of a row."""
    found = [line.split()[1:] for line in lines if line.split()[:1] == [name]]
    return " ".join(mark for line in found for mark in line)


def hostile_circuit(name: str) -> Circuit:
    """A ring of hostile names that drives a hostile population in a hostile module."""
    neuron = Neuron(1024)
    relays = tuple(f"{name}{k}" for k in range(3))
    inner = f"{name}.{name}"
    populations = [
        Population(relay, (1,), neuron, Origin("relay", name, k)) for k, relay in enumerate(relays)
    ]
    populations += [Population(inner, (2,), neuron), Population("\0", (1,), neuron)]
    links = [
        Projection(f"{name}{a}", a, b, "all_to_all", Weight(255, 5), origin=Origin("link", name, 0))
        for a, b in pairwise((*relays, relays[0]))
    ]
    links.append(Projection(name, relays[1], inner, "all_to_all", Weight(255, 5)))
    return Circuit(
        name,
        populations=by_name(populations),
        projections=by_name(links),
        schedule=Schedule((Chain(name, relays, True),)),
    )


def test_marks_say_state_gate_and_difference() -> None:
    lines = printed(phases_of(ECHO))
    assert lines[0] == "phases 0 to 5 of g, conditional reading"
    assert marks(lines, "g") == "■ ■ ■ ■ ■ ■"
    assert marks(lines, "x") == "· o+ · · o+ ·-"
    assert marks(lines, "z") == "· · o+ · · ?"
    assert marks(lines, "late") == "·+! · · o+ · ·"
    assert marks(lines, "idle") == "· · · · · ·"
    sound = printed(phases_of(ECHO), sound=True)
    assert marks(sound, "late") == "o+! · · o+ · ·"
    assert "sound reading" in sound[0]


def test_marks_and_legend_without_unicode() -> None:
    phases = phases_of(ECHO)
    lines = printed(phases, plain=True)
    assert marks(lines, "g") == "# # # # # #"
    assert "".join(marks(lines, name) for name in ("x", "late")).isascii()
    shown = legend(rows(phases), False, True)
    assert shown.isascii()
    for sign, words in {
        "#": "fires in every frame",
        "-": "closed",
        "!": "not so in the sound",
    }.items():
        assert f"{sign} {words}" in shown
    assert "closed" not in legend(rows(phases, chosen=["z"]), False, True)


def test_relays_fold_into_a_row_a_chain() -> None:
    phases = phases_of(ECHO)
    assert [(row.name, row.kind) for row in rows(phases)][:2] == [
        ("g", "chain"),
        ("x", "population"),
    ]
    unfolded = printed(phases, relays=True)
    assert marks(unfolded, "g[0]") == "· · · · · ■"
    assert marks(unfolded, "g[3]") == "· · ■ · · ·"
    assert marks(unfolded, "g") == ""


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        (["z", "x"], ["x", "z"]),
        (["g"], ["g"]),
    ],
)
def test_populations_are_chosen(chosen: list[str], names: list[str]) -> None:
    assert [row.name for row in rows(phases_of(ECHO), chosen=chosen)] == names


def test_modules_are_chosen_and_relays_by_their_chain() -> None:
    phases = phases_of(MODULES)
    assert [row.name for row in rows(phases, chosen=["outer[1]"])] == [
        "outer[1].a",
        "outer[1].inner.b",
    ]
    assert len(rows(phases, relays=True, chosen=["g"])) == 3
    with pytest.raises(sfc.SfcError, match="did you mean `outer"):
        rows(phases, chosen=["outr[1]"])


def test_wide_tables_come_in_blocks_without_silent_rows() -> None:
    phases = phases_of(ECHO)
    lines = printed(phases, width=24)
    titles = [line for line in lines if line.startswith("phases")]
    assert titles == [
        "phases 0 to 3 of g, conditional reading, without what is silent",
        "phases 4 to 5 of g, conditional reading, without what is silent",
    ]
    assert marks(lines, "x") == "· o+ · · o+ ·-"
    assert marks(lines, "memory") == "· · o+ ·"
    whole = printed(phases, width=24, whole=True)
    assert marks(whole, "memory") == "· · o+ · · ·"
    assert max(map(len, lines[1:])) <= max(24, len(titles[0]))
    long = phases_of("sfc 1; neuron R { threshold = 1; ring = 2; } chain g[60] : R ring;")
    blocks = [line for line in printed(long, width=500) if line.startswith("phases")]
    assert [re.findall(r"\d+", line)[:2] for line in blocks] == [
        ["0", "23"], ["24", "47"], ["48", "59"]
    ]  # fmt: skip


def test_rows_without_anything_are_left_out() -> None:
    shown = rows(phases_of(ECHO))
    kept, left_out = kept_rows(shown, False, False)
    assert [row.name for row in shown if row not in kept] == ["idle"]
    assert left_out.startswith("1 row that is silent throughout is left out")
    assert kept_rows(shown, True, False) == (shown, "")
    assert kept_rows(shown, False, True) == (shown, "")
    many = [Row(f"p{k}", "population", 1, shown[0].slots) for k in range(300)]
    kept, left_out = kept_rows([*shown, *many], False, False)
    assert len(kept) == 200
    assert left_out.startswith("1 row that is silent throughout and 105 more rows are left out")


def test_a_circuit_without_frames_has_one_column() -> None:
    phases = analyse(sfc.compile("plain"))
    lines = printed(phases)
    assert lines[0] == "any step, conditional reading"
    assert marks(lines, "excitatory") == "o"
    assert {phase for _, phase in cells_of(chart(phases, rows(phases)))} == {"-1"}
    assert 'data-first="-1" data-count="1"' in page(phases, rows(phases))


def test_headline_and_statements(backprop: Phases) -> None:
    assert headline(backprop).startswith(
        "backprop: 47 of 324 cells fire, 18 are open, 259 are proved silent; "
        "sound reading: 53 of 324 cells fire"
    )
    assert headline(analyse(sfc.compile("graded_relay"))).endswith("in both readings")
    lines = [line.plain for line in statements(backprop, rows(backprop))]
    assert "assumed: the copies of W1 and W2 are equal when a run begins" in lines
    assert sum(line.startswith("open: ") for line in lines) == 6
    margin = backprop.conditional.table.cell("h", 8).margin
    assert any(line.endswith(f"(margin {margin:,.0f})") for line in lines)
    only = [line.plain for line in statements(backprop, rows(backprop, chosen=["h"]))]
    assert [line[:7] for line in only if line.startswith("open")] == ["open: h"] * 2


def test_json_holds_the_cells_of_every_branch() -> None:
    data = json.loads("".join(json_chunks(sfc.phases(sfc.compile("branches")))))
    assert data["chains"] == [["main", 4], ["play.g", 7], ["rest.g", 2], ["", 1]]
    assert len(data["cells"]) == 18 * (4 + 7 + 2 + 1)
    firing = {(c["population"], c["chain"], c["phase"]) for c in data["cells"] if c["count"][1]}
    assert {place for place in firing if place[0] in ("x", "seen", "out")} == {
        *(("x", "main", 1), ("seen", "main", 2)),
        *(("out", "play.g", phase) for phase in (1, 3, 5)),
    }


def test_json_holds_all_cells(backprop: Phases) -> None:
    data = json.loads("".join(json_chunks(backprop)))
    assert list(data) == [
        *("format", "circuit", "chain", "phases", "chains", "cells", "assumptions", "obligations")
    ]
    assert (data["format"], data["chain"], data["phases"]) == ("sfc-phases 1", "g", 12)
    table, sound = backprop.conditional.table, backprop.sound.table
    assert len(data["cells"]) == 27 * 12
    expected = [
        cell.data() | {"sound": sound.cell(cell.population, cell.phase).state}
        for cell in table.cells()
    ]
    assert data["cells"] == expected
    assert data["obligations"] == [obligation.data() for obligation in backprop.obligations]
    assert data["assumptions"] == [assumption.data() for assumption in backprop.assumptions]


@pytest.mark.parametrize("name", [HOSTILE, '", "phase": -2', "\x1b[31mred\x9b0m", "[bold]x[/bold]"])
def test_hostile_names(name: str) -> None:
    phases = analyse(hostile_circuit(name))
    shown = rows(phases)
    data = json.loads("".join(json_chunks(phases)))
    assert {cell["population"] for cell in data["cells"]} == set(phases.circuit.populations)
    assert len(data["cells"]) == 3 * 5
    for sound in (False, True):
        svg = chart(phases, rows(phases, sound, relays=True), sound)
        ElementTree.fromstring(svg.encode())
        assert "<script" not in svg
    tags = tags_of(page(phases, shown))
    assert [tag for tag, _ in tags.found].count("script") == 1
    assert not any(word.startswith("on") for _, attributes in tags.found for word in attributes)
    assert phases.conditional.table.cell(f"{name}.{name}", 1).state == "must_fire"
    text = "\n".join([*printed(phases), headline(phases), legend(shown, False, False)])
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    if name.startswith("[bold]"):
        assert f"{name}.{name}" in text


def cells_of(svg: str) -> dict[tuple[str, str], ElementTree.Element]:
    """The cells of a chart, by the name and phase in their tooltips."""
    found = {}
    for group in ElementTree.fromstring(svg.encode()).iter(f"{SVG}g"):
        if group.get("class") == "cell":
            words = group.findtext(f"{SVG}title") or ""
            found[words.partition(" in ")[0], group.attrib["data-phase"]] = group
    return found


def classes_in(group: ElementTree.Element) -> set[str]:
    return {word for part in group.iter() for word in (part.get("class") or "").split()}


def test_chart_draws_what_is_known() -> None:
    phases = phases_of(ECHO)
    cells = cells_of(chart(phases, rows(phases)))
    assert {"pulse", "may_fire", "opened", "gated"} <= classes_in(cells["z", "2"])
    assert {"pulse", "open", "hatch", "over"} <= classes_in(cells["z", "5"])
    assert "drive 0 to 9,600, fires above 9,216: margin -384" in (
        cells["z", "5"].findtext(f"{SVG}title") or ""
    )
    assert {"opened", "differs"} <= classes_in(cells["late", "0"])
    assert "pulse" not in classes_in(cells["late", "0"])
    assert {"closed", "shut"} <= classes_in(cells["x", "5"])
    assert "present" in classes_in(cells["x", "1"])
    assert ("g", "0") not in cells
    relays = cells_of(chart(phases, rows(phases, relays=True)))
    assert "must_fire" in classes_in(relays["g[1]", "0"])


def test_chart_marks_rewards_and_what_learns(backprop: Phases) -> None:
    svg = chart(backprop, rows(backprop))
    assert len(re.findall('class="rewarded"', svg)) == 2
    cells = cells_of(svg)
    learning = {key for key, group in cells.items() if "head" in classes_in(group)}
    assert {phase for name, phase in learning if name == "h"} == {"7", "11"}
    assert {phase for name, phase in learning if name == "o"} == {"5", "9"}
    assert "x -> h learns +2" in (cells["h", "7"].findtext(f"{SVG}title") or "")
    assert "x -> h learns -2" in (cells["h", "11"].findtext(f"{SVG}title") or "")


def test_drive_lies_right_of_the_level_where_it_fires(backprop: Phases) -> None:
    for group in cells_of(chart(backprop, rows(backprop))).values():
        words = group.findtext(f"{SVG}title") or ""
        bars = [part for part in group if part.get("class") in ("drive", "over")]
        level = next((part for part in group if part.get("class") == "level"), None)
        if level is None:
            continue
        middle = float(re.match(r"M([\d.]+)", level.attrib["d"])[1])  # type: ignore[index]
        right = max(float(bar.attrib["x"]) + float(bar.attrib["width"]) for bar in bars)
        assert min(float(bar.attrib["x"]) for bar in bars) >= 0
        assert right <= 2 * middle
        assert (right > middle + 0.2) == ("margin -" in words), words


def test_statements_lead_to_lanes(backprop: Phases) -> None:
    tree = ElementTree.fromstring(chart(backprop, rows(backprop)).encode())
    lanes = {group.get("id") for group in tree.iter(f"{SVG}g")}
    links = [link.attrib["href"] for link in tree.iter(f"{SVG}a")]
    assert len(links) == 6
    assert {link.removeprefix("#") for link in links} <= lanes
    tags = tags_of(page(backprop, rows(backprop)))
    ids = {attributes["id"]: attributes for tag, attributes in tags.found if "id" in attributes}
    linked = [attributes for tag, attributes in tags.found if tag == "a"]
    assert len(linked) == 18
    assert {ids[a["href"][1:]]["data-name"] for a in linked} == {
        *("h", "h_lt", "h_gt", "o", "o_lt", "o_gt")
    }


def test_groups_are_modules_in_order() -> None:
    groups = groups_of(rows(phases_of(MODULES)))
    assert [(group.name, group.depth, len(group.rows), len(group.inner)) for group in groups] == [
        ("", 0, 2, 2),
        ("outer[1]", 0, 1, 2),
        ("outer[1].inner", 1, 1, 1),
        ("outer[2]", 0, 1, 2),
        ("outer[2].inner", 1, 1, 1),
    ]


def test_page_has_modules_both_readings_and_no_network() -> None:
    html = page(phases_of(MODULES), rows(phases_of(MODULES)))
    tags = tags_of(html)
    lanes = [a for tag, a in tags.found if tag == "tr" and "data-name" in a]
    assert [a["data-name"] for a in lanes if "module" in (a.get("class") or "")] == [
        *("outer[1]", "outer[1].inner", "outer[2]", "outer[2].inner")
    ]
    assert not re.search(r"(src=|url\(|@import|https?:)", html.replace("http://www.w3.org", ""))
    phases = phases_of(ECHO)
    both = page(phases, rows(phases))
    assert both.count('"cell conditional"') == both.count('"cell sound"') > 0
    assert 'class="cell sound" data-phase="0"' in both
    turned = page(phases, rows(phases, True), True)
    assert '<main tabindex="0" data-reading="sound"' in turned
    assert turned.count('"cell sound"') == both.count('"cell sound"')


def test_tooltips_of_folded_rows_name_what_fires() -> None:
    (row,) = rows(phases_of(ECHO), chosen=["g"])
    assert described(row, 2, row.slots[2], False) == [
        "g in phase 2: fires in every frame",
        "g[3] fires in every frame",
    ]
    assert described(row, 9, None, False)[0] == "g in phase 9: silent"


def test_what_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    phases = phases_of(ECHO)
    monkeypatch.setattr(phase_chart, "LANE_LIMIT", 3)
    for drawer in (chart, page):
        with pytest.raises(sfc.SfcError, match=r"E0306.*at most 3 lanes, not 5"):
            drawer(phases, rows(phases))


def test_output_is_deterministic() -> None:
    one, other = phases_of(ECHO), phases_of(ECHO)
    assert chart(one, rows(one)) == chart(other, rows(other))
    assert page(one, rows(one)) == page(other, rows(other))
    assert list(json_chunks(one)) == list(json_chunks(other))


def test_an_empty_circuit() -> None:
    phases = analyse(Circuit("empty"))
    assert json.loads("".join(json_chunks(phases)))["cells"] == []
    ElementTree.fromstring(chart(phases, rows(phases)))
    tags_of(page(phases, rows(phases)))


def test_the_picture_in_the_documentation_is_up_to_date(backprop: Phases) -> None:
    picture = ROOT / "docs" / "images" / "phases.svg"
    assert picture.read_text("utf-8") == chart(backprop, rows(backprop)), (
        "python -m sfc phases backprop --svg docs/images/phases.svg"
    )


def command(*words: str, folder: Path, code: int = 0) -> str:
    words = (sys.executable, "-m", "sfc", "phases", *words)
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_command(tmp_path: Path) -> None:
    assert "Examples:" in command("--help", folder=tmp_path)
    words = ("graded_relay", "--json", "new/p.json", "--svg", "p.svg", "--html", "p.html")
    assert command(*words, folder=tmp_path) == f"{Path('new/p.json')}\np.svg\np.html\n"
    assert json.loads((tmp_path / "new" / "p.json").read_text("utf-8"))["circuit"] == "graded_relay"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "p.html", "p.svg"]
    assert json.loads(command("ring", "--json", "-", folder=tmp_path))["phases"] > 0
    assert "did you mean `a`" in command(
        "graded_relay", "--population", "aa", folder=tmp_path, code=1
    )
    assert "it is a folder" in command("ring", "--svg", ".", folder=tmp_path, code=1)
