"""The netlist target: the circuit as documented JSON, its plastic weights as npz.

The format is described in docs/netlist.md.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

from sfc.diagnostics import Reporter, fail
from sfc.ir.circuit import Circuit
from sfc.ir.limits import SIMULATED_BYTES
from sfc.ir.record import RecordError, digest, from_record, to_record
from sfc.ir.verify import InvariantError, verify
from sfc.sim.arrays import npz_bytes, read_npz
from sfc.targets.base import Program

NETLIST, WEIGHTS = "netlist.json", "weights.npz"
_FORMAT = "sfc-netlist 1"


class NetlistTarget:
    """Emits a netlist that simulators can read."""

    name = "netlist"
    summary = "JSON netlist and npz weights; sfc run and other simulators read it"

    def check(self, program: Program, reporter: Reporter) -> None:
        """Reports nothing: a netlist holds every circuit."""

    def emit(self, program: Program) -> dict[str, bytes]:
        """Returns netlist.json and weights.npz."""
        netlist = {
            "format": _FORMAT,
            "digest": digest(program.circuit),
            "circuit": to_record(program.circuit),
        }
        text = json.dumps(netlist, indent=1)
        return {NETLIST: f"{text}\n".encode(), WEIGHTS: npz_bytes(program.weights)}


def read_netlist(files: Mapping[str, bytes]) -> Program:
    """Returns the program of a netlist's files.

    Raises:
        SfcError: E0801, they are not those of a netlist or are damaged.
    """
    try:
        netlist = json.loads(files[NETLIST])
        if not isinstance(netlist, dict) or netlist.get("format") != _FORMAT:
            fail("E0801", f"{NETLIST} is not a netlist of this version of sfc")
        circuit = from_record(netlist.get("circuit"))
        verify(circuit)
    except (RecordError, InvariantError) as error:
        fail("E0801", f"{NETLIST} is damaged: {error}")
    except (KeyError, ValueError, RecursionError):
        fail("E0801", f"{NETLIST} is missing or is no JSON")
    weights = read_npz(io.BytesIO(files.get(WEIGHTS, b"")), SIMULATED_BYTES, "E0801")
    _check_weights(circuit, weights)
    return Program(circuit, weights)


def _check_weights(circuit: Circuit, weights: Mapping[str, object]) -> None:
    plastic = {p.name for p in circuit.projections.values() if circuit.rule_of(p)}
    if wrong := plastic ^ set(weights):
        fail("E0801", f"{WEIGHTS} and {NETLIST} disagree on `{min(wrong)}`")
