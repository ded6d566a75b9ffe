"""Chips as data: the shipped files, and what is said of mistakes in a file."""

from __future__ import annotations

import copy
import json
import pickle
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import sfc
from sfc import cli
from sfc.chips import schema
from sfc.chips.read import chip_names
from sfc.resources import resource

ROOT = Path(__file__).parents[2]

SMALL = {
    "name": "small",
    "title": "A small chip",
    "boards": {"chips": [1, 4], "source": "s", "confidence": "high"},
    "limits": {
        "cores": {"value": 16, "unit": "cores", "source": "s", "confidence": "high"},
        "cores_per_tile": {"value": 2, "unit": "cores", "source": "s", "confidence": "high"},
        "mesh": {"value": [4, 2], "unit": "tiles", "source": "s", "confidence": "high"},
        "compartments": {"value": 64, "unit": "neurons", "source": "s", "confidence": "low"},
    },
    "costs": {
        "bench": {
            "spike_out_energy": {"value": 2, "unit": "pJ", "source": "s", "confidence": "high"},
            "spike_out_time": {"value": 1.5, "unit": "us", "source": "s", "confidence": "high"},
            "barrier_time": {
                "value": {"16": 30, "2": 20.5},
                "unit": "us by tiles",
                "source": "s",
                "confidence": "high",
            },
        }
    },
    "facts": {
        "colours": {
            "value": {"lid": ["red", "blue"], "heavy": True},
            "unit": "by part",
            "source": "s",
            "confidence": "medium",
            "note": "seen",
        },
        "weight": {"unit": "g", "source": "s", "confidence": "unknown"},
    },
}
MEMORY = {
    "synapse_words": 1000,
    "word_bits": 64,
    "block_synapses": 64,
    "block_header_bits": 10,
    "weight_bits": [4, 8],
    "index_bits": [0, 6],
}


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def text_of(tables: dict[str, Any]) -> str:
    """Writes tables as a chip file does: a figure has a header, and a line for each key."""
    lines: list[str] = []

    def write(path: str, table: dict[str, Any]) -> None:
        within = {k: v for k, v in table.items() if isinstance(v, dict) and k != "value"}
        lines.extend(f"{k} = {toml(v)}" for k, v in table.items() if k not in within)
        for key, inner in within.items():
            name = key if re.fullmatch(r"\w+", key) else json.dumps(key)
            name = f"{path}.{name}" if path else name
            if not inner or not all(isinstance(value, dict) for value in inner.values()):
                lines.append(f"[{name}]")
            write(name, inner)

    write("", tables)
    return "\n".join(lines) + "\n"


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    tables = copy.deepcopy(SMALL)
    change(tables)
    return tables


def figure(value: object, **other: object) -> dict[str, object]:
    return {"value": value, "unit": "u", "source": "s", "confidence": "high", **other}


def mistakes(path: Path | str) -> list[sfc.diagnostics.Diagnostic]:
    with pytest.raises(sfc.SfcError) as caught:
        sfc.chip(path)
    return list(caught.value.diagnostics)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "small.toml"


def figures_of(chip: sfc.Chip) -> dict[str, Any]:
    found = {f"limits.{name}": each for name, each in chip.limits.items()}
    found |= {f"facts.{name}": each for name, each in chip.facts.items()}
    for basis, costs in chip.costs.items():
        found |= {f"costs.{basis}.{name}": each for name, each in costs.items()}
    return found | {"boards": chip.systems}


