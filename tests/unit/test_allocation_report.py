"""Reports of an allocation: what is read, told, and refused."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from allocation_samples import sample
from markup import HOSTILE
from rich.console import Console

from sfc import SfcError
from sfc.cli_report_table import report_lines
from sfc.report.allocation_model import Part, Use
from sfc.report.allocation_reader import read_record, report_of
from sfc.report.allocation_sheets import (
    energy_sheets,
    populations_sheet,
    projections_sheet,
    traffic_sheets,
)
from sfc.report.allocation_text import cores_sheet, parts_text
from sfc.report.allocation_words import amount, figures, headline, percent, use_text

SIZES = {
    "5 cores": (5,),
    "81 cores": (81,),
    "445 cores": (445, 4),
    "1,100 cores": (1100, 9),
    "Loihi 2": (7, 1, True),
}


def hostile(record: dict[str, Any], text: str = HOSTILE) -> dict[str, Any]:
    """The same allocation, with a hostile text wherever a circuit's author may write one."""
    record = copy.deepcopy(record)
    record["circuit"] += text
    for thing in [*record["populations"], *record["projections"]]:
        thing["name"] += text
        thing["span"] = text
    for core in record["cores"]:
        for part in core["populations"]:
            part["name"] += text
            part["span"] = text
    record["projections"][0]["formats"] = [text]
    record["unverified"][0]["note"] = text
    record["traffic"]["basis"] = text
    record["paper"] = {text: {text: text}}
    return record


def printed(record: dict[str, Any], width: int, whole: bool = False) -> list[str]:
    out = Console(file=io.StringIO(), width=10_000, soft_wrap=True, markup=False)
    for line in report_lines(report_of(record), width, whole):
        out.print(line)
    return [line.rstrip() for line in out.file.getvalue().splitlines()]  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", SIZES)
def test_numbers_are_those_of_the_json(size: str) -> None:
    record = sample(*SIZES[size])
    report = report_of(json.loads(json.dumps(record)))
    assert [core.id for core in report.cores] == [core["id"] for core in record["cores"]]
    for core, given in zip(report.cores, record["cores"], strict=True):
        assert {n: u.used for n, u in core.used.items()} == {
            n: u["used"] for n, u in given["used"].items()
        }
        assert core.used[core.binding or ""].share == core.share
    rows = {row[0]: row for row in projections_sheet(report).rows}
    for given in record["projections"]:
        row = rows[given["name"]]
        assert (row[1], row[2]) == (f"{given['words']:,}", f"{given['synapses']:,}")
        assert (row[3], row[6]) == ("yes" if given["plastic"] else "", given["span"])


def test_spikes_are_sorted_by_how_far_they_go() -> None:
    record = sample()
    record["chips_used"] = 2
    for place, (id, chip, core) in enumerate([(0, 0, 0), (1, 0, 1), (4, 0, 4), (128, 1, 0)]):
        tile = core // 4
        record["cores"][place] |= {"id": id, "chip": chip, "core": core, "tile": [tile, 0]}
    record["cores"] = record["cores"][:4]
    pairs = [[0, 0, 1], [0, 1, 20], [1, 4, 300], [4, 128, 4000], [9, 0, 7]]
    record["traffic"] |= {"between_cores": pairs, "inter_chip_per_step": 5.0}
    rows = next(traffic_sheets(report_of(record))).rows
    assert [row[:2] for row in rows[:5]] == [
        ("within a core", "1"),
        ("within a tile", "20"),
        ("between tiles", "300"),
        ("between chips", "4,000"),
        ("between cores, in all", "4,320"),
    ]
    assert rows[3][2] == "5"


def test_bases_stand_side_by_side_and_nothing_is_added() -> None:
    summary, operations, parts = energy_sheets(report_of(sample()))
    assert summary.rows == (
        ("davies", "12.5", "38.4", "76.1", "732"),
        ("sanafe", "12.2", "n/a", "154", "1,482"),
    )
    assert [column.heading for column in operations.columns] == ["operation", "a sample"]
    assert [column.heading for column in parts.columns] == ["what", "davies µJ", "sanafe µJ"]
    assert ("spike out", "n/a", "0.13") in parts.rows


