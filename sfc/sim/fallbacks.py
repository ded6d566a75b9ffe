"""How often the compiled engine had to leave frames to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fallbacks:
    """Frames that a general engine had to run.

    Attributes:
        frames: that were run in all.
        fell_back: how many of them were not run in a kernel.
        surprises: how often a kernel stopped at a frame, by what could have happened in it.
    """

    frames: int
    fell_back: int
    surprises: Mapping[str, int]

    def __str__(self) -> str:
        share = 100 * self.fell_back / max(self.frames, 1)
        text = f"{self.fell_back:,} of {self.frames:,} samples ({share:.2g} %) fell back"
        if self.surprises:
            often = max(self.surprises, key=lambda what: self.surprises[what])
            text += f", most often as {often}"
        return text
