"""The page of an allocation: that it is well formed, safe, and works in a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from allocation_samples import sample
from browser import dump
from markup import HOSTILE, tags_of
from test_allocation_report import SIZES, hostile

from sfc import SfcError
from sfc.report.allocation_page import page
from sfc.report.allocation_page_data import page_data
from sfc.report.allocation_page_parts import step_bars
from sfc.report.allocation_reader import report_of


class Words(HTMLParser):
    """Collects what is read below the element of an id."""

    def __init__(self, id: str) -> None:
        super().__init__()
        self.id, self.depth, self.words = id, 0, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.depth or ("id", self.id) in attrs:
            self.depth += tag not in ("input", "br", "meta")

    def handle_endtag(self, tag: str) -> None:
        self.depth -= self.depth > 0

    def handle_data(self, data: str) -> None:
        self.words += f"{data} " if self.depth else ""


def words_of(html: str, id: str) -> str:
    reader = Words(id)
    reader.feed(html)
    return " ".join(reader.words.split())


def data_of(html: str) -> dict:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


@pytest.mark.parametrize("size", SIZES)
def test_the_page_is_well_formed_and_needs_nothing_else(size: str) -> None:
    record = sample(*SIZES[size])
    html = page(report_of(record))
    tags = tags_of(html)
    script = tags.scripts[-1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in html
    assert not {"src", "href"} & {name for _, attributes in tags.found for name in attributes}
    assert "http" not in re.sub(r'"http://www\.w3\.org/\S+"|http-equiv', "", html)
    assert len(data_of(html)["cores"]) == record["cores_used"]
    assert len(html) < 1_000_000


def test_texts_of_authors_are_only_texts() -> None:
    html = page(report_of(hostile(sample(), HOSTILE + "\u2028")))
    tags = tags_of(html)
    assert [tag for tag, _ in tags.found].count("script") == 2
    assert "<script>alert" not in html
    assert "\u2028" not in page_data(report_of(hostile(sample(), "\u2028")))
    name = data_of(html)["populations"][0][0]
    assert name == "x" + re.sub("[\x00\ud800\uffff]", "?", HOSTILE) + "\u2028"


def test_data_has_each_population_once_and_the_busiest_pairs_first() -> None:
    record = sample(81)
    data = json.loads(page_data(report_of(record)))
    names = [name for name, *_ in data["populations"]]
    assert sorted(names) == sorted(population["name"] for population in record["populations"])
    spikes = [pair[2] for pair in data["pairs"]]
    assert spikes == sorted(spikes, reverse=True)
    assert len(spikes) == len(record["traffic"]["between_cores"])
    from_, to, number = data["pairs"][0]
    ids = [core[0] for core in data["cores"]]
    assert [ids[from_], ids[to], number] in record["traffic"]["between_cores"]


def test_many_phases_share_bars() -> None:
    record = sample()
    record["step_time"]["phases"] = [float(phase) for phase in range(10_000)]
    drawn = "".join(step_bars(report_of(record)))
    assert 200 <= drawn.count("<rect") <= 240
    assert "phases 9996 to 9999, at most: 10.00 µs" in drawn


def test_too_many_chips_are_refused() -> None:
    record = sample()
    record["chips_used"] = 1000
    with pytest.raises(SfcError, match="E0306"):
        page(report_of(record))


@pytest.mark.parametrize("size", SIZES)
def test_a_browser_draws_every_core_and_tells_of_one(size: str, tmp_path: Path) -> None:
    record = sample(*SIZES[size])
    core = record["cores"][3]
    path = tmp_path / "page.html"
    path.write_text(page(report_of(record)), "utf-8")
    html, said = dump(path, tmp_path / "profile", f"#core-{core['id']}")
    assert said == []
    assert html.count("data-core=") == record["cores_used"]
    panel = words_of(html, "panel")
    assert panel.startswith(f"core {core['id']} ")
    binding = core["binding"].replace("_", " ")
    assert f"{binding} (binding)" in panel
    part = core["populations"][0]
    assert f"{part['name']} {part['first']}..{part['last']}" in panel
    assert part["span"] in panel
    pairs = record["traffic"]["between_cores"]
    targets = {b for a, b, _ in pairs if a == core["id"] != b}
    sources = {a for a, b, _ in pairs if b == core["id"] != a}
    told = panel.partition("Sends")[2].partition("Receives")
    assert {int(n) for n in re.findall(r"core (\d+)", told[0])} == targets
    assert {int(n) for n in re.findall(r"core (\d+)", told[2])} == sources
    assert html.count('class="ring out"') == len(targets)
    assert words_of(html, "matrixnote").startswith("colour: spikes a sample")


def test_a_browser_runs_nothing_of_an_author(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(page(report_of(hostile(sample(), HOSTILE + "\u2028"))), "utf-8")
    html, said = dump(path, tmp_path / "profile", "#core-0")
    assert said == []
    assert html.count("data-core=") == 5
    assert '<script>alert("x")</script>' in words_of(html, "panel")
