"""Says on what a benchmark ran."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import numpy as np


def describe() -> str:
    """Returns the processor, the number of cores, and the versions of Python and NumPy."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].split(":", 1)[1].strip() if lines else model
    cores = os.cpu_count()
    return f"{model}, {cores} cores; Python {platform.python_version()}, NumPy {np.__version__}"
