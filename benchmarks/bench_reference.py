"""The reference engine against the same learning algorithm written by hand in C.

Both train the 400-400-10 circuit on the same MNIST samples from the same weights; the weights
that result are compared, and microseconds per sample are printed with their ratio. Needs gcc.
"""

from __future__ import annotations

import ctypes
import platform
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

import sfc

SAMPLES = 500
REPEATS = 20


def handwritten(w1: np.ndarray, w2: np.ndarray, images: np.ndarray, labels: np.ndarray):
    """Returns (seconds per sample, W1, W2) of the C version."""
    source = Path(__file__).with_name("handwritten.c")
    sizes = [f"-DNIN={w1.shape[0]}", f"-DNH={w1.shape[1]}"]
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "handwritten.so"
        flags = ["-O3", "-march=native", "-shared", "-fPIC", *sizes]
        subprocess.check_call(["gcc", *flags, "-o", library, source])
        c = ctypes.CDLL(str(library))
    bits = np.packbits(images, axis=1, bitorder="little")
    classes = np.ascontiguousarray(labels, np.uint8)

    def pointer(array: np.ndarray) -> ctypes.c_void_p:
        return array.ctypes.data_as(ctypes.c_void_p)

    best = np.inf
    for _ in range(REPEATS):
        c.set_weights(pointer(w1), pointer(w2))
        start = time.perf_counter()
        c.train(pointer(bits), pointer(classes), len(classes))
        best = min(best, time.perf_counter() - start)
    after1, after2 = np.empty_like(w1), np.empty_like(w2)
    c.get_weights(pointer(after1), pointer(after2))
    return best / len(classes), after1, after2


def main() -> None:
    data = sfc.load_data("mnist20")
    images, labels = data.train_images[:SAMPLES], data.train_labels[:SAMPLES]
    simulator = sfc.Simulator(sfc.compile("backprop"), seed=1)
    w1, w2 = simulator.weights["W1"], simulator.weights["W2"]
    by_hand, after1, after2 = handwritten(w1, w2, images, labels)
    start = time.perf_counter()
    simulator.run({"image": images, "label": labels})
    reference = (time.perf_counter() - start) / SAMPLES
    same = np.array_equal(simulator.weights["h -> o"], after2)
    same &= np.array_equal(simulator.weights["x -> h"], after1)
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    print(f"learning, 400-400-10, {SAMPLES} MNIST samples, one core; same weights: {same}")
    print(f"  handwritten C     {by_hand * 1e6:10.2f} us per sample")
    print(f"  reference engine  {reference * 1e6:10.2f} us per sample")
    print(f"  ratio             {reference / by_hand:10.0f}")


if __name__ == "__main__":
    main()
