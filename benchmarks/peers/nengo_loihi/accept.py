"""nengo-loihi's validators on a placement that was made elsewhere.

Usage: accept.py JOB.npz PIECES.json

PIECES.json lists [population, first, last, core], as sfc.place has pieces. Each core becomes one
block, whose compartments are its pieces in their order; each list of a projection to a piece
becomes an axon of a synapse group that lies on the piece's core. Where a job says what must spike,
and has neither delays nor learning, its emulator runs the blocks too.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from allocate import lawful_block
from complaint import complaint
from nengo_loihi.block import (
    Axon,
    LoihiBlock,
    Synapse,
    SynapseConfig,
)
from nengo_loihi.builder import Model
from nengo_loihi.builder.validate import validate_model
from nengo_loihi.emulator import EmulatorInterface
from nengo_loihi.hardware.allocators import Allocator
from nengo_loihi.hardware.nxsdk_objects import Board
from nengo_loihi.hardware.validate import validate_board
from nengo_loihi.probe import LoihiProbe
from run import DENSE, UNIT, amount_of, block, spike_input
from stand_in import build

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from job import Job, Projection, differences, read_job

CORES = 128
"""Of a chip."""

MOST_BASE = 255
"""The largest compartment at which a dense list may begin (builder/validate.py)."""

SPARSE, INDEX_BITS = 0, SynapseConfig.INDEX_BITS_MAP.index(10)

WEIGHT_BITS = SynapseConfig.WEIGHT_BITS_MAP

LONGEST = 64
"""Synapses of a block (block.py, SynapseConfig.bits_per_axon)."""

MIXED, EXCITATORY, INHIBITORY = 1, 2, 3


class Slot(NamedTuple):
    """Neurons first..last of a population on a core, from compartment `base` on."""

    first: int
    last: int
    core: int
    base: int


class Placed:
    """A model whose blocks are the cores of a placement.

    Attributes:
        model: of all blocks and inputs.
        blocks: by core.
        slots: by population.
    """

    def __init__(self, job: Job, pieces: list, neurons_of: Callable) -> None:
        """Makes blocks, synapses and axons; `neurons_of` makes a population's neurons."""
        self.job, self.model = job, Model()
        self.blocks: dict = {}
        self.slots: dict = {}
        neurons = {p.name: neurons_of(p) for p in job.populations}
        of_core: dict = {}
        for name, first, last, core in pieces:
            of_core.setdefault(core, []).append((name, first, last))
        for core in sorted(of_core):
            self._add_core(core, of_core[core], neurons)
        self.inputs = {generator.name: spike_input(generator) for generator in job.generators}
        for made in self.inputs.values():
            self.model.add_input(made)
        for projection in job.projections:
            weights = projection.weights
            if weights is not None:
                weights = UNIT * weights.astype(np.int32)
            for slot in self.slots[projection.target]:
                self._join(projection, weights, slot)

    def _add_core(self, core: int, of_core: list, neurons: dict) -> None:
        size = sum(last - first + 1 for _, first, last in of_core)
        made = LoihiBlock(size, label=f"core {core}")
        parts, base = [], 0
        for name, first, last in of_core:
            self.slots.setdefault(name, []).append(Slot(first, last, core, base))
            parts.append((neurons[name].compartment, slice(first, last + 1)))
            base += last - first + 1
        for attribute in ("vth", "bias", "decay_u", "decay_v", "refract_delay"):
            values = [getattr(compartment, attribute)[part] for compartment, part in parts]
            setattr(made.compartment, attribute, np.concatenate(values))
        for attribute in ("vmin", "vmax", "scale_u", "scale_v"):
            (value,) = {getattr(compartment, attribute) for compartment, _ in parts}
            setattr(made.compartment, attribute, value)
        self.blocks[core] = made
        self.model.add_block(made)

    def _join(self, projection: Projection, weights: np.ndarray, to: Slot) -> None:
        """Makes the lists of a projection to a piece, and the axons to them."""
        rows, count = self.job.size(projection.source), to.last - to.first + 1
        if projection.one_to_one:
            sources, starts = np.arange(to.first, to.last + 1), np.arange(count)
            lists = [[amount_of(projection)]] * count
        elif weights is None:
            sources, starts = np.arange(rows), np.zeros(rows, int)
            lists = [np.full(count, amount_of(projection), np.int32)] * rows
        else:
            sources, starts = np.arange(rows), np.zeros(rows, int)
            lists = list(weights[:, to.first : to.last + 1])
        synapse = Synapse(len(sources), label=f"{projection.name} on core {to.core}")
        format_synapse(synapse, projection, lists, to.base + starts)
        self.blocks[to.core].add_synapse(synapse)

        if projection.source in self.inputs:
            senders = [(self.inputs[projection.source], 0, rows - 1, 0, rows)]
        else:
            senders = [
                (self.blocks[c], low, high, at, self.blocks[c].n_neurons)
                for low, high, c, at in self.slots[projection.source]
            ]
        for sender, low, high, at, size in senders:
            sent = np.flatnonzero((sources >= low) & (sources <= high))
            if len(sent):
                axon = Axon(len(sent), label=projection.name)
                axon.target = synapse
                reached = np.full(size, -1)
                reached[sources[sent] - low + at] = sent
                axon.set_compartment_axon_map(reached)
                sender.add_axon(axon)

    def board(self) -> Board:
        """Returns a board on which each block is on the chip of its core."""
        board = Board()
        for core, made in self.blocks.items():
            while board.n_chips <= core // CORES:
                board.new_chip()
            Allocator().block_to_new_core(made, board.chips[core // CORES])
        return board

    def most(self) -> dict:
        """Returns the most that a core takes of each resource, as `utilization` counts it.

        Entries are axons with what it leaves out: a second one for an input axon that learns, and
        for an output axon to another chip.
        """
        chip_of = {s: core // CORES for core, made in self.blocks.items() for s in made.synapses}
        most: dict = {}
        for core, made in self.blocks.items():
            taken = {name: int(value) for name, (value, _) in made.utilization().items()}
            taken["synapse bits"] = taken.pop("synapses")
            taken["in-entries"] = sum(s.n_axons * s.idxs_per_synapse() for s in made.synapses)
            taken["out-entries"] = sum(
                axon.n_axons * (1 + (chip_of[axon.target] != core // CORES)) for axon in made.axons
            )
            most = {name: max(value, most.get(name, 0)) for name, value in taken.items()}
        return most


def format_synapse(
    synapse: Synapse, projection: Projection, lists: list, begins: np.ndarray
) -> None:
    """Sets weights, indices and format: dense where it may be and takes less, else sparse.

    Args:
        synapse: whose axons have one list each.
        projection: of all lists.
        lists: weights of consecutive compartments.
        begins: compartments at which the lists begin.
    """
    counts = Counter(len(weights) for weights in lists)
    dense, sparse = configured(projection, DENSE), configured(projection, SPARSE)

    def memory(config: SynapseConfig) -> int:
        return sum(times * config.bits_per_axon(count) for count, times in counts.items())

    if max(begins) <= MOST_BASE and memory(dense) < memory(sparse):
        synapse._set_weights_indices(lists, weight_dtype=np.int32)
        synapse.axon_compartment_bases = begins
        synapse.synapse_cfg = dense
    else:
        indices = [begins[k] + np.arange(len(weights)) for k, weights in enumerate(lists)]
        synapse._set_weights_indices(lists, indices, weight_dtype=np.int32)
        synapse.synapse_cfg = sparse
    if projection.learns:
        synapse.set_learning()


def configured(projection: Projection, compression: int) -> SynapseConfig:
    """Returns a projection's format, with the block length that takes the fewest bits a synapse."""
    bits, exponent, fanout = weight_field(projection)
    config = SynapseConfig(
        weight_bits=WEIGHT_BITS.index(bits),
        weight_exp=exponent,
        fanout_type=fanout,
        delay_bits=projection.delay.bit_length(),
        idx_bits=INDEX_BITS,
        compression=compression,
        n_synapses=LONGEST - 1,
    )
    lengths = range(1, LONGEST + 1)
    best = min(lengths, key=lambda length: (config.bits_per_axon(length) / length, -length))
    config.set(n_synapses=best - 1)
    return config


def weight_field(projection: Projection) -> tuple:
    """Returns the fewest legal bits of a projection's weights, their exponent, and their signs."""
    if projection.weights is not None:
        return 8, 0, MIXED
    mantissa, exponent = abs(projection.mantissa) or 1, projection.exponent
    while mantissa % 2 == 0:
        mantissa, exponent = mantissa // 2, exponent + 1
    needed = mantissa.bit_length()
    bits = min(legal for legal in WEIGHT_BITS if legal >= needed)
    sign = EXCITATORY if projection.mantissa > 0 else INHIBITORY
    return bits, exponent + needed - 8, sign


def spikes_in_emulator(job: Job, pieces: list) -> list:
    """Returns what of a run of the blocks in the emulator is not what the job expects."""
    placed = Placed(job, pieces, block)
    probes = {name: [] for name in job.spikes}
    for name in job.spikes:
        for first, last, core, base in placed.slots[name]:
            part = slice(base, base + last - first + 1)
            probe = LoihiProbe(target=placed.blocks[core], slice=part, key="spiked")
            placed.model.add_probe(probe)
            probes[name].append((first, probe))
    with EmulatorInterface(placed.model, seed=0) as emulator:
        emulator.run_steps(job.steps)
        spikes = {}
        for name, parts in probes.items():
            fired = [(first, emulator.collect_probe_output(probe)) for first, probe in parts]
            spikes[name] = np.concatenate([np.argwhere(f) + np.array([0, k]) for k, f in fired])
    return differences(job, spikes, {})


def accept(job: Job, pieces: list) -> None:
    """Prints, as a line of JSON, what it says against a placement: nothing if it accepts it."""
    said, wrong, stages = "", [], ["validate"]
    placed = Placed(job, pieces, lawful_block)
    try:
        validate_model(placed.model)
        board = placed.board()
        validate_board(board)
        if not any(projection.learns for projection in job.projections):
            stages.append("build")
            build(board)
    except Exception as error:
        said = complaint(error)
    if job.spikes and not any(p.delay or p.learns for p in job.projections):
        stages.append("emulate")
        wrong = spikes_in_emulator(job, pieces)
    reply = {"complaint": said, "most": placed.most(), "stages": stages, "differences": wrong}
    print(json.dumps(reply))


if __name__ == "__main__":
    accept(read_job(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text("utf-8")))
