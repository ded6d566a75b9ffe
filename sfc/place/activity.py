"""How often the neurons of a circuit fire: counted in a run, or at most by the phase analysis."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sfc.analysis.phases import analyse
from sfc.diagnostics import fail, shortened
from sfc.ir.circuit import Circuit, Parameter
from sfc.ir.record import digest
from sfc.ir.schedule import Present

FORMAT = "sfc-run 1"
_MOST_BYTES = 256 * 2**20
_MOST_COUNT = 2**53
_RUN_AGAIN = "write one with `sfc run … --json FILE`"


@dataclass(frozen=True, slots=True)
class Activity:
    """Mean spikes in a sample.

    Attributes:
        basis: where it comes from, for people.
        samples: that were counted; 0 if it is predicted.
        steps: of a sample, which is a frame; 1 for a circuit without frames of one length, where a
            sample is a step.
        spikes: (steps,) by population and input; an input's in the step in which they are sent.
    """

    basis: str
    samples: int
    steps: int
    spikes: Mapping[str, NDArray[np.float64]]


def predicted(circuit: Circuit) -> Activity:
    """Returns what can fire at most, by the conditional reading of the phase analysis.

    Cells that nobody opened count as silent. Inputs have as many bits on as they declare at most,
    or all. Bounds of single cells need not be reached together.
    """
    steps = circuit.schedule.frame_length or 1
    reached = analyse(circuit).conditional
    spikes = {name: np.zeros(steps) for name in circuit.populations}
    for cell in (cell for table in reached.tables for cell in table.firing()):
        most = spikes[cell.population]
        place = cell.phase if 0 <= cell.phase < steps and steps > 1 else slice(None)
        most[place] = np.maximum(most[place], cell.count[1])
    for name, source in circuit.inputs.items():
        on = source.size if source.at_most is None else min(source.at_most, source.size)
        spikes[name] = _sent(circuit, name, on, is_bound=True)
    return Activity("predicted by the phase analysis: at most", 0, steps, spikes)


def of_counts(
    circuit: Circuit,
    counts: Mapping[str, ArrayLike],
    samples: float,
    presented: Mapping[str, int] | None = None,
    basis: str = "",
) -> Activity:
    """Returns the activity that was counted in a run.

        result = simulator.run(inputs, counts=True)
        of_counts(circuit, result.spike_counts, len(images), result.presented)

    Args:
        circuit: that ran.
        counts: spikes by population, by step of the frame; one number without chains.
        samples: frames that ran, whole or not; steps, for a circuit without frames of one length.
        presented: bits of inputs that were on in all samples.
        basis: for people; by default the number of samples.

    Raises:
        SfcError: E0804, there are no samples, or counts of populations are missing.
    """
    if not samples > 0:
        fail("E0804", "no sample was counted", help="run one at least")
    if missing := [name for name in circuit.populations if name not in counts]:
        help = "run with counts=True, without other passes than the circuit had"
        fail("E0804", f"the spikes of population `{missing[0]}` were not counted", help=help)
    length = circuit.schedule.frame_length
    spikes = {}
    for name in circuit.populations:
        counted = np.atleast_1d(np.asarray(counts[name], np.float64))
        if length is None:
            counted = counted.sum(keepdims=True)
        elif len(counted) > length:
            message = f"`{name}` has counts of {len(counted)} steps in a frame of {length}"
            fail("E0804", message, help="count whole frames")
        spikes[name] = np.pad(counted, (0, (length or 1) - len(counted))) / samples
    for name in circuit.inputs:
        on = (presented or {}).get(name, 0) / samples
        spikes[name] = _sent(circuit, name, on, is_bound=False)
    unit = "step" if length is None else "sample"
    basis = basis or f"a run of {samples:,g} {unit}{'' if samples == 1 else 's'}"
    return Activity(basis, max(1, round(samples)), length or 1, spikes)


def measured(circuit: Circuit, path: str | Path) -> Activity:
    """Returns the activity that `sfc run … --json FILE` counted.

    Raises:
        SfcError: E0804, the file cannot be read, is no such file, or is of another circuit.
    """
    path = Path(path)
    run = _read(path)
    parameters = run.get("parameters")
    here, there = digest(circuit), str(run.get("digest"))
    if here != there:
        ran = _named(run.get("circuit"), parameters if isinstance(parameters, dict) else {}, there)
        given = _named(circuit.name, circuit.parameters, here)
        help = "give the same file, and the same -D and -O values, to both commands"
        fail("E0804", f"{path} is of a run of {ran}, not of {given}", help=help)
    counted, counts, presented = (run.get(k) for k in ("counted", "spike_counts", "presented"))
    if not (isinstance(counted, dict) and isinstance(counts, dict) and isinstance(presented, dict)):
        message = f"{path} tells no spikes"
        fail("E0804", message, help="a run counts them if it sees at least a sample or step")
    length = circuit.schedule.frame_length
    frames, steps = _number(path, counted.get("frames")), _number(path, counted.get("steps"))
    samples = steps / (length or 1)
    what, unit = ("steps", steps) if length is None else ("samples", frames)
    basis = f"{path.name}: {unit:,} {what}, {shortened(str(counted.get('what')))}"
    return of_counts(
        circuit,
        {name: _numbers(path, values) for name, values in counts.items()},
        samples,
        {name: _number(path, bits) for name, bits in presented.items()},
        basis,
    )


def _sent(circuit: Circuit, name: str, on: float, is_bound: bool) -> NDArray[np.float64]:
    """Returns the spikes of an input by step, from the bits that are on in a sample or row.

    Where a phase is not a step of the frame, its spikes are spread evenly over all steps; a bound
    has them in every step.
    """
    schedule = circuit.schedule
    length = schedule.frame_length
    if not schedule.chains:
        return np.full(1, float(on))
    places = {(present.chain, present.phase): present for present in presents(circuit, name)}
    spikes = np.zeros(length or 1)
    for present in places.values():
        step = sending_step(circuit, present)
        if step is None:
            spikes = np.maximum(spikes, on) if is_bound else spikes + on / len(spikes)
        else:
            spikes[step] = on
    return spikes


def presents(circuit: Circuit, name: str) -> list[Present]:
    """Returns when an input is presented."""
    return [present for present in circuit.schedule.presents if present.input == name]


def sending_step(circuit: Circuit, present: Present) -> int | None:
    """Returns the step of the frame in which an input's spikes are sent; None if it is not fixed.

    They are sent one step before the phase in which they arrive.
    """
    schedule = circuit.schedule
    length = schedule.frame_length
    chain = schedule.chain(present.chain)
    is_clock = schedule.clock is not None and chain.name == schedule.clock.name
    if length is None or not (is_clock or not (chain.ring or chain.started_by)):
        return None
    return (present.phase - 1) % length


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            _refuse(path, f"is larger than {_MOST_BYTES // 2**20} MiB")
        run = json.loads(path.read_bytes())
    except OSError as error:
        _refuse(path, f"cannot be read: {error.strerror or error}")
    except (ValueError, RecursionError):
        _refuse(path, "is no JSON")
    if not isinstance(run, dict) or run.get("format") != FORMAT:
        _refuse(path, f"is no file of a run ({FORMAT})")
    return run


def _number(path: Path, value: object) -> int:
    if type(value) is not int or not 0 <= value <= _MOST_COUNT:
        _refuse(path, f"holds {shortened(repr(value))} where a count belongs")
    return value


def _numbers(path: Path, value: object) -> list[int]:
    values = value if isinstance(value, list) else [value]
    return [_number(path, item) for item in values]


def _refuse(path: Path, why: str) -> NoReturn:
    fail("E0804", f"{path} {why}", help=_RUN_AGAIN)


def _named(name: object, parameters: Mapping[str, Parameter], hashed: str) -> str:
    values = ", ".join(f"{key}={value}" for key, value in parameters.items())
    return shortened(f"`{name}`{f' with {values}' if values else ''} (digest {hashed[:8]})", 160)
