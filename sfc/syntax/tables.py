"""The parser that Lark makes of the grammar.

Its tables take longer to work out than most circuits take to compile, so they are kept between
runs, as JSON: reading it back can run no code.
"""

from __future__ import annotations

import hashlib
import json
import platform
from contextlib import suppress
from functools import cache
from typing import Any

import lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

from sfc.cache import keep, recall
from sfc.resources import resource

_OPTIONS: dict[str, Any] = {
    "parser": "lalr",
    "lexer": "basic",
    "propagate_positions": True,
    "maybe_placeholders": True,
}


@cache
def lark_parser() -> lark.Lark:
    """Returns the parser of circuit files."""
    grammar = (resource("grammars") / "sfc.lark").read_text("utf-8")
    origin = (grammar, _OPTIONS, lark.__version__, platform.python_version())
    key = f"tables-{hashlib.sha256(repr(origin).encode()).hexdigest()}.json"
    return _recalled(key) or _made(grammar, key)


def _recalled(key: str) -> lark.Lark | None:
    payload = recall(key)
    if payload is None:
        return None
    with suppress(Exception):  # whatever is wrong with kept tables, they can be worked out
        return lark.Lark.load(json.loads(payload, object_hook=_with_numbers))
    return None


def _made(grammar: str, key: str) -> lark.Lark:
    parser = lark.Lark(grammar, **_OPTIONS)
    with suppress(Exception):  # a later Lark may hold what JSON cannot
        data, memo = parser.memo_serialize([TerminalDef, Rule])
        keep(key, json.dumps({"data": data, "memo": memo}, separators=(",", ":")).encode())
    return parser


def _with_numbers(found: dict[str, Any]) -> dict[Any, Any]:
    """Returns a mapping whose keys are numbers again where JSON made texts of them."""
    is_numbered = next(iter(found), "").isdigit()
    return {int(key): value for key, value in found.items()} if is_numbered else found
