"""The textual IR: one object a line, fields as ``name=JSON``; it parses back to an equal circuit.

circuit "backprop"
population "h" shape=[400] neuron={"threshold": 1024, "bias": -8192, "refractory": 2} span=…
projection "g[2] -> h" source="g[2]" target="h" … weight={"value": 8704, "exponent": 6} …
"""

from __future__ import annotations

import json

from sfc.ir.circuit import Circuit
from sfc.ir.record import Record, RecordError, from_record, to_record

_HEADER = "sfc-ir 1"
_TABLES = {
    "input": "inputs",
    "population": "populations",
    "rule": "rules",
    "matrix": "matrices",
    "projection": "projections",
    "property": "properties",
    "constraint": "constraints",
}
_SCHEDULE = {
    "chain": "chains",
    "present": "presents",
    "reward": "rewards",
    "probe": "probes",
    "readout": "readouts",
}


def print_circuit(circuit: Circuit) -> str:
    """Returns the textual form of a circuit."""
    record = to_record(circuit)
    schedule = record.pop("schedule", {})
    tables = {key: record.pop(table, []) for key, table in _TABLES.items()}
    lines = [_HEADER, _line("circuit", record)]
    for key, rows in tables.items():
        lines += [_line(key, row) for row in rows]
    for key, table in _SCHEDULE.items():
        lines += [_line(key, row) for row in schedule.get(table, [])]
    return "\n".join(lines) + "\n"


def parse_circuit(text: str) -> Circuit:
    """Returns the circuit of a textual form.

    Raises:
        RecordError: not such a text; the message begins with the line's number.
    """
    lines = text.split("\n")
    if lines[0] != _HEADER:
        raise RecordError(f"line 1: expected {_HEADER!r}, found {lines[0][:40]!r}")
    record: dict[str, Record] = {}
    schedule: dict[str, Record] = {}
    for number, line in enumerate(lines[1:], start=2):
        if not line:
            continue
        key, fields = _parse_line(line, number)
        if (
            key == "circuit"
            and "name" not in record
            and not set(fields) & {*_TABLES.values(), "schedule"}
        ):
            record.update(fields)
        elif key in _TABLES:
            record.setdefault(_TABLES[key], []).append(fields)
        elif key in _SCHEDULE:
            schedule.setdefault(_SCHEDULE[key], []).append(fields)
        else:
            raise RecordError(f"line {number}: unknown object {key[:40]!r}")
    if schedule:
        record["schedule"] = schedule
    return from_record(record)


def _line(key: str, fields: dict[str, Record]) -> str:
    words = [key]
    if "name" in fields:
        words.append(json.dumps(fields["name"]))
    words += [f"{name}={json.dumps(item)}" for name, item in fields.items() if name != "name"]
    return " ".join(words)


def _parse_line(line: str, number: int) -> tuple[str, dict[str, Record]]:
    key, _, rest = line.partition(" ")
    decoder = json.JSONDecoder()
    fields: dict[str, Record] = {}
    position = 0
    try:
        while position < len(rest):
            name = "name"
            if rest[position] != '"':
                equals = rest.index("=", position)
                name, position = rest[position:equals], equals + 1
            if name in fields:
                raise ValueError
            fields[name], position = decoder.raw_decode(rest, position)
            if rest[position : position + 1] not in ("", " "):
                raise ValueError
            position += 1
    except (ValueError, RecursionError):
        raise RecordError(f"line {number}: cannot be read near column {position + 1}") from None
    return key, fields