def test_runs_of_cores_are_shortened() -> None:
    record = sample()
    record["populations"][0]["cores"] = [7, 1, 2, 3, 9, 10]
    assert populations_sheet(report_of(record)).rows[0][3] == "1..3, 7, 9..10"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_table_of_cores_fits_the_terminal(size: str, width: int) -> None:
    lines = printed(sample(*SIZES[size]), width)
    first = lines.index("cores")
    table = lines[first : lines.index("", first)]
    table = [line for line in table if not line.startswith(("left out", "* ", "…"))]
    assert max(map(len, table)) <= width


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("width", [80, 160])
def test_each_core_has_its_binding_resource_marked(size: str, width: int) -> None:
    report = report_of(sample(*SIZES[size]))
    sheet = cores_sheet(report, width)
    marked = sum(any(cell.startswith("*") for cell in row) for row in sheet.rows)
    said = next((note for note in sheet.notes if note.startswith("* is left out on ")), "")
    hidden = int(said.split()[5].replace(",", "")) if said else 0
    assert marked + hidden == len(report.cores)
    assert marked >= len(report.cores) / 2


def test_what_is_cut_says_how_much() -> None:
    record = sample(81)
    assert "… 41 more, --all" in printed(record, 80)
    whole = printed(record, 80, whole=True)
    assert not any("--all" in line for line in whole)
    assert sum(line.endswith("x 0..40") for line in whole) == 1


def test_binding_resources_keep_their_columns() -> None:
    record = sample()
    for core in record["cores"]:
        core["binding"] = "threshold_profiles"
    sheet = cores_sheet(report_of(record), 80)
    assert any(column.heading.startswith("threshold") for column in sheet.columns)
    assert "left out" in sheet.notes[1]


def test_populations_are_cut_to_the_letters_there_are() -> None:
    parts = [Part("a", 0, 9, 10), Part("bee", 0, 99, 100), Part("c", 0, 0, 1)]
    assert parts_text(parts, None) == "bee 0..99, a 0..9, c"
    assert parts_text(parts, 20) == "bee 0..99, a 0..9, c"
    assert parts_text(parts, 19) == "bee 0..99 … 2 more"
    assert parts_text(parts, 1) == "bee 0..99 … 2 more"


def test_terminals_get_no_control_characters() -> None:
    text = "\x1b[31mred\x1b]0;title\x07\u202e\r\n\u2028"
    lines = printed(hostile(sample(), text), 120)
    assert any("red" in line for line in lines)
    assert not set("\x1b\x07\u202e\r\u2028") & set("".join(lines))


@pytest.mark.parametrize(
    ("used", "available", "shown"),
    [
        (0, 10, "0 %"),
        (1, 1000, "<1 %"),
        (999, 1000, "99 %"),
        (1000, 1000, "100 %"),
        (3, None, ""),
        (3, 0, ""),
    ],
)
def test_percent(used: int, available: int | None, shown: str) -> None:
    assert percent(Use(used, available)) == shown


def test_amounts_have_three_digits_and_units() -> None:
    values = [None, 0, 12345678, 123.4, 12.345, 1.2345, 0.012345, 1.0]
    assert [amount(value) for value in values] == [
        "n/a", "0", "12,345,678", "123", "12.3", "1.23", "0.0123", "1",
    ]  # fmt: skip
    assert amount(1.5, "µs") == "1.50 µs"
    assert use_text(Use(15872, 16384), "words") == "15,872 / 16,384 words, 97 %"
    assert use_text(Use(5, None), "axons") == "5 axons, limit not published"


def test_figures_take_their_units_from_their_names() -> None:
    table = {"training": {"energy_mJ": 0.59, "latency_ms": None}, "accuracy_percent": 96.3}
    assert dict(figures(table)) == {
        "training energy": "0.59 mJ",
        "training latency": "n/a",
        "accuracy": "96.3 %",
    }


