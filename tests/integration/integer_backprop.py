"""Backpropagation in the integers of the spiking circuits, without spikes and without time.

What `backprop.sfc`, `backprop_margin.sfc` and their relatives of any depth compute, sample by
sample, in plain NumPy. It shares no code with what it is compared with.

A net has weight layers 1..L between layers of neurons 0 (the input) to L (the output). On the
chip no two projections share a synapse. So layer k has one matrix W_k in theory, but up to five
arrays in fact, each of which is clipped on its own and can drift apart from the others:

| kind | from -> to | starts as | what it decides |
|---|---|---|---|
| `value` | k-1 -> k | W_k | a > theta/2, the activity |
| `above_lower` | k-1 -> copy of k | W_k | a > 0 |
| `above_upper` | k-1 -> copy of k | W_k | a > theta |
| `transpose` | k -> errors of k-1 | W_k transposed | errors of layer k-1, for k >= 2 |
| `negative` | negative of k -> errors of k-1 | -W_k transposed | likewise |

At the output of the margin rule the copies decide a > theta/2 - margin and a > theta/2 + margin.

A synapse learns from coincidences: when its source and its target spike in the same step, it
changes by +2 in a rewarded phase and by -2 in another. Clipping is after every change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.int16]
Bits = NDArray[np.bool_]

LOW, HIGH, STEP = -256, 254, 2

BIAS, CLOSE = -8192, 8128
"""Of the gated neurons; they matter to stray spikes alone."""

FORWARD = ("value", "above_lower", "above_upper")
BACKWARD = ("transpose", "negative")


def tied_copies(matrices: Sequence[NDArray[Any]]) -> dict[tuple[int, str], Weights]:
    """Returns the first weights of every array of W_1..W_L, by (layer, kind).

    The opposite of -256 is out of the range and becomes 254: there the tie is broken at once.
    """
    copies = {}
    for layer, matrix in enumerate(matrices, start=1):
        for kind in FORWARD:
            copies[layer, kind] = matrix.astype(np.int16)
        if layer >= 2:
            opposite = np.clip(-matrix.astype(np.int32), LOW, HIGH)
            copies[layer, "transpose"] = matrix.T.astype(np.int16, order="C")
            copies[layer, "negative"] = opposite.T.astype(np.int16, order="C")
    return copies


class IntegerBackprop:
    """A net that learns one sample after the other.

        net = IntegerBackprop(tied_copies([w1, w2, w3]), margin=512)
        net.sample(image_bits, 7)
        net.weights[3, "transpose"]

    Attributes:
        depth: L, the number of weight layers.
        weights: by (layer 1..L, kind), arrays of (n_from, n_to); `sample` changes them in place.
    """

    def __init__(
        self,
        weights: Mapping[tuple[int, str], NDArray[Any]],
        *,
        margin: int | None = None,
        theta: int = 1024,
    ) -> None:
        """Takes copies of the first weights.

        Args:
            weights: by (layer, kind): for layer 1 the forward kinds, for others all.
            margin: half the width of the box around theta/2 in which an output goes on learning;
                None for the plain rule.
            theta: the firing threshold.
        """
        self.depth = max(layer for layer, _ in weights)
        expected = {(layer, kind) for layer in range(1, self.depth + 1) for kind in FORWARD}
        expected |= {(layer, kind) for layer in range(2, self.depth + 1) for kind in BACKWARD}
        if set(weights) != expected:
            raise ValueError(f"missing or surplus weights: {set(weights) ^ expected}")
        self.weights = {key: np.array(array, np.int16) for key, array in weights.items()}
        self._margin = margin
        self._half, self._theta = theta // 2, theta

    def sample(self, image: Bits, label: int) -> None:
        """Learns one sample: forward, the output's error, then layer by layer from top to bottom.

        The arrays of layer k are used in three passages of a frame.

        *Forward.* Every layer has fired before anything is learned, so all sums use the weights
        that the sample found.

        *Potentiation* (phase P_k, rewarded). The positive errors fire at layer k and its copies,
        the negative ones at its negative; the remembered activity of layer k-1 fires at k-1 and
        at the errors of k-1.

        *Depression* (phase N_k, not rewarded). The same with the signs of the errors swapped.

        Spikes carry the weights from before the learning of their step. So the positive errors of
        layer k-1 come from the weights that the sample found; its negative ones from those that
        the potentiation of the same layer has changed already. These are other rows of the
        arrays, since no error is positive and negative at once: a weight of `transpose` and its
        counterpart in `negative` add up to 0, or to -2 once one of them was clipped, so the two
        sums of an error cannot both be above 0. (They can if the arrays were not tied to begin
        with; then the order matters, and it is this one.)

        No other layer reads or changes these arrays after the forward passage, and the errors at
        layer k need only the passages of layer k+1. So it makes no difference how layers
        interleave: the three-layer circuit of the paper does P_2, P_1, N_2, N_1, the deep
        schedule P_2, N_2, P_1, N_1.

        Args:
            image: (inputs,) what is on.
            label: the output that is the target.
        """
        activity, lower, upper = self._forward(image)
        positive, negative = self._output_error(activity[-1], lower[-1], upper[-1], label)
        for layer in range(self.depth, 0, -1):
            if not (positive.any() or negative.any()):
                return
            below = activity[layer - 1]
            errors_below = []
            for sign, at_layer, at_negative in ((1, positive, negative), (-1, negative, positive)):
                if layer >= 2:
                    errors_below.append(self._errors_below(layer, at_layer, at_negative))
                self._learn(layer, sign, below, at_layer, at_negative)
            if layer >= 2:
                # The mask of the derivative: 0 < a <= theta, where the two copies know it.
                mask = lower[layer - 1] & ~upper[layer - 1]
                positive, negative = (errors & mask for errors in errors_below)

    def _sums(self, key: tuple[int, str], spikes: Bits) -> NDArray[np.int32]:
        sums: NDArray[np.int32] = self.weights[key][spikes].sum(axis=0, dtype=np.int32)
        return sums

    def _forward(self, image: Bits) -> tuple[list[Bits], list[Bits], list[Bits]]:
        """Returns for layers 0..L the spikes of the value and of the two copies.

        All three are driven by the values of the layer below, each through weights of its own.
        The input has no copies; its value stands in their places and is never read.
        """
        image = np.asarray(image, bool)
        activity, lower, upper = [image], [image], [image]
        for layer in range(1, self.depth + 1):
            below = activity[-1]
            above_lower, above_upper = 0, self._theta
            if layer == self.depth and self._margin is not None:
                above_lower, above_upper = self._half - self._margin, self._half + self._margin
            activity.append(self._sums((layer, "value"), below) > self._half)
            lower.append(self._sums((layer, "above_lower"), below) > above_lower)
            upper.append(self._sums((layer, "above_upper"), below) > above_upper)
        return activity, lower, upper

    def _output_error(self, value: Bits, lower: Bits, upper: Bits, label: int) -> tuple[Bits, Bits]:
        """Returns where the output should be more and where it should be less.

        The plain rule, gated by a > 0: more where the target is silent (a <= theta/2), less
        where another output fires, unless a > theta, where the derivative is 0 again.

        The margin rule: more where the target is not yet beyond the upper end of the box, less
        where another output is above its lower end.
        """
        target = np.zeros(len(value), bool)
        target[label] = True
        if self._margin is not None:
            return target & ~upper, lower & ~target
        return lower & target & ~value, lower & value & ~target & ~upper

    def _errors_below(self, layer: int, at_layer: Bits, at_negative: Bits) -> Bits:
        """Returns where W·(these errors) > 0, the negative errors carried by -W."""
        forth = self._sums((layer, "transpose"), at_layer)
        back = self._sums((layer, "negative"), at_negative)
        return forth + back > 0

    def _learn(self, layer: int, sign: int, below: Bits, at_layer: Bits, at_negative: Bits) -> None:
        """Changes every array of a layer by its coincidences in one phase.

        The activity of the layer below meets the errors at the value and at its two copies. In
        the same step it fires at the errors of the layer below, where it meets, as the target,
        the errors at the layer (`transpose`) and at its negative (`negative`). So a synapse of
        W_k, its transpose, and the opposite of that change in the same sample, the last one in
        the other phase with the other sign.
        """
        for kind in FORWARD:
            _change(self.weights[layer, kind], below, at_layer, sign)
        if layer >= 2:
            _change(self.weights[layer, "transpose"], at_layer, below, sign)
            _change(self.weights[layer, "negative"], at_negative, below, sign)


class WithStraySpikes(IntegerBackprop):
    """Two weight layers in the paper's circuit, with what its closing gates do not hold.

    In phases 7 and 11 the image is on again, and a step later its weights drive the hidden layer
    and its copies, which are meant to be silent. In phase 8 a gate closes them, so that a neuron
    fires if its sum exceeds theta + 8192 + 8128 = 17344, unless it has fired in phase 7, as it is
    refractory then. Where it fires:

    - its value is refractory in phase 9, where the remembered activity is to meet the errors at
      the output: no synapse of it is depressed;
    - its spikes arrive in phase 9 at the output and its copies, which are open there, beside
      the drive of the negative errors: other outputs may fire, or errors may be missing, and what
      fires is what is depressed and what the errors of the hidden layer come from.

    In phase 0 the hidden layer fires above 9216, which arrives nowhere where it matters.
    """

    def sample(self, image: Bits, label: int) -> None:
        """Learns one sample in the order of the phases, strays in phase 8 included."""
        image = np.asarray(image, bool)
        activity, lower, upper = self._forward(image)
        hidden, mask = activity[1], lower[1] & ~upper[1]
        positive, negative = self._output_error(activity[2], lower[2], upper[2], label)
        errors = self._errors_below(2, positive, negative) & mask
        self._learn(2, 1, hidden, positive, negative)
        level = self._theta - BIAS + CLOSE
        strays = {kind: (self._sums((1, kind), image) > level) & ~errors for kind in FORWARD}
        self._learn(1, 1, image, errors, errors)
        drive = negative * (self._half + 8)
        outputs = {
            kind: drive + self._sums((2, kind), strays["value"]) > self._half for kind in FORWARD
        }
        errors = self._errors_below(2, outputs["value"], positive) & mask
        for kind in FORWARD:
            _change(self.weights[2, kind], hidden & ~strays["value"], outputs[kind], -1)
        _change(self.weights[2, "transpose"], outputs["value"], hidden, -1)
        _change(self.weights[2, "negative"], positive, hidden, -1)
        self._learn(1, -1, image, errors, errors)


def _change(weights: Weights, pre: Bits, post: Bits, sign: int) -> None:
    """Adds sign * STEP where both spike, and clips."""
    rows, columns = pre.nonzero()[0], post.nonzero()[0]
    if not (len(rows) and len(columns)):
        return
    place = np.ix_(rows, columns)
    weights[place] = np.clip(weights[place] + sign * STEP, LOW, HIGH)
