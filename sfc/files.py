"""Writing files: as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from sfc.diagnostics import fail


def write_file(path: Path, data: bytes) -> None:
    """Writes a file that takes the place of `path` in the end; missing folders are made.

    A link is followed, and what is no regular file (a pipe, a device) is written to as it is.

    Raises:
        SfcError: E0802, it cannot be written.
    """
    try:
        place = path.resolve()
        if place.exists() and not place.is_file() and not place.is_dir():
            place.write_bytes(data)
            return
        fresh = place.parent / f".{place.name}.{secrets.token_hex(4)}"
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            fresh.write_bytes(data)
            os.replace(fresh, place)
        finally:
            with contextlib.suppress(OSError):
                fresh.unlink()
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        fail("E0802", f"cannot write {path}: {reason}")


def check_writable(path: Path) -> None:
    """Reports a file that could not be written, before the work whose outcome it is to hold.

    Raises:
        SfcError: E0802.
    """
    if path.is_dir():
        fail("E0802", f"cannot write {path}: it is a folder")
    try:
        path.resolve().parent.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        fail("E0802", f"cannot write {path}: {reason}")
    if not os.access(path.resolve().parent, os.W_OK):
        fail("E0802", f"cannot write {path}: its folder cannot be written to")
