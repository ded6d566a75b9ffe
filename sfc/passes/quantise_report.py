"""What rounding the weights of a projection costs, in figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Split:
    """Two projections in place of one: the sum of both is nearer to the real weights.

    Attributes:
        coarse, fine: their exponents; the coarse one is the smallest that holds every weight (7 if
            none does). See `sfc.passes.rounding.split`.
        largest_error, relative_error: what remains; see `QuantisationReport`.
        extra_synapses: weights with a synapse in both.
    """

    coarse: int
    fine: int
    largest_error: float
    relative_error: float
    extra_synapses: int


@dataclass(frozen=True, slots=True)
class QuantisationReport:
    """What became of real weights; errors are in weight units and compare with the given weights.

    Attributes:
        synapses: weights other than 0.
        exponent: weights are mantissas times 2^exponent.
        step: distance between neighbouring weights, in weight units.
        largest_error: largest absolute error.
        relative_error: root mean square error divided by the root mean square of the weights.
        saturated: weights beyond the mantissas' range (or the `clip` option's), put at its end.
        zeroed: weights that became 0, so that there is no synapse.
        split: two projections that would be nearer, None where none are.
        is_split: whether the circuit has these two, so that their errors hold.
        projection, target: names; empty for weights outside a circuit.
        silenced: neurons of the target that can no longer reach their threshold; see
            `sfc.passes.reach`.
        first_silenced: the first of them, at most 12.
    """

    synapses: int
    exponent: int
    step: float
    largest_error: float
    relative_error: float
    saturated: int
    zeroed: int
    split: Split | None = None
    is_split: bool = False
    projection: str = ""
    target: str = ""
    silenced: int = 0
    first_silenced: tuple[int, ...] = ()

    def record(self) -> dict[str, Any]:
        """Returns the report as JSON data, by the names of the fields."""
        return asdict(self) | {"first_silenced": list(self.first_silenced)}

    def __str__(self) -> str:
        held = f"multiples of {self.step:g} (mantissas times 2^{self.exponent})"
        name = f"{self.projection}: " if self.projection else ""
        before = "as one projection: " if self.is_split else ""
        lines = [
            f"{name}{self.synapses:,} weights",
            f"  {before}{held}, error {_errors(self)}",
            f"  {before}{self.saturated:,} saturated, {self.zeroed:,} rounded to 0",
        ]
        if self.silenced:
            shown = ", ".join(str(neuron) for neuron in self.first_silenced)
            more = ", …" if self.silenced > len(self.first_silenced) else ""
            lines.append(
                f"  {self.silenced:,} neurons of {self.target} can no longer reach their "
                f"threshold: {shown}{more}"
            )
        if self.split is not None:
            verb = "leave" if self.is_split else "would leave"
            lines.append(
                f"  two projections, times 2^{self.split.coarse} and 2^{self.split.fine}, {verb} "
                f"{_errors(self.split)}; {self.split.extra_synapses:,} weights are in both"
            )
        return "\n".join(lines)


def _errors(figures: QuantisationReport | Split) -> str:
    return f"{percent(figures.relative_error)} of the rms, at most {figures.largest_error:.3g}"


def percent(share: float) -> str:
    """Returns a share such as 0.0123 as "1.23 %"."""
    return f"{100 * share:.3g} %"