LOIHI1 = {
    "limits.cores": (128, "high"),
    "limits.cores_per_tile": (4, "medium"),
    "limits.mesh": ((8, 4), "medium"),
    "limits.compartments": (1024, "high"),
    "limits.synapse_words": (16384, "high"),
    "limits.word_bits": (64, "high"),
    "limits.block_synapses": (64, "high"),
    "limits.block_header_bits": (10, "high"),
    "limits.weight_bits": ((0, 1, 2, 3, 4, 5, 6, 8), "high"),
    "limits.index_bits": ((0, 6, 7, 8, 9, 10, 11, 12), "high"),
    "limits.dense_base": (255, "high"),
    "limits.input_axons": (4096, "high"),
    "limits.learning_axon_entries": (2, "high"),
    "limits.output_axons": (4096, "high"),
    "limits.other_chip_entries": (1, "high"),
    "limits.compartment_profiles": (32, "medium"),
    "limits.threshold_profiles": (7, "low"),
    "limits.synapse_formats": (15, "medium"),
    "limits.delay_slots": (8, "medium"),
    "limits.dendritic_accumulators": (8192, "low"),
    "limits.delay": (62, "high"),
    "limits.refractory": (63, "medium"),
    "costs.davies.synaptic_operation_energy": (23.6, "high"),
    "costs.davies.synaptic_operation_time": (3.5, "high"),
    "costs.davies.synaptic_update_energy": (120, "high"),
    "costs.davies.neuron_inactive_time": (5.3, "high"),
    "costs.davies.hop_north_south_energy": (4.0, "high"),
    "costs.davies.barrier_time": ({"1": 113, "32": 465}, "high"),
    "costs.sanafe.synaptic_operation_sparse_energy": (33.6, "high"),
    "costs.sanafe.axon_in_message_time": (16.0, "high"),
    "costs.sanafe.barrier_time": ({"1": 0.6, "2": 1.0, "4": 1.4, "29": 1.8}, "high"),
    "facts.static_power_per_chip": (104.4, "medium"),
    "facts.reward_channels": (4, "unverified"),
    "facts.paper_training": ({"energy_mJ": 0.59, "latency_ms": 1.5}, "high"),
    "boards": ((1, 768), "unverified"),
}
LOIHI2 = {
    "limits.cores": (120, "high"),
    "limits.compartments": (8192, "high"),
    "limits.memory_bytes": (196608, "high"),
    "limits.compartment_bytes": (8, "medium"),
    "limits.synapse_words": (16384, "medium"),
    "limits.index_bits": ((0, 6, 7, 8, 9, 10, 11, 12, 13), "unverified"),
    "limits.input_axons": (None, "unknown"),
    "limits.output_axons": (None, "unknown"),
    "facts.energy_per_op": (None, "unknown"),
    "boards": ((1, 8, 1152), "high"),
}


@pytest.mark.parametrize(("name", "known"), [("loihi1", LOIHI1), ("loihi2", LOIHI2)])
def test_the_shipped_figures(name: str, known: dict[str, Any]) -> None:
    found = figures_of(sfc.chip(name))
    assert {key: (found[key].value, found[key].confidence) for key in known} == known


def test_shipped_chips_bear_the_names_of_their_files() -> None:
    assert chip_names() == ["loihi1", "loihi2"]
    assert [sfc.chip(name).name for name in chip_names()] == chip_names()


@pytest.mark.parametrize("name", chip_names())
def test_every_shipped_figure_says_where_it_is_from(name: str) -> None:
    for each in figures_of(sfc.chip(name)).values():
        assert each.unit
        assert each.source
        assert each.confidence in schema.CONFIDENCES
        assert (each.value is None) == (each.confidence == "unknown")


@pytest.mark.parametrize("name", chip_names())
def test_papers_that_were_not_read_are_said_to_be(name: str) -> None:
    sources = [each.source for each in figures_of(sfc.chip(name)).values()]
    papers = [s for s in sources if re.search(r"Davies|Frady|technology brief", s)]
    assert papers
    assert all("PDF not read" in source for source in papers)


def test_contradictions_are_resolved_towards_less_and_said() -> None:
    profiles = sfc.chip("loihi1").limits["threshold_profiles"]
    assert profiles.value == 7
    assert "CONFLICT" in profiles.note
    assert "16" in profiles.note
    assert not profiles.is_verified


