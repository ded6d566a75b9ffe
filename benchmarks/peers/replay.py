"""The network of a job in plain NumPy: a check on jobs, and the model of Lava's one process."""

from __future__ import annotations

import numpy as np
from job import LEAD, Job, Projection, in_order


class Replay:
    """The network of a job, step by step in NumPy.

    Attributes:
        step: the next one.
        weights: by projection that learns, (n_pre, n_post).
        events: by population that is compared, lists of (step, number) arrays.
    """

    def __init__(self, job: Job) -> None:
        """Stands before step 0."""
        populations = job.populations
        sizes = [p.size for p in populations]
        self.starts = np.cumsum([0, *sizes])[:-1]
        self.place = {
            p.name: slice(self.starts[k], self.starts[k] + p.size)
            for k, p in enumerate(populations)
        }
        self.bias, self.threshold, self.rest = (
            np.repeat(np.array(values, np.int64), sizes)
            for values in (
                [p.bias for p in populations],
                [p.threshold for p in populations],
                [max(p.refractory - 1, 0) for p in populations],
            )
        )
        self.job, self.step = job, 0
        self.resting = np.zeros(sum(sizes), np.int64)
        slots = 2 + max(p.delay for p in job.projections)
        self.arriving = np.zeros((slots, sum(sizes)), np.int64)
        self.outgoing: dict[str, list[Projection]] = {}
        for projection in job.projections:
            self.outgoing.setdefault(projection.source, []).append(projection)
        self.weights = {p.name: p.weights.copy() for p in job.projections if p.weights is not None}
        self.sent = [
            (g.name, g.events[:, 1], np.searchsorted(g.events[:, 0], np.arange(job.steps + 1)))
            for g in job.generators
        ]
        self.rewarded = set(job.rewards.tolist())
        self.learning = [p for p in job.projections if p.learns]
        self.events: dict[str, list[np.ndarray]] = {name: [] for name in job.spikes}

    def advance(self) -> None:
        """Goes through a step: arrive, spike, deliver, learn."""
        step = self.step
        slot = self.arriving[step % len(self.arriving)]
        spikes = (slot + self.bias > self.threshold) & (self.resting == 0)
        slot[:] = 0
        self.resting = np.where(spikes, self.rest, np.maximum(self.resting - 1, 0))
        fired = {name: numbers[at[step] : at[step + 1]] for name, numbers, at in self.sent}
        if spikes.any():
            for k in np.flatnonzero(np.logical_or.reduceat(spikes, self.starts)):
                name = self.job.populations[k].name
                fired[name] = np.flatnonzero(spikes[self.place[name]])
        fired = {name: numbers for name, numbers in fired.items() if len(numbers)}
        for name, numbers in fired.items():
            for projection in self.outgoing.get(name, ()):
                self._deliver(projection, numbers)
            if name in self.events:
                self.events[name].append(np.stack([np.full(len(numbers), step), numbers], axis=1))
        for projection in self.learning:
            if projection.source in fired and projection.target in fired:
                self._learn(projection.name, fired[projection.source], fired[projection.target])
        self.step += 1

    def _deliver(self, projection: Projection, numbers: np.ndarray) -> None:
        slot = self.arriving[(self.step + 1 + projection.delay) % len(self.arriving)]
        target = slot[self.place[projection.target]]
        if projection.weights is not None:
            target += self.weights[projection.name][numbers].sum(axis=0, dtype=np.int32)
            return
        amount = projection.mantissa * 2**projection.exponent
        if projection.one_to_one:
            target[numbers] += amount
        else:
            target += amount * len(numbers)

    def _learn(self, name: str, pre: np.ndarray, post: np.ndarray) -> None:
        rule, weights = self.job.rule, self.weights[name]
        change = rule.always + (rule.rewarded if self.step in self.rewarded else 0)
        block = np.ix_(pre, post)
        weights[block] = np.clip(weights[block] + change, rule.low, rule.high)

    def spikes(self, name: str) -> np.ndarray:
        """Returns a population's spikes as a job holds them."""
        events = in_order(np.concatenate([np.zeros((0, 2), np.int64), *self.events[name]]))
        return events[(events[:, 0] >= LEAD) & (events[:, 0] < self.job.steps)]
