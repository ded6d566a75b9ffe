"""Reads the JSON of an allocation, which may come from anywhere."""

from __future__ import annotations

import dataclasses
import json
import math
import types
from functools import cache
from typing import Any, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from sfc.diagnostics import fail, shortened
from sfc.report.allocation_model import FORMAT, AllocationReport

_Class = TypeVar("_Class")
_LARGEST = 10**18
_DEEPEST = 4
"""Of values that have no fixed form."""


def report_of(data: object) -> AllocationReport:
    """Returns what the JSON of an allocation says; fields that are not known are passed over.

    Args:
        data: dicts, lists, texts, numbers, truth values and None.

    Raises:
        SfcError: E0801, it is none of "sfc-allocation 1".
    """
    found = data.get("format") if isinstance(data, dict) else None
    if found != FORMAT:
        said = f"its format is {_shown(found)}" if found is not None else "it names no format"
        _refuse(f"{said}, not {FORMAT!r}")
    report = _decode_dataclass(AllocationReport, data, "")
    _check(report)
    return report


def read_record(data: bytes) -> dict[str, Any]:
    """Returns the JSON object that bytes hold, for `report_of`.

    Raises:
        SfcError: E0801, they hold none.
    """
    try:
        record = json.loads(data)
    except (ValueError, RecursionError) as error:
        _refuse(f"it is no JSON: {shortened(str(error))}")
    if not isinstance(record, dict):
        _refuse(f"it holds {_shown(record)}")
    return record


def _refuse(message: str) -> NoReturn:
    help = "give the allocation.json that `sfc build --chip` wrote, or its folder"
    fail("E0801", f"this is no allocation that sfc wrote: {shortened(message, 200)}", help=help)


def _check(report: AllocationReport) -> None:
    """Reports numbers that do not go together, so that what draws them may rely on them."""
    die = report.chip
    if not 0 < die.cores <= 2**20 or not 0 < die.cores_per_tile <= die.cores:
        _refuse("chip.cores or chip.cores_per_tile is out of range")
    if die.mesh and (min(die.mesh) < 1 or die.mesh[0] * die.mesh[1] > 2**20):
        _refuse("chip.mesh is out of range")
    if not 0 < report.chips_used <= 2**20:
        _refuse("chips_used is out of range")
    ids: set[int] = set()
    places: set[tuple[int, int]] = set()
    for index, core in enumerate(report.cores):
        where = f"cores[{index}]"
        if not 0 <= core.core < die.cores or not 0 <= core.chip < report.chips_used:
            _refuse(f"{where} does not lie on a chip that is used")
        if die.mesh and not (
            core.tile and all(0 <= at < most for at, most in zip(core.tile, die.mesh, strict=True))
        ):
            _refuse(f"{where}.tile does not lie in the mesh")
        ids.add(core.id)
        places.add((core.chip, core.core))
    if len(ids) != len(report.cores) or len(places) != len(report.cores):
        _refuse("a core occurs twice")


@cache
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls)


def _decode(kind: Any, record: object, where: str) -> Any:
    if kind is Any:
        return _plain(record, where)
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(kind, record, where)  # type: ignore[arg-type]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if record is None else _decode(arguments[0], record, where)
    if origin is tuple:
        return _decode_tuple(arguments, record, where)
    if origin is not None:
        if not isinstance(record, dict):
            _refuse(f"{where} should have fields, found {_shown(record)}")
        return {
            str(name): _decode(arguments[1], value, f"{where}.{shortened(str(name))}")
            for name, value in record.items()
        }
    return _decode_scalar(kind, record, where)


def _decode_dataclass(cls: type[_Class], record: object, where: str) -> _Class:
    if not isinstance(record, dict):
        _refuse(f"{where} should have fields, found {_shown(record)}")
    hints = _hints(cls)  # type: ignore[arg-type]
    values = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        place = f"{where}.{field.name}".removeprefix(".")
        if field.name in record:
            values[field.name] = _decode(hints[field.name], record[field.name], place)
        elif field.default is field.default_factory is dataclasses.MISSING:
            _refuse(f"{place} is missing")
    return cls(**values)


def _decode_tuple(kinds: tuple[Any, ...], record: object, where: str) -> tuple[Any, ...]:
    if not isinstance(record, list | tuple):
        _refuse(f"{where} should be a list, found {_shown(record)}")
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(record)
    if len(kinds) != len(record):
        _refuse(f"{where} should have {len(kinds)} items, found {len(record)}")
    return tuple(
        _decode(kind, item, f"{where}[{index}]")
        for index, (kind, item) in enumerate(zip(kinds, record, strict=True))
    )


def _decode_scalar(kind: type, record: object, where: str) -> Any:
    if kind is str or kind is bool:
        if type(record) is not kind:
            _refuse(f"{where} should be {_WORDS[kind]}, found {_shown(record)}")
        return record
    is_number = type(record) is int or (type(record) is float and kind is float)
    if not is_number or not math.isfinite(record) or not 0 <= record <= _LARGEST:  # type: ignore[arg-type,operator]
        _refuse(f"{where} should be {_WORDS[kind]}, found {_shown(record)}")
    return record


_WORDS = {
    str: "a text",
    bool: "true or false",
    int: "a whole number that is not negative",
    float: "a number that is not negative",
}


def _plain(record: object, where: str, depth: int = 0) -> Any:
    """Returns a value of any form, if it is no deeper than reports can show."""
    if isinstance(record, list | dict) and depth == _DEEPEST:
        _refuse(f"{where} is nested too deeply")
    if isinstance(record, list):
        return [_plain(item, where, depth + 1) for item in record]
    if isinstance(record, dict):
        return {str(name): _plain(item, where, depth + 1) for name, item in record.items()}
    if isinstance(record, float) and not math.isfinite(record):
        _refuse(f"{where} is no number")
    return record


def _shown(record: object) -> str:
    if isinstance(record, list | dict):
        return "a list" if isinstance(record, list) else "fields"
    if record is None or isinstance(record, bool | int | float | str):
        return shortened(repr(record))
    return type(record).__name__
