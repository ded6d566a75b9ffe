"""What happens when: chains, and what is presented, rewarded, recorded and read in their phases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sfc.span import Span

PropertyKind = Literal["silent", "fires", "tied", "no_overflow"]
Quantity = Literal["spikes", "membrane"]


@dataclass(frozen=True, slots=True)
class Chain:
    """Relays that spike one after another: relay k in phase k - 1, so phase k follows it.

    Attributes:
        relays: population names.
        ring: whether it starts over by itself, driven by its last relay or by what starts it; a
            ring is kicked once, by the host.
        started_by: populations whose spikes drive the first relay. Without any, a chain that is no
            ring is kicked by the host in every frame.
    """

    name: str
    relays: tuple[str, ...]
    ring: bool
    started_by: tuple[str, ...] = ()
    doc: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Present:
    """An input's spikes arrive in a phase: they are sent with the relay of that phase.

    Attributes:
        projections: by which they go.
    """

    input: str
    chain: str
    phase: int
    projections: tuple[str, ...]
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Reward:
    """A phase in which every rule sees r0 = 1."""

    chain: str
    phase: int
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """What a run records of a population, by default in every step.

    Attributes:
        chain: empty where phases is empty.
        phases: only in these phases of the chain, ascending.
    """

    population: str
    quantity: Quantity
    chain: str = ""
    phases: tuple[int, ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Readout:
    """The population whose spikes or membranes in a phase name the class that `label` encodes."""

    population: str
    label: str
    chain: str
    phase: int
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Property:
    """What the circuit's author asserts of every frame.

    Attributes:
        kind: silent or fires (populations in phases), tied (matrices), no_overflow.
        subjects: names of populations or matrices.
        chain: empty where phases is empty.
    """

    kind: PropertyKind
    subjects: tuple[str, ...] = ()
    chain: str = ""
    phases: tuple[int, ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """What happens when: empty for a plain spiking network, where time is steps."""

    chains: tuple[Chain, ...] = ()
    presents: tuple[Present, ...] = ()
    rewards: tuple[Reward, ...] = ()
    probes: tuple[Probe, ...] = ()
    readouts: tuple[Readout, ...] = ()

    def chain(self, name: str) -> Chain:
        """Returns the chain called `name`; KeyError if there is none."""
        for chain in self.chains:
            if chain.name == name:
                return chain
        raise KeyError(name)

    @property
    def clock(self) -> Chain | None:
        """The chain whose first phase begins a frame: the first ring, else the longest chain.

        A chain that is no ring and is started by a population makes no frames.
        """
        ring = next((chain for chain in self.chains if chain.ring), None)
        kicked = [chain for chain in self.chains if not chain.started_by]
        return ring or max(kicked, key=lambda chain: len(chain.relays), default=None)

    @property
    def frame_length(self) -> int | None:
        """Steps in a frame; None without chains, or where it varies."""
        clock = self.clock
        return None if clock is None or clock.started_by else len(clock.relays)
