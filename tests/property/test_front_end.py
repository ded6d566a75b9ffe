"""The front end takes any text: the answer is a circuit or an error message, and it comes soon."""

from __future__ import annotations

import dataclasses
import random
import re
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_texts import random_text

import sfc
from sfc.driver import compile_tests
from sfc.ir.circuit import Circuit
from sfc.ir.record import RecordError, digest, from_record, to_record
from sfc.ir.text import parse_circuit, print_circuit
from sfc.ir.verify import InvariantError, verify
from sfc.resources import resource
from sfc.span import Source
from sfc.syntax.formatter import format_source
from sfc.syntax.parser import tokens

SECONDS = 5
"""No text keeps the processor busy for longer."""

SHIPPED = sorted(resource("circuits").rglob("*.sfc"))
TEXTS = [path.read_text("utf-8") for path in SHIPPED]
TEXTS += [random_text(seed, seed) for seed in range(12)]
TOKEN = re.compile(r"\w+|//[^\n]*|->|\.\.|\*\*|[^\w\s]|\s+")
TOKENS = sorted({token for text in TEXTS for token in TOKEN.findall(text) if token.strip()})

STRANGE = [
    *"\0\a\x1b\x7f\x85\u00a0\u200b\u202e\u2028\ud800\udfff\ufeff\uffff",
    *"é漢\N{GRINNING FACE}\N{ARABIC-INDIC DIGIT FIVE}\N{FULLWIDTH DIGIT ONE}\N{MINUS SIGN}",
    *"\r\t\f\v\\\"'`$@#!?~^&|",
    "/*",
    "//!",
    "///",
    "\r\n",
    "0x1F",
    "1e999",
    "1e-999",
    "1.",
    ".5",
    "99999999999999999999",
    "-1",
    "0",
    "1/0",
    "((((",
    "}}",
    "a" * 100_000,
    "9" * 100_000,
    "10**9",
    "0..10**6",
    '"',
    "[0..999]",
    "(" * 1000,
    "-" * 1000,
    " " * 100_000,
    "\n" * 1000,
]

quick = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def answer(action: Callable[[], Circuit]) -> Circuit | sfc.SfcError:
    """What the compiler says; anything but a circuit and `SfcError` fails the test."""
    start = time.process_time()
    result: Circuit | sfc.SfcError
    try:
        result = action()
    except sfc.SfcError as error:
        result = error
    assert time.process_time() - start < SECONDS
    return result


def compiled(text: str, **parameters: float) -> Circuit | sfc.SfcError:
    found = answer(lambda: sfc.compile_text(text, "test.sfc", **parameters))
    if isinstance(found, Circuit):
        assert parse_circuit(print_circuit(found)) == found
    else:
        assert_well_formed(found, text)
    return found


def assert_well_formed(error: sfc.SfcError, text: str) -> None:
    assert error.diagnostics
    for diagnostic in error.diagnostics:
        assert diagnostic.message
        shown = str(diagnostic)
        assert shown.encode("utf-8")
        assert len(shown) < 5000
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", shown)
        if span := diagnostic.span:
            is_here = span.source.name == "test.sfc"
            lines = (text if is_here else span.source.text).removeprefix("\ufeff").split("\n")
            assert 1 <= span.line <= len(lines)
            assert 1 <= span.column <= len(lines[span.line - 1]) + 1
            assert (span.line, span.column) < (span.end_line, span.end_column)


# Texts that were nearly right


def mutated(parts: list[str], strange: list[str], generator: random.Random) -> str:
    """Deletes, repeats, swaps, replaces and inserts parts of a text, one to four times."""
    parts = list(parts)
    for _ in range(generator.choice((1, 1, 2, 4))):
        place = generator.randrange(len(parts) + 1)
        other = generator.randrange(len(parts) + 1)
        length = generator.choice((1, 1, 2, 5, 20))
        what = generator.choice(("delete", "repeat", "replace", "insert", "move", "cut"))
        if what == "delete":
            del parts[place : place + length]
        elif what == "repeat":
            parts[place:place] = parts[place : place + length] * generator.choice((1, 2, 50))
        elif what == "replace":
            parts[place : place + 1] = [generator.choice(strange)]
        elif what == "insert":
            parts[place:place] = [generator.choice(strange)]
        elif what == "move":
            parts[place:place] = parts[other : other + length]
        elif generator.random() < 0.2:
            del parts[place:]
    return "".join(parts)


