"""How the cost of a sample grows with hidden size, input activity, depth and number of samples.

The compiled engine on random images, microseconds per sample, all of `Simulator.run`. Beside it
stands the least that memory allows: the time in which this machine reads as many bytes as the rows
of weights that the image's pixels choose, once, measured with a dot product over an array as large
as the matrix; and the ratio of the time with frozen weights to it.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from machine import describe

import sfc

SAMPLES = 3000
TURNS = 5


def cost(circuit: sfc.Circuit, on: float, samples: int = SAMPLES) -> tuple[float, float, float]:
    """Returns microseconds per sample, learning and frozen, and the share that fell back.

    Args:
        circuit: one whose inputs are an image and a label.
        on: share of the pixels that are on.
        samples: of one run.
    """
    label, image = sorted(circuit.inputs, key=circuit.size)
    generator = np.random.default_rng(0)
    inputs = {
        image: generator.random((samples, circuit.size(image))) < on,
        label: generator.integers(0, circuit.size(label), samples),
    }
    simulator = sfc.Simulator(circuit, engine="compiled", seed=1)
    simulator.run({name: rows[:200] for name, rows in inputs.items()})
    learning, frozen = (_best(simulator, inputs, learn) for learn in (True, False))
    assert simulator.fallbacks is not None
    share = simulator.fallbacks.fell_back / simulator.fallbacks.frames
    return learning / samples * 1e6, frozen / samples * 1e6, share


def _best(simulator: sfc.Simulator, inputs: dict[str, Any], learn: bool) -> float:
    times = []
    for _ in range(TURNS):
        start = time.perf_counter()
        simulator.run(inputs, learn=learn)
        times.append(time.perf_counter() - start)
    return min(times)


def limit(rows: int, columns: int, on: float) -> float:
    """Returns microseconds in which the chosen rows of a matrix of bytes can be read."""
    numbers = np.ones(rows * columns // 4, np.float32)
    repeats = max(20, 10**8 // numbers.nbytes)
    times = []
    for _ in range(TURNS):
        start = time.perf_counter()
        for _ in range(repeats):
            np.dot(numbers, numbers)
        times.append((time.perf_counter() - start) / repeats)
    return min(times) * on * 1e6


def table(title: str, rows: list[tuple[str, float, float, float, float | None]]) -> None:
    print(f"\n{title:28}{'learning':>10}{'frozen':>10}{'fell back':>11}{'memory':>10}{'ratio':>8}")
    for name, learning, frozen, share, least in rows:
        tail = "" if least is None else f"{least:10.2f}{frozen / least:8.1f}"
        print(f"{name:28}{learning:10.2f}{frozen:10.2f}{share:11.1%}{tail}")


def main() -> None:
    print(describe())
    print("microseconds per sample of random images with random labels")
    rows = []
    for hidden in (100, 200, 400, 800, 1600, 3200):
        circuit = sfc.compile("backprop", n_hid=hidden)
        rows.append((f"400-{hidden}-10, 25 % on", *cost(circuit, 0.25), limit(400, hidden, 0.25)))
    table("hidden neurons", rows)
    rows = []
    circuit = sfc.compile("backprop")
    for on in (0.02, 0.05, 0.1, 0.2, 0.4, 0.7):
        rows.append((f"400-400-10, {on:.0%} on", *cost(circuit, on), limit(400, 400, on)))
    table("input activity", rows)
    rows = []
    for hidden in ([200], [200, 200], [200, 200, 200], [200] * 4, [200] * 6):
        deep = sfc.compile("deep_backprop", sizes=[400, *hidden, 10])
        rows.append((f"400-{len(hidden)} x 200-10", *cost(deep, 0.25), None))
    table("hidden layers", rows)
    rows = []
    for samples in (10, 100, 1000, 10_000, 60_000):
        rows.append((f"400-400-10, {samples:,} samples", *cost(circuit, 0.25, samples), None))
    table("samples of one run", rows)


if __name__ == "__main__":
    main()
