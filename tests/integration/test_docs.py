"""Every example in README.md and docs/ is run.

`sfc` blocks are compiled, and their tests run; one that does not begin with `sfc 1;` continues the
file's first. One that begins with `sfc 1;  // NAME.sfc` is that file for what follows, and so is a
`toml` block that begins with `# NAME.toml`. `python` blocks are run. In `console` blocks every line
after `$ ` is run and what it prints is compared, where `…` stands for anything. Warnings are
compared where the page shows any; a command that trains runs on a few samples, and its figures are
not compared; a command that prints an error must fail.
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
FILE = re.compile(r"(?:sfc 1;  //|#) ([\w-]+\.(?:sfc|toml))\n")


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(page.read_text("utf-8")) if kind == language]


def examples(language: str) -> list:
    return [
        pytest.param(text, page, id=f"{page.name}-{number}")
        for page in PAGES
        for number, text in enumerate(blocks(page, language))
    ]


def write_files(page: Path, folder: Path) -> None:
    """Writes the circuits and chips that a page gives the names of files."""
    for text in blocks(page, "sfc") + blocks(page, "toml"):
        if name := FILE.match(text):
            (folder / name[1]).write_text(text, "utf-8")


@pytest.mark.parametrize(("text", "page"), examples("sfc"))
def test_circuits_compile_and_pass(text: str, page: Path, tmp_path: Path) -> None:
    preamble = "" if text.startswith("sfc 1;") else blocks(page, "sfc")[0]
    reporter = sfc.Reporter()
    sfc.compile_text(preamble + text, page.name, reporter)
    assert not reporter.diagnostics
    path = tmp_path / "example.sfc"
    path.write_text(preamble + text, "utf-8")
    for outcome in sfc.test(path):
        outcome.check()


@pytest.mark.parametrize(("text", "page"), examples("python"))
def test_python_runs(text: str, page: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(page, tmp_path)
    exec(compile(text, page.name, "exec"), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_console_prints(page: Path, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "circuits").symlink_to(ROOT / "circuits")
    monkeypatch.chdir(tmp_path)
    write_files(page, tmp_path)
    for text in blocks(page, "console"):
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
            words = shlex.split(command)
            if words[0] != "sfc":
                continue
            trains = "--data" in words
            if trains:
                words += ["--limit", "20", "--test-limit", "20"]
            result = CliRunner().invoke(cli.app, words[1:])
            fails = "error[" in expected
            assert result.exit_code == (1 if fails else 0), result.output
            mistake = isinstance(result.exception, sfc.SfcError)
            warns = re.search(r"(warning|error)\[", expected)
            shown = result.stderr + result.stdout if warns else result.stdout
            printed = str(result.exception) if mistake else shown
            if trains:
                printed, expected = (re.sub(r"[\d.…]+ %", "…", t) for t in (printed, expected))
            assert matches(printed, expected), f"{command}\n{printed}\n{expected}"


def matches(printed: str, expected: str) -> bool:
    """Compares line by line; `…` in a line stands for anything, alone for any number of lines."""
    lines, wanted = (
        [line.strip() for line in text.splitlines() if line.strip()] for text in (printed, expected)
    )
    ends = {0}  # how many lines may be used up
    for want in wanted:
        if want == "…":
            ends = set(range(min(ends, default=len(lines) + 1), len(lines) + 1))
        else:
            pattern = re.escape(want).replace("…", ".*")
            ends = {
                end + 1 for end in ends if end < len(lines) and re.fullmatch(pattern, lines[end])
            }
    return len(lines) in ends
