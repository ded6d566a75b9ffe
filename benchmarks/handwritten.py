"""The learning algorithm of the flagship, written by hand in C: the yardstick. Needs gcc."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_REPEATS = 20


class Handwritten:
    """The C version for one size of the circuit."""

    def __init__(self, inputs: int, hidden: int) -> None:
        source = Path(__file__).with_name("handwritten.c")
        with tempfile.TemporaryDirectory() as folder:
            library = Path(folder) / "handwritten.so"
            flags = ["-O3", "-march=native", "-shared", "-fPIC"]
            sizes = [f"-DNIN={inputs}", f"-DNH={hidden}"]
            subprocess.check_call(["gcc", *flags, *sizes, "-o", library, source])
            self.library = ctypes.CDLL(str(library))
        self.shapes = (inputs, hidden), (hidden, 10)

    def train(
        self, weights: list[NDArray[Any]], images: NDArray[Any], labels: NDArray[Any]
    ) -> tuple[float, list[NDArray[np.int16]]]:
        """Returns the seconds that a pass took, and the weights after it."""
        bits = np.packbits(images, axis=1, bitorder="little")
        classes = np.ascontiguousarray(labels, np.uint8)
        first = [np.ascontiguousarray(array, np.int16) for array in weights]
        self.library.set_weights(*(_pointer(array) for array in first))
        start = time.perf_counter()
        self.library.train(_pointer(bits), _pointer(classes), len(classes))
        seconds = time.perf_counter() - start
        after = [np.empty(shape, np.int16) for shape in self.shapes]
        self.library.get_weights(*(_pointer(array) for array in after))
        return seconds, after


def _pointer(array: NDArray[Any]) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


def handwritten(
    w1: NDArray[Any], w2: NDArray[Any], images: NDArray[Any], labels: NDArray[Any]
) -> tuple[float, NDArray[np.int16], NDArray[np.int16]]:
    """Returns the least seconds per sample of several passes, and both matrices after one."""
    by_hand = Handwritten(*w1.shape)
    passes = [by_hand.train([w1, w2], images, labels) for _ in range(_REPEATS)]
    return min(seconds for seconds, _ in passes) / len(labels), *passes[0][1]