@settings(quick, max_examples=150)
@given(st.sampled_from(TEXTS), st.integers(0, 2**32))
def test_mutated_characters(text: str, seed: int) -> None:
    compiled(mutated(list(text), STRANGE + list("(){}[];,.-+*/<>=01 "), random.Random(seed)))


@settings(quick, max_examples=150)
@given(st.sampled_from(TEXTS), st.integers(0, 2**32))
def test_mutated_tokens(text: str, seed: int) -> None:
    compiled(mutated(TOKEN.findall(text), [f" {token} " for token in TOKENS], random.Random(seed)))


@settings(quick, max_examples=100)
@given(st.sampled_from(TEXTS), st.integers(0, 2**32))
def test_mutated_lines(text: str, seed: int) -> None:
    lines = text.splitlines(keepends=True)
    others = [line for other in TEXTS for line in other.splitlines(keepends=True)]
    compiled(mutated(lines, others, random.Random(seed)))


@settings(quick, max_examples=150)
@given(st.lists(st.sampled_from(TOKENS), max_size=40))
def test_random_tokens(tokens: list[str]) -> None:
    compiled("sfc 1; " + " ".join(tokens))


@settings(quick, max_examples=60)
@given(st.text())
def test_random_text(text: str) -> None:
    for before in ("", "sfc 1; ", "sfc 1; // ", "sfc 1; const a = "):
        compiled(before + text)


# The textual IR


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_printing_and_parsing_shipped_circuits_is_identity(path: Path) -> None:
    circuit = sfc.compile(path)
    text = print_circuit(circuit)
    parsed = parse_circuit(text)
    assert parsed == circuit
    assert print_circuit(parsed) == text
    assert from_record(to_record(circuit)) == circuit
    assert digest(parsed) == digest(circuit)
    verify(parsed)


@cache
def printed(text: str) -> str:
    return print_circuit(sfc.compile_text(text))


@settings(quick, max_examples=120)
@given(st.sampled_from(TEXTS[-12:]), st.integers(0, 2**32))
def test_a_mutated_ir_is_refused_or_a_circuit(text: str, seed: int) -> None:
    text = printed(text)
    pieces = re.findall(r"\w+|\s+|.", text)
    strange = [*pieces[:200], *'"{}[]=:,', "null", "true", "-1", "1.5", "é", "\ud800", "[" * 2000]
    try:
        circuit = parse_circuit(mutated(pieces, strange, random.Random(seed)))
        verify(circuit)
    except (RecordError, InvariantError):
        return
    assert parse_circuit(print_circuit(circuit)) == circuit


# Circuits that are right

SIZES = st.integers(0, 9)


def meaning(thing: Any) -> Any:
    """What is left of a circuit or test without places and documentation."""
    if dataclasses.is_dataclass(thing):
        names = [field.name for field in dataclasses.fields(thing)]
        kept = (name for name in names if name not in ("span", "doc"))
        return type(thing), {name: meaning(getattr(thing, name)) for name in kept}
    if isinstance(thing, Mapping):
        return [(key, meaning(value)) for key, value in thing.items()]
    return [meaning(item) for item in thing] if isinstance(thing, tuple) else thing


def words(text: str, comments: bool) -> list[str]:
    found = tokens(Source("test.sfc", text))
    return [name.text for kind, name in found if (kind == "comment") == comments]


