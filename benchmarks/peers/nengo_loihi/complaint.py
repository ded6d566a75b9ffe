"""What nengo-loihi says against a network, in a line."""

from __future__ import annotations

import traceback
from pathlib import Path


def complaint(error: Exception) -> str:
    """Returns an error as a line: its text, or the assertion that has none, with its place."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    said = str(error).splitlines()[0] if str(error) else str(frame.line)
    return f"{type(error).__name__}: {said} ({Path(frame.filename).name}:{frame.lineno})"
