"""The pass that makes integers of real weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sfc.diagnostics import Reporter
from sfc.ir.circuit import Circuit, Projection, Weight, by_name
from sfc.ir.integers import WEIGHT_EXPONENTS
from sfc.ir.patterns import RealTable
from sfc.ir.reals import RealSynapses, real_synapses
from sfc.ir.synapses import table
from sfc.passes.base import Preserves
from sfc.passes.quantise_report import QuantisationReport, Split, percent
from sfc.passes.reach import reaching
from sfc.passes.rounding import EXTRA, Held, check_options, quantise, split

_SHOWN_NEURONS = 12


@dataclass(frozen=True, slots=True)
class Quantise:
    """Rounds the weights of every projection that has real ones, each with an exponent of its own.

    Attributes:
        exponent: of all of them, -6..7; by default each takes the one with the least squared error.
        clip: a percentile of the magnitudes; larger ones are set to it. By default none is, and
            those beyond the mantissas' range saturate.
        split: whether two projections take the place of one where their sum is nearer to the
            weights; `exponent` and `clip` have no effect on these.
        extra: share of a projection's weights, 0 to 1, that may have two synapses after a split.
    """

    name: ClassVar[str] = "quantise"
    summary: ClassVar[str] = "round real weights to 8-bit mantissas times a power of two"
    preserves: ClassVar[Preserves] = "structure"

    exponent: int | None = None
    clip: float | None = None
    split: bool = False
    extra: float = EXTRA

    def __post_init__(self) -> None:
        check_options(self.exponent, self.clip, self.extra)

    def run(self, circuit: Circuit, reporter: Reporter) -> Circuit:
        """Returns the circuit with integer weights; warns of every projection that was rounded.

        Weights that all become 0 are an error (E0303); the circuit is returned all the same.
        """
        return self.apply(circuit, reporter)[0]

    def apply(
        self, circuit: Circuit, reporter: Reporter
    ) -> tuple[Circuit, tuple[QuantisationReport, ...]]:
        """Returns what `run` does, and a report on every projection that had real weights."""
        real = circuit.real_projections()
        if not real:
            return circuit, ()
        parts: dict[str, tuple[Projection, ...]] = {}
        reports: list[QuantisationReport] = []
        for projection in real:
            integers, report = self._projection(circuit, projection)
            parts[projection.name] = integers
            reports.append(report)
        changed = _with_parts(circuit, parts)
        silenced = {p.target: _silenced(circuit, changed, p.target) for p in real}
        finished = []
        for projection, report in zip(real, reports, strict=True):
            neurons = silenced[projection.target]
            first = tuple(neurons[:_SHOWN_NEURONS].tolist())
            report = replace(report, silenced=len(neurons), first_silenced=first)
            _diagnose(projection, report, reporter)
            finished.append(report)
        return changed, tuple(finished)

    def _projection(
        self, circuit: Circuit, projection: Projection
    ) -> tuple[tuple[Projection, ...], QuantisationReport]:
        """Returns the one or two projections that take the place of one with real weights."""
        real = real_synapses(circuit, projection)
        quantised = quantise(real.weights, exponent=self.exponent, clip=self.clip, extra=self.extra)
        report = replace(quantised.report, projection=projection.name, target=projection.target)
        if not self.split or report.split is None:
            return (_integer(projection, real, quantised),), report
        halves = split(real.weights, report.split.coarse, report.split.fine)
        coarse, fine = (_integer(projection, real, held) for held in halves)
        fine = replace(fine, name=_free_name(f"{projection.name} fine", circuit))
        return (coarse, fine), replace(report, is_split=True)


def _integer(projection: Projection, real: RealSynapses, held: Held) -> Projection:
    kept = np.flatnonzero(held.mantissas)
    pattern = table(real.sources[kept], real.targets[kept], held.mantissas[kept])
    return replace(projection, pattern=pattern, weight=Weight(1, held.exponent))


def _free_name(name: str, circuit: Circuit) -> str:
    while name in circuit.projections:
        name += "'"
    return name


def _with_parts(circuit: Circuit, parts: Mapping[str, tuple[Projection, ...]]) -> Circuit:
    """Returns a circuit in which other projections stand for some, also where these present."""
    projections: list[Projection] = []
    for name, projection in circuit.projections.items():
        projections += parts.get(name, (projection,))
    names = {name: tuple(part.name for part in parts[name]) for name in parts}
    presents = tuple(
        replace(
            present,
            projections=tuple(n for name in present.projections for n in names.get(name, (name,))),
        )
        for present in circuit.schedule.presents
    )
    schedule = replace(circuit.schedule, presents=presents)
    return replace(circuit, projections=by_name(projections), schedule=schedule)


def _silenced(before: Circuit, after: Circuit, name: str) -> NDArray[np.intp]:
    """Returns the neurons of a population that could reach their threshold and no longer can."""
    population = before.populations[name]
    return np.flatnonzero(reaching(before, population) & ~reaching(after, population))


def _diagnose(projection: Projection, report: QuantisationReport, reporter: Reporter) -> None:
    assert isinstance(projection.pattern, RealTable)
    span = projection.pattern.span or projection.span
    if report.relative_error == 0:
        return
    if report.zeroed == report.synapses:
        message = (
            f"the real weights of `{report.projection}` are all rounded to 0: they are less than "
            f"half of {report.step:g}, the step"
        )
        reporter.error("E0303", message, span, help="multiply them, for instance by `weight 64`")
        return
    reporter.warning("W0301", _message(report), span, help=_help(report))


def _message(report: QuantisationReport) -> str:
    """Returns the report's main figures in one sentence."""
    done, notes = f"are rounded to multiples of {report.step:g}", []
    figures: QuantisationReport | Split = report
    if report.is_split and report.split is not None:
        done, figures = "are rounded, as two projections", report.split
    else:
        notes = [
            (report.zeroed, f"{report.zeroed:,} of {report.synapses:,} become 0"),
            (report.saturated, f"{report.saturated:,} saturate"),
        ]
    notes.append(
        (report.silenced, f"{report.silenced:,} neurons of `{report.target}` can no longer fire")
    )
    error = f"the error is {percent(figures.relative_error)} of their rms"
    texts = [error, *(text for count, text in notes if count)]
    return f"the real weights of `{report.projection}` {done}: {', '.join(texts)}"


def _help(report: QuantisationReport) -> str:
    if report.exponent == WEIGHT_EXPONENTS[0]:
        return "larger weights have smaller errors: multiply them by `weight`, and thresholds too"
    if report.exponent == WEIGHT_EXPONENTS[-1] and report.saturated:
        return "smaller weights would fit: divide them by `weight`, and thresholds too"
    if report.split is not None and not report.is_split:
        remain = percent(report.split.relative_error)
        return f"split into two projections, {remain} remain: see `sfc quantise`"
    return "`sfc quantise` tells more"
