"""The layers of the compiler import in one direction only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sfc

PACKAGE = Path(sfc.__file__).resolve().parent

# From the bottom up. A part may import itself and the parts of the rows before its own,
# never another part of its own row. "sfc" is the programming interface, sfc/__init__.py.
ROWS = (
    {"span", "codes", "resources"},
    {"diagnostics"},
    {"files", "explain"},
    {"ir", "cache"},
    {"syntax", "chips", "analysis"},
    {"passes", "sim", "place"},
    {"sema", "targets", "report"},
    {"bundles"},
    {"driver"},
    {"sweeps"},
    {"sfc"},
    {"cli"},
    {"__main__"},
)
ROW_OF = {part: number for number, row in enumerate(ROWS) for part in row}

# The only modules, with those beneath them, that may import each of these libraries.
LIBRARY_USERS = {
    "lark": "sfc.syntax",
    "jinja2": "sfc.targets.render",
    "typer": "sfc.cli",
    "rich": "sfc.cli",
    "matplotlib": "sfc.report",
    "distributed": "sfc.sweeps.pools",
    "numba": "sfc.sim",
    "llvmlite": "sfc.sim",
    "vcd": "sfc.report.waveform",
    "tomli": "sfc.chips.toml",
    "tomllib": "sfc.chips.toml",
}


def module_name(path: Path) -> str:
    """The dotted name of a file of the package; `sfc/ir/__init__.py` is `sfc.ir.__init__`."""
    return ".".join(["sfc", *path.relative_to(PACKAGE).with_suffix("").parts])


def part_of(module: str) -> str:
    """The part of the compiler a module belongs to; `sfc.cli_run` belongs to `cli`."""
    names = [name for name in module.split(".") if name != "__init__"]
    part = names[1] if len(names) > 1 else "sfc"
    return "cli" if part.startswith("cli_") else part


def is_module(name: str) -> bool:
    path = PACKAGE.joinpath(*name.split(".")[1:])
    return path.is_dir() or path.with_suffix(".py").is_file()


def imported_modules(source: str, importer: str) -> set[str]:
    """The dotted names of all modules that the source of module `importer` imports, anywhere."""
    modules = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = importer.split(".")[: -node.level] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            if origin == "sfc":
                names = {f"sfc.{alias.name}" for alias in node.names}
                modules |= {name if is_module(name) else "sfc" for name in names}
            else:
                modules.add(origin)
    return modules


def violations(source: str, importer: str) -> list[str]:
    """What the source of module `importer` imports and may not."""
    part = part_of(importer)
    found = []
    for module in sorted(imported_modules(source, importer)):
        library = module.split(".")[0]
        if library == "sfc":
            imported = part_of(module)
            if imported != part and ROW_OF[imported] >= ROW_OF[part]:
                found.append(f"{importer}: {part} may not import {module}")
        elif library in LIBRARY_USERS:
            user = LIBRARY_USERS[library]
            allowed = f"{importer}.".startswith(f"{user}.") or (user, part) == ("sfc.cli", "cli")
            if not allowed:
                found.append(f"{importer}: only {user} may import {library}")
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=module_name)
def test_module_imports_only_what_its_layer_may(path: Path) -> None:
    importer = module_name(path)
    assert part_of(importer) in ROW_OF, f"{importer} belongs to no row of the layers"
    assert violations(path.read_text(encoding="utf-8"), importer) == []


@pytest.mark.parametrize(
    ("source", "importer"),
    [
        ("import sfc.sim", "sfc.passes.fold"),
        ("from sfc.report import plots", "sfc.sema.check"),
        ("from sfc import driver", "sfc.ir.program"),
        ("from ..driver import run", "sfc.ir.program"),
        ("def late():\n    import sfc.cli", "sfc.driver"),
        ("from sfc import __version__", "sfc.driver"),
        ("import lark", "sfc.sema.check"),
        ("from jinja2 import Environment", "sfc.targets.other"),
        ("import rich.table", "sfc.report.table"),
        ("import matplotlib.pyplot as plt", "sfc.cli"),
        ("from vcd import VCDWriter", "sfc.report.run"),
    ],
)
def test_forbidden_import_is_found(source: str, importer: str) -> None:
    assert len(violations(source, importer)) == 1


@pytest.mark.parametrize(
    ("source", "importer"),
    [
        ("from __future__ import annotations\nimport os", "sfc.span"),
        ("from sfc.passes.fold import fold", "sfc.passes.__init__"),
        ("from . import fold", "sfc.passes.__init__"),
        ("from sfc.span import Span", "sfc.ir.program"),
        ("from sfc import __version__", "sfc.cli"),
        ("from typer import Typer\nimport rich", "sfc.cli_run"),
        ("from lark.exceptions import LarkError", "sfc.syntax.parser"),
    ],
)
def test_permitted_import_is_not_reported(source: str, importer: str) -> None:
    assert violations(source, importer) == []
