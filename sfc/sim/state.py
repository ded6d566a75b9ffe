"""State files: a simulator's circuit, weights and state in one npz."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.diagnostics import fail, nearest
from sfc.ir.circuit import Circuit
from sfc.ir.integers import REFRACTORY_LIMIT, STATE_LIMIT, TAG_RANGE, TRACE_LIMIT
from sfc.ir.limits import SIMULATED_BYTES
from sfc.ir.record import RecordError
from sfc.ir.text import parse_circuit, print_circuit
from sfc.ir.verify import InvariantError, verify
from sfc.sim.arrays import read_npz, write_npz

_FORMAT = "sfc-state 1"
_WEIGHTS, _STATE = "weights/", "state/"

_RANGES = {
    "clock": (-1, 2**53),
    "spiked": (0, 2**31),
    "u": (-STATE_LIMIT - 1, STATE_LIMIT),
    "v": (-STATE_LIMIT, STATE_LIMIT),
    "resting": (0, REFRACTORY_LIMIT),
    "arriving": (-(2**53), 2**53),
    "trace": (0, TRACE_LIMIT),
    "tags": (TAG_RANGE.start, TAG_RANGE.stop - 1),
}
"""What the arrays of a state can hold."""


@dataclass(frozen=True, slots=True)
class SavedState:
    """The contents of a state file."""

    circuit: Circuit
    engine: str
    seed: int
    notes: Mapping[str, Any]
    weights: dict[str, NDArray[Any]]
    state: dict[str, NDArray[Any]]


def write_state(
    path: Path,
    circuit: Circuit,
    about: Mapping[str, Any],
    weights: Mapping[str, NDArray[Any]],
    state: Mapping[str, NDArray[Any]],
) -> None:
    """Writes a state file.

    Args:
        path: replaced as a whole or not at all.
        circuit: kept as textual IR.
        about: engine, seed and notes, as JSON data.
        weights: of every plastic projection.
        state: what the engine's `state` returned.
    """
    arrays = {"format": np.array(_FORMAT)}
    arrays["circuit"] = np.array(print_circuit(circuit))
    arrays["about"] = np.array(json.dumps(about, sort_keys=True))
    arrays |= {_WEIGHTS + name: array for name, array in weights.items()}
    arrays |= {_STATE + name: array for name, array in state.items()}
    write_npz(path, arrays)


def read_weights(path: Path, circuit: Circuit) -> dict[str, NDArray[Any]]:
    """Reads the weights of an npz file whose arrays are called as matrices or projections are.

    Args:
        path: such a file, or a state file, of which the projections that the circuit has are read.
        circuit: whose names they are.

    Raises:
        SfcError: E0704, it is damaged, or holds an array of another name.
    """
    arrays = read_npz(path, SIMULATED_BYTES, "E0704")
    if str(arrays.get("format")) == _FORMAT:
        saved = {k.removeprefix(_WEIGHTS): a for k, a in arrays.items() if k.startswith(_WEIGHTS)}
        shared = {name: array for name, array in saved.items() if name in circuit.projections}
        if not shared:
            fail("E0704", f"{path} holds no projection that the circuit has")
        return shared
    known = [*circuit.matrices, *circuit.projections]
    for name in arrays:
        if name not in known:
            help = nearest(name, known) or f"its matrices are {', '.join(circuit.matrices)}"
            fail("E0704", f"{path} holds `{name}`, which the circuit does not have", help=help)
    return arrays


def read_state(path: Path) -> SavedState:
    """Reads a state file.

    Raises:
        SfcError: E0801, it is not one or is damaged.
    """
    arrays = read_npz(path, SIMULATED_BYTES, "E0801")
    texts = {key: str(arrays.pop(key, "")) for key in ("format", "circuit", "about")}
    if texts["format"] != _FORMAT:
        fail("E0801", f"{path} is not a state file of this version of sfc")
    try:
        circuit = parse_circuit(texts["circuit"])
        verify(circuit)
        about = json.loads(texts["about"])
        return SavedState(
            circuit,
            str(about["engine"]),
            int(about["seed"]),
            dict(about["notes"]),
            {k.removeprefix(_WEIGHTS): a for k, a in arrays.items() if k.startswith(_WEIGHTS)},
            {k.removeprefix(_STATE): a for k, a in arrays.items() if k.startswith(_STATE)},
        )
    except (RecordError, InvariantError) as error:
        fail("E0801", f"the circuit in {path} is damaged: {error}")
    except (ValueError, KeyError, TypeError, RecursionError):
        fail("E0801", f"{path} is damaged")


def check_state(
    circuit: Circuit, own: Mapping[str, NDArray[Any]], state: Mapping[str, NDArray[Any]]
) -> None:
    """Checks what an engine is to go on from.

    Args:
        circuit: that it runs.
        own: what its `state` returns now.
        state: what it is given.

    Raises:
        SfcError: the arrays are not those of this circuit (E0801).
    """
    for name, array in own.items():
        found = state.get(name)
        shape = (len(state[name]), 2) if name == "spiked" and name in state else array.shape
        if found is None or found.dtype != array.dtype or found.shape != shape:
            fail("E0801", f"the state has no array `{name}` that fits the circuit")
        low, high = _RANGES[name.split("/")[0]]
        if found.size and not low <= found.min() <= found.max() <= high:
            fail("E0801", f"the state's array `{name}` is out of range")
    step, _, frame_start = state["clock"].tolist()
    if not 0 <= frame_start <= step:
        fail("E0801", "the state's array `clock` is out of range")
    chains, spiked = circuit.schedule.chains, state["spiked"].tolist()
    if any(c >= len(chains) or i >= len(chains[c].relays) for c, i in spiked):
        fail("E0801", "the state names relays that the circuit does not have")
    if len(np.unique(state["spiked"], axis=0)) < len(spiked):
        fail("E0801", "the state names a relay twice")
