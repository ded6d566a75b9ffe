"""Training on a dataset, epoch by epoch, and frozen passes over its test set."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.diagnostics import fail
from sfc.ir.circuit import Circuit
from sfc.sim.datasets import Dataset
from sfc.sim.result import Result
from sfc.sim.simulator import Simulator
from sfc.sim.stretch import Overflow
from sfc.sim.tally import Tally
from sfc.sim.watch import Watch

_CHUNK = 50
"""Samples of a point of the learning curve."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Which inputs of a circuit a dataset's images and labels go to.

    Attributes:
        label: None for a circuit without a readout and without an input called "label".
    """

    image: str
    label: str | None

    def inputs(self, images: NDArray[Any], labels: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Returns what to run: images and labels under the names of their inputs."""
        return {self.image: images} | ({self.label: labels} if self.label is not None else {})


@dataclass(slots=True)
class Score:
    """How many samples were classified right.

    Attributes:
        samples: how many were seen.
        by_spikes, by_membrane: how many were right by output spikes and by output membrane.
    """

    samples: int = 0
    by_spikes: int = 0
    by_membrane: int = 0

    def add(self, other: Score) -> None:
        """Adds what others saw."""
        self.samples += other.samples
        self.by_spikes += other.by_spikes
        self.by_membrane += other.by_membrane

    @property
    def accuracy_by_spikes(self) -> float:
        """Fraction right by spikes; 0 before the first sample."""
        return self.by_spikes / max(self.samples, 1)

    @property
    def accuracy_by_membrane(self) -> float:
        """Fraction right by membrane; 0 before the first sample."""
        return self.by_membrane / max(self.samples, 1)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A frozen pass over a test set, so far.

    Attributes:
        confusion_by_spikes, confusion_by_membrane: (classes, classes) counts, true by predicted.
        tally: of its spikes, if they are counted.
    """

    confusion_by_spikes: NDArray[np.int64]
    confusion_by_membrane: NDArray[np.int64]
    tally: Tally = field(default_factory=Tally)

    @property
    def score(self) -> Score:
        """How many samples were classified right."""
        spikes, membrane = self.confusion_by_spikes, self.confusion_by_membrane
        return Score(int(spikes.sum()), int(np.trace(spikes)), int(np.trace(membrane)))


@dataclass(frozen=True, slots=True)
class Progress:
    """Where training stands.

    Attributes:
        epoch: from 0.
        sample, samples: of this epoch.
        recent: what was seen since the progress before.
    """

    epoch: int
    sample: int
    samples: int
    recent: Score


@dataclass(slots=True)
class Training:
    """A training run that can stop after any chunk and go on later to the same weights.

        training = Training(simulator, sfc.load_data("mnist20"), seed=1, limit=6000)
        for progress in training.run(epochs=2):
            print(progress.epoch, progress.sample, progress.recent.accuracy_by_spikes)

    Attributes:
        simulator: learns.
        dataset: is presented in an order that depends on the seed and the epoch alone.
        seed: of the order.
        limit: only the first so many training samples are used; 0 for all.
        shuffle: whether the order is shuffled in each epoch.
        epoch, sample: the next sample to present.
        epochs: scores of the finished epochs, while learning.
        curve: (samples seen, right by spikes, right by membrane) of every chunk.
        current: score of the epoch under way.
        tests: scores on the test set, by the number of epochs trained before.
        overflow: the first time that a current or membrane left its 24 bits, if any.
        tally: of the spikes that were counted in the epoch that was begun last.
    """

    simulator: Simulator
    dataset: Dataset
    seed: int = 0
    limit: int = 0
    shuffle: bool = True
    epoch: int = 0
    sample: int = 0
    epochs: list[Score] = field(default_factory=list)
    curve: list[tuple[int, int, int]] = field(default_factory=list)
    current: Score = field(default_factory=Score)
    tests: dict[int, Score] = field(default_factory=dict)
    overflow: Overflow | None = None
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        """Checks the numbers."""
        if operator.index(self.limit) < 0 or operator.index(self.seed) < 0:
            fail("E0302", f"limit and seed are 0 or more, found {self.limit} and {self.seed}")

    @property
    def samples(self) -> int:
        """Training samples in an epoch."""
        return limited(len(self.dataset.train_labels), self.limit)

    def run(
        self, epochs: int, learn: bool = True, watch: Watch | None = None, counts: bool = False
    ) -> Iterator[Progress]:
        """Trains until so many epochs are finished in all; may be left after any item.

        Args:
            epochs: how many.
            learn: whether plastic weights change.
            watch: sees all samples.
            counts: whether spikes are counted, see `tally`.

        Raises:
            SfcError: E0702, the dataset does not fit the circuit.
        """
        circuit = self.simulator.circuit
        binding = bind(circuit, self.dataset)
        while self.epoch < epochs:
            order = self._order()
            if self.sample == 0:
                self.tally = Tally()
            while self.sample < self.samples:
                chosen = order[self.sample : self.sample + self.simulator.pace(_CHUNK)]
                data = self.dataset
                inputs = binding.inputs(data.train_images[chosen], data.train_labels[chosen])
                result = self.simulator.run(inputs, learn=learn, watch=watch, counts=counts)
                if counts:
                    self.tally.add(result)
                recent = Score()
                for score in _scores(result, data.train_labels[chosen]):
                    self._note(score)
                    recent.add(score)
                self.overflow = self.overflow or next(iter(result.overflows), None)
                yield Progress(self.epoch, self.sample, self.samples, recent)
            self.epochs.append(self.current)
            self.current = Score()
            self.epoch, self.sample = self.epoch + 1, 0

    def recent(self, chunks: int) -> Score:
        """Returns the score of the last so many chunks."""
        last = self.curve[-chunks:]
        before = self.curve[-chunks - 1][0] if len(self.curve) > chunks else 0
        seen = last[-1][0] - before if last else 0
        return Score(seen, sum(c[1] for c in last), sum(c[2] for c in last))

    def _note(self, recent: Score) -> None:
        self.sample += recent.samples
        self.current.add(recent)
        seen = self.epoch * self.samples + self.sample
        self.curve.append((seen, recent.by_spikes, recent.by_membrane))

    def _order(self) -> NDArray[np.int64]:
        if not self.shuffle:
            return np.arange(self.samples)
        return np.random.default_rng([self.seed, self.epoch]).permutation(self.samples)

    def notes(self) -> dict[str, Any]:
        """Returns the position in the data as JSON data, for `Simulator.save`."""
        return _origin(self.dataset) | {
            "seed": self.seed,
            "limit": self.limit,
            "shuffle": self.shuffle,
            "epoch": self.epoch,
            "sample": self.sample,
            "epochs": [asdict(score) for score in self.epochs],
            "curve": self.curve,
            "current": asdict(self.current),
            "tests": {str(epoch): asdict(score) for epoch, score in self.tests.items()},
        }

    @classmethod
    def resume(cls, simulator: Simulator, dataset: Dataset, notes: Mapping[str, Any]) -> Training:
        """Returns the training that `notes` describes.

        Raises:
            SfcError: E0801 for damaged notes, E0702 for another dataset.
        """
        here = _origin(dataset)
        if any(notes.get(name) != value for name, value in here.items()):
            saved, given = (
                f"{n.get('dataset')}{_at_levels(n.get('levels'))}" for n in (notes, here)
            )
            message = f"the state was saved with dataset {saved}, not {given}"
            fail("E0702", message, help="give the same --data and --levels")
        try:
            training = cls(
                simulator,
                dataset,
                _count(notes["seed"]),
                _count(notes["limit"]),
                bool(notes["shuffle"]),
                _count(notes["epoch"]),
                _count(notes["sample"]),
                [_score(score) for score in notes["epochs"]],
                [(_count(n), _count(s), _count(v)) for n, s, v in notes["curve"]],
                _score(notes["current"]),
                {_count(int(epoch)): _score(score) for epoch, score in notes["tests"].items()},
            )
            if training.sample > training.samples or len(training.epochs) != training.epoch:
                raise ValueError
        except (KeyError, TypeError, ValueError, AttributeError):
            fail("E0801", "the position in the data is damaged in this state file")
        return training


def _origin(dataset: Dataset) -> dict[str, Any]:
    """Returns by what a state file knows a dataset again."""
    return {
        "dataset": dataset.name,
        "available": len(dataset.train_labels),
        "levels": list(dataset.levels),
    }


def _at_levels(levels: object) -> str:
    return f" at levels {levels}" if levels else ""


def _scores(result: Result, labels: NDArray[Any]) -> Iterator[Score]:
    """Yields the score of each chunk of a run; zeros for a circuit without a readout."""
    right = np.zeros((2, len(labels)), np.int64)
    if result.circuit.schedule.readouts:
        right[0] = result.readout.classes_by_spikes == labels
        right[1] = result.readout.classes_by_membrane == labels
    starts = np.arange(0, len(labels), _CHUNK)
    ends = np.minimum(starts + _CHUNK, len(labels))
    sums = np.add.reduceat(right, starts, axis=1)
    for samples, by_spikes, by_membrane in zip(
        (ends - starts).tolist(), *sums.tolist(), strict=True
    ):
        yield Score(samples, by_spikes, by_membrane)


def _count(value: object) -> int:
    """Returns a whole number from 0 on; ValueError for anything else."""
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError
    return value


def _score(record: Mapping[str, Any]) -> Score:
    return Score(**{name: _count(value) for name, value in record.items()})


def limited(available: int, limit: int) -> int:
    """Returns how many samples are used: at most `limit`, where 0 stands for all."""
    return min(limit, available) if limit else available


def bind(circuit: Circuit, dataset: Dataset) -> Binding:
    """Returns which inputs get the images and labels.

    The label goes to the first readout's, or to an input called "label"; the images go to the
    one input that is left, or to the one called "image".

    Raises:
        SfcError: E0702, there are no such inputs or their sizes differ from the dataset's.
    """
    readouts = circuit.schedule.readouts
    label = readouts[0].label if readouts else ("label" if "label" in circuit.inputs else None)
    others = [name for name in circuit.inputs if name != label]
    image = others[0] if len(others) == 1 else "image" if "image" in others else None
    if image is None:
        listing = ", ".join(others) or "none"
        message = f"images go to one input, and beside the label the circuit has: {listing}"
        fail("E0702", message, help="call one of them `image`")
    size = circuit.inputs[image].size
    if size != dataset.n_inputs:
        height, width = dataset.image_shape
        planes = f"{dataset.planes} planes of " if dataset.planes > 1 else ""
        fail(
            "E0702",
            f"the images of {dataset.name} have {dataset.n_inputs} pixels "
            f"({planes}{height} by {width}); input `{image}` has {size}",
            circuit.inputs[image].span,
            help=_fitting_parameter(circuit, size, dataset.n_inputs),
        )
    if label is not None and circuit.inputs[label].size < dataset.n_classes:
        message = (
            f"{dataset.name} has {dataset.n_classes} classes; input `{label}` has "
            f"{circuit.inputs[label].size} elements"
        )
        fail("E0702", message, circuit.inputs[label].span)
    return Binding(image, label)


def _fitting_parameter(circuit: Circuit, size: int, wanted: int) -> str:
    """Returns which parameter to change for an input of another size, as help."""
    for name, value in circuit.parameters.items():
        if value == size:
            return f"add -D {name}={wanted}"
        if isinstance(value, tuple) and value[:1] == (size,):
            listing = ",".join(str(item) for item in (wanted, *value[1:]))
            return f"add -D {name}=[{listing}]"
    return ""


def evaluate(
    simulator: Simulator,
    dataset: Dataset,
    limit: int = 0,
    watch: Watch | None = None,
    counts: bool = False,
) -> Iterator[Evaluation]:
    """Classifies the test set with frozen weights, without presenting labels.

    A simulator of its own does it, so that training goes on as if nothing had happened.

    Args:
        simulator: whose weights are used.
        dataset: whose test set is classified.
        limit: only the first so many samples; 0 for all.
        watch: sees them, too.
        counts: whether spikes are counted.

    Yields:
        The evaluation after every chunk; it grows in place.
    """
    circuit = simulator.circuit
    if not circuit.schedule.readouts:
        fail("E0708", "the circuit has no readout", help="add `readout o at 3 against label;`")
    binding = bind(circuit, dataset)
    frozen = simulator.with_same_weights()
    size = circuit.size(circuit.schedule.readouts[0].population)
    evaluation = Evaluation(np.zeros((size, size), np.int64), np.zeros((size, size), np.int64))
    samples = limited(len(dataset.test_labels), limit)
    pace = frozen.pace(_CHUNK)
    for start in range(0, samples, pace):
        chosen = slice(start, min(start + pace, samples))
        labels = dataset.test_labels[chosen]
        images = {binding.image: dataset.test_images[chosen]}
        result = frozen.run(images, learn=False, watch=watch, counts=counts)
        if counts:
            evaluation.tally.add(result)
        readout = result.readout
        np.add.at(evaluation.confusion_by_spikes, (labels, readout.classes_by_spikes), 1)
        np.add.at(evaluation.confusion_by_membrane, (labels, readout.classes_by_membrane), 1)
        yield evaluation
