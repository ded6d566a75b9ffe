"""The canonical layout: what it does to files, and what it never does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfc.resources import resource
from sfc.span import Source
from sfc.syntax.formatter import WIDTH, format_source
from sfc.syntax.parser import read_source, tokens

SHIPPED = sorted((resource("circuits") / "examples").glob("*.sfc"))
VALID = sorted((Path(__file__).parents[1] / "golden" / "errors").glob("*.valid.sfc"))


def formatted(text: str) -> str:
    return format_source(Source("test.sfc", text))


def code(text: str) -> list[str]:
    return [token.text for kind, token in tokens(Source("x", text)) if kind != "comment"]


def comments(text: str) -> list[str]:
    return sorted(token.text for kind, token in tokens(Source("x", text)) if kind == "comment")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_circuits_are_laid_out(path: Path) -> None:
    assert format_source(read_source(path)) == path.read_text("utf-8")


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_only_white_space_changes_and_only_once(path: Path) -> None:
    source = read_source(path)
    text = format_source(source)
    assert formatted(text) == text
    assert code(text) == code(source.text)
    assert comments(text) == comments(source.text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("sfc 1 ;const a=-1+2 *3;", "sfc 1;\nconst a = -1 + 2*3;\n"),
        ("sfc 1;\n\n\n\nconst a = 1;", "sfc 1;\n\nconst a = 1;\n"),
        ("sfc 1;\n// why\nconst a = 1; // what", "sfc 1;\n// why\nconst a = 1;  // what\n"),
        ("sfc 1;\n// alone\n\nconst a=1;", "sfc 1;\n// alone\n\nconst a = 1;\n"),
        ("sfc 1; const a = // mid\n 1;", "sfc 1;\n// mid\nconst a = 1;\n"),
        ("sfc 1; const a = max( 1,- 2 )**( 3 );", "sfc 1;\nconst a = max(1, -2)**(3);\n"),
        ("sfc 1; rule R{range=- 256 .. 254;}", "sfc 1;\nrule R { range = -256..254; }\n"),
        ("sfc 1; neuron N{\nbias=1;// b\n}", "sfc 1;\nneuron N {\n  bias = 1;  // b\n}\n"),
        (
            "sfc 1;input a[9]at\nleast(1)at  most- 1+3,b;",
            "sfc 1;\ninput a[9] at least (1) at most -1 + 3, b;\n",
        ),
        ("sfc 1; neuron N { }", "sfc 1;\nneuron N {}\n"),
    ],
)
def test_layout(before: str, after: str) -> None:
    assert formatted(before) == after


def test_long_statements_are_broken() -> None:
    names = ", ".join(f"population_{number}" for number in range(12))
    text = formatted(f"sfc 1; neuron N {{ threshold = 1; }} population {names} : N;")
    assert max(map(len, text.splitlines())) <= WIDTH
    assert formatted(text) == text


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.sampled_from(SHIPPED), st.lists(st.sampled_from([" ", "  ", "\n", "\n\n", "\n// c\n"])))
def test_any_white_space_between_tokens(path: Path, gaps: list[str]) -> None:
    words = code(path.read_text("utf-8"))[3:400]
    end = max((index for index, word in enumerate(words) if word in ";}"), default=0)
    open_blocks = words[: end + 1].count("{") - words[: end + 1].count("}")
    words = words[: end + 1] + ["}"] * open_blocks
    filled = [word + (gaps[index % len(gaps)] if gaps else " ") for index, word in enumerate(words)]
    text = formatted("sfc 1;" + "".join(filled))
    assert formatted(text) == text
    assert code(text) == ["sfc", "1", ";", *words]
