"""Every example in README.md and docs/ is run.

`sfc` blocks are compiled; one that does not begin with `sfc 1;` continues the file's first.
`python` blocks are run. In `console` blocks every line after `$ ` is run and what it prints is
compared, where `…` stands for anything; a command that trains runs on a few samples, and its
figures are not compared.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sfc
from sfc import cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(page.read_text("utf-8")) if kind == language]


def examples(language: str) -> list:
    return [
        pytest.param(text, page, id=f"{page.name}-{number}")
        for page in PAGES
        for number, text in enumerate(blocks(page, language))
    ]


@pytest.mark.parametrize(("text", "page"), examples("sfc"))
def test_circuits_compile(text: str, page: Path) -> None:
    preamble = "" if text.startswith("sfc 1;") else blocks(page, "sfc")[0]
    reporter = sfc.Reporter()
    sfc.compile_text(preamble + text, page.name, reporter)
    assert not reporter.diagnostics


@pytest.mark.parametrize(("text", "page"), examples("python"))
def test_python_runs(text: str, page: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(text, page.name, "exec"), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_console_prints(page: Path, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "circuits").symlink_to(ROOT / "circuits")
    monkeypatch.chdir(tmp_path)
    for text in blocks(page, "console"):
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
            words = shlex.split(command)
            if words[0] != "sfc":
                continue
            trains = "--data" in words
            if trains:
                words += ["--limit", "20", "--test-limit", "20"]
            result = CliRunner().invoke(cli.app, words[1:])
            assert result.exit_code == 0, result.output
            printed = result.stdout
            if trains:
                printed, expected = (re.sub(r"[\d.…]+ %", "…", t) for t in (printed, expected))
            assert matches(printed, expected), f"{command}\n{printed}\n{expected}"


def matches(printed: str, expected: str) -> bool:
    lines = [re.escape(line.rstrip()).replace("…", ".*") for line in expected.strip().splitlines()]
    pattern = r"\s*\n\s*".join(line if line != ".*" else r"(?:.*\n?)*?" for line in lines)
    return re.fullmatch(pattern, printed.strip()) is not None
