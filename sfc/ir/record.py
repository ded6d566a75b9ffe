"""The circuit as plain data (dicts, lists, numbers, strings) and back.

One codec serves the textual IR, the netlist and state files. It follows the dataclasses of
`sfc.ir.circuit`: a field that has its default is left out, a table is a list, a weight is
``{"value", "exponent"}``, a span is ``"file:line:column-line:column"``. Decoding trusts nothing:
unknown fields, missing fields and values of another type raise `RecordError`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from sfc.ir.circuit import Circuit, Weight, by_name
from sfc.ir.limits import INTEGER_LIMIT
from sfc.span import Source, Span

Record = Any
"""JSON data: dict, list, str, int, float, bool or None."""

_NO_EFFECT = frozenset(
    {
        "span",
        "doc",
        "origin",
        "parameters",
        "probes",
        "properties",
        "shared",
        "constraints",
        "at_least",
        "at_most",
    }
)
_Class = TypeVar("_Class")
_NUMBER = r"([0-9]{1,9})"
_SPAN = re.compile(rf"(.*):{_NUMBER}:{_NUMBER}-{_NUMBER}:{_NUMBER}", re.DOTALL)


class RecordError(ValueError):
    """Data that is not a circuit; the message says which field is wrong and how."""


def to_record(circuit: Circuit) -> dict[str, Record]:
    """Returns the circuit as plain data."""
    return dict(_encode(circuit))


def from_record(record: Record) -> Circuit:
    """Returns the circuit that `to_record` gave `record` for.

    Raises:
        RecordError: the data is not of that form. References between objects and ranges of
            numbers are for `sfc.ir.verify` to check.
    """
    return _decode_dataclass(Circuit, record, "circuit")


def digest(circuit: Circuit) -> str:
    """Returns a hash of what the circuit does.

    Its name and parameters, places, documentation, origins, probes, properties, bounds of inputs
    and what is known of shared weights do not enter.
    """

    def bare(value: Record) -> Record:
        if isinstance(value, list):
            return [bare(item) for item in value]
        if isinstance(value, dict):
            return {key: bare(item) for key, item in value.items() if key not in _NO_EFFECT}
        return value

    record = bare(to_record(circuit))
    del record["name"]
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _encode(value: object) -> Record:
    if isinstance(value, Span):
        start = f"{value.source.name}:{value.line}:{value.column}"
        return f"{start}-{value.end_line}:{value.end_column}"
    if isinstance(value, Weight):
        number = value.value
        return {"value": int(number) if number.is_integer() else number, "exponent": value.exponent}
    if dataclasses.is_dataclass(value):
        record = {}
        for field in dataclasses.fields(value):
            item = getattr(value, field.name)
            if item != _default(field):
                record[field.name] = _encode(item)
        return record
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    if isinstance(value, Mapping):
        items = list(value.values())
        if items and dataclasses.is_dataclass(items[0]):
            return [_encode(item) for item in items]
        return {key: _encode(item) for key, item in value.items()}
    return value


def _default(field: dataclasses.Field[Any]) -> object:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


@cache
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls)


def _decode(kind: Any, record: Record, where: str) -> Any:
    if kind is Span:
        return _decode_span(record, where)
    if kind is Weight:
        return _decode_weight(record, where)
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(kind, record, where)  # type: ignore[arg-type]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        if record not in arguments:
            raise RecordError(f"{where}: expected one of {arguments}, found {_shown(record)}")
        return record
    if origin in (Union, types.UnionType):
        return _decode_union(arguments, record, where)
    if origin is tuple:
        return _decode_tuple(arguments, record, where)
    if origin is not None:
        return _decode_mapping(arguments[1], record, where)
    return _decode_scalar(kind, record, where)


def _decode_dataclass(cls: type[_Class], record: Record, where: str) -> _Class:
    if not isinstance(record, dict):
        raise RecordError(f"{where}: expected fields, found {_shown(record)}")
    hints = _hints(cls)  # type: ignore[arg-type]
    if unknown := set(record) - set(hints):
        raise RecordError(f"{where}: unknown field {_shown(min(unknown, key=str))}")
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        if _default(field) is dataclasses.MISSING and field.name not in record:
            raise RecordError(f"{where}: field {field.name!r} is missing")
    return cls(**{name: _decode(hints[name], record[name], f"{where}.{name}") for name in record})


def _decode_union(kinds: tuple[Any, ...], record: Record, where: str) -> Any:
    if record is None and type(None) in kinds:
        return None
    kinds = tuple(kind for kind in kinds if kind is not type(None))
    if len(kinds) == 1:
        return _decode(kinds[0], record, where)
    if all(dataclasses.is_dataclass(kind) for kind in kinds) and not isinstance(record, dict):
        raise RecordError(f"{where}: expected fields, found {_shown(record)}")
    return _decode(max(kinds, key=lambda kind: _likeness(kind, record)), record, where)


def _likeness(kind: Any, record: Record) -> int:
    """Returns how well data fit a kind, as far as that tells a union's kinds apart."""
    if dataclasses.is_dataclass(kind):
        if not isinstance(record, dict):
            return -1
        known = (
            {"value", "exponent"} if kind is Weight else {f.name for f in dataclasses.fields(kind)}
        )
        return len(known & set(record))
    is_array = get_origin(kind) is tuple
    return 0 if isinstance(record, list) == is_array and not isinstance(record, dict) else -1