def test_what_a_chip_says_of_itself() -> None:
    chip = sfc.chip("loihi1")
    assert (chip.cores, chip.mesh, chip.cores_per_tile, chip.most_chips) == (128, (8, 4), 4, 768)
    assert chip.choices("weight_bits") == (0, 1, 2, 3, 4, 5, 6, 8)
    assert chip.choices("no_such") == ()
    assert chip.limit("memory_bytes") is None
    assert sfc.chip("loihi2").limit("output_axons") is None
    assert pickle.loads(pickle.dumps(chip)) == chip


@pytest.mark.parametrize(
    ("name", "needed", "chips"),
    [
        ("loihi1", 1, 1),
        ("loihi1", 2, 2),
        ("loihi1", 768, 768),
        ("loihi1", 769, None),
        ("loihi1", 0, 1),
        ("loihi2", 0, 1),
        ("loihi2", 1, 1),
        ("loihi2", 2, 8),
        ("loihi2", 9, 1152),
        ("loihi2", 1153, None),
    ],
)
def test_the_smallest_system_that_is_large_enough(
    name: str, needed: int, chips: int | None
) -> None:
    assert sfc.chip(name).chips_for(needed) == chips


def test_costs_are_given_in_pj_and_ns() -> None:
    chip = sfc.chip("loihi1")
    assert chip.energy("davies", "synaptic_operation") == 23.6
    assert chip.time("davies", "neuron_active") == 8.4
    assert chip.energy("sanafe", "synaptic_update") is None
    assert chip.time("nobody", "spike_out") is None
    assert chip.barrier("davies") == ((1, 113.0), (32, 465.0))
    assert chip.barrier("sanafe") == ((1, 600.0), (2, 1000.0), (4, 1400.0), (29, 1800.0))
    assert sfc.chip("loihi2").barrier("davies") == ()


def test_a_file_of_a_user(file: Path) -> None:
    file.write_text(text_of(SMALL), "utf-8")
    chip = sfc.chip(str(file))
    assert (chip.name, chip.title, chip.boards, chip.any_number) == (
        "small",
        "A small chip",
        (1, 4),
        False,
    )
    assert chip.limits["compartments"].confidence == "low"
    assert chip.time("bench", "spike_out") == 1500
    assert chip.barrier("bench") == ((2, 20500.0), (16, 30000.0))
    assert chip.facts["colours"].value == {"lid": ("red", "blue"), "heavy": True}
    assert chip.facts["colours"].note == "seen"
    assert chip.facts["weight"].value is None
    file.write_text("\ufeff" + text_of(SMALL).replace("\n", "\r\n"), "utf-8")
    assert sfc.chip(file) == chip


def test_a_file_without_costs_and_facts(file: Path) -> None:
    tables = changed(lambda t: (t.pop("costs"), t.pop("facts"), t["boards"].update(any=True)))
    file.write_text(text_of(tables), "utf-8")
    chip = sfc.chip(file)
    assert (chip.costs, chip.facts, chip.chips_for(3)) == ({}, {}, 3)


def test_a_shipped_chip_under_another_name(file: Path) -> None:
    text = (resource("targets") / "chips" / "loihi1.toml").read_text("utf-8")
    file.write_text(text, "utf-8")
    (mistake,) = mistakes(file)
    assert mistake.code == "E1006"
    assert "`loihi1` is the name of a chip that comes with sfc" in mistake.message
    file.write_text(text.replace('name = "loihi1"', 'name = "mine"'), "utf-8")
    assert sfc.chip(file).limits == sfc.chip("loihi1").limits


