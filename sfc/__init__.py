"""sfc: the compiler for synfire-gated neuromorphic circuits.

import sfc
circuit = sfc.compile("circuits/examples/backprop.sfc", n_hid=400)
simulator = sfc.Simulator(circuit, seed=1)
data = sfc.load_data("mnist20")
result = simulator.run({"image": data.train_images, "label": data.train_labels})
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sfc.bundles import build, load_bundle
    from sfc.chips.chip import Chip
    from sfc.chips.read import chip
    from sfc.diagnostics import Reporter, SfcError
    from sfc.driver import (
        allocate,
        check,
        compile,
        compile_text,
        optimise,
        phases,
        test,
        trade_offs,
    )
    from sfc.ir.circuit import Circuit
    from sfc.passes.rounding import Quantised, quantise
    from sfc.place.allocation import Allocation
    from sfc.report.show import show
    from sfc.sim.datasets import Dataset, load_data
    from sfc.sim.outcome import Outcome
    from sfc.sim.result import Result
    from sfc.sim.simulator import Simulator
    from sfc.sim.training import Training
    from sfc.sim.watch import Watch
    from sfc.sweeps.sweep import Sweep, sweep

__version__ = "0.1.0"

_HOME = {
    "Allocation": "sfc.place.allocation",
    "Chip": "sfc.chips.chip",
    "Circuit": "sfc.ir.circuit",
    "Dataset": "sfc.sim.datasets",
    "Outcome": "sfc.sim.outcome",
    "Quantised": "sfc.passes.rounding",
    "Reporter": "sfc.diagnostics",
    "Result": "sfc.sim.result",
    "SfcError": "sfc.diagnostics",
    "Simulator": "sfc.sim.simulator",
    "Sweep": "sfc.sweeps.sweep",
    "Training": "sfc.sim.training",
    "Watch": "sfc.sim.watch",
    "allocate": "sfc.driver",
    "build": "sfc.bundles",
    "check": "sfc.driver",
    "chip": "sfc.chips.read",
    "compile": "sfc.driver",
    "compile_text": "sfc.driver",
    "load_bundle": "sfc.bundles",
    "load_data": "sfc.sim.datasets",
    "optimise": "sfc.driver",
    "phases": "sfc.driver",
    "quantise": "sfc.passes.rounding",
    "show": "sfc.report.show",
    "sweep": "sfc.sweeps.sweep",
    "test": "sfc.driver",
    "trade_offs": "sfc.driver",
}

__all__ = [
    "Allocation",
    "Chip",
    "Circuit",
    "Dataset",
    "Outcome",
    "Quantised",
    "Reporter",
    "Result",
    "SfcError",
    "Simulator",
    "Sweep",
    "Training",
    "Watch",
    "allocate",
    "build",
    "check",
    "chip",
    "compile",
    "compile_text",
    "load_bundle",
    "load_data",
    "optimise",
    "phases",
    "quantise",
    "show",
    "sweep",
    "test",
    "trade_offs",
]


def __getattr__(name: str) -> Any:
    """Imports what is used when it is used: `import sfc` costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module 'sfc' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
