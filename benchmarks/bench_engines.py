"""The general engines against the same learning algorithm written by hand in C.

They train the 400-400-10 circuit on the same MNIST samples from the same weights, at the start of
training and after an epoch; the weights that result are compared, and microseconds per sample are
printed with their ratio to C. Needs gcc. What compiling the event engine costs is measured in two
processes: the first compiles it, the second finds it kept.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

import numpy as np
from handwritten import handwritten
from machine import describe

import sfc

SAMPLES = {"event": 2000, "reference": 200}
REPEATS = {"event": 10, "reference": 1}

START = """
import resource, time
import sfc
circuit, data = sfc.compile("backprop"), sfc.load_data("mnist20")
inputs = {"image": data.train_images[:1], "label": data.train_labels[:1]}
start = time.perf_counter()
simulator = sfc.Simulator(circuit, engine="event")
simulator.run(inputs)
first = time.perf_counter()
simulator.run({"image": data.train_images, "label": data.train_labels})
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{first - start:.2f} s, {time.perf_counter() - first:.1f} s for an epoch, {memory:.0f} MB")
"""


def engine(name: str, weights: dict, images: np.ndarray, labels: np.ndarray):
    """Returns (seconds per sample, W1, W2) of an engine."""
    best = np.inf
    for _ in range(REPEATS[name]):
        simulator = sfc.Simulator(sfc.compile("backprop"), engine=name)
        simulator.weights.update(weights)
        start = time.perf_counter()
        simulator.run({"image": images, "label": labels})
        best = min(best, time.perf_counter() - start)
    return best / len(labels), simulator.weights["x -> h"], simulator.weights["h -> o"]


def compare(title: str, simulator: sfc.Simulator, data: sfc.Dataset) -> None:
    w1, w2 = simulator.weights["W1"], simulator.weights["W2"]
    print(title)
    for name, samples in SAMPLES.items():
        images, labels = data.train_images[:samples], data.train_labels[:samples]
        by_hand, *expected = handwritten(w1, w2, images, labels)
        taken, *found = engine(name, simulator.plastic_weights(), images, labels)
        again, *_ = handwritten(w1, w2, images, labels)
        by_hand = min(by_hand, again)
        same = all(map(np.array_equal, expected, found))
        print(
            f"  {samples:,} samples  C {by_hand * 1e6:6.2f} us  {name} {taken * 1e6:8.2f} us",
            end="",
        )
        print(f"  ratio {taken / by_hand:7.1f}  same weights: {same}")


def main() -> None:
    print(describe())
    with tempfile.TemporaryDirectory() as folder:
        for title in ("first run, which compiles", "next process, which does not"):
            environment = os.environ | {"XDG_CACHE_HOME": folder}
            command = [sys.executable, "-c", START]
            said = subprocess.check_output(command, text=True, env=environment)
            print(f"{title}: {said}", end="")
    data = sfc.load_data("mnist20")
    simulator = sfc.Simulator(sfc.compile("backprop"), engine="event", seed=1)
    compare("at the start of training", simulator, data)
    simulator.run({"image": data.train_images, "label": data.train_labels})
    compare("after an epoch", simulator, data)


if __name__ == "__main__":
    main()