@pytest.mark.parametrize(
    ("name", "message", "help"),
    [
        ("loihi", "there is no chip `loihi`", "did you mean `loihi"),
        ("zzz", "there is no chip `zzz`", "these come with sfc: loihi1, loihi2"),
        ("", "there is no chip ``", "these come with sfc"),
        ("missing.toml", "cannot read missing.toml: No such file", "loihi1, loihi2"),
        ("nowhere/chip", "cannot read nowhere/chip: No such file", "path of a chip file"),
        ("../loihi1", "cannot read ../loihi1: ", "path of a chip file"),
        ("folder.toml", "cannot read folder.toml: Is a directory", "path of a chip file"),
        ("nul\0.toml", "is not a path", ""),
        ("big.toml", "big.toml is larger than 1 MiB", ""),
        ("latin.toml", "latin.toml is not UTF-8 text: byte 0xe9 in line 2", "UTF-8"),
    ],
)
def test_no_such_chip(
    name: str, message: str, help: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.toml").mkdir()
    Path("big.toml").write_bytes(b"#" * (2**20 + 1))
    Path("latin.toml").write_bytes(b'name = "x"\ntitle = "caf\xe9"\n')
    (mistake,) = mistakes(name)
    assert mistake.code == "E1001"
    assert message in mistake.message
    assert help in mistake.help


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("name = small\n", ":1:8"),
        ('name = "a"\nname = "b"\n', ":2:"),
        ('name = "a\n', ":1:10"),
        ("a = [1,\n2", ":2:1"),
        ("[limits\n", ":1:8"),
        ('name = "\x00"\n', ":1:9"),
        ("a = " + "9" * 10_000, ":1:1"),
        ("a = " + "[" * 100_000, ""),
    ],
)
def test_what_is_not_toml(text: str, place: str, file: Path) -> None:
    file.write_text(text, "utf-8")
    (mistake,) = mistakes(file)
    assert mistake.code == "E1002"
    assert "docs/chips.md" in mistake.help
    assert f"{file}{place}" in str(mistake) if place else mistake.span is None


@pytest.mark.parametrize(
    "key", ["a." * 500_000 + "a", "'a' . " * 100_000 + "a", "a." * 10 + "a", "a" * 1_000_000]
)
@pytest.mark.parametrize("form", ["name.{} = 1", "[{}]", "name = {{ {} = 1 }}"])
def test_keys_that_are_absurdly_long(form: str, key: str, file: Path) -> None:
    file.write_text(form.format(key), "utf-8")
    expected = {"E1002"} if key.count(".") > 16 else {"E1003", "E1005"}
    assert mistakes(file)[0].code in expected


def limit(name: str, **keys: object) -> Callable[[dict[str, Any]], object]:
    return lambda tables: tables["limits"].setdefault(name, figure(1)).update(keys)


def cost(name: str, **keys: object) -> Callable[[dict[str, Any]], object]:
    return lambda tables: tables["costs"]["bench"].setdefault(name, figure(1)).update(keys)


def fact(value: object, name: str = "colours") -> Callable[[dict[str, Any]], object]:
    return lambda tables: tables["facts"].update({name: figure(value)})


def without(*path: str) -> Callable[[dict[str, Any]], object]:
    def change(tables: dict[str, Any]) -> None:
        for key in path[:-1]:
            tables = tables[key]
        del tables[path[-1]]

    return change


INTEGER = "expected an integer from 1 to"
COST = "expected a number from 0 to 1,000,000,000"
TILES = "expected a table from numbers of tiles to times"


