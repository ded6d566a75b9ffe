"""Runs passes one after the other and keeps account of what they change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sfc.diagnostics import Reporter
from sfc.ir.circuit import Circuit
from sfc.ir.verify import InvariantError, verify
from sfc.passes.base import Pass


@dataclass(frozen=True, slots=True)
class Size:
    """How large a circuit is.

    Attributes:
        populations: relays of chains included.
        synapses: on the chip.
    """

    populations: int
    neurons: int
    projections: int
    synapses: int


@dataclass(frozen=True, slots=True)
class Account:
    """What one pass did.

    Attributes:
        seconds: of CPU time that the pass took, verification not counted.
    """

    name: str
    before: Size
    after: Size
    seconds: float


def run_passes(
    circuit: Circuit,
    passes: Iterable[Pass],
    reporter: Reporter,
    after: Callable[[Pass, Circuit], None] | None = None,
) -> tuple[Circuit, tuple[Account, ...]]:
    """Runs passes in the given order.

    Args:
        circuit: to change.
        passes: in the order in which they run.
        reporter: receives what they report.
        after: is called after every pass with the circuit as it is then.

    Raises:
        SfcError: a pass reported an error.
        InvariantError: the circuit breaks an invariant, at first or after the pass that the
            message names; the latter is a defect of the pass.
    """
    verify(circuit)
    accounts = []
    size = size_of(circuit)
    for step in passes:
        start = time.process_time()
        changed = step.run(circuit, reporter)
        seconds = time.process_time() - start
        reporter.fail_on_errors()
        before = size
        if changed is not circuit:
            _verify_after(step, changed)
            size = size_of(changed)
        accounts.append(Account(step.name, before, size, seconds))
        circuit = changed
        if after is not None:
            after(step, circuit)
    return circuit, tuple(accounts)


def _verify_after(step: Pass, circuit: Circuit) -> None:
    try:
        verify(circuit)
    except InvariantError as error:
        raise InvariantError(f"{error} (after the pass {step.name})") from None


def size_of(circuit: Circuit) -> Size:
    """Returns how large a circuit is."""
    return Size(
        len(circuit.populations),
        sum(population.size for population in circuit.populations.values()),
        len(circuit.projections),
        sum(circuit.synapse_count(p) for p in circuit.projections.values()),
    )