@settings(quick, max_examples=40)
@given(st.integers(0, 10**9), SIZES)
def test_generated_circuits_compile_and_round_trip(seed: int, size: int) -> None:
    text = random_text(seed, size)
    circuit = compiled(text)
    assert isinstance(circuit, Circuit), circuit
    assert from_record(to_record(circuit)) == circuit
    verify(circuit)
    again = sfc.compile_text(text.replace("\n", "\r\n"), "test.sfc")
    assert digest(again) == digest(circuit)
    assert print_circuit(circuit) == print_circuit(sfc.compile_text(text, "test.sfc"))


@settings(quick, max_examples=20)
@given(seed=st.integers(0, 10**9), size=SIZES)
def test_the_layout_of_generated_circuits(seed: int, size: int, tmp_path: Path) -> None:
    text = random_text(seed, size)
    laid_out = format_source(Source("test.sfc", text))
    assert format_source(Source("test.sfc", laid_out)) == laid_out
    assert words(laid_out, comments=False) == words(text, comments=False)
    assert sorted(words(laid_out, comments=True)) == sorted(words(text, comments=True))
    path = tmp_path / "test.sfc"
    path.write_text(text, "utf-8")
    before = compile_tests(path)
    path.write_text(laid_out, "utf-8")
    assert meaning(compile_tests(path)) == meaning(before)


@settings(quick, max_examples=20)
@given(seed=st.integers(0, 10**9), size=SIZES)
def test_generated_circuits_can_be_imported_and_run(seed: int, size: int, tmp_path: Path) -> None:
    (tmp_path / "other.sfc").write_text(random_text(seed, size), "utf-8")
    (tmp_path / "test.sfc").write_text('sfc 1;\nimport "other.sfc";\n', "utf-8")
    assert not sfc.compile(tmp_path / "test.sfc").populations
    circuit = sfc.compile(tmp_path / "other.sfc")
    result = sfc.Simulator(circuit, seed=1).run(steps=20, counts=True)
    assert result.steps == 20


# Texts that are meant to hurt

MODEL = "sfc 1; neuron M { threshold = 100; drive = 51; ring = 101; close = 64; }\n"
CHAIN = MODEL + "chain g[4] : M ring;\n"
RULE = "sfc 1; rule R { dw = %s; }"

