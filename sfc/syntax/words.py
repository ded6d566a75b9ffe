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

DECLARATIONS = (
    "chain",
    "const",
    "gate",
    "input",
    "neuron",
    "param",
    "phase",
    "plastic",
    "population",
    "probe",
    "readout",
    "rule",
)
"""The keywords that begin statements."""

ACTIONS = ("close", "open", "present", "reward")
"""The keywords that begin statements of a phase."""

NEXT_STATEMENT = frozenset({"RBRACE", "$END", *(word.upper() for word in DECLARATIONS)})
"""Terminals that are never a part of a statement that ends in `;`."""

AT_STATEMENT = {
    "SEMICOLON": "delete it",
    "RBRACE": "delete it: no `{` is open here",
    "OVER": "write `//` before a comment",
    "SFC": "the version of the language stands once, in the first line",
} | {word.upper(): f"write it in a phase: `phase 2 {{ {word} …; }}`" for word in ACTIONS}
"""What to do about a terminal where a statement should begin."""

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
    (frozenset(f"`{word}`" for word in DECLARATIONS), "a declaration"),
)
"""Sets of terminals that a message sums up in two words."""

CHARACTERS = {
    '"': "there are no texts in quotes",
    "'": "there are no texts in quotes",
    "#": "write `//` before a comment",
    "!": "write `not`, or `!=` for unequal",
    "&": "write `and`",
    "|": "write `or`",
    "^": "write `**` for a power",
    "\N{NO-BREAK SPACE}": "write a space",
    "\N{MINUS SIGN}": "write `-`",
    "\N{EN DASH}": "write `-`",
    "\N{EM DASH}": "write `-`",
    "\N{MULTIPLICATION SIGN}": "write `*`",
    "\N{MIDDLE DOT}": "write `*`",
    "\N{LESS-THAN OR EQUAL TO}": "write `<=`",
    "\N{GREATER-THAN OR EQUAL TO}": "write `>=`",
    "\N{NOT EQUAL TO}": "write `!=`",
    "\N{RIGHTWARDS ARROW}": "write `->`",
    "\N{HORIZONTAL ELLIPSIS}": "write `..` for a range",
}
"""What to write instead of a character that is not in the language."""

CLAUSES = frozenset({"one_to_one", "all_to_all", "weight", "delay", "above", "via", "as", "init"})
"""Keywords before which a long statement is broken."""
