"""Writing files: as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from sfc.diagnostics import fail, nearest, shortened
from sfc.span import Span


def write_file(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Writes a file that takes the place of `path` in the end; missing folders are made.

    What is given in pieces is not held in memory as a whole.

    A link is followed, and what is no regular file (a pipe, a device) is written to as it is.

    Raises:
        SfcError: E0802, it cannot be written.
    """
    pieces = (data,) if isinstance(data, bytes) else data
    try:
        place = path.resolve()
        if place.exists() and not place.is_file() and not place.is_dir():
            with place.open("wb") as file:
                file.writelines(pieces)
            return
        fresh = place.parent / f".{place.name}.{secrets.token_hex(4)}"
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            with fresh.open("wb") as file:
                file.writelines(pieces)
            os.replace(fresh, place)
        finally:
            with contextlib.suppress(OSError):
                fresh.unlink()
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        fail("E0802", f"cannot write {path}: {reason}")


def check_writable(path: Path, source: Path | None = None) -> None:
    """Reports a file that could not be written, before the work whose outcome it is to hold.

    Args:
        path: of the file.
        source: what is read, which it must not replace.

    Raises:
        SfcError: E0802.
    """
    if path.is_dir():
        fail("E0802", f"cannot write {path}: it is a folder")
    with contextlib.suppress(OSError):
        if source is not None and path.samefile(source):
            fail("E0802", f"{path} is what is read", help="write to another file")
    try:
        path.resolve().parent.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        fail("E0802", f"cannot write {path}: {reason}")
    if not os.access(path.resolve().parent, os.W_OK):
        fail("E0802", f"cannot write {path}: its folder cannot be written to")


def find_within(name: str, folders: Sequence[Path], code: str, span: Span) -> Path:
    """Returns the first file of a relative name below one of some folders.

    Neither the name nor a link on the way may lead out of the folder.

    Raises:
        SfcError: of the given code at the span: there is none, or the name is not such a name.
    """
    shown = shortened(name)
    parts = PurePosixPath(name).parts
    is_plain = name.isprintable() and not set(name) & set('\\:*?"<>|')
    if not parts or not is_plain or name.startswith(("/", "~")) or ".." in parts:
        help = 'write a path below the folder of this file, such as "parts/memory.sfc"'
        fail(
            code,
            f"`{shown}` is not the relative path of a file in the search path",
            span,
            help=help,
        )
    for folder in folders:
        place = folder / name
        try:
            if not place.is_file():
                continue
            if not place.resolve().is_relative_to(folder.resolve()):
                fail(code, f"`{shown}` is a link that leads out of {folder}", span)
        except (OSError, RuntimeError, ValueError):
            continue
        return place
    paths = [path for folder in folders for path in sorted(folder.glob("*.*"))[:1000]]
    suffix = PurePosixPath(name).suffix
    known = [path.name for path in sorted(paths, key=lambda path: path.suffix != suffix)]
    searched = ", ".join(str(folder) for folder in folders) or "no folder: this text has none"
    help = nearest(name, known) or f"searched: {searched}"
    fail(code, f"there is no file `{shown}`", span, help=help)
