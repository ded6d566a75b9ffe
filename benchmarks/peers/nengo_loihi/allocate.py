"""nengo-loihi's own way from blocks to cores: split, validate, allocate.

Usage: allocate.py JOB.npz TURNS

Each population is a block. Building blocks is timed by itself. Its time is that of `split_model`,
`validate_model` and `Greedy`; what `validate_board` says then is not timed. A turn of more than
LONG seconds is the last.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from complaint import complaint
from nengo_loihi.block import LoihiBlock
from nengo_loihi.builder import Model
from nengo_loihi.builder.split_blocks import split_model
from nengo_loihi.builder.validate import validate_model
from nengo_loihi.hardware.allocators import Greedy
from nengo_loihi.hardware.validate import validate_board
from nengo_loihi.inputs import SpikeInput
from run import block, connect

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from job import Job, Population, Stopwatch, read_job

LONG = 20.0

MOST_DECAY_V = 4095
"""Which `validate_compartment_cfg` allows; neurons that keep nothing have 4096."""

MOST_BIAS = 4095 * 2**7
"""Which `bias_to_manexp` allows on either side; the chip's mantissas begin at -4096."""

MOST_CHIPS = 768
"""Of the largest board; it asks for 2 unless told."""


def lawful_block(population: Population) -> LoihiBlock:
    """Returns neurons as near to the circuit's as its validators allow; they take as much room."""
    made = block(population)
    made.compartment.decay_v[:] = MOST_DECAY_V
    np.clip(made.compartment.bias, -MOST_BIAS, MOST_BIAS, out=made.compartment.bias)
    return made


def model_of(job: Job) -> Model:
    """Returns a model with a block for each population."""
    model = Model()
    nodes: dict = {}
    for population in job.populations:
        nodes[population.name] = lawful_block(population)
        model.add_block(nodes[population.name])
    for generator in job.generators:
        nodes[generator.name] = SpikeInput(generator.size, label=generator.name)
        model.add_input(nodes[generator.name])
    for projection in job.projections:
        connect(job, projection, nodes)
    return model


def allocate(job: Job, turns: int) -> None:
    """Prints, as a line of JSON, the cores that it takes or what it says against the network."""
    building, seconds, cores, said = [], [], 0, ""
    while len(seconds) < turns and not (seconds and seconds[-1] > LONG):
        with Stopwatch() as watch:
            model = model_of(job)
        building.append(watch.seconds)
        with Stopwatch() as watch:
            try:
                split_model(model)
                validate_model(model)
                board = Greedy()(model, n_chips=MOST_CHIPS)
            except Exception as error:
                said = complaint(error)
        seconds.append(watch.seconds)
    if not said:
        try:
            validate_board(board)
            cores = sum(board.n_cores_per_chip)
        except Exception as error:
            said = complaint(error)
    reply = {
        "cores": cores,
        "blocks": len(model.blocks),
        "seconds": min(seconds),
        "building": min(building),
        "complaint": said,
    }
    print(json.dumps(reply))


if __name__ == "__main__":
    allocate(read_job(sys.argv[1]), int(sys.argv[2]))
