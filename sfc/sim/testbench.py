"""Runs the tests of a circuit file, each until something differs from what it expects."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from sfc.diagnostics import Diagnostic, SfcError
from sfc.ir.circuit import Circuit
from sfc.ir.testbench import Testbench
from sfc.sim import DEFAULT_ENGINE
from sfc.sim.drive import Drive, drive_of, neuron_name
from sfc.sim.observation import Mismatch, Observer, Window, compare_weights, node_of
from sfc.sim.outcome import Difference, Failure, Outcome, failure_of
from sfc.sim.script import SEED, Script
from sfc.sim.simulator import Simulator

_LISTED = 4
"""Spikes that are listed of a neuron that is silent where it should not be."""


def run_test(
    circuit: Circuit,
    test: Testbench,
    engine: str = DEFAULT_ENGINE,
    progress: Callable[[int], None] = lambda _done: None,
) -> Outcome:
    """Runs a test until something differs.

    Args:
        circuit: what is tested.
        test: one of its own tests.
        engine: see `sfc.sim.simulator.ENGINES`.
        progress: is told how many frames, or steps without chains, are done.

    Raises:
        SfcError: E0707, there is no such engine, or E0306, the circuit is too large for memory.
    """
    started = time.perf_counter()
    simulator = Simulator(circuit, engine=engine, seed=SEED)
    try:
        failure = _first_failure(Script(circuit, test), simulator, progress)
    except SfcError as error:
        failure = Failure(error.diagnostics)
    return Outcome(test, failure, simulator.step, time.perf_counter() - started)


def _first_failure(
    script: Script, simulator: Simulator, progress: Callable[[int], None]
) -> Failure | None:
    observer = Observer(script)
    script.set_weights(simulator.weights)
    for part in script.parts():
        frames, steps = (len(part), None) if script.by_frames else (None, len(part))
        inputs = script.inputs(part)
        result = simulator.run(inputs, frames=frames, steps=steps, probes=observer.probes)
        window = observer.take(part, result)
        failure = _activity(observer, window, script) or _weights(observer, window, simulator)
        if failure is not None:
            return failure
        progress(part.stop)
    return None


def _activity(observer: Observer, window: Window, script: Script) -> Failure | None:
    """Returns how spikes and membranes of a part differ first from what is expected."""
    mismatch = observer.mismatch(window)
    if mismatch is None:
        return None
    expectation = mismatch.expectation
    if not len(mismatch.numbers):
        name = f"{expectation.chain}[{expectation.phase}]"
        message = f"phase {name} does not come in frame {window.part.start}"
        help = f"a phase is the step after its relay spikes; relay `{name}` does not in this frame"
        return Failure((Diagnostic("E0710", message, expectation.span, help=help),))
    node = node_of(script.circuit, expectation.subject)
    number = int(mismatch.numbers[mismatch.differing[0]])
    drive = None
    if node.name in script.circuit.populations:
        step = window.start + mismatch.step
        part = window.part.start if script.by_frames else step
        drive = drive_of(script, node.name, number, part, step)
    place = np.unravel_index(number, node.shape)
    name = neuron_name(node, number)
    difference = _difference(mismatch, window, script, name, place, drive)
    return failure_of(difference, mismatch, _other_spikes(mismatch, window, number))


def _other_spikes(mismatch: Mismatch, window: Window, number: int) -> list[str]:
    """Returns a line on when else a neuron spikes that is silent where it should not be."""
    expectation = mismatch.expectation
    if expectation.quantity != "spikes" or not mismatch.expected[mismatch.differing[0]]:
        return []
    steps = np.flatnonzero(window.values("spikes", expectation.subject)[:, number])
    phases = [window.result.phase_of_step[int(step)] for step in steps[:_LISTED]]
    texts = [
        f"{f'phase {phase[0]}[{phase[1]}], ' if phase else ''}step {window.start + step}"
        for step, phase in zip(steps, phases, strict=False)
    ]
    more = "; …" if len(steps) > _LISTED else ""
    return [f"it spikes in {'; '.join(texts)}{more}"] if texts else []


def _weights(observer: Observer, window: Window, simulator: Simulator) -> Failure | None:
    """Returns how weights differ first from what is expected at the end of a part."""
    for expectation in observer.weights(window):
        try:
            mismatch = compare_weights(expectation, window, simulator.weights)
        except SfcError as error:
            if error.diagnostics[0].code != "E0705":
                raise
            help = "expect the weights of each projection by its label, which `as` gives it"
            script = observer.script
            end = f"frame {window.part.start}" if script.by_frames else "the test"
            message = f"{error.diagnostics[0].message}, at the end of {end}"
            return Failure((Diagnostic("E0710", message, expectation.span, help=help),))
        if mismatch is not None:
            number = int(mismatch.numbers[mismatch.differing[0]])
            shape = simulator.weights[expectation.subject].shape
            place = np.unravel_index(number, shape)
            name = f"[{', '.join(str(int(index)) for index in place)}] of `{expectation.subject}`"
            difference = _difference(mismatch, window, observer.script, name, place, None)
            return failure_of(difference, mismatch, [])
    return None


def _difference(
    mismatch: Mismatch,
    window: Window,
    script: Script,
    name: str,
    place: tuple[np.intp, ...],
    drive: Drive | None,
) -> Difference:
    expectation = mismatch.expectation
    first = mismatch.differing[0]
    phase = None
    if expectation.chain:
        phase = (expectation.chain, expectation.phase)
    elif expectation.quantity != "weights":
        phase = window.result.phase_of_step[mismatch.step]
    return Difference(
        expectation,
        window.part.start if script.by_frames else None,
        phase,
        window.start + mismatch.step,
        name,
        tuple(int(index) for index in place),
        float(mismatch.expected[first]),
        float(mismatch.found[first]),
        len(mismatch.differing),
        len(mismatch.numbers),
        drive,
    )
