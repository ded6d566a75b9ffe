"""The command line: arguments and colour; the work is done elsewhere."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from sfc import __version__
from sfc.cli_build import HELP as BUILD_HELP
from sfc.cli_build import build
from sfc.cli_check import HELP as CHECK_HELP
from sfc.cli_check import check
from sfc.cli_chips import HELP as CHIPS_HELP
from sfc.cli_chips import chips
from sfc.cli_common import show_diagnostics
from sfc.cli_explain import HELP as EXPLAIN_HELP
from sfc.cli_explain import explain
from sfc.cli_opt import HELP as OPT_HELP
from sfc.cli_opt import PASSES_HELP, list_passes, opt
from sfc.cli_phases import HELP as PHASES_HELP
from sfc.cli_phases import phases
from sfc.cli_quantise import HELP as QUANTISE_HELP
from sfc.cli_quantise import quantise
from sfc.cli_report import HELP as REPORT_HELP
from sfc.cli_report import report
from sfc.cli_run import HELP, run
from sfc.cli_show import HELP as SHOW_HELP
from sfc.cli_show import show
from sfc.cli_sweep import HELP as SWEEP_HELP
from sfc.cli_sweep import sweep
from sfc.cli_test import HELP as TEST_HELP
from sfc.cli_test import run_tests
from sfc.diagnostics import SfcError

app = typer.Typer(
    name="sfc",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""The compiler for synfire-gated neuromorphic circuits.

\b
Examples:
  sfc check circuits/examples/backprop.sfc
  sfc run backprop --data mnist20 --limit 3000
  sfc build backprop -D n_hid=100 -o build/backprop

A circuit is a .sfc file, or the name of one that comes with sfc.
""",
)

Circuit = Annotated[Path, typer.Argument(metavar="FILE", help="circuit file, or a shipped one")]


def _show_version(value: bool) -> None:
    if value:
        print(f"sfc {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="print the version"),
    ] = False,
) -> None:
    pass


@app.command(
    help="""Lay circuit files out in the one canonical way; comments and groups of lines stay.

\b
Examples:
  sfc fmt my_circuit.sfc
  sfc fmt --check circuits/examples/*.sfc
  sfc fmt --diff my_circuit.sfc
"""
)
def fmt(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="circuit files")],
    check: Annotated[
        bool, typer.Option("--check", help="write nothing; exit with 1 if a file would change")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="write nothing; print what would change")
    ] = False,
) -> None:
    """Formats circuit files."""
    from sfc.files import write_file
    from sfc.syntax.formatter import format_source, unified_diff
    from sfc.syntax.parser import read_source

    sources = [read_source(file) for file in files]
    laid_out = [(source, format_source(source)) for source in sources]
    changed = [(source, text) for source, text in laid_out if source.text != text]
    for source, text in changed:
        if diff:
            print(unified_diff(source, text), end="")
        elif check:
            print(f"{source.path} would change")
        else:
            write_file(Path(source.path), text.encode())
            print(f"{source.path} changed")
    if check and changed:
        raise typer.Exit(1)


@app.command(help="List the targets that `sfc build` knows.")
def targets() -> None:
    """Lists the targets."""
    from sfc.targets.base import targets as find_targets

    for name, target in find_targets().items():
        print(f"{name:<10} {target.summary}")


app.command(help=CHIPS_HELP)(chips)
app.command(help=BUILD_HELP)(build)
app.command(help=CHECK_HELP)(check)
app.command("passes", help=PASSES_HELP)(list_passes)
app.command(help=OPT_HELP)(opt)
app.command(help=HELP)(run)
app.command(help=SWEEP_HELP)(sweep)
app.command("test", help=TEST_HELP)(run_tests)
app.command(help=SHOW_HELP)(show)
app.command(help=PHASES_HELP)(phases)
app.command(help=REPORT_HELP)(report)
app.command(help=EXPLAIN_HELP)(explain)
app.command(help=QUANTISE_HELP)(quantise)


def main() -> None:
    """Runs the command line; exit codes: 0 ok, 1 diagnostics, 2 usage, 130 interrupted."""
    try:
        app()
    except SfcError as error:
        show_diagnostics(list(error.diagnostics))
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
    except Exception:
        traceback.print_exc()
        print(
            "sfc: internal error, a defect in sfc: please report it with this text", file=sys.stderr
        )
        sys.exit(70)
