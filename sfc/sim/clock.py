"""Frames and phases of a run, told from the spikes of relays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from sfc.diagnostics import fail
from sfc.ir.circuit import Circuit
from sfc.ir.schedule import Chain

Phase = tuple[str, int]
"""(chain, index)."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What the clock says at the start of a step.

    Attributes:
        kicked: names of relays that the host makes spike, as if in the step before.
        phases: the phases that this step is.
        starts_frame: whether a frame begins with this step.
    """

    kicked: tuple[str, ...]
    phases: tuple[Phase, ...]
    starts_frame: bool


def is_kicked(chain: Chain, first: bool) -> bool:
    """Tells whether the host starts a chain at the start of a frame, the first or a later one."""
    return first if chain.ring else not chain.started_by


class Clock:
    """Follows the chains of a circuit.

    A ring is kicked once, before step 0. If no chain is a ring, the host kicks all chains at the
    start of every frame, and a frame lasts as long as the longest chain. With a ring, open chains
    are kicked at the start of every frame too. A chain that a population starts is not kicked,
    unless it is a ring.

    Attributes:
        step: steps since the beginning.
        frame: the number of the frame, from 0; -1 before the first.
        frame_start: the step in which it began.
        spiked: the relays that spiked in the step before.
    """

    def __init__(self, circuit: Circuit) -> None:
        """Starts at step 0, before the first frame."""
        self.chains = circuit.schedule.chains
        self.main = circuit.schedule.clock
        self.longest_frame = 2 * sum(len(chain.relays) for chain in self.chains) + 128
        self.step = 0
        self.frame = -1
        self.frame_start = 0
        self.spiked: tuple[Phase, ...] = ()

    @property
    def frame_is_over(self) -> bool:
        """Whether the next step begins a frame."""
        if self.main is None:
            return False
        if self.step == 0:
            return True
        if self.main.ring:
            return (self.main.name, 0) in self.spiked
        return self.step - self.frame_start >= len(self.main.relays)

    def begin(self, restart: bool) -> Moment:
        """Begins a step.

        Args:
            restart: whether a frame may follow the first where no ring makes frames.
        """
        starts = self.frame_is_over
        by_ring = self.main is not None and self.main.ring
        starts = starts and (by_ring or restart or self.step == 0)
        kicked = [chain for chain in self.chains if starts and is_kicked(chain, self.step == 0)]
        if starts:
            self.frame += 1
            self.frame_start = self.step
        phases = (*self.spiked, *((chain.name, 0) for chain in kicked))
        return Moment(tuple(chain.relays[0] for chain in kicked), phases, starts)

    def end(self, spiked: tuple[Phase, ...]) -> None:
        """Ends a step in which these relays spiked."""
        self.spiked = spiked
        self.step += 1

    def fail_stopped(self) -> NoReturn:
        """Reports that the chain that makes frames fell silent (E0706)."""
        assert self.main is not None
        fail(
            "E0706",
            f"chain `{self.main.name}` stopped: no frame began in the {self.longest_frame} steps "
            f"after step {self.frame_start}",
            self.main.span,
            help="the weight `ring` of its relays must exceed their threshold minus their bias, "
            "and a relay must not be refractory when its turn comes again",
        )
