"""A real browser for pages, where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=3000",
)
_PATIENCE = 120


@cache
def _why_not() -> str:
    """Why no browser can be used, or an empty text; a blank page is shown to find out."""
    if _program() is None:
        return "no Chromium is installed"
    with TemporaryDirectory() as folder:
        try:
            done = _run("about:blank", Path(folder))
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"Chromium does not start here: {error}"
    return "" if b"<html>" in done.stdout else f"Chromium does not work here: {done.stderr!r}"


def _program() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def _run(address: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    words = [str(_program()), *_FLAGS, *sandbox, f"--user-data-dir={folder}", "--dump-dom", address]
    return subprocess.run(words, capture_output=True, timeout=_PATIENCE)


def dump(page: Path, folder: Path, fragment: str = "") -> tuple[str, list[str]]:
    """The document as a browser has it after its script ran, and what its console says.

    Skips the test where there is no browser.
    """
    if why := _why_not():
        pytest.skip(why)
    done = _run(f"{page.as_uri()}{fragment}", folder)
    said = done.stderr.decode("utf-8", "replace").splitlines()
    assert done.stdout.strip(), said
    return done.stdout.decode("utf-8", "replace"), [line for line in said if "CONSOLE" in line]
