"""Every diagnostic code has a page, whose wrong example gives it and whose right one does not."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sfc
from sfc import cli
from sfc.cli_common import show_diagnostics
from sfc.codes import CODES, OF_THE_CHECK
from sfc.diagnostics import Diagnostic, printable
from sfc.explain import grouped, page

PAGES = Path(__file__).parents[2] / "docs" / "errors"

FORM = re.compile(
    r"# (?P<code>\w+): (?P<meaning>[^\n]+)\n\n"
    r"(?P<text>(?:[^\n#`]|`[^`\n]+`|\n(?!\n))+)\n\n"
    r"## Wrong\n\n```(?P<language>sfc|python)\n(?P<wrong>(?:(?!```).)+)```\n\n"
    r"## Right\n\n```(?P=language)\n(?P<right>(?:(?!```).)+)```\n",
    re.DOTALL,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def parts(code: str) -> re.Match[str]:
    match = FORM.fullmatch((PAGES / f"{code}.md").read_text("utf-8"))
    assert match, "the page is not of the form that all pages have"
    return match


def codes_of(language: str, text: str, code: str) -> list[str]:
    """The codes that an example of a page gives.

    Overflows and what a watch saw give those of warnings. Circuits on pages of codes that `sfc
    check` gives are checked; others show only as much of a circuit as they need.
    """
    reporter = sfc.Reporter()
    try:
        if language == "sfc":
            circuit = sfc.compile_text(text, "example.sfc", reporter)
            if code in OF_THE_CHECK:
                sfc.check(circuit, reporter, strict=code == "E0508")
            return [diagnostic.code for diagnostic in reporter.diagnostics]
        names: dict[str, object] = {}
        exec(compile(text, "example", "exec"), names)
    except sfc.SfcError as error:
        return [diagnostic.code for diagnostic in error.diagnostics]
    if isinstance(reporter := names.get("reporter"), sfc.Reporter):
        return [diagnostic.code for diagnostic in reporter.diagnostics]
    result, watch = names.get("result"), names.get("watch")
    overflows = ["W0701"] if isinstance(result, sfc.Result) and result.overflows else []
    return overflows + (["W0702"] if isinstance(watch, sfc.Watch) and watch.violations else [])


def explain(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli.app, ["explain", *words])
    assert result.exit_code == code, result.output
    return result.stdout


def test_the_pages_are_those_of_the_codes() -> None:
    assert {path.name for path in PAGES.iterdir()} == {f"{code}.md" for code in CODES}


@pytest.mark.parametrize("code", CODES)
def test_a_page_has_the_heading_of_its_code(code: str) -> None:
    match = parts(code)
    assert (match["code"], match["meaning"]) == (code, CODES[code])
    assert 2 <= len(re.findall(r"[.?!](?=\s|$)", match["text"])) <= 6


@pytest.mark.parametrize("side", ["wrong", "right"])
@pytest.mark.parametrize("code", CODES)
def test_an_example_does_what_its_page_says(
    code: str, side: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    match = parts(code)
    monkeypatch.chdir(tmp_path)
    codes = codes_of(match["language"], match[side], code)
    assert set(codes) == ({code} if side == "wrong" else set())
    assert len(codes) == 1 or code not in OF_THE_CHECK or side == "right"


@pytest.mark.parametrize("code", CODES)
def test_an_example_begins_with_all_that_it_needs(code: str) -> None:
    match = parts(code)
    begin = r"sfc 1;\n" if match["language"] == "sfc" else r"(from|import) "
    assert re.match(begin, match["right"])
    assert re.match(begin, match["wrong"]) or code == "E0104"


@pytest.mark.parametrize("code", ["E0201", "e0201", "w0501"])
def test_the_page_is_printed_as_it_is_written(code: str) -> None:
    text = (PAGES / f"{code.upper()}.md").read_text("utf-8")
    assert page(code) == text
    assert explain(code) == text


@pytest.mark.parametrize(
    ("code", "help"),
    [("E9999", "lists all of them"), ("E0210x", "did you mean `E0"), ("../E0201", "did you mean")],
)
def test_an_unknown_code(code: str, help: str) -> None:
    with pytest.raises(sfc.SfcError) as caught:
        page(code)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "E0201"
    assert diagnostic.message == f"there is no diagnostic `{code}`"
    assert help in diagnostic.help


def test_an_unknown_code_on_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["sfc", "explain", "E9999"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 1
    assert "there is no diagnostic `E9999`" in capsys.readouterr().err


def test_every_code_is_listed_in_one_group() -> None:
    listed = [code for meanings in grouped().values() for code in meanings]
    assert sorted(listed) == sorted(CODES)
    lines = explain().splitlines()
    for code, meaning in CODES.items():
        assert f"  {code}  {meaning}" in lines
    assert [line for line in lines if line and line[0] != " "] == list(grouped())


def test_help_shows_examples() -> None:
    assert "sfc explain E0303" in explain("--help")


def test_a_terminal_gets_the_page_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from sfc.cli_explain import explain as command

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    for code in CODES:
        command(code)
    shown = printable(terminal.getvalue())
    assert all(f"{code}: " in shown for code in CODES)
    assert "```" not in shown


@pytest.mark.parametrize(
    ("codes", "hint"),
    [
        (["E0303"], "more on this: sfc explain E0303\n"),
        (["W0501", "E0401", "E0303"], "more on this: sfc explain E0401\n"),
        (["W0501"], ""),
    ],
)
def test_an_error_on_a_terminal_says_where_there_is_more(
    codes: list[str], hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    severities = {"E": "error", "W": "warning"}
    show_diagnostics([Diagnostic(code, "…", severity=severities[code[0]]) for code in codes])
    shown = printable(terminal.getvalue())
    assert shown.partition("more on")[1:] == hint.partition("more on")[1:]
    assert shown.endswith(hint)


def test_an_error_elsewhere_is_printed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    show_diagnostics([Diagnostic("E0303", "…")])
    assert capsys.readouterr().err == "error[E0303]: …\n"