HOSTILE = {
    "sum of 100,000": "sfc 1; const a = " + "+".join("1" * 100_000) + ";",
    "sum of 9,000": "sfc 1; const a = " + "+".join("1" * 9_000) + ";",
    "disjunction": "sfc 1; const a = " + " or ".join(["true"] * 9_000) + ";",
    "brackets": "sfc 1; const a = " + "(" * 10_000 + "1" + ")" * 10_000 + ";",
    "fewer brackets": "sfc 1; const a = " + "(" * 9_000 + "1" + ")" * 9_000 + ";",
    "open brackets": "sfc 1; const a = " + "(" * 10_000,
    "one bracket too many": "sfc 1; const a = " + "(" * 5_000 + "1" + ")" * 5_001 + ";",
    "signs": "sfc 1; const a = " + "-" * 10_000 + "1;",
    "negations": "sfc 1; const a = " + "not " * 9_000 + "true;",
    "powers": "sfc 1; const a = " + "**".join("2" * 9_000) + ";",
    "tower": "sfc 1; const a = 2**2**2**2**2**2;",
    "calls": "sfc 1; const a = " + "abs(" * 6_000 + "1" + ")" * 6_000 + ";",
    "arguments": "sfc 1; const a = max(" + ",".join("1" * 9_000) + ");",
    "indices": "sfc 1; const a = " + "a[" * 6_000 + "1" + "]" * 6_000 + ";",
    "parts": "sfc 1; const a = b" + ".c" * 9_000 + ";",
    "blocks": MODEL + "phase 1 { " * 5_000,
    "long literal": "sfc 1; const a = 1" + "0" * 400 + ";",
    "longer literal": "sfc 1; const a = " + "9" * 10**6 + ";",
    "literal out of range": "sfc 1; const a = 1e400;",
    "long name": "sfc 1; const " + "a" * 10**6 + " = 1;",
    "long unknown names": "sfc 1; const a = " + "b" * 150 + "; const " + "b" * 149 + "c = 1;",
    "neurons": MODEL + "population p[10**9] : M;",
    "neurons in all": MODEL + "".join(f"population p{i}[10**7] : M;" for i in range(20)),
    "shape overflow": MODEL + "population p[2**62, 2**62] : M;",
    "negative shape": MODEL + "population p[-1] : M;",
    "relays": MODEL + "chain g[10**9] : M ring;",
    "relays in all": MODEL + "".join(f"chain g{i}[90000] : M;" for i in range(50)),
    "matrix": "sfc 1; rule R { dw = x0; } plastic W[2**31, 2**31] by R;",
    "phases": CHAIN + "phase " + ",".join(map(str, range(5000))) + " { reward r1; }",
    "cores": CHAIN + "place g on cores 0..10**18;",
    "placed apart and together": MODEL
    + f"population {','.join(f'p{i}' for i in range(2000))} : M;"
    + f"place apart {','.join(f'p{i}' for i in range(2000))};"
    + f"place together {','.join(f'p{i}' for i in range(2000))};",
    "placed on one core": MODEL
    + f"population {','.join(f'p{i}' for i in range(2000))} : M;"
    + f"place {','.join(f'p{i}' for i in range(2000))} on cores 3;"
    + f"place apart {','.join(f'p{i}' for i in range(2000))};",
    "placed in two places": MODEL
    + f"population {','.join(f'p{i}' for i in range(2000))} : M;"
    + "".join(f"place p{i} on cores {i};" for i in range(2000))
    + "".join(f"place together p{i}, p{i + 1};" for i in range(1999)),
    "probed phases": CHAIN + "population p : M; probe p at 0..10**18;",
    "pairs that differ": MODEL
    + "population "
    + ",".join(f"p{i}[{i + 1}]" for i in range(900))
    + " : M; "
    + ",".join(f"p{i}" for i in range(900))
    + " -> "
    + ",".join(f"p{i}" for i in range(900))
    + " one_to_one weight 1;",
    "unknown names": MODEL + "".join(f"p{i} -> q{i} one_to_one weight 1;" for i in range(3000)),
    "circle": "sfc 1;" + "".join(f"const a{i} = a{(i + 1) % 3000};" for i in range(3000)),
    "definitions": "sfc 1;" + "".join(f"neuron a{i} : a{i + 1} {{}}" for i in range(3000)),
    "bushy definitions": "sfc 1;"
    + "".join(f"const a{i} = " + "-(1+2*min(" * 9 + f"a{i + 1}" + "))" * 9 + ";" for i in range(99))
    + "const a99 = 1;",
    "rule of many factors": RULE % "*".join(["w"] * 500),
    "rule of high powers": RULE % ("(" * 9 + "x0" + ")**8" * 9),
    "rule of many products": RULE % "*".join(["(x0+y0+r0+w+1)"] * 300),
    "rule of big powers": RULE % "*".join(["(1 + x0 + y0)**8"] * 100),
    "rule of many terms": RULE % "+".join(["x0*y0*r0", "w", "2"] * 160 + ["y7"]),
    "deep rule": RULE % ("-(x0*" * 12 + "b" + ")" * 12),
    "NUL": "sfc 1; const a\0 = 1;",
    "NUL in a comment": "sfc 1; // \0",
    "lone surrogate": "sfc 1; const a = \ud800;",
    "lone surrogate in a comment": "sfc 1; //! \udfff\n",
    "escape sequence": "sfc 1; const a = \x1b[31mred\x1b[0m;",
    "old line ends": "sfc 1;\rconst a = ;",
    "tabs before the caret": "sfc 1;\n\t\tconst\t\ta\t=\t;",
    "nothing": "",
    "blanks": " " * 2_000_000,
    "line ends": "\n" * 2_000_000,
    "comments": "//\n" * 500_000,
    "tokens": "sfc 1;" + "const a=1;" * 200_000,
    "one line of 5 MB": "sfc 1; const a = 1; // " + "x" * 5_000_000 + "\n$",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_are_refused_soon(text: str) -> None:
    assert isinstance(compiled(text), sfc.SfcError)


PECULIAR = {
    "CRLF": "sfc 1;\r\n// a comment\r\nconst a = 1;\r\n",
    "byte order mark": "\ufeffsfc 1;\nconst a = 1;\n",
    "form feed": "sfc 1;\f\nconst a = 1;\n",
    "no line end": "sfc 1; const a = 1; // end",
    "a comment first": "// sfc 2;\n\n/// a\n sfc 1;",
    "other scripts in comments": "sfc 1; // \N{GREEK SMALL LETTER THETA} 漢字 \N{GRINNING FACE}\n",
    "blanks": "sfc 1;" + " " * 2_000_000,
    "documentation": "sfc 1;\n" + "/// line\n" * 20_000 + "const a = 1;" * 1,
    "many that are apart": MODEL
    + f"population {','.join(f'p{i}' for i in range(2000))} : M;"
    + "".join(f"place p{i} on cores {i};" for i in range(0, 2000, 2))
    + f"place apart {','.join(f'p{i}' for i in range(2000))};",
    "many that are together": MODEL
    + f"population {','.join(f'p{i}' for i in range(2000))} : M;"
    + "".join(f"place together p{i}, p{i + 1};" for i in range(1999))
    + "place p7 on cores 3;",
    "asked for many times": MODEL
    + "population a, b, c : M; place a on cores 3; place b on cores 4;"
    + "for k in 1..8000 { place apart a, b; place together b, c; }",
    "a placed chain": MODEL + "chain g[5000] : M ring; place g on cores 0..10**6 - 1;",
    "a name of 200 characters": "sfc 1; const " + "a" * 200 + " = 1;",
    "500 terms": "sfc 1; const a = " + "+".join("1" * 500) + ";",
    "32 brackets": "sfc 1; const a = " + "(" * 32 + "1" + ")" * 32 + ";",
    "500 definitions": "sfc 1; const a0 = 1;"
    + "".join(f"const a{i + 1} = a{i} + 1;" for i in range(500)),
}


@pytest.mark.parametrize("text", PECULIAR.values(), ids=PECULIAR.keys())
def test_peculiar_texts_compile(text: str) -> None:
    found = compiled(text)
    assert isinstance(found, Circuit), found


def test_peculiar_files(tmp_path: Path) -> None:
    def said(path: Path) -> str:
        found = answer(lambda: sfc.compile(path))
        return "" if isinstance(found, Circuit) else found.diagnostics[0].code

    path = tmp_path / "test.sfc"
    assert said(path) == "E0101"
    assert said(tmp_path) == "E0101"
    (tmp_path / "link.sfc").symlink_to(tmp_path / "missing.sfc")
    assert said(tmp_path / "link.sfc") == "E0101"
    (tmp_path / "folder.sfc").mkdir()
    assert said(tmp_path / "folder.sfc") == "E0101"
    for data, code in [
        (b"", "E0104"),
        (b"\xef\xbb\xbfsfc 1;", ""),
        (b"sfc 1;\r\n", ""),
        (b"sfc 1; // \xff", "E0102"),
        (b"sfc 1; // \xed\xa0\x80", "E0102"),
        (b"\xff\xfes\0f\0c\0 \0001\0;\0", "E0102"),
        (b"sfc 1; // \0", "E0102"),
        (b"sfc 1;" + b" " * (16 * 2**20 - 6), ""),
        (b"sfc 1;" + b" " * (16 * 2**20 - 5), "E0103"),
        (b"sfc 1;" + b"const a=1;" * 100_000 * 16, "E0103"),
    ]:
        path.write_bytes(data)
        assert said(path) == code, data[:20]


def test_messages_show_nothing_that_a_terminal_obeys() -> None:
    found = compiled("sfc 1; const a = b; // \x9b31m \u202e \x85\n")
    assert isinstance(found, sfc.SfcError)
    assert "\u202e" not in str(found)
    assert "\N{REPLACEMENT CHARACTER}31m" in str(found)
