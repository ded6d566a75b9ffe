"""The works that peers and engines are measured at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import sfc
from sfc.ir.circuit import Circuit

CLASSES = 10

TRAINED = 2000
"""Samples that the weights of the inference circuit have learned from."""


@dataclass(frozen=True)
class Work:
    """A circuit, what it is presented, and what is compared.

    Attributes:
        name: of the work.
        about: a line on it.
        inputs: (samples, size) booleans, a row a frame, or a row a step without chains.
        weights: of its matrices, to begin with.
        compared: populations whose spikes are compared.
    """

    name: str
    about: str
    circuit: Circuit
    inputs: dict[str, np.ndarray]
    weights: dict[str, np.ndarray]
    compared: tuple[str, ...]

    @property
    def samples(self) -> int:
        """How many are presented."""
        return len(next(iter(self.inputs.values())))

    def simulator(self, engine: str) -> sfc.Simulator:
        """Returns a simulator that stands before the first sample."""
        simulator = sfc.Simulator(self.circuit, engine=engine)
        simulator.weights.update(self.weights)
        return simulator

    def first(self, samples: int) -> Work:
        """Returns the same work on fewer samples."""
        return replace(self, inputs={name: rows[:samples] for name, rows in self.inputs.items()})


def all_works(samples: int) -> dict[str, Work]:
    """Returns every work, with so many samples, by name."""
    made = (inference(samples), learning(samples), coincidences(samples))
    return {work.name: work for work in made}


def learning(samples: int) -> Work:
    """Returns the paper's circuit, which begins to learn MNIST."""
    data = sfc.load_data("mnist20")
    circuit = sfc.compile("backprop")
    inputs = _inputs(data.train_images[:samples], data.train_labels[:samples])
    about = "backprop.sfc, 400-400-10, learns MNIST; 12 steps a sample"
    return Work(
        "learning", about, circuit, inputs, _weights(sfc.Simulator(circuit, seed=1)), ("h", "o")
    )


def inference(samples: int) -> Work:
    """Returns the forward half of the paper's circuit, with weights that it learned."""
    data = sfc.load_data("mnist20")
    teacher = sfc.Simulator(sfc.compile("backprop"), engine="reference", seed=1)
    teacher.run(_inputs(data.train_images[:TRAINED], data.train_labels[:TRAINED]))
    circuit = sfc.compile("backprop_inference")
    inputs = _inputs(data.test_images[:samples], data.test_labels[:samples])
    about = f"backprop_inference.sfc, 400-400-10, after {TRAINED} samples; 4 steps a sample"
    return Work("inference", about, circuit, inputs, _weights(teacher), ("h", "o"))


def coincidences(samples: int) -> Work:
    """Returns the part of learning that a simulator without reward can do."""
    images = sfc.load_data("mnist20").train_images[:samples]
    circuit = sfc.compile(Path(__file__).with_name("coincidences.sfc"))
    post = np.random.default_rng(0).random(images.shape) < 0.25
    weights = {"W": sfc.Simulator(circuit, seed=1).weights["W"]}
    about = "coincidences.sfc, one 400x400 matrix, dw = -2*x0*y0, spikes given; 1 step a sample"
    return Work("coincidences", about, circuit, {"pre": images, "post": post}, weights, ("h",))


def _inputs(images: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    return {"image": images, "label": np.eye(CLASSES, dtype=bool)[labels]}


def _weights(simulator: sfc.Simulator) -> dict[str, np.ndarray]:
    return {name: simulator.weights[name] for name in ("W1", "W2")}
