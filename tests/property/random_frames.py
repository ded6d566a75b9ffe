"""Random gated circuits whose frames are alike, of which most can be compiled."""

from __future__ import annotations

from random import Random

import numpy as np
from numpy.typing import NDArray
from random_gated import Event, GatedWriter

from sfc.ir.circuit import Circuit


class FramesWriter(GatedWriter):
    """Writes circuits without long delays, slices, and neurons that keep something."""

    def population(self, count: int | None = None) -> str:
        random, name = self.random, self.name("p")
        settings = random.choice(
            ("",) * 12
            + ("refractory = 2;",) * 3
            + ("drive = 39;", "bias = -64;", "refractory = 3;")
        )
        self.lines.append(f"population {name}[{count or self.size}] : Gated {{ {settings} }}")
        return name

    def join(self, event: Event, target: str, number: int, weight: str, form: str = "") -> None:
        random = self.random
        delay = (number - event[1] - 1) % self.frame
        delay += random.random() < 0.03
        if random.random() < 0.04:
            weight = random.choice(("0", "20", "-spike", "64"))
        form = form or random.choice(("one_to_one",) * 5 + ("all_to_all",))
        delay = min(delay, self.frame - 1)
        self.lines.append(f"{event[0]} -> {target} {form} weight {weight} delay {delay};")

    def slice(self) -> None:
        self.copy()


def frames_text(seed: int, steps: int) -> str:
    """Returns a circuit file, now and then with probes of a cell."""
    random = Random(seed)
    writer = FramesWriter(random, steps)
    name, number = random.choice(writer.events)
    if random.random() < 0.3:
        writer.lines.append(f"probe {name} at g[{number}];")
    if random.random() < 0.4:
        writer.lines.append(f"probe {name}.v at g[{number}];")
    return "\n".join(writer.lines) + "\n"


def samples(random: Random, circuit: Circuit, length: int) -> dict[str, NDArray[np.bool_]]:
    """Returns samples of a circuit's inputs; most keep to the bounds that these declare."""
    generator = np.random.default_rng(random.randrange(10**9))
    density = random.choice((0.1, 0.5, 0.9))
    found = {}
    for source in circuit.inputs.values():
        rows = generator.random((length, source.size)) < density
        most = source.size if source.at_most is None else source.at_most
        for row in rows if random.random() < 0.8 else ():
            row[np.flatnonzero(row)[most:]] = False
            row[np.flatnonzero(~row)[: max(source.at_least - row.sum(), 0)]] = True
        if random.random() < 0.9:
            found[source.name] = rows
    return found
