"""The kernels of the event engine, compiled once for all circuits and kept between runs."""

from __future__ import annotations

import hashlib
import pickle
import platform
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sfc.cache import keep, recall
from sfc.ir import integers
from sfc.sim.event import kernels


@cache
def kernel() -> Any:
    """Returns `sfc.sim.event.kernels.run.run`; it is compiled when it is first called.

    What Numba makes of it is kept as other things are that take long to work out: in a folder that
    is the user's alone, with a digest. It depends on the kernels' texts, on versions and on the
    processor.
    """
    import llvmlite
    import numba
    from numba.core.caching import NullCache
    from numba.core.compiler import CompileResult
    from numba.core.serialize import dumps

    from sfc.sim.event.kernels.run import run

    versions = (numba.__version__, llvmlite.__version__, np.__version__, platform.python_version())
    origin = (versions, _texts())

    class Kept(NullCache):  # type: ignore[misc]
        """Numba's interface to what was compiled before."""

        def load_overload(self, signature: Any, context: Any) -> Any:
            payload = recall(_key(origin, signature, context))
            if payload is None:
                return None
            context.refresh()  # what the kernels call must be known before they are loaded
            with suppress(Exception):  # whatever is wrong with it, it can be compiled again
                return CompileResult._rebuild(context, *pickle.loads(payload))
            return None

        def save_overload(self, signature: Any, compiled: Any) -> None:
            with suppress(Exception):  # a later Numba may hold what cannot be kept
                key = _key(origin, signature, compiled.target_context)
                keep(key, dumps(compiled._reduce()))

    run._cache = Kept()
    return run


def _key(origin: Any, signature: Any, context: Any) -> str:
    description = (origin, str(signature), context.codegen().magic_tuple())
    return f"kernel-{hashlib.sha256(repr(description).encode()).hexdigest()}"


def _texts() -> str:
    """Returns a digest of everything that the kernels are made of."""
    paths = [*sorted(Path(kernels.__file__).parent.glob("*.py")), Path(integers.__file__)]
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()
