"""From text to syntax tree: places, precedence, comments, and how messages show source text."""

from __future__ import annotations

import re

import pytest

from sfc.diagnostics import (
    ERROR_LIMIT,
    Diagnostic,
    Label,
    Reporter,
    SfcError,
    nearest,
    printable,
    shortened,
)
from sfc.resources import resource
from sfc.span import Source, Span
from sfc.syntax import ast
from sfc.syntax.parser import parse
from sfc.syntax.tables import lark_parser
from sfc.syntax.words import AT_STATEMENT, GROUPS, NEXT_STATEMENT, RESERVED_NAMES, TERMINALS


def statement(text: str) -> ast.Statement:
    (found,) = parse(Source("test", f"sfc 1;\n{text}")).statements
    return found


def expression(text: str) -> ast.Expression:
    const = statement(f"const a = {text};")
    assert isinstance(const, ast.Const)
    return const.value


def shown(node: object) -> str:
    """An expression with every operation in brackets."""
    if isinstance(node, ast.Number):
        return str(node.value)
    if isinstance(node, ast.Boolean):
        return str(node.value).lower()
    if isinstance(node, ast.Reference):
        return node.name.text + "".join(shown(trailer) for trailer in node.trailers)
    if isinstance(node, ast.Attribute):
        return f".{node.name.text}"
    if isinstance(node, ast.Index):
        return f"[{shown(node.intervals[0].low)}]"
    if isinstance(node, ast.Unary):
        return f"({node.operator} {shown(node.operand)})"
    if isinstance(node, ast.Call):
        names = [f"{a.name.text} = " if a.name else "" for a in node.arguments]
        parts = [shown(argument.expression) for argument in node.arguments]
        listing = ", ".join(name + part for name, part in zip(names, parts, strict=True))
        return f"{node.name.text}({listing})"
    assert isinstance(node, ast.Operation)
    rest = "".join(f" {operator} {shown(operand)}" for operator, operand in node.rest)
    return f"({shown(node.first)}{rest})"


def error(text: str) -> Diagnostic:
    with pytest.raises(SfcError) as caught:
        parse(Source("test", text))
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


def place(text: str) -> tuple[int, int, int, int]:
    span = error(text).span
    assert span is not None
    return span.line, span.column, span.end_line, span.end_column


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1", "1"),
        ("1 + 2 - 3", "(1 + 2 - 3)"),
        ("1 - 2*3/4 % 5", "(1 - (2 * 3 / 4 % 5))"),
        ("(1 - 2)*3", "((1 - 2) * 3)"),
        ("-2**2", "(- (2 ** 2))"),
        ("2**-3**2", "(2 ** (- (3 ** 2)))"),
        ("2**3**4", "(2 ** (3 ** 4))"),
        ("- -1", "(- (- 1))"),
        ("a*-b", "(a * (- b))"),
        ("1 < 2 and 3 >= 4 or true", "(((1 < 2) and (3 >= 4)) or true)"),
        ("a or b and c or d", "(a or (b and c) or d)"),
        ("a == b", "(a == b)"),
        ("x.y[2].z", "x.y[2].z"),
        ("max(1, a = 2, -b)", "max(1, a = 2, (- b))"),
        ("f()", "f()"),
        ("((((7))))", "7"),
        ("1.5e+3", "1500.0"),
        ("2e0", "2.0"),
        ("00012", "12"),
    ],
)
def test_precedence(text: str, tree: str) -> None:
    assert shown(expression(text)) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("not true", "(not true)"),
        ("not not true", "(not (not true))"),
        ("not a == b", "(not (a == b))"),
        ("not a and b", "((not a) and b)"),
        ("(not a) == b", "((not a) == b)"),
    ],
)
def test_negation(text: str, tree: str) -> None:
    assert shown(expression(text)) == tree


def test_integers_stay_integers() -> None:
    assert type(shown_value("7")) is int
    assert type(shown_value("7.0")) is float
    assert shown_value("9223372036854775807") == 2**63 - 1


