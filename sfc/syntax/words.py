"""The words of the language: reserved names, and how terminals are called in messages."""

RESERVED_NAMES = frozenset({"period"})
"""Words that cannot be declared: they are kept for later versions."""

TERMINALS = {
    "$END": "the end of the file",
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": "a text in quotes",
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
    "alias",
    "assert",
    "chain",
    "const",
    "for",
    "gate",
    "if",
    "import",
    "input",
    "instance",
    "module",
    "neuron",
    "param",
    "phase",
    "place",
    "plastic",
    "population",
    "port",
    "probe",
    "readout",
    "rule",
    "test",
)
"""The keywords that begin statements."""

ACTIONS = ("close", "open", "present", "reward")
"""The keywords that begin statements of a phase."""

TEST_ITEMS = ("expect", "frame", "run", "set")
"""The keywords that begin statements of a test and of nothing else."""

NEXT_STATEMENT = frozenset(
    {"RBRACE", "$END", *(word.upper() for word in DECLARATIONS if word not in ("for", "if"))}
)
"""Terminals that are never a part of a statement that ends in `;`."""

AT_STATEMENT = {
    "SEMICOLON": "delete it",
    "RBRACE": "delete it: no `{` is open here",
    "OVER": "write `//` before a comment",
    "SFC": "the version of the language stands once, in the first line",
    "ELSE": "it belongs after the `}` of an `if`",
} | {
    **{word.upper(): f"write it in a phase: `phase 2 {{ {word} …; }}`" for word in ACTIONS},
    **{word.upper(): f'write it in a test: `test "…" {{ {word} …; }}`' for word in TEST_ITEMS},
}
"""What to do about a terminal where a statement should begin."""

CLAUSES = frozenset(
    {
        "above",
        "all_to_all",
        "as",
        "conv",
        "delay",
        "for",
        "if",
        "init",
        "matrix",
        "on",
        "one_to_one",
        "sparse",
        "started",
        "toeplitz",
        "via",
        "weight",
    }
)
"""Keywords before which a long statement is broken."""

AFTER = {
    "for": "write `for k in 0..9 { … }`",
    "port": "say what it is: `port population x[4];`, or chain, input or plastic",
    "import": 'write the file in double quotes: `import "memories.sfc";`',
    "test": 'write the title in double quotes: `test "copies" { … }`',
}
"""What to do about a terminal that does not fit after one of these words."""

INSTEAD = {
    "elif": "write `else if`",
    "from": 'write `import "memories.sfc";`',
    "elseif": "write `else if`",
    "def": "write `module`",
    "var": "write `const`, or `param` for what the user may choose",
    "let": "write `const`, or `param` for what the user may choose",
    "while": "write `for k in 0..9 { … }`",
}
"""What to write instead of a word where a statement should begin."""

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
        frozenset({"`(`", "`[`", "`+`", "`-`", "`false`", "`not`", "`true`", "a name", "a number"}),
        "an expression",
    ),
    (frozenset(f"`{word}`" for word in DECLARATIONS), "a declaration"),
    (frozenset(f"`{word}`" for word in CLAUSES - {"init", "on", "started"}), "a clause"),
)
"""Sets of terminals that a message sums up in two words."""

CHARACTERS = {
    '"': "a text in quotes ends in the line in which it begins",
    "'": "write a text in double quotes",
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
