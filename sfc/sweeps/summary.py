"""What a sweep found, by combination of parameter values: spreads over seeds, data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sfc.ir.circuit import Parameter
from sfc.sweeps.plan import Plan
from sfc.sweeps.rows import Row

FORMAT = "sfc-sweep 1"


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and extremes of a fraction over seeds."""

    mean: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class Group:
    """The runs of one combination of parameter values.

    Attributes:
        runs: that came to an end.
        failed: runs that did not.
        by_spikes, by_membrane: accuracy in the test after the last epoch; None without runs.
    """

    parameters: Mapping[str, Parameter]
    runs: int
    failed: int
    by_spikes: Spread | None
    by_membrane: Spread | None

    def record(self) -> dict[str, Any]:
        """Returns the group as JSON data."""
        return {
            "parameters": dict(self.parameters),
            "runs": self.runs,
            "failed": self.failed,
            "by_spikes": asdict(self.by_spikes) if self.by_spikes else None,
            "by_membrane": asdict(self.by_membrane) if self.by_membrane else None,
        }


def groups(rows: Iterable[Row]) -> list[Group]:
    """Returns a group for every combination of values, in the order of the rows."""
    members: dict[tuple[Parameter, ...], list[Row]] = {}
    for row in rows:
        members.setdefault(tuple(row.parameters.values()), []).append(row)
    return [_group(several) for several in members.values()]


def _group(rows: Sequence[Row]) -> Group:
    done = [row for row in rows if not row.error]
    return Group(
        rows[0].parameters,
        len(done),
        len(rows) - len(done),
        _spread(done, lambda row: row.test_by_spikes),
        _spread(done, lambda row: row.test_by_membrane),
    )


def _spread(rows: Iterable[Row], measure: Callable[[Row], float | None]) -> Spread | None:
    values = [value for value in map(measure, rows) if value is not None]
    if not values:
        return None
    return Spread(round(sum(values) / len(values), 6), min(values), max(values))


def sweep_data(plan: Plan, rows: Sequence[Row], seconds: float) -> dict[str, Any]:
    """Returns a sweep as JSON data; docs/sweeps.md describes the fields."""
    options = asdict(plan.options) | {"data": plan.data}
    return {
        "format": FORMAT,
        "circuit": plan.circuit,
        "parameters": {name: list(several) for name, several in plan.values.items()},
        "seeds": list(plan.seeds),
        **options,
        "seconds": round(seconds, 3),
        "runs": [row.record() for row in rows],
        "summary": [group.record() for group in groups(rows)],
    }
