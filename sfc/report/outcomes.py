"""What became of tests, as JSON data."""

from __future__ import annotations

from typing import Any

from sfc.diagnostics import Diagnostic
from sfc.ir.circuit import Circuit
from sfc.ir.record import digest
from sfc.sim.outcome import Difference, Failure, Outcome

FORMAT = "sfc-test 1"


def outcome_data(circuit: Circuit, outcomes: list[Outcome]) -> dict[str, Any]:
    """Returns the circuit of a file, and the outcomes of its tests."""
    return {
        "circuit": circuit.name,
        "digest": digest(circuit),
        "parameters": dict(circuit.parameters),
        "tests": [
            {
                "title": outcome.test.title,
                "passed": outcome.passed,
                "expectations": len(outcome.test.expectations),
                "steps": outcome.steps,
                "seconds": round(outcome.seconds, 6),
                "failure": _failure(outcome.failure) if outcome.failure else None,
            }
            for outcome in outcomes
        ],
    }


def diagnostic_data(diagnostic: Diagnostic) -> dict[str, Any]:
    """Returns a diagnostic, with its line and column if it has a place."""
    span = diagnostic.span
    return {
        "code": diagnostic.code,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "line": span.line if span else None,
        "column": span.column if span else None,
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "diagnostics": [diagnostic_data(diagnostic) for diagnostic in failure.diagnostics],
        "difference": _difference(failure.difference) if failure.difference else None,
    }


def _difference(difference: Difference) -> dict[str, Any]:
    expectation, drive = difference.expectation, difference.drive
    return {
        "quantity": expectation.quantity,
        "subject": expectation.subject,
        "place": list(difference.place),
        "frame": difference.frame,
        "phase": list(difference.phase) if difference.phase else None,
        "step": difference.step,
        "expected": difference.expected,
        "found": difference.found,
        "differing": difference.count,
        "compared": difference.size,
        "drive": None
        if drive is None
        else {
            "arrivals": [
                {"projection": a.projection, "amount": a.amount, "sources": list(a.sources)}
                for a in drive.arrivals
            ],
            "current_before": drive.current_before,
            "current": drive.current,
            "bias": drive.bias,
            "membrane_before": drive.membrane_before,
            "membrane": drive.membrane,
            "threshold": drive.threshold,
            "refractory_steps": drive.resting,
        },
    }