def test_the_headline_names_the_bound_and_the_basis() -> None:
    record = sample() | {"cores_used": 7, "lower_bound": 6, "step_time_us": 61.2}
    assert headline(report_of(record)) == (
        "7 cores of 128, at least 6 (synaptic memory); 1 chip; step 61.2 µs (davies)"
    )
    bare = {**record, "lower_bound": None, "binding_bound": None, "step_time_us": None}
    assert headline(report_of(bare)) == "7 cores of 128; 1 chip"


def change(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def changed(record: dict[str, Any]) -> None:
        *way, last = path.split(".")
        inside: Any = record
        for step in way:
            inside = inside[int(step)] if step.isdigit() else inside[step]
        if value is KeyError:
            del inside[last]
        else:
            inside[int(last) if last.isdigit() else last] = value

    return changed


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (change("format", "sfc-allocation 2"), "its format is 'sfc-allocation 2'"),
        (change("format", KeyError), "it names no format"),
        (change("cores", KeyError), "cores is missing"),
        (change("chip.cores", KeyError), "chip.cores is missing"),
        (change("chip.cores", 0), "chip.cores or chip.cores_per_tile is out of range"),
        (change("chip.mesh", [10**6, 10**6]), "chip.mesh is out of range"),
        (change("chip.mesh", [8]), "chip.mesh should have 2 items, found 1"),
        (change("chips_used", 10**9), "chips_used is out of range"),
        (change("cores", {}), "cores should be a list, found fields"),
        (change("cores.1.id", -1), "cores[1].id should be a whole number that is not negative"),
        (change("cores.1.id", 1.5), "cores[1].id should be a whole number"),
        (change("cores.1.id", True), "cores[1].id should be a whole number"),
        (change("cores.1.id", 0), "a core occurs twice"),
        (change("cores.1.chip", 1), "cores[1] does not lie on a chip that is used"),
        (change("cores.1.tile", [8, 0]), "cores[1].tile does not lie in the mesh"),
        (change("cores.1.tile", None), "cores[1].tile does not lie in the mesh"),
        (change("cores.1.step_ns", float("nan")), "cores[1].step_ns should be a number"),
        (change("cores.0.used.compartments.used", 10**30), "compartments.used should be a number"),
        (change("circuit", None), "circuit should be a text, found None"),
        (change("projections.0.plastic", 1), "projections[0].plastic should be true or false"),
        (change("traffic.between_cores.0", [1, 2]), "between_cores[0] should have 3 items"),
        (change("paper", {"a": {"b": {"c": {"d": {"e": {}}}}}}), "is nested too deeply"),
        (change("unverified.0.value", float("inf")), "unverified[0].value is no number"),
        (change("units", ["words"]), "units should have fields, found a list"),
        (change("units", {"\x1b[2J" * 500: 1}), "should be a text"),
    ],
)
def test_what_is_no_allocation_is_refused(
    changed: Callable[[dict[str, Any]], None], message: str
) -> None:
    record = sample()
    changed(record)
    with pytest.raises(SfcError) as caught:
        report_of(record)
    assert [d.code for d in caught.value.diagnostics] == ["E0801"]
    shown = str(caught.value)
    assert len(shown) < 500
    assert "\x1b" not in shown
    assert message in shown


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"\xff\xfe", b"{" * 10_000, b'{"a":' * 10_000, b"1" * 5000]
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(SfcError, match="E0801"):
        read_record(data)


def test_fields_that_are_not_known_are_passed_over() -> None:
    record = sample() | {"later": {"a": [1]}}
    record["cores"][0]["later"] = 1
    assert report_of(record) == report_of(sample())


def test_what_was_not_worked_out_may_be_left_out() -> None:
    needed = ("format", "circuit", "chip", "objective", "cores_used", "chips_used")
    needed += ("cores_available", "cores", "populations", "projections")
    lines = printed({name: sample()[name] for name in needed}, 80)
    assert lines[0].startswith("backprop on Loihi 1: 5 cores of 128; 1 chip")
    assert "energy and latency: n/a, none are published for this chip" in lines
