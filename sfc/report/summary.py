"""A circuit in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass

from sfc.ir.circuit import Circuit


@dataclass(frozen=True, slots=True)
class CircuitSummary:
    """What `sfc check` prints of a circuit.

    Attributes:
        populations: without relays.
        neurons: of populations and relays.
        synapses, plastic_synapses: on the chip, every projection with its own.
        frame_length: phases in a frame, None without chains.
    """

    name: str
    populations: int
    relays: int
    neurons: int
    projections: int
    synapses: int
    plastic_synapses: int
    frame_length: int | None

    def __str__(self) -> str:
        parts = [
            f"{self.populations} populations",
            f"{self.relays} relays",
            f"{self.neurons:,} neurons",
            f"{self.projections} projections",
            f"{self.synapses:,} synapses",
            f"{self.plastic_synapses:,} plastic",
        ]
        if self.frame_length:
            parts.append(f"a frame of {self.frame_length} phases")
        return f"{self.name}: " + ", ".join(parts)


def summarise(circuit: Circuit) -> CircuitSummary:
    """Returns a circuit's summary."""
    projections = circuit.projections.values()
    relays = sum(len(chain.relays) for chain in circuit.schedule.chains)
    return CircuitSummary(
        name=circuit.name,
        populations=len(circuit.populations) - relays,
        relays=relays,
        neurons=sum(population.size for population in circuit.populations.values()),
        projections=len(projections),
        synapses=sum(circuit.synapse_count(p) for p in projections),
        plastic_synapses=sum(circuit.synapse_count(p) for p in projections if circuit.learns(p)),
        frame_length=circuit.schedule.frame_length,
    )
