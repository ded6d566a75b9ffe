"""A whole network as one Lava process, its model the NumPy loop of replay.py.

Lava looks for models in every file beside this one and runs them, so it has a folder of its own.
"""

import numpy as np
from job import read_job
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from replay import Replay


class Fused(AbstractProcess):
    """A network.

    Args:
        path: of the job.
        synapses: how many weights it has, see `weights`.
        spikes: how many there is room for.
        compared: how many populations have their spikes kept.

    Attributes:
        weights: of all projections that have a matrix, one after the other, each row by row.
        counts: (compared,) spikes of each population.
        events: (spikes, 2) steps and numbers, population after population; those beyond are lost.
    """

    def __init__(self, *, path: str, synapses: int, spikes: int, compared: int) -> None:
        super().__init__(path=path)
        self.weights = Var(shape=(synapses,), init=0)
        self.counts = Var(shape=(compared,), init=0)
        self.events = Var(shape=(spikes, 2), init=0)


@implements(proc=Fused, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class FusedModel(PyLoihiProcessModel):
    weights: np.ndarray = LavaPyType(np.ndarray, np.int32)
    counts: np.ndarray = LavaPyType(np.ndarray, np.int32)
    events: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def __init__(self, proc_params):
        super().__init__(proc_params)
        self.replay = Replay(read_job(proc_params["path"]))

    def run_spk(self):
        replay = self.replay
        if replay.step >= replay.job.steps:
            return
        replay.advance()
        if replay.step == replay.job.steps:
            arrays = [array.ravel() for array in replay.weights.values()]
            self.weights[:] = np.concatenate(arrays)
            found = [replay.spikes(name) for name in replay.events]
            self.counts[:] = [len(events) for events in found]
            flat = np.concatenate(found)[: len(self.events)]
            self.events[: len(flat)] = flat
