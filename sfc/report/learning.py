"""How a training came out: what its figure, its JSON and its last line say of all epochs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sfc.sim.training import Score

_LAST = 10
"""Epochs at the end that are averaged."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Test accuracies by one readout, as fractions.

    Attributes:
        last: mean of the last epochs.
        best: of a single epoch. It is chosen by the test set, and so a little too good.
        best_epoch: the first in which that was reached.
    """

    last: float
    best: float
    best_epoch: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Test accuracies of a training.

    Attributes:
        epochs: how many epochs `last` is the mean of: ten, or fewer if fewer were tested.
        by_spikes, by_membrane: by readout.
    """

    epochs: int
    by_spikes: Reading
    by_membrane: Reading

    def __str__(self) -> str:
        mean = "last epoch" if self.epochs == 1 else f"mean of the last {self.epochs} epochs"
        spikes, membrane = self.by_spikes, self.by_membrane
        return (
            f"{mean}: test {100 * spikes.last:.1f} % by spikes, "
            f"{100 * membrane.last:.1f} % by membrane; "
            f"best {100 * spikes.best:.1f} % (epoch {spikes.best_epoch}), "
            f"{100 * membrane.best:.1f} % (epoch {membrane.best_epoch})"
        )

    def data(self) -> dict[str, Any]:
        """Returns it as JSON data."""
        return {
            "last_epochs": self.epochs,
            "by_spikes": _data(self.by_spikes),
            "by_membrane": _data(self.by_membrane),
        }


@dataclass(frozen=True, slots=True)
class Reference:
    """A number of somebody else's, drawn as a line across the figure."""

    label: str
    percent: float


def summary(tests: Mapping[int, Score]) -> Summary | None:
    """Returns the summary of the tests, by number of epochs trained before; None without any.

    A test before the first epoch is none of a training.
    """
    trained = {epoch: tests[epoch] for epoch in sorted(tests) if epoch > 0}
    if not trained:
        return None
    return Summary(
        min(_LAST, len(trained)),
        _reading({epoch: score.accuracy_by_spikes for epoch, score in trained.items()}),
        _reading({epoch: score.accuracy_by_membrane for epoch, score in trained.items()}),
    )


def _reading(accuracies: Mapping[int, float]) -> Reading:
    last = list(accuracies.values())[-_LAST:]
    best_epoch = max(accuracies, key=lambda epoch: accuracies[epoch])
    return Reading(sum(last) / len(last), accuracies[best_epoch], best_epoch)


def _data(reading: Reading) -> dict[str, Any]:
    return {"last": reading.last, "best": reading.best, "best_epoch": reading.best_epoch}
