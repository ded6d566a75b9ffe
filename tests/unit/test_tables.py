"""The tables of the parser: kept between runs, and worked out again where that is not safe."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lark
import pytest

from sfc.cache import keep, recall
from sfc.diagnostics import SfcError
from sfc.resources import resource
from sfc.span import Source
from sfc.syntax.parser import parse, read_source
from sfc.syntax.tables import lark_parser

MISTAKES = sorted((Path(__file__).parents[1] / "golden/errors").glob("E010[4-7]*.sfc"))
CIRCUITS = sorted(resource("circuits").rglob("*.sfc"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new home of caches; the parser of the other tests is not touched."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
    lark_parser.cache_clear()


@pytest.fixture
def makes_tables(monkeypatch: pytest.MonkeyPatch, home: Path) -> Callable[[], bool]:
    """Parses as a new process would, and tells whether tables were worked out for it."""
    made = []
    init = lark.Lark.__init__

    def counted(self: lark.Lark, *arguments: Any, **options: Any) -> None:
        made.append(self)
        init(self, *arguments, **options)

    monkeypatch.setattr(lark.Lark, "__init__", counted)

    def parsed() -> bool:
        made.clear()
        lark_parser.cache_clear()
        assert what_is_read(CIRCUITS[0])
        return bool(made)

    return parsed


def what_is_read(path: Path) -> object:
    try:
        return parse(read_source(path))
    except SfcError as error:
        return str(error)


def files(home: Path) -> list[Path]:
    return sorted((home / "sfc").iterdir())


def with_digest(path: Path, payload: bytes) -> bytes:
    return hashlib.sha256(path.name.encode() + payload).hexdigest().encode() + b"\n" + payload


def test_kept_tables_read_texts_and_mistakes_alike(makes_tables: Callable[[], bool]) -> None:
    assert makes_tables()
    made = [what_is_read(path) for path in MISTAKES + CIRCUITS]
    assert not makes_tables()
    assert [what_is_read(path) for path in MISTAKES + CIRCUITS] == made
    assert sum(isinstance(found, str) for found in made) > 20


def test_folder_and_file_are_the_users_alone(makes_tables: Callable[[], bool], home: Path) -> None:
    before = os.umask(0)
    try:
        assert makes_tables()
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in (home, home / "sfc")] == [0o700, 0o700]
    assert len(files(home)) == 1


@pytest.mark.parametrize(
    "damaged",
    [
        lambda path: b"",
        lambda path: path.read_bytes()[:-1],
        lambda path: path.read_bytes() + b" ",
        lambda path: path.read_bytes().replace(b"SEMICOLON", b"SEMICOLOM", 1),
        lambda path: path.read_bytes().split(b"\n")[1],
        lambda path: with_digest(path, b"\xff"),
        lambda path: with_digest(path, b"{}"),
        lambda path: with_digest(path, b"[]"),
        lambda path: with_digest(path, b'{"data":{"__type__":"Lark"},"memo":{"0":{"@":"0"}}}'),
        lambda path: with_digest(path, b"[" * 100_000),
    ],
)
def test_damaged_tables_are_made_again(
    damaged: Callable[[Path], bytes], makes_tables: Callable[[], bool], home: Path
) -> None:
    assert makes_tables()
    (path,) = files(home)
    path.write_bytes(damaged(path))
    assert makes_tables()
    assert not makes_tables()


class Intruder:
    """What makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


def test_nothing_is_unpickled(makes_tables: Callable[[], bool], home: Path, tmp_path: Path) -> None:
    assert makes_tables()
    (path,) = files(home)
    payload = pickle.dumps(Intruder(tmp_path / "was here"))
    for data in (payload, with_digest(path, payload)):
        path.write_bytes(data)
        assert makes_tables()
    assert not (tmp_path / "was here").exists()


def test_what_was_kept_for_another_grammar_is_not_used(
    makes_tables: Callable[[], bool], home: Path
) -> None:
    keep("old", b"of another grammar")
    assert makes_tables()
    old, path = sorted(files(home), key=lambda file: len(file.name))
    assert recall("old") == b"of another grammar"
    path.write_bytes(old.read_bytes())
    assert recall(path.name) is None
    assert makes_tables()


def test_folder_that_others_can_reach_is_not_used(
    makes_tables: Callable[[], bool], home: Path
) -> None:
    assert makes_tables()
    (home / "sfc").chmod(0o755)
    assert makes_tables()
    (path,) = files(home)
    path.unlink()
    assert makes_tables()
    assert files(home) == []


def test_link_is_not_followed(makes_tables: Callable[[], bool], home: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    home.mkdir()
    (home / "sfc").symlink_to(tmp_path / "elsewhere")
    assert makes_tables()
    assert makes_tables()
    assert files(home) == []


def test_folder_of_another_user_is_neither_read_nor_written(
    makes_tables: Callable[[], bool], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    assert makes_tables()
    assert not home.exists()
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert makes_tables()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    assert makes_tables()


@pytest.mark.parametrize(
    "place", ["file", "file/below", "missing/below", "/proc/none", "/dev/null"]
)
def test_home_that_cannot_hold_a_cache_does_no_harm(
    place: str, makes_tables: Callable[[], bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / place))
    assert makes_tables()
    assert makes_tables()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("cache_home", [None, "", "relative"])
def test_home_is_taken_where_no_cache_home_is_given(
    cache_home: str | None,
    makes_tables: Callable[[], bool],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    if cache_home is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", cache_home)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert makes_tables()
    assert len(files(tmp_path / ".cache")) == 1


def test_user_without_a_home_goes_without(
    makes_tables: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", no_home)
    assert makes_tables()


def test_only_the_newest_files_stay(home: Path) -> None:
    for number in range(70):
        keep(str(number), b"")
        os.utime(home / "sfc" / str(number), (number, number))
    keep("newest", b"")
    assert {path.name for path in files(home)} == {"newest", *map(str, range(7, 70))}


def test_shared_parser_is_made_once(home: Path) -> None:
    assert lark_parser() is lark_parser()
    assert parse(Source("test", "sfc 1;")).statements == ()