@pytest.mark.parametrize(
    ("change", "code", "line", "message", "help"),
    [
        (lambda t: t.update(limit={}), "E1003", "[limit]", "`limit` in small.toml", "`limits`"),
        (lambda t: t.update(nmae="x"), "E1003", 'nmae = "x"', "`nmae`", "`name`"),
        (limit("input_axon"), "E1003", "[limits.input_axon]", "of small.toml", "`input_axons`"),
        (limit("cores", valeu=1), "E1003", "valeu = 1", "in [limits.cores] of", "`value`"),
        (limit("cores", zz=1), "E1003", "zz = 1", "unknown name `zz`", "these are known: value"),
        (lambda t: t["boards"].update(all=1), "E1003", "all = 1", "in [boards] of", "are known"),
        (cost("spike_energy"), "E1003", "[costs.bench.spike_energy]", "", "did you mean"),
        (
            fact(1, "two words"),
            "E1003",
            '[facts."two',
            "`two words` in [facts]",
            "begin with a letter",
        ),
        (fact(1, "esc\x1b[31m"), "E1003", "[facts.", "is not a name", "begin with a letter"),
        (lambda t: t["costs"].update({"1": {}}), "E1003", "[costs.1]", "is not a name", "letter"),
        (without("name"), "E1004", "title = ", "`name` is missing in small.toml", "docs/chips.md"),
        (without("boards"), "E1004", "name = ", "`boards` is missing", "docs/chips.md"),
        (without("boards", "chips"), "E1004", "[boards]", "`chips` is missing in [boards]", ""),
        (without("limits"), "E1004", "name = ", "`limits` is missing", ""),
        (without("limits", "mesh"), "E1004", "[limits.cores]", "`mesh` is missing in [limits]", ""),
        (without("limits", "cores", "unit"), "E1004", "[limits.cores]", "`unit` is missing", ""),
        (without("limits", "cores", "source"), "E1004", "[limits.cores]", "`source` is", ""),
        (without("facts", "colours", "confidence"), "E1004", "[facts.colours]", "`conf", ""),
        (without("facts", "colours", "value"), "E1004", "[facts.colours]", "`value`", "unknown"),
        (without("limits", "cores", "value"), "E1004", "[limits.cores]", "`value`", "unknown"),
        (limit("synapse_words"), "E1004", "[limits.cores]", "`word_bits` is missing", "synapse_w"),
        (limit("memory_bytes"), "E1004", "[limits.cores]", "`compartment_bytes`", "memory_bytes"),
        (lambda t: t.update(name=3), "E1005", "name = 3", "`name` in small.toml is 3", ""),
        (lambda t: t.update(name="a b"), "E1005", 'name = "a b"', "expected a name of", ""),
        (lambda t: t.update(title=""), "E1005", 'title = ""', "not empty", ""),
        (lambda t: t.update(title="\x1b[2J"), "E1005", "title = ", "expected a line of text", ""),
        (lambda t: t.update(title="x" * 1001), "E1005", "title = ", "at most 1000", ""),
        (lambda t: t.update(limits=3), "E1005", "limits = 3", "expected a table", ""),
        (lambda t: t["limits"].update(delay=3), "E1005", "delay = 3", "expected a table", ""),
        (lambda t: t.update(costs=[]), "E1005", "costs = []", "expected a table", ""),
        (lambda t: t["boards"].update(any=1), "E1005", "any = 1", "expected true or false", ""),
        (lambda t: t["boards"].update(chips=[]), "E1005", "chips = []", "ascending", ""),
        (lambda t: t["boards"].update(chips=[4, 1]), "E1005", "chips = [4, 1]", "ascending", ""),
        (lambda t: t["boards"].update(chips=[2**21]), "E1005", "chips = ", "1 to 1,048,576", ""),
        (limit("cores", value=0), "E1005", "value = 0", f"is 0, {INTEGER} 65,536", ""),
        (limit("cores", value=10**9), "E1005", "value = 1000000000", f"{INTEGER} 65,536", ""),
        (limit("cores", value=2.0), "E1005", "value = 2.0", INTEGER, ""),
        (limit("cores", value=True), "E1005", "value = true", "is True, expected an integer", ""),
        (limit("cores", value="16"), "E1005", 'value = "16"', "is '16', expected an integer", ""),
        (limit("mesh", value=[4]), "E1005", "value = [4]", "a list of 2 integers from 1", ""),
        (limit("mesh", value=4), "E1005", "value = 4", "a list of 2 integers from 1", ""),
        (limit("weight_bits", value=[8, 8]), "E1005", "value = [8, 8]", "ascending", ""),
        (limit("weight_bits", value=[64]), "E1005", "value = [64]", "from 0 to 32", ""),
        (limit("weight_bits", value=[*range(2000)]), "E1005", "value = [0", "is [0, 1", ""),
        (limit("cores", confidence="hihg"), "E1005", 'confidence = "hihg"', "high, m", "`high`"),
        (
            limit("cores", confidence="unknown"),
            "E1005",
            "confidence = ",
            "there is a value",
            "guess",
        ),
        (cost("spike_out_energy", unit="nJ"), "E1005", 'unit = "nJ"', 'expected "pJ"', ""),
        (cost("spike_out_time", unit="s"), "E1005", 'unit = "s"', 'expected "ns" or "us"', ""),
        (cost("spike_out_time", value=-1), "E1005", "value = -1", COST, ""),
        (
            cost("spike_out_time", value=float("nan")),
            "E1005",
            "value = nan",
            "expected a number, a text",
            "",
        ),
        (cost("spike_out_time", value="1"), "E1005", 'value = "1"', COST, ""),
        (cost("barrier_time", value=113), "E1005", "value = 113", TILES, ""),
        (cost("barrier_time", value={}), "E1005", "value = {}", TILES, ""),
        (cost("barrier_time", value={"0": 1}), "E1005", "value = {", TILES, ""),
        (cost("barrier_time", value={"1": [1]}), "E1005", "value = {", TILES, ""),
        (fact(float("inf")), "E1005", "value = inf", "expected a number, a text", ""),
        (fact(10**30), "E1005", "value = 1000", "expected a number, a text", ""),
        (fact([[[1]]]), "E1005", "value = [[[1]]]", "expected a number, a text", ""),
        (fact({"\x1b": 1}), "E1005", "value = {", "expected a number, a text", ""),
        (fact("\x1b[31m"), "E1005", 'value = "', "expected a number, a text", ""),
        (limit("cores", value=17), "E1006", "value = [4, 2]", "hold 16 ([limits] of", "more tiles"),
    ],
)
def test_a_mistake_is_shown_where_it_is(
    change: Callable[[dict[str, Any]], object],
    code: str,
    line: str,
    message: str,
    help: str,
    file: Path,
) -> None:
    text = text_of(changed(change)).replace("NaN", "nan").replace("Infinity", "inf")
    file.write_text(text, "utf-8")
    (mistake,) = mistakes(file)
    assert mistake.code == code
    assert mistake.span is not None
    shown = text.split("\n")[mistake.span.line - 1]
    assert shown.startswith(line)
    assert message in mistake.message
    assert "small.toml" in mistake.message
    assert mistake.help
    assert help in mistake.help
    assert "\x1b" not in str(mistake)


