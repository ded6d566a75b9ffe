"""How many mistakes of one step in the learning circuit does the analysis see, without running it?

Every delay, weight, gate and phase of the flagship is changed by one step of its kind: a delay, a
phase by 1; a weight by the next mantissa; the level of a gate by what its weight's next mantissa
makes of it. Each mutant is compiled and analysed. Whether it matters is measured: it learns from
the first 500 samples of MNIST, and its weights and output spikes are compared with the circuit's.

A mutant is flagged if it does not compile, or if a warning or an open obligation is there that the
unchanged circuit does not have (their numbers and phases count, margins that shrink do not).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing import Pool
from types import MappingProxyType

import numpy as np

import sfc
from sfc.analysis.advice import advise
from sfc.analysis.phases import analyse
from sfc.diagnostics import Reporter, SfcError
from sfc.ir.circuit import Circuit, Origin, Projection, Tie, Weight
from sfc.ir.integers import split_weight

SAMPLES = 500


@dataclass(frozen=True)
class Mutant:
    kind: str
    name: str
    circuit: Circuit | None


def mutants(circuit: Circuit) -> Iterator[Mutant]:
    for projection in circuit.projections.values():
        for step in (-1, 1):
            yield from _delays(circuit, projection, step)
            yield from _weights(circuit, projection, step)
            yield from _phases(circuit, projection, step)
    schedule = circuit.schedule
    for table in ("presents", "rewards", "readouts"):
        for index, event in enumerate(getattr(schedule, table)):
            for step in (-1, 1):
                events = list(getattr(schedule, table))
                phase = (event.phase + step) % 12
                events[index] = replace(event, phase=phase)
                changed = replace(circuit, schedule=replace(schedule, **{table: tuple(events)}))
                yield Mutant("phase", f"{table[:-1]} in {event.phase} -> {phase}", changed)


def _with(circuit: Circuit, projection: Projection) -> Circuit:
    table = {**circuit.projections, projection.name: projection}
    return replace(circuit, projections=MappingProxyType(table))


def _delays(circuit: Circuit, projection: Projection, step: int) -> Iterator[Mutant]:
    delay = projection.delay + step
    if delay >= 0:
        name = f"{projection.name}: delay {projection.delay} -> {delay}"
        yield Mutant("delay", name, _with(circuit, replace(projection, delay=delay)))


def _weights(circuit: Circuit, projection: Projection, step: int) -> Iterator[Mutant]:
    if isinstance(projection.weight, Tie):
        return
    mantissa, exponent = projection.weight.mantissa, projection.weight.exponent
    while abs(mantissa) < 128:
        mantissa, exponent = 2 * mantissa, exponent - 1
    while abs(mantissa + step) > 255:
        mantissa, exponent = mantissa // 2, exponent + 1
    value = (mantissa + step) * 2.0**exponent
    split = split_weight(value)
    assert split is not None
    kind = "gate" if projection.origin and projection.origin.level is not None else "weight"
    name = f"{projection.name}: weight {projection.weight} -> {value:g}"
    yield Mutant(kind, name, _with(circuit, replace(projection, weight=Weight(*split))))


def _phases(circuit: Circuit, projection: Projection, step: int) -> Iterator[Mutant]:
    """Moves an opening or a closing gate to the next phase."""
    origin = projection.origin
    if origin is None or origin.kind not in ("open", "close"):
        return
    (chain,) = circuit.schedule.chains
    phase = (origin.phase + step) % len(chain.relays)
    relay = chain.relays[phase]
    name = f"{origin.kind} {projection.target} in {origin.phase} -> {phase}"
    there = [
        p
        for p in circuit.projections.values()
        if p.source == relay and p.target == projection.target and p.origin
    ]
    if there:
        # E0502: opened twice, or opened and closed, in one phase.
        yield Mutant("phase", name, None)
        return
    moved = Origin(origin.kind, chain.name, phase, origin.level)
    yield Mutant("phase", name, _with(circuit, replace(projection, source=relay, origin=moved)))


def said(circuit: Circuit) -> set[str]:
    """What the analysis says: warnings, open obligations, and assertions not proved."""
    phases = analyse(circuit)
    reporter = Reporter()
    advise(phases, reporter)
    found = {f"{d.code} {d.message}" for d in reporter.diagnostics}
    found |= {
        f"{o.status} {o.kind} {o.subject} {o.phase}"
        for o in phases.obligations
        if o.status in ("open", "refuted")
    }
    return found


def learned(circuit: Circuit) -> tuple[bytes, ...]:
    """What 500 samples leave: all plastic weights, and the output's spikes in every sample."""
    data = sfc.load_data("mnist20")
    simulator = sfc.Simulator(circuit, seed=1)
    images, labels = data.train_images[:SAMPLES], data.train_labels[:SAMPLES]
    try:
        result = simulator.run({"image": images, "label": labels})
    except SfcError:
        return (b"stopped",)
    weights = [array.tobytes() for _, array in sorted(simulator.plastic_weights().items())]
    return (*weights, np.asarray(result.readout.spikes).tobytes())


def examine(mutant: Mutant) -> tuple[str, str, bool, bool, list[str]]:
    if mutant.circuit is None:
        return mutant.kind, mutant.name, True, True, ["E0502"]
    new = sorted(said(mutant.circuit) - BASE_SAID)
    changed = learned(mutant.circuit) != BASE_LEARNED
    return mutant.kind, mutant.name, changed, bool(new), new


BASE = sfc.compile("backprop")
BASE_SAID: set[str] = set()
BASE_LEARNED: tuple[bytes, ...] = ()


def main() -> None:
    global BASE_SAID, BASE_LEARNED
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--verbose", action="store_true", help="print every mutant")
    options = parser.parse_args()
    started = time.perf_counter()
    BASE_SAID, BASE_LEARNED = said(BASE), learned(BASE)
    with Pool(options.jobs) as pool:
        rows = pool.map(examine, list(mutants(BASE)), chunksize=4)
    if options.verbose:
        for kind, name, changed, flagged, new in rows:
            print(
                f"{kind:7} {'learns otherwise' if changed else 'harmless':17}"
                f"{'flagged' if flagged else '':8} {name}  {'; '.join(new[:2])}"
            )
    for kind in dict.fromkeys(row[0] for row in rows):
        counts = Counter((row[2], row[3]) for row in rows if row[0] == kind)
        print(
            f"{kind:7} {counts[True, True]} of {counts[True, True] + counts[True, False]} that "
            f"learn otherwise are flagged; {counts[False, True]} of "
            f"{counts[False, True] + counts[False, False]} harmless ones are"
        )
    changed = [row for row in rows if row[2]]
    flagged = [row for row in changed if row[3]]
    harmless = [row for row in rows if not row[2]]
    print(
        f"all     {len(flagged)} of {len(changed)} ({100 * len(flagged) / len(changed):.1f} %); "
        f"false alarms {sum(row[3] for row in harmless)} of {len(harmless)}"
    )
    print("\nnot seen:")
    for row in changed:
        if not row[3]:
            print(f"  {row[0]:7} {row[1]}")
    print("\nfalse alarms:")
    for row in harmless:
        if row[3]:
            print(f"  {row[0]:7} {row[1]}: {'; '.join(row[4][:2])}")
    print(f"\n{len(rows)} mutants, {time.perf_counter() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
