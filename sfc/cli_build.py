"""The `build` command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sfc.cli_common import Defines, Level, Seed, compiled, console, parameters
from sfc.cli_place import ActivityFile, ChipName, Chips, Cores, ObjectiveName, PlasticCap, Wish

if TYPE_CHECKING:
    from sfc.place.allocation import Allocation

HELP = """Compile a circuit and emit it for a target; place it on the cores of a chip.

\b
Examples:
  sfc build circuits/examples/backprop.sfc -o build/backprop
  sfc build backprop --target netlist --seed 3 -D n_hid=100 -o build/small
  sfc build backprop -O2
  sfc build backprop --chip loihi1 --objective step
  sfc report build/backprop
  sfc run build/small --data mnist20 --limit 1000

With a chip, allocation.json and allocation.html say which neurons lie on which core, and why.
"""


def build(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="circuit file, or a shipped one")],
    output: Annotated[
        Path | None, typer.Option("-o", metavar="DIR", help="default: build/CIRCUIT")
    ] = None,
    target: Annotated[str, typer.Option(help="see `sfc targets`")] = "netlist",
    defines: Defines = [],  # noqa: B006
    level: Level = 0,
    seed: Seed = 0,
    chip: ChipName = None,
    objective: ObjectiveName = "cores",
    chips: Chips = None,
    cores: Cores = None,
    plastic_cap: PlasticCap = None,
    activity: ActivityFile = None,
) -> None:
    """Compiles, places and emits a circuit."""
    from sfc import bundles

    circuit = compiled(file, parameters(defines), level)
    wish = Wish(chip, objective, chips, cores, plastic_cap, activity, seed)
    allocation = wish.allocation(circuit)
    folder = output or Path("build") / circuit.name
    for path in bundles.build(circuit, folder, target=target, seed=seed, allocation=allocation):
        print(path)
    if allocation is not None:
        _print_headline(allocation)


def _print_headline(allocation: Allocation) -> None:
    from sfc.report.allocation_data import allocation_data
    from sfc.report.allocation_reader import report_of
    from sfc.report.allocation_words import headline

    console().print(headline(report_of(allocation_data(allocation))))