def with_memory(**other: object) -> dict[str, Any]:
    values = {**MEMORY, **other}
    return changed(lambda t: t["limits"].update({n: figure(v) for n, v in values.items()}))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"index_bits": [0, 5]}, "no `index_bits` cover 64 compartments"),
        ({"weight_bits": [4, 6]}, "`weight_bits` lack 8"),
    ],
)
def test_synaptic_memory_that_cannot_be_used(
    other: dict[str, object], message: str, file: Path
) -> None:
    file.write_text(text_of(with_memory()), "utf-8")
    assert sfc.chip(file).limit("synapse_words") == 1000
    file.write_text(text_of(with_memory(**other)), "utf-8")
    (mistake,) = mistakes(file)
    assert mistake.code == "E1006"
    assert message in mistake.message


def test_a_date_is_no_figure(file: Path) -> None:
    text = text_of(SMALL).replace('{"lid" = ["red", "blue"], "heavy" = true}', "2024-01-01")
    assert text != text_of(SMALL)
    file.write_text(text, "utf-8")
    (mistake,) = mistakes(file)
    assert (mistake.code, "expected a number" in mistake.message) == ("E1005", True)


def test_every_figure_with_a_mistake_is_reported(file: Path) -> None:
    tables = changed(limit("cores", value=-1))
    limit("mesh", value=[1, 2, 3])(tables)
    cost("spike_out_energy", unit="J")(tables)
    tables["boards"]["any"] = "yes"
    file.write_text(text_of(tables), "utf-8")
    assert [mistake.code for mistake in mistakes(file)] == ["E1005"] * 4


