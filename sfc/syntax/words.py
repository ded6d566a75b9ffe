"""The words of the language: reserved names, and how terminals are called in messages."""

RESERVED_NAMES = frozenset(
    {
        "alias",
        "apart",
        "assert",
        "conv",
        "cores",
        "else",
        "expect",
        "fires",
        "for",
        "if",
        "import",
        "in",
        "matrix",
        "module",
        "most",
        "no_overflow",
        "on",
        "period",
        "place",
        "port",
        "silent",
        "sparse",
        "started",
        "test",
        "tied",
        "toeplitz",
        "together",
    }
)
"""Words that cannot be declared: kept for later versions, or with a fixed meaning."""

TERMINALS = {
    "$END": "the end of the file",
    "NAME": "a name",
    "NUMBER": "a number",
    "SEMICOLON": "`;`",
    "COMMA": "`,`",
    "DOT": "`.`",
    "DOTS": "`..`",
    "ARROW": "`->`",
    "POWER": "`**`",
    "EQUAL": "`=`",
    "COLON": "`:`",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "LSQB": "`[`",
    "RSQB": "`]`",
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "PLUS": "`+`",
    "MINUS": "`-`",
    "TIMES": "`*`",
    "OVER": "`/`",
    "MODULO": "`%`",
    "COMPARE": "a comparison",
}
"""Terminals that are not keywords; a keyword's terminal is its spelling in capitals."""

GROUPS = (
    (
        frozenset({"`%`", "`*`", "`+`", "`-`", "`/`", "`and`", "`or`", "a comparison", "`**`"}),
        "an operator",
    ),
    (
        frozenset({"`%`", "`*`", "`+`", "`-`", "`/`", "`and`", "`or`", "a comparison"}),
        "an operator",
    ),
    (
        frozenset({"`(`", "`+`", "`-`", "`false`", "`not`", "`true`", "a name", "a number"}),
        "an expression",
    ),
    (
        frozenset(
            {
                "`chain`",
                "`const`",
                "`gate`",
                "`input`",
                "`param`",
                "`phase`",
                "`rule`",
                "`neuron`",
                "`population`",
                "`plastic`",
                "`probe`",
                "`readout`",
            }
        ),
        "a declaration",
    ),
)
"""Sets of terminals that a message sums up in two words."""
