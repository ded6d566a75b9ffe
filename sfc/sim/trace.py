"""Everything that happens in a test, step by step, for waveforms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfc.diagnostics import SfcError, fail
from sfc.ir.circuit import Circuit
from sfc.ir.synapses import cells
from sfc.ir.testbench import Testbench
from sfc.sim.clock import is_kicked
from sfc.sim.recorder import Recorder
from sfc.sim.reference import ReferenceEngine
from sfc.sim.result import Result
from sfc.sim.script import Script

_TRACE_BYTES = 2**30
"""Most memory that the spikes of a trace take."""

_GATES = {"open": "opened", "gate": "opened", "close": "closed"}
"""What the gates of an origin do."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A test's run; all arrays have a row or an element a step.

    Attributes:
        title: of the test.
        stopped: why the run ended early, or empty.
        spikes: by population and input, and by chain (a column a relay), (steps, n).
        frame: the number of the frame, -1 in a circuit without chains.
        phases: by chain, the phase that the step is, -1 if none; the first, if several.
        opened, closed: by gated population, whether a gate arrives at any of its neurons.
    """

    circuit: Circuit
    title: str
    steps: int
    stopped: str
    spikes: dict[str, NDArray[np.bool_]]
    frame: NDArray[np.int64]
    phases: dict[str, NDArray[np.int64]]
    opened: dict[str, NDArray[np.bool_]]
    closed: dict[str, NDArray[np.bool_]]


def trace(circuit: Circuit, test: Testbench) -> Trace:
    """Plays a whole test on the reference engine and records every spike.

    Raises:
        SfcError: E0306, the spikes take too much memory.
    """
    script = Script(circuit, test)
    engine = ReferenceEngine(circuit, script.first_weights())
    chains = {chain.name: chain for chain in circuit.schedule.chains}
    relays = {relay for chain in chains.values() for relay in chain.relays}
    others = [name for name in (*circuit.populations, *circuit.inputs) if name not in relays]
    recorder = Recorder(circuit, (*others, *chains), counts=False)
    stopped = ""
    try:
        script.play(engine, recorder)
    except SfcError as error:
        stopped = error.diagnostics[0].message
    result = Result(recorder)
    sizes = {name: circuit.size(name) for name in others}
    sizes |= {name: len(chain.relays) for name, chain in chains.items()}
    _check_memory(result.steps, sum(sizes.values()), test)
    spikes = {name: _dense(result, name, size) for name, size in sizes.items()}
    starts = np.zeros(result.steps, np.int64)
    starts[result.frame_starts] = 1
    sent = {name: np.pad(array, ((1, 0), (0, 0))) for name, array in spikes.items()}
    for name, chain in chains.items():
        kicks = [step for step in result.frame_starts.tolist() if is_kicked(chain, step == 0)]
        sent[name][kicks, 0] = True
    return Trace(
        circuit,
        test.title,
        result.steps,
        stopped,
        spikes,
        np.cumsum(starts) - 1,
        {name: _phases(sent[name][:-1]) for name in chains},
        *_gates(circuit, sent),
    )


def _check_memory(steps: int, neurons: int, test: Testbench) -> None:
    if steps * neurons > _TRACE_BYTES:
        message = (
            f"a trace of {steps:,} steps of {neurons:,} neurons takes more than "
            f"{_TRACE_BYTES // 2**30} GiB"
        )
        fail("E0306", message, test.span, help="trace a test of fewer frames")


def _dense(result: Result, name: str, size: int) -> NDArray[np.bool_]:
    dense = np.zeros((result.steps, size), np.bool_)
    events = result.events[name]
    dense[events[:, 0], events[:, 1]] = True
    return dense


def _phases(before: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Returns the phase of every step, from the relays that spiked in the step before it."""
    phases: NDArray[np.int64] = np.where(before.any(axis=1), before.argmax(axis=1), -1)
    return phases


def _gates(
    circuit: Circuit, sent: dict[str, NDArray[np.bool_]]
) -> tuple[dict[str, NDArray[np.bool_]], dict[str, NDArray[np.bool_]]]:
    """Returns in which steps gates that open and that close arrive, by population.

    Args:
        circuit: whose gates they are.
        sent: (steps + 1, n) spikes by population and chain, from the step before the first; what
            the host kicks counts as a spike.
    """
    columns = {
        relay: sent[chain.name][:, number : number + 1]
        for chain in circuit.schedule.chains
        for number, relay in enumerate(chain.relays)
    }
    gates: dict[str, dict[str, NDArray[np.bool_]]] = {"opened": {}, "closed": {}}
    for projection in circuit.projections.values():
        kind = projection.origin.kind if projection.origin else ""
        if kind not in _GATES:
            continue
        source, target = circuit.ends(projection)
        spikes = columns[source.name] if source.name in columns else sent[source.name]
        if projection.source_part is not None:
            spikes = spikes[:, cells(source.shape, projection.source_part)]
        arriving = np.flatnonzero(spikes.any(axis=1)) + projection.delay
        steps = len(spikes) - 1
        signal = gates[_GATES[kind]].setdefault(target.name, np.zeros(steps, np.bool_))
        signal[arriving[arriving < steps]] = True
    return gates["opened"], gates["closed"]
