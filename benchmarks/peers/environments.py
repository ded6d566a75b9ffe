"""A peer's program in an environment of its own, which is made on first use and kept."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

PEERS = Path(__file__).resolve().parent

FIND_PYTHON = PEERS.parents[1] / "tools" / "find_python.sh"

INSTALL_SECONDS = 1800

ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}

_NOT_FOR_PEERS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


class LeftOut(Exception):
    """Why a peer takes no part."""


def default_cache() -> Path:
    """Returns the folder where environments are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "sfc" / "peers"


def environment(peer: str, cache: Path) -> Path:
    """Returns the Python of a peer's environment.

    It is made anew where its requirements are not those that it was made from.

    Args:
        peer: a folder beside this file.
        cache: the folder that holds the environments.

    Raises:
        LeftOut: the Python it needs is not there, or something cannot be installed.
    """
    version = (PEERS / peer / "python-version").read_text("utf-8").strip()
    requirements = PEERS / peer / "requirements.txt"
    folder = cache / peer
    python, stamp = folder / "bin" / "python", folder / "made-from"
    wanted = f"{version}\n{requirements.read_text('utf-8')}"
    if stamp.is_file() and stamp.read_text("utf-8") == wanted and python.exists():
        return python
    try:
        interpreter = run(["sh", FIND_PYTHON, version], 60).strip()
    except LeftOut:
        raise LeftOut(f"there is no Python {version} here") from None
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    run([interpreter, "-m", "venv", folder], INSTALL_SECONDS)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--requirement", requirements], INSTALL_SECONDS)
    stamp.write_text(wanted, "utf-8")
    return python


def run(command: Sequence[str | Path], limit: float, folder: Path | None = None) -> str:
    """Runs a program in a process group of its own, with one thread, and returns its output.

    Args:
        command: a program and its arguments.
        limit: seconds after which it is killed, with all that it started.
        folder: where it runs.

    Raises:
        LeftOut: it could not be run, failed, or took too long.
    """
    variables = {k: v for k, v in os.environ.items() if k not in _NOT_FOR_PEERS} | ONE_THREAD
    try:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=variables,
            start_new_session=True,
        )
    except OSError as error:
        raise LeftOut(f"{command[0]} cannot be run: {error}") from None
    with process:
        try:
            output, errors = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            raise LeftOut(f"{Path(command[0]).name} took more than {limit:g} s") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        lines = [line for line in (errors or output).splitlines() if line.strip()] or ["no message"]
        raise LeftOut(f"{Path(command[0]).name} failed: {lines[-1].strip()}")
    return output