def _decode_tuple(kinds: tuple[Any, ...], record: Record, where: str) -> tuple[Any, ...]:
    if not isinstance(record, list):
        raise RecordError(f"{where}: expected a list, found {_shown(record)}")
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(record)
    if len(kinds) != len(record):
        raise RecordError(f"{where}: expected {len(kinds)} items, found {len(record)}")
    return tuple(
        _decode(kind, item, f"{where}[{index}]")
        for index, (kind, item) in enumerate(zip(kinds, record, strict=True))
    )


def _decode_mapping(kind: Any, record: Record, where: str) -> Mapping[str, Any]:
    if dataclasses.is_dataclass(kind):
        things = _decode_tuple((kind, ...), record, where)
        table = by_name(things)
        if len(table) != len(things):
            raise RecordError(f"{where}: a name occurs twice")
        return table
    if not isinstance(record, dict):
        raise RecordError(f"{where}: expected fields, found {_shown(record)}")
    return types.MappingProxyType(
        {str(key): _decode(kind, value, f"{where}.{key}") for key, value in record.items()}
    )


def _decode_scalar(kind: type, record: Record, where: str) -> Any:
    is_number = type(record) is int or (type(record) is float and math.isfinite(record))
    if type(record) is int and abs(record) > INTEGER_LIMIT:
        raise RecordError(f"{where}: an integer exceeds 64 bits")
    if kind is float and is_number:
        return record
    if type(record) is not kind or kind is float:
        raise RecordError(f"{where}: expected {kind.__name__}, found {_shown(record)}")
    return record


def _decode_weight(record: Record, where: str) -> Weight:
    if not isinstance(record, dict) or set(record) != {"value", "exponent"}:
        raise RecordError(f"{where}: expected value and exponent, found {_shown(record)}")
    value = _decode_scalar(float, record["value"], f"{where}.value")
    exponent = _decode_scalar(int, record["exponent"], f"{where}.exponent")
    if not -64 <= exponent <= 64:
        raise RecordError(f"{where}.exponent: {exponent} is out of range")
    mantissa = float(value) / 2.0**exponent
    if not mantissa.is_integer():
        raise RecordError(f"{where}: {value} is not a multiple of 2^{exponent}")
    return Weight(int(mantissa), exponent)


def _decode_span(record: Record, where: str) -> Span:
    match = _SPAN.fullmatch(record) if isinstance(record, str) else None
    if match is None:
        raise RecordError(f"{where}: expected file:line:column-line:column, found {_shown(record)}")
    line, column, end_line, end_column = (int(part) for part in match.groups()[1:])
    return Span(Source(match[1]), line, column, end_line, end_column)


def _shown(record: Record) -> str:
    if isinstance(record, list | dict):
        return "a list" if isinstance(record, list) else "fields"
    text = repr(record)
    return text if len(text) <= 60 else text[:57] + "..."
