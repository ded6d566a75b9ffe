"""Passes as a user names them: ``NAME`` or ``NAME,option=value,…``."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import Field, fields
from typing import Any

from sfc.diagnostics import fail, nearest, shortened
from sfc.ir.circuit import Circuit
from sfc.passes import LEVELS, PASSES
from sfc.passes.base import Pass
from sfc.passes.quantise import Quantise

_TRUTH = {"true": True, "false": False}


def pipeline(level: int | None, passes: Iterable[str | Pass]) -> tuple[Pass, ...]:
    """Returns the passes of a level, and then those that are named.

    Args:
        level: a key of `LEVELS`; None stands for no pass.
        passes: passes, or texts such as ``relay-delays,longest=7``.

    Raises:
        SfcError: E0302 for a level that there is not; see `named` for the others.
    """
    if level is not None and level not in LEVELS:
        fail("E0302", f"there is no level {level}", help=f"levels are 0 to {max(LEVELS)}")
    given = (named(step) if isinstance(step, str) else step for step in passes)
    return (*(LEVELS[level] if level is not None else ()), *given)


def rounded_first(circuit: Circuit, passes: tuple[Pass, ...]) -> tuple[Pass, ...]:
    """Returns passes with those that round real weights before all others, as these need integers.

    A circuit with real weights that none of them rounds gets `quantise` as it is by default.
    """
    rounding = [step for step in passes if isinstance(step, Quantise)]
    if not rounding and circuit.real_projections():
        rounding = [Quantise()]
    return (*rounding, *(step for step in passes if not isinstance(step, Quantise)))


def find(name: str) -> type[Pass]:
    """Returns the class of a pass; E0707 if there is none of this name."""
    known = {kind.name: kind for kind in PASSES}
    if name not in known:
        help = nearest(name, known) or f"the passes are {', '.join(known)}"
        fail("E0707", f"unknown pass `{shortened(name)}`", help=help)
    return known[name]


def named(text: str) -> Pass:
    """Returns the pass of a text such as ``relay-delays,longest=7``.

    Raises:
        SfcError: E0707 for an unknown pass, E0204 for an unknown option, E0305 for a value of
            another type than the option's, E0302 for one out of range.
    """
    name, *settings = text.split(",")
    kind = find(name)
    known = options(kind)
    values = {}
    for setting in settings:
        option, equals, value = setting.partition("=")
        if option in known and not equals:
            message = f"option `{option}` of pass `{name}` has no value"
            fail("E0204", message, help=f"write {option}=…")
        if option not in known:
            listing = ", ".join(f"{known_name}=…" for known_name in known) or "none"
            help = nearest(option, known) or f"its options: {listing}"
            fail("E0204", f"pass `{name}` has no option `{shortened(option)}`", help=help)
        values[option] = _value(name, option, value, known[option].default)
    return kind(**values)


def options(kind: type[Pass]) -> dict[str, Field[Any]]:
    """Returns the options of a pass that a text can set, by name; their defaults tell the type."""
    held = int | float | str | None
    plain = (field for field in fields(kind) if isinstance(field.default, held))  # type: ignore[arg-type]
    return {field.name: field for field in plain}


def _value(name: str, option: str, text: str, default: Any) -> Any:
    if isinstance(default, bool):
        if text in _TRUTH:
            return _TRUTH[text]
        kind = "true or false"
    elif isinstance(default, int):
        if text.lstrip("-").isdecimal() and len(text) < 20:
            return int(text)
        kind = "an integer"
    elif default is None or isinstance(default, float):
        with suppress(ValueError):
            return int(text) if text.lstrip("-").isdecimal() else float(text)
        kind = "a number"
    else:
        return text
    fail("E0305", f"option `{option}` of pass `{name}` is {kind}, found `{shortened(text)}`")
