"""`sfc passes` and `sfc opt`."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sfc.cli_common import Defines, parameters, show_diagnostics
from sfc.diagnostics import Reporter, fail, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sfc.ir.circuit import Circuit
    from sfc.passes.base import Pass
    from sfc.passes.pipeline import Account

PASSES_HELP = """List the passes, or explain one of them.

\b
Examples:
  sfc passes
  sfc passes merge-gates
"""

HELP = """Optimise a circuit and print its textual IR.

\b
Examples:
  sfc opt backprop -O2 -o backprop.ir
  sfc opt my_circuit.sfc -p merge-gates -p relay-delays,longest=7
  sfc opt backprop.ir -O1 --time-passes -o smaller.ir
  sfc opt backprop --dump-after merge-gates > /dev/null

FILE is a circuit file, a shipped circuit, or textual IR as this command and `sfc check --print-ir`
print it. The passes of the level run first, then those of -p in their order. `sfc run`, `build`,
`check` and `show` take textual IR, too.
"""


def list_passes(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="of a pass", show_default=False)
    ] = None,
) -> None:
    """Lists the passes."""
    from sfc.passes import PASSES
    from sfc.passes.base import MEANINGS
    from sfc.passes.options import find

    if name is not None:
        _explain(find(name))
        return
    width = max(len(kind.name) for kind in PASSES)
    for kind in PASSES:
        levels = ", ".join(f"-O{level}" for level in _levels(kind)) or "with -p"
        print(f"{kind.name:<{width}}  {kind.preserves:<8}  {levels:<8}  {kind.summary}")
    print("\nWhat a pass preserves:")
    for word, meaning in MEANINGS.items():
        print(f"  {word:<8}  {meaning}")


def _levels(kind: type[Pass]) -> list[int]:
    from sfc.passes import LEVELS

    return [level for level, passes in LEVELS.items() if any(type(p) is kind for p in passes)]


def _explain(kind: type[Pass]) -> None:
    from sfc.passes.base import MEANINGS
    from sfc.passes.options import options

    levels = ", ".join(f"-O{level}" for level in _levels(kind)) or "no level: give it with -p"
    print(f"{kind.name}: {kind.summary}\n\n{inspect.getdoc(kind)}\n")
    print(f"Preserves {kind.preserves}: {MEANINGS[kind.preserves]}.")
    print(f"Runs at {levels}.")
    for name, option in options(kind).items():
        default = str(option.default).lower() if option.type == "bool" else option.default
        print(f"Option {name}, default {default}.")


def opt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="circuit file, or textual IR")],
    defines: Defines = [],  # noqa: B006
    level: Annotated[
        int | None,
        typer.Option(
            "-O", min=0, max=2, show_default=False, help="0, 1 or 2; default: 1, or none with -p"
        ),
    ] = None,
    passes: Annotated[
        list[str],
        typer.Option("-p", metavar="NAME[,OPTION=VALUE]", help="run a pass; may be repeated"),
    ] = [],  # noqa: B006
    dump_after: Annotated[
        list[str],
        typer.Option(metavar="NAME", help="print the circuit after this pass to standard error"),
    ] = [],  # noqa: B006
    time_passes: Annotated[
        bool, typer.Option("--time-passes", help="print what each pass did to standard error")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", metavar="FILE", help="default: standard output")
    ] = None,
) -> None:
    """Optimises a circuit."""
    from sfc import driver
    from sfc.files import check_writable, write_file
    from sfc.passes.options import pipeline, rounded_first
    from sfc.passes.pipeline import run_passes

    if output is not None:
        check_writable(output, file)
    chosen = pipeline(1 if level is None and not passes else level, passes)
    reporter = Reporter()
    circuit = driver.elaborate(file, reporter, **parameters(defines))
    chosen = rounded_first(circuit, chosen)
    _check_dumps(dump_after, chosen)

    def dump(step: Pass, changed: Circuit) -> None:
        if step.name in dump_after:
            print(f"# after {step.name}\n{changed}", end="", file=sys.stderr)

    circuit, accounts = run_passes(circuit, chosen, reporter, dump)
    show_diagnostics(reporter.sorted())
    if time_passes:
        _show_accounts(accounts)
    if output is None:
        print(circuit, end="")
    else:
        write_file(output, str(circuit).encode())


def _check_dumps(names: Iterable[str], passes: Iterable[Pass]) -> None:
    """Reports a pass to dump after that does not run."""
    running = [step.name for step in passes]
    for name in names:
        if name not in running:
            help = nearest(name, running) or f"these run: {', '.join(running) or 'none'}"
            fail("E0707", f"no pass `{name}` runs, to print the circuit after it", help=help)


def _show_accounts(accounts: Iterable[Account]) -> None:
    """Prints a table of what each pass did to standard error."""
    print(
        f"{'pass':<14}{'CPU s':>8}{'populations':>16}{'projections':>18}{'synapses':>22}",
        file=sys.stderr,
    )
    for account in accounts:
        before, after = account.before, account.after
        cells = (
            (16, before.populations, after.populations),
            (18, before.projections, after.projections),
            (22, before.synapses, after.synapses),
        )
        counts = "".join(
            f"{f'{old:,}' if old == new else f'{old:,} → {new:,}':>{width}}"
            for width, old, new in cells
        )
        print(f"{account.name:<14}{account.seconds:>8.3f}{counts}", file=sys.stderr)