def shown_value(text: str) -> float:
    number = expression(text)
    assert isinstance(number, ast.Number)
    return number.value


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("const a = 1;", "const a = 1;"),
        ("x -> h, h_lt one_to_one\n   weight 3;", "x -> h, h_lt one_to_one\n   weight 3;"),
        ("phase 2 {\n  open h;\n}", "phase 2 {\n  open h;\n}"),
        ("input image[3], label;", "input image[3], label;"),
    ],
)
def test_span_of_a_statement_covers_it(text: str, marked: str) -> None:
    span = statement(f"  // before\n  {text}  // after").span
    lines = f"sfc 1;\n  // before\n  {text}  // after".split("\n")
    assert (span.line, span.column) == (3, 3)
    lines = lines[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    assert "\n".join(lines) == marked


def test_span_of_an_expression_covers_its_brackets() -> None:
    text = "const a = 2*(3 + 4);"
    found = statement(text)
    assert isinstance(found, ast.Const)
    assert isinstance(found.value, ast.Operation)
    span = found.value.rest[0][1].span
    assert text[span.column - 1 : span.end_column - 1] == "(3 + 4)"


def test_an_example_stands_above_every_rule_and_parses() -> None:
    grammar = (resource("grammars") / "sfc.lark").read_text("utf-8")
    examples = re.findall(r"^// (\w.*[;}])\n(?:\?\w+|\w+):", grammar, re.MULTILINE)
    assert len(examples) >= 12
    for example in examples:
        text = example if example.startswith("sfc") else f"sfc 1; {example}"
        assert parse(Source("grammar", text)).statements or example == "sfc 1;"


def test_every_terminal_has_a_name_for_messages() -> None:
    for terminal in lark_parser().terminals:
        if terminal.name in TERMINALS or terminal.name in lark_parser().lexer_conf.ignore:
            continue
        assert str(terminal.pattern.value) == terminal.name.lower()
    names = {terminal.name for terminal in lark_parser().terminals} | {"$END"}
    assert set(TERMINALS) <= names
    assert set(AT_STATEMENT) | NEXT_STATEMENT <= names
    spellings = {TERMINALS.get(name, f"`{name.lower()}`") for name in names}
    assert all(group <= spellings for group, _ in GROUPS)


def test_reserved_names_are_no_keywords() -> None:
    assert not {name.upper() for name in RESERVED_NAMES} & {t.name for t in lark_parser().terminals}


@pytest.mark.parametrize("word", sorted(RESERVED_NAMES))
def test_reserved_names_cannot_be_declared_or_used(word: str) -> None:
    assert error(f"sfc 1; const {word} = 1;").code == "E0107"
    assert error(f"sfc 1; a -> {word} one_to_one;").code == "E0107"
    assert error(f"sfc 1; {word} something {{").code == "E0107"


@pytest.mark.parametrize(
    "word", ["sfc", "phase", "ring", "close", "true", "tau", "one_to_one", "least", "most"]
)
def test_keywords_cannot_be_declared(word: str) -> None:
    diagnostic = error(f"sfc 1; const {word} = 1;")
    assert diagnostic.code == "E0107"
    assert f"`{word}_`" in diagnostic.help


@pytest.mark.parametrize(
    "name", ["name", "number", "comment", "plus", "end", "NAME", "_", "T", "v"]
)
def test_names_of_terminals_are_ordinary_names(name: str) -> None:
    assert isinstance(statement(f"const {name} = 1;"), ast.Const)
    assert "(a keyword)" not in error(f"sfc 1; population x {name};").message


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", (1, 1, 1, 2)),
        ("\n\n  const a = 1;", (3, 3, 3, 4)),
        ("sfc 1;\nconst a = ;", (2, 11, 2, 12)),
        ("sfc 1;\r\nconst a = ;", (2, 11, 2, 12)),
        ("sfc 1;\nconst a = 1\nconst b = 2;", (2, 12, 2, 13)),
        ("sfc 1;\nconst a = 1 // one\n\n\nconst b = 2;", (2, 12, 2, 13)),
        ("sfc 1;\nphase 1 {\n  open h;\n\n// the end\n\n", (5, 10, 5, 11)),
        ("sfc 1;\n\tconst\ta = $;", (2, 12, 2, 13)),
        ("\ufeffsfc 1;\nconst a = $;", (2, 11, 2, 12)),
        ("\ufeffsfc 3;", (1, 5, 1, 6)),
        ("sfc 12345;", (1, 5, 1, 10)),
    ],
)
def test_place_of_a_mistake(text: str, where: tuple[int, int, int, int]) -> None:
    assert place(text) == where


def test_line_ends_and_byte_order_mark_do_not_matter() -> None:
    lines = ["sfc 1;", "/// A number.", "const a = 1; // one", "const b =", "\t2;", ""]
    plain = parse(Source("test", "\n".join(lines)))
    for other in ("\r\n".join(lines), "\ufeff" + "\n".join(lines)):
        assert parse(Source("test", other)).statements == plain.statements


def test_documentation_belongs_to_the_next_statement_only() -> None:
    file = parse(
        Source(
            "test",
            "sfc 1;\n"
            "//! What it is.\n"
            "//!\n"
            "//! And more.\n"
            "/// far away\n"
            "\n"
            "/// First line.\n"
            "///   second line\n"
            "const a = 1; const b = 2;\n"
            "const c = 3; /// not a statement's\n"
            "const d = 4;\n"
            "//// a ruler\n"
            "const e = 5;\n",
        )
    )
    assert file.doc == "What it is.\n\nAnd more."
    docs = [s.doc for s in file.statements if isinstance(s, ast.Const)]
    assert docs == ["First line.\nsecond line", "", "", "", ""]


