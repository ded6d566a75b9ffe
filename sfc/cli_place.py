"""What the commands that place circuits share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sfc.cli_common import console
from sfc.diagnostics import fail

if TYPE_CHECKING:
    from sfc.ir.circuit import Circuit
    from sfc.place.allocation import Allocation

ChipName = Annotated[
    str | None, typer.Option("--chip", metavar="NAME|FILE", help="place it on a chip: `sfc chips`")
]
ObjectiveName = Annotated[
    str, typer.Option("--objective", help="cores: fewest; step: shortest; traffic: least")
]
Chips = Annotated[int | None, typer.Option("--chips", min=1, help="that there are")]
Cores = Annotated[
    int | None,
    typer.Option("--cores", min=1, help="most to use; default for step: 3/5 of a chip"),
]
PlasticCap = Annotated[
    int | None,
    typer.Option("--max-plastic-per-core", min=1, metavar="N", help="synapses that learn"),
]
ActivityFile = Annotated[
    Path | None,
    typer.Option(
        "--activity",
        metavar="FILE",
        help="spikes counted by `sfc run --json FILE`; default: what may fire at most",
    ),
]


@dataclass(frozen=True, slots=True)
class Wish:
    """How a circuit is to be placed, as the options say."""

    chip: str | None
    objective: str
    chips: int | None
    cores: int | None
    plastic_cap: int | None
    activity: Path | None
    seed: int

    def allocation(self, circuit: Circuit) -> Allocation | None:
        """Returns the allocation of a circuit; None without a chip.

        Raises:
            SfcError: the chip does not hold it, or options are given that need a chip.
        """
        if self.chip is None:
            self._refuse_options()
            return None
        from sfc import driver

        with console(stderr=True).status("placing"):
            return driver.allocate(
                circuit,
                self.chip,
                objective=self.objective,  # type: ignore[arg-type]
                seed=self.seed,
                chips=self.chips,
                cores=self.cores,
                max_plastic_per_core=self.plastic_cap,
                activity=self.activity,
            )

    @property
    def options(self) -> tuple[str, ...]:
        """The options that were given, without --chip."""
        given = {
            "--objective": self.objective != "cores",
            "--chips": self.chips is not None,
            "--cores": self.cores is not None,
            "--max-plastic-per-core": self.plastic_cap is not None,
            "--activity": self.activity is not None,
        }
        return tuple(option for option, is_given in given.items() if is_given)

    def _refuse_options(self) -> None:
        for option in self.options:
            help = "say which chip, for instance --chip loihi1"
            fail("E0708", f"{option} is for a placement, and no chip is given", help=help)
