"""Finds the files that travel with the package, installed or in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_IN_CHECKOUT = {"errors": "docs/errors"}
"""Folders that lie deeper in a checkout than in the installed package."""


def resource(kind: str) -> Path:
    """Returns the folder `kind`: "grammars", "circuits", "targets" or "errors"."""
    installed = _PACKAGE / "_data" / kind
    return installed if installed.is_dir() else _PACKAGE.parent / _IN_CHECKOUT.get(kind, kind)


def circuit_names() -> list[str]:
    """Returns the names of the shipped circuits."""
    return sorted(path.stem for path in (resource("circuits") / "examples").glob("*.sfc"))


def circuit_path(name: str) -> Path | None:
    """Returns a shipped circuit file by its name with or without ``.sfc``, or None."""
    stem = name.removesuffix(".sfc")
    return resource("circuits") / "examples" / f"{stem}.sfc" if stem in circuit_names() else None
