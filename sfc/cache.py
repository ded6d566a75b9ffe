"""Keeps what takes long to work out from one run to the next, in a folder that is the user's alone.

Nothing depends on it: what is missing, damaged or in a folder that others have access to is worked
out again, and what cannot be kept is not.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from sfc.diagnostics import SfcError
from sfc.files import write_file

_FILE_BYTES = 2**24
_FILES_KEPT = 64
_PRIVATE = 0o700


def recall(key: str) -> bytes | None:
    """Returns what was kept under a key, or None if that is not to be had unharmed."""
    try:
        folder = _folder()
        if not _is_private(folder):
            return None
        with (folder / key).open("rb") as file:
            data = file.read(_FILE_BYTES)
    except (OSError, RuntimeError):
        return None
    digest, _, payload = data.partition(b"\n")
    return payload if digest == _digest(key, payload) else None


def keep(key: str, payload: bytes) -> None:
    """Keeps something under a key, which is a file's name; what was kept long ago is deleted."""
    with suppress(OSError, RuntimeError, SfcError):
        folder = _folder()
        for place in (folder.parent, folder):
            if not place.exists() and _is_own(place.parent):
                place.mkdir(_PRIVATE, exist_ok=True)
        if not _is_private(folder):
            return
        write_file(folder / key, _digest(key, payload) + b"\n" + payload)
        files = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        for path in files[:-_FILES_KEPT]:
            path.unlink()


def _folder() -> Path:
    """Returns the folder, which need not exist.

    Raises:
        RuntimeError: the user has no home.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (home if home.is_absolute() else Path.home() / ".cache") / "sfc"


def _is_private(folder: Path) -> bool:
    """Tells whether a path is a folder, not a link to one, that nobody else has access to."""
    mode = folder.lstat().st_mode
    return _is_own(folder) and stat.S_ISDIR(mode) and not mode & 0o077


def _is_own(path: Path) -> bool:
    """Tells whether a path belongs to the user; always False where that cannot be asked."""
    return hasattr(os, "geteuid") and path.lstat().st_uid == os.geteuid()


def _digest(key: str, payload: bytes) -> bytes:
    return hashlib.sha256(key.encode() + payload).hexdigest().encode()