def test_comments_are_kept_in_order() -> None:
    file = parse(Source("test", "sfc 1; // a\n// b  \n/// c\nconst d = 1; //! e\n"))
    assert [comment.text for comment in file.comments] == ["// a", "// b", "/// c", "//! e"]
    assert [comment.span.line for comment in file.comments] == [1, 2, 3, 4]
    assert file.comments[0].span.column == 8


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("const a = 1;;", "delete it"),
        ("popluation h : M;", "did you mean `population`?"),
        ("phase 1 { presnet a; }", "did you mean `present`?"),
        ("close h;", "in a phase"),
        ("phase 1 { open h; phase 2 { }", "end the block"),
        ("const a = 5 \N{MULTIPLICATION SIGN} 3;", "write `*`"),
        ("const a = b & c;", "write `and`"),
        ("const größe = 1;", "letters a-z"),
    ],
)
def test_help_with_syntax(text: str, fragment: str) -> None:
    assert fragment in str(error(f"sfc 1;\n{text}"))


@pytest.mark.parametrize("character", ["\0", "\a", "\x1b", "\x7f", "\ud800"])
@pytest.mark.parametrize("before", ["const a = ", "// "])
def test_characters_that_are_no_text(character: str, before: str) -> None:
    diagnostic = error(f"sfc 1;\n{before}{character}")
    assert diagnostic.code == "E0102"
    assert f"U+{ord(character):04X}" in diagnostic.message
    assert str(diagnostic).encode()
    assert character not in str(diagnostic)


# How messages look


def test_a_caret_stands_under_its_character() -> None:
    source = Source("test", "\tä\t\x1b[1m\u202ex = 1")
    span = Span(source, 1, 9, 1, 10)
    assert source.text[8:9] == "x"
    _, line, caret = str(Diagnostic("E0105", "no", span, "here")).split("\n")
    assert line[caret.index("^")] == "x"
    assert caret.endswith("^ here")


def test_a_long_line_is_cut_around_its_caret() -> None:
    source = Source("test", "a" * 5000 + "X" + "b" * 5000)
    _, line, caret = str(Diagnostic("E0105", "no", Span(source, 1, 5001, 1, 5002))).split("\n")
    assert len(line) < 200
    assert line[caret.index("^")] == "X"


def test_a_place_without_text_shows_no_excerpt() -> None:
    span = Span(Source("gone.sfc"), 3, 1, 3, 2)
    labelled = Diagnostic("E0105", "no", span, labels=(Label(span, "here"),), help="do")
    assert str(labelled) == "gone.sfc:3:1: error[E0105]: no\n  gone.sfc:3:1: here\n  help: do"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\rb\0c\x85d", "abcd"),
        ("\u202eevil\u2066", "evil"),
        ("\ud800", ""),
        ("ü漢😀", "ü漢😀"),
    ],
)
def test_printable(text: str, clean: str) -> None:
    assert printable(text) == clean


def test_long_texts_are_shortened() -> None:
    assert shortened("a" * 60) == "a" * 60
    assert shortened("a" * 61) == "a" * 60 + "…"


def test_nearest_names() -> None:
    assert nearest("hlt", ["h", "h_lt", "h_gt"]) == "did you mean `h_lt`?"
    assert nearest("image", ["weight"]) == ""
    assert nearest("x", []) == ""


def test_a_reporter_takes_one_message_for_a_code_and_place() -> None:
    reporter = Reporter()
    source = Source("test", "abc")
    spans = [Span(source, 1, column, 1, column + 1) for column in (1, 2)]
    for message in ("first", "second"):
        for span in spans:
            reporter.error("E0201", message, span)
        reporter.error("E0208", message)
        reporter.error("E0208", message)
    found = [f"{d.code} {d.message}" for d in reporter.diagnostics]
    assert found == ["E0201 first", "E0201 first", "E0208 first", "E0208 second"]


def test_a_reporter_sorts_by_place() -> None:
    reporter = Reporter()
    source = Source("test", "abc\nd")
    reporter.error("E0201", "third", Span(source, 2, 1, 2, 2))
    reporter.warning("W0501", "second", Span(source, 1, 2, 1, 3))
    reporter.error("E0208", "first")
    assert [d.message for d in reporter.sorted()] == ["first", "second", "third"]
    with pytest.raises(SfcError) as caught:
        reporter.fail_on_errors()
    assert [d.message for d in caught.value.diagnostics] == ["first", "second", "third"]


def test_a_reporter_stops_after_too_many_errors_but_not_after_warnings() -> None:
    reporter = Reporter()
    source = Source("test", "x" * 1000)
    for column in range(1, 500):
        reporter.warning("W0501", "warning", Span(source, 1, column, 1, column + 1))
    reporter.fail_on_errors()
    for column in range(1, ERROR_LIMIT):
        reporter.error("E0201", "error", Span(source, 1, column, 1, column + 1))
    with pytest.raises(SfcError):
        reporter.error("E0201", "one too many", Span(source, 1, 500, 1, 501))
    assert sum(d.severity == "error" for d in reporter.diagnostics) == ERROR_LIMIT


def test_an_undocumented_code_is_an_internal_error() -> None:
    with pytest.raises(ValueError, match="undocumented"):
        Diagnostic("E9999", "no")
