from __future__ import annotations

import io
import random
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sfc.diagnostics import SfcError
from sfc.sim.arrays import npz_bytes, read_npz, write_npz

LIMIT = 10**6

ARRAYS = {
    "weights": np.arange(-6, 6, dtype=np.int16).reshape(3, 4),
    "on": np.array([True, False]),
    "scale": np.array(0.5),
    "names": np.array(["h", "ö_T"]),
    "empty": np.zeros((0, 5), dtype=np.uint8),
}


def npy(header: str, data: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    text = header.encode("latin1") + b"\n"
    width = 2 if version == (1, 0) else 4
    return b"\x93NUMPY" + bytes(version) + len(text).to_bytes(width, "little") + text + data


def described(
    descr: str, shape: str, data: bytes = b"", *, fortran: bool = False, version: int = 1
) -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}"
    return npy(header, data, (version, 0))


def archive(method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    stream.seek(0)
    return stream


def message(stream: io.BytesIO, limit: int = LIMIT) -> str:
    with pytest.raises(SfcError) as caught:
        read_npz(stream, limit, "E0801")
    assert [d.code for d in caught.value.diagnostics] == ["E0801"]
    return caught.value.diagnostics[0].message


def test_round_trip(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz", ARRAYS)
    found = read_npz(tmp_path / "a.npz", LIMIT, "E0801")
    assert set(found) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert np.array_equal(found[name], array)
        assert found[name].flags.writeable
        assert found[name].flags.c_contiguous


def test_numpy_reads_what_is_written(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz", ARRAYS)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        assert all(np.array_equal(found[name], array) for name, array in ARRAYS.items())


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_reads_what_numpy_writes(tmp_path: Path, save: object) -> None:
    assert callable(save)
    save(tmp_path / "a.npz", **ARRAYS)
    found = read_npz(tmp_path / "a.npz", LIMIT, "E0801")
    assert all(np.array_equal(found[name], array) for name, array in ARRAYS.items())


def test_bytes_do_not_depend_on_order_or_layout() -> None:
    one = npz_bytes({"a": np.eye(3), "b": np.ones(2)})
    other = npz_bytes({"b": np.ones(2), "a": np.asfortranarray(np.eye(3))})
    assert one == other


def test_foreign_layouts_become_native() -> None:
    big_endian = described(">i2", "(2,)", b"\x00\x01\x00\x02")
    fortran = described("<u1", "(2, 2)", b"\x01\x02\x03\x04", fortran=True, version=2)
    found = read_npz(archive(a=big_endian, b=fortran), LIMIT, "E0801")
    assert found["a"].dtype == np.dtype(np.int16)
    assert found["a"].tolist() == [1, 2]
    assert found["b"].tolist() == [[1, 3], [2, 4]]
    assert found["b"].flags.c_contiguous


def test_only_the_names_asked_for_are_read() -> None:
    stream = archive(a=described("<u1", "(1,)", b"\x07"), b=b"no array at all")
    found = read_npz(stream, LIMIT, "E0801", ["a", "c"])
    assert {name: array.tolist() for name, array in found.items()} == {"a": [7]}


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        (described("|O", "(1,)", b"\x80\x04N."), "elements of type object"),
        (described("<M8[s]", "(1,)", bytes(8)), "elements of type datetime64"),
        (described("<c8", "(1,)", bytes(8)), "elements of type complex64"),
        (described("<U0", "(100,)"), "elements of type <U0"),
        (described("<u1", "(1000000000000, 784)"), "absurd shape"),
        (described("<u1", "(1000000000000, 0)"), "absurd shape"),
        (described("<u1", "(-2, -2)", bytes(4)), "absurd shape"),
        (described("<u1", f"({'1, ' * 40})", b"\x00"), "absurd shape"),
        (described("<u1", "(4,)", bytes(5)), "but 5 bytes follow"),
        (described("<u1", "(4,)", bytes(3)), "but 3 bytes follow"),
        (described("<u1", "4", bytes(4)), "shape is not valid"),
        (described("|b1", "(2,)", b"\x01\x02"), "booleans other than 0 and 1"),
        (described("<U1", "(1,)", b"\xff\xff\xff\x7f"), "text that is not Unicode"),
        (described("<U1", "(1,)", b"\x00\xd8\x00\x00"), "text that is not Unicode"),
        (described("<u1", "(1,)", b"\x00", version=3), "npy version (3, 0)"),
        (npy("{'descr': '<u1'}"), "correct keys"),
        (npy("-" * 900), "Cannot parse header"),
        (npy("(" * 900), "cannot be read"),
        (npy(" " * 5000, version=(2, 0)), "cannot be read"),
        (npy("x")[:9], "cannot be read"),
        (b"", "cannot be read"),
        (b"\x93NUMPX" + bytes(80), "magic string"),
    ],
)
def test_damaged_members(member: bytes, expected: str) -> None:
    assert expected in message(archive(x=member))


def test_limit_holds_for_all_arrays_together() -> None:
    stream = archive(a=described("<u1", "(60,)", bytes(60)), b=described("<u1", "(60,)", bytes(60)))
    assert "its arrays take 120 bytes, at most 100 are expected" in message(stream, 100)
    assert set(read_npz(stream, 120, "E0801")) == {"a", "b"}


def test_too_many_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfc.sim.arrays._MOST_MEMBERS", 1000)
    stream = archive(zipfile.ZIP_DEFLATED, **{f"a{i}": b"" for i in range(1100)})
    assert "1100 members" in message(stream)


def test_a_member_that_is_no_array() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("notes.txt", "hello")
    assert "`notes.txt` is not an array" in message(stream)


def test_two_arrays_of_one_name() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("a.npy", described("<u1", "(1,)", b"\x00"))
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("a.npy", described("<u1", "(1,)", b"\x00"))
    assert "two arrays named `a`" in message(stream)


def test_other_compression_is_refused() -> None:
    stream = archive(zipfile.ZIP_BZIP2, x=described("<u1", "(1,)", b"\x00"))
    assert "not compressed by deflate" in message(stream)


def test_encrypted_member() -> None:
    raw = bytearray(archive(x=described("<u1", "(1,)", b"\x00")).getvalue())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in message(io.BytesIO(bytes(raw)))


def test_every_truncation_and_many_flipped_bits() -> None:
    whole = npz_bytes({"weights": ARRAYS["weights"], "names": ARRAYS["names"]})
    source = random.Random(0)
    variants = [whole[:end] for end in range(len(whole))]
    for _ in range(2000):
        flipped = bytearray(whole)
        flipped[source.randrange(len(whole))] ^= 1 << source.randrange(8)
        variants.append(bytes(flipped))
    refused = 0
    for variant in variants:
        try:
            read_npz(io.BytesIO(variant), LIMIT, "E0801")
        except SfcError:
            refused += 1
    assert refused > len(whole)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.npz", tmp_path, tmp_path / "a\0b"):
        with pytest.raises(SfcError, match=r"E0701.*there is no file"):
            read_npz(path, LIMIT, "E0701")


def test_write_replaces_whole_files_only(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write_npz(path, {"a": np.ones(1)})
    before = path.read_bytes()
    with pytest.raises(ValueError, match="Object arrays"):
        write_npz(path, {"a": np.array([None])})
    assert path.read_bytes() == before
    write_npz(path, {"a": np.zeros(1)})
    assert path.read_bytes() != before
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]
    (tmp_path / "plain").touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_unwritable_places(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for place in ("file/a.npz", "folder", "a" * 300, "a\0b"):
        with pytest.raises(SfcError, match=r"E0802.*cannot write"):
            write_npz(tmp_path / place, {"a": np.ones(1)})
    assert {p.name for p in tmp_path.iterdir()} == {"file", "folder"}
