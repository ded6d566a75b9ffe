"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sfc.sim.simulator import ENGINES, Simulator


@pytest.fixture(scope="session", autouse=True)
def _cache_of_this_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps the tests out of the user's cache; the commands that they start share one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each engine in turn, as the one that simulators take where none is named."""
    assert Simulator.__init__.__kwdefaults__ is not None
    monkeypatch.setitem(Simulator.__init__.__kwdefaults__, "engine", request.param)
    return str(request.param)
