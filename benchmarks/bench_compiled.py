"""The compiled engine against the same learning algorithm written by hand in C.

Both go through the same MNIST samples from the same weights, at the start of a training and after
20 epochs of it, for several sizes of the circuit; the weights that result are compared. What is
timed is `Simulator.run`, all of it, and the C function. Also measured: the circuit with all its
names changed and its statements shuffled, the variant with a margin, and a circuit of three weight
layers. Needs gcc.
"""

from __future__ import annotations

import random
import re
import tempfile
import time
from pathlib import Path

import numpy as np
from handwritten import Handwritten
from machine import describe

import sfc

SAMPLES = 20_000
REPEATS = 5
EPOCHS = 20


def compare(name: str, data: sfc.Dataset, **parameters: int) -> None:
    """Prints how long both take at the start of a training and after 20 epochs."""
    circuit = sfc.compile("backprop", **parameters)
    by_hand = Handwritten(circuit.size("x"), circuit.size("h"))
    simulator = sfc.Simulator(circuit, engine="compiled", seed=1)
    for epochs in (0, EPOCHS):
        train(simulator, data, epochs)
        weights = [simulator.weights[matrix] for matrix in ("x -> h", "h -> o")]
        ours, theirs, same = [], [], True
        inputs = {"image": data.train_images[:SAMPLES], "label": data.train_labels[:SAMPLES]}
        for _ in range(REPEATS):
            seconds, after = by_hand.train(weights, *inputs.values())
            theirs.append(seconds)
            other = simulator.with_same_weights()
            other.run({key: rows[:100] for key, rows in inputs.items()}, learn=False)
            start = time.perf_counter()
            other.run(inputs)
            ours.append(time.perf_counter() - start)
            same &= np.array_equal(other.weights["x -> h"], after[0])
            same &= np.array_equal(other.weights["h -> o"], after[1])
        assert other.fallbacks is not None
        share = other.fallbacks.fell_back / other.fallbacks.frames
        mine, yours = (min(times) / SAMPLES * 1e6 for times in (ours, theirs))
        print(
            f"{name:24} {epochs:3} epochs  handwritten {yours:6.2f}  compiled {mine:6.2f} "
            f"us per sample  ratio {mine / yours:5.2f}  same: {same}  fell back: {share:.2%}"
        )


def bordered(data: sfc.Dataset) -> sfc.Dataset:
    """Returns MNIST at 28 by 28 pixels: its crop with a border that is off."""
    images = []
    for packed in (data.train_images, data.test_images):
        grid = np.asarray(packed).reshape(-1, 20, 20)
        images.append(np.pad(grid, ((0, 0), (4, 4), (4, 4))).reshape(-1, 784))
    return sfc.Dataset(
        "mnist28", images[0], data.train_labels, images[1], data.test_labels, (28, 28)
    )


def train(simulator: sfc.Simulator, data: sfc.Dataset, epochs: int) -> None:
    generator = np.random.default_rng(0)
    for _ in range(epochs):
        order = generator.permutation(len(data.train_labels))
        inputs = {"image": data.train_images[order], "label": data.train_labels[order]}
        simulator.run(inputs)


def speed(circuit: sfc.Circuit, data: sfc.Dataset, engine: str, samples: int) -> float:
    """Returns microseconds per sample of training, after warm-up."""
    simulator = sfc.Simulator(circuit, engine=engine, seed=1)
    names = sorted(circuit.inputs, key=circuit.size)
    rows = (data.train_labels[:samples], data.train_images[:samples])
    inputs = dict(zip(names, rows, strict=True))
    times = []
    for _ in range(3):
        other = simulator.with_same_weights()
        other.run({name: array[:100] for name, array in inputs.items()}, learn=False)
        start = time.perf_counter()
        other.run(inputs)
        times.append(time.perf_counter() - start)
    return min(times) / samples * 1e6


def disguised(text: str, seed: int) -> str:
    """Returns a circuit with every name of it changed and its statements in another order."""
    generator = random.Random(seed)
    text = re.sub(r"//[^\n]*", "", text)
    text = text[: text.index('test "')]
    names = ["x", "m_x", "h", "h_lt", "h_gt", "m_h", "c_h", "h_T", "o", "o_lt", "o_gt", "o_T"]
    names += [
        "t",
        "d_plus",
        "d_minus",
        "g",
        "image",
        "label",
        "W1",
        "W2",
        "Delta",
        "Relay",
        "Gated",
    ]
    for number, name in enumerate(generator.sample(names, len(names))):
        text = re.sub(rf"(?<![\w.]){name}(?!\w)", f"zz{number}_", text)
    statements: list[str] = []
    depth = start = 0
    for place, character in enumerate(text):
        depth += (character in "{[(") - (character in "}])")
        if depth == 0 and character in ";}":
            statements.append(text[start : place + 1].strip())
            start = place + 1
    head = [s for s in statements if re.match(r"sfc|param|const", s)]
    neurons = [s for s in statements if re.match(r"neuron|rule", s)]
    declared = [s for s in statements if re.match(r"input|chain|population|plastic", s)]
    rest = [s for s in statements if s not in [*head, *neurons, *declared]]
    for group in (neurons, declared, rest):
        generator.shuffle(group)
    return "\n".join([*head, *neurons, *declared, *rest]) + "\n"


def main() -> None:
    print(describe())
    mnist = sfc.load_data("mnist20")
    compare("MNIST 400-400-10", mnist)
    compare("MNIST 400-800-10", mnist, n_hid=800)
    compare("MNIST 784-400-10", bordered(mnist), n_in=784)
    plain = speed(sfc.compile("backprop"), mnist, "compiled", SAMPLES)
    source = (Path(__file__).parents[1] / "circuits/examples/backprop.sfc").read_text()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "disguised.sfc"
        path.write_text(disguised(source, 1))
        other = speed(sfc.compile(path), mnist, "compiled", SAMPLES)
    margin = speed(sfc.compile("backprop_margin"), mnist, "compiled", SAMPLES)
    print(f"backprop {plain:.2f}, names changed and statements shuffled {other:.2f} us per sample")
    print(f"backprop_margin {margin:.2f} us per sample")
    deep = sfc.compile("deep_backprop", sizes=[400, 200, 100, 10])
    fast = speed(deep, mnist, "compiled", SAMPLES)
    general = speed(deep, mnist, "event", 500)
    print(f"400-200-100-10: compiled {fast:.2f}, event {general:.2f}, ratio {general / fast:.0f}")


if __name__ == "__main__":
    main()