def test_keys_may_stand_otherwise(file: Path) -> None:
    first = '{ value = 16, unit = "cores", source = "s", confidence = "high" }'
    text = text_of(without("limits", "cores")(tables := copy.deepcopy(SMALL)) or tables)
    start = text.index("[limits.cores_per_tile]")
    file.write_text(f"{text[:start]}[limits]\ncores = {first}\n{text[start:]}", "utf-8")
    assert sfc.chip(file).cores == 16
    wrong = first.replace("16", "0")
    file.write_text(f"{text[:start]}[limits]\ncores = {wrong}\n{text[start:]}", "utf-8")
    (mistake,) = mistakes(file)
    assert str(mistake).splitlines()[1].endswith(f"| cores = {wrong}")


def chips(*words: str) -> str:
    result = CliRunner().invoke(cli.app, ["chips", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_command_shows_every_figure() -> None:
    for name in chip_names():
        shown = chips(name)
        lines = shown.splitlines()
        for key, each in figures_of(sfc.chip(name)).items():
            (line,) = (text for text in _section(lines, key) if text.split()[:1] == [_last(key)])
            assert each.confidence in line
            assert ("!" in line) == (not each.is_verified)
            assert ("n/a" in line) == (each.value is None)
            number = line.split()[-1]
            assert re.search(rf"^ *{number}  ", shown, re.MULTILINE)


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _section(lines: list[str], key: str) -> list[str]:
    """The lines of the table that shows a figure."""
    heading = {"limits": "limits", "boards": "limits", "facts": "facts"}.get(key.split(".")[0])
    start = lines.index(next(t for t in lines if t.strip() == (heading or _basis(key))))
    ends = [n for n in range(start + 3, len(lines)) if not lines[n].strip()]
    return lines[start + 4 : ends[0]]


def _basis(key: str) -> str:
    return f"costs, basis {key.split('.')[1]}"


def test_the_command_writes_json(tmp_path: Path) -> None:
    found = json.loads(chips("--json", "-"))
    assert found["format"] == "sfc-chips 1"
    expected = json.loads(json.dumps([asdict(sfc.chip(name)) for name in chip_names()]))
    assert found["chips"] == expected
    path = tmp_path / "loihi2.json"
    assert chips("loihi2", "--json", str(path)) == f"{path}\n"
    assert json.loads(path.read_text("utf-8"))["chips"] == expected[1:]


def test_the_command_does_not_write_over_what_it_reads(file: Path) -> None:
    file.write_text(text_of(SMALL), "utf-8")
    result = CliRunner().invoke(cli.app, ["chips", str(file), "--json", str(file)])
    assert isinstance(result.exception, sfc.SfcError)
    assert file.read_text("utf-8") == text_of(SMALL)


def test_the_help_shows_examples() -> None:
    assert "Examples:" in chips("--help")


def test_every_limit_and_operation_is_documented() -> None:
    page = (ROOT / "docs" / "chips.md").read_text("utf-8")
    listed = set(re.findall(r"`(\w+)`", page))
    assert set(schema.LIMITS) <= listed
    short = {"synaptic_operation_dense", "synaptic_operation_sparse"}
    short |= {"synaptic_operation_convolution"}
    assert set(schema.OPERATIONS) - short <= listed
    assert set(schema.CONFIDENCES) <= listed
