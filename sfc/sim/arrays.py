"""Array files (npz): read with every header checked before anything is allocated, and written.

A file may come from anywhere. Nothing in it is unpickled, no member is inflated past the size
that its header declares, and whatever is wrong with it becomes one diagnostic.
"""

from __future__ import annotations

import io
import math
import os
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import numpy.lib.format
from numpy.typing import NDArray

from sfc.diagnostics import fail
from sfc.files import write_file

_HEADER_BYTES = 1024
_MOST_MEMBERS = 2**15
_MOST_DIMENSIONS = 32
_KINDS = "biufU"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# What zipfile, zlib and numpy raise for a damaged file; RuntimeError holds encrypted members.
_DAMAGE = (
    *(OSError, ValueError, TypeError, LookupError, EOFError, RuntimeError, OverflowError),
    *(MemoryError, SyntaxError, struct.error, tokenize.TokenError, zlib.error),
    zipfile.BadZipFile,
)

_format: Any = numpy.lib.format


@dataclass(frozen=True, slots=True)
class _Member:
    """One array of an archive, described by its header; `start` is where its data begin."""

    info: zipfile.ZipInfo
    start: int
    shape: tuple[int, ...]
    order: Literal["C", "F"]
    dtype: np.dtype[Any]

    @property
    def n_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def read_npz(
    path: Path | BinaryIO, limit_bytes: int, code: str, names: Collection[str] | None = None
) -> dict[str, NDArray[Any]]:
    """Reads the arrays of an npz file that may be damaged or hostile.

    Args:
        path: the file, or a seekable binary stream.
        limit_bytes: how many bytes all arrays read may take together in memory.
        code: the diagnostic code for whatever is wrong with the file.
        names: the arrays to read, others are skipped; None reads all. A name that the file
            lacks is absent from the result.

    Returns:
        The arrays by name: booleans, integers, reals or text, in C order, native byte order and
        writable.

    Raises:
        SfcError: `code`, if the file is missing, damaged, too large or holds anything else.
    """
    shown = str(path) if isinstance(path, Path) else str(getattr(path, "name", "the array file"))
    if isinstance(path, Path) and not os.path.isfile(path):
        fail(code, f"there is no file {shown}")
    try:
        with zipfile.ZipFile(path) as archive:
            members = _read_headers(archive, limit_bytes, names)
            return {name: _read_member(archive, member) for name, member in members.items()}
    except _DAMAGE as error:
        reason = str(error) or type(error).__name__
        fail(code, f"{shown} cannot be read as an npz file: {reason}")


def npz_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Returns a compressed npz file; equal arrays under equal names give equal bytes.

    Raises:
        ValueError: if an array holds objects.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(arrays):
            member = io.BytesIO()
            array = np.asarray(arrays[name], order="C")
            _format.write_array(member, array, version=(1, 0), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, member.getbuffer(), compresslevel=9)
    return packed.getvalue()


def write_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes an npz file whole or not at all.

    Raises:
        SfcError: E0802, if the file cannot be written; an earlier file then stays as it was.
        ValueError: if an array holds objects.
    """
    write_file(path, npz_bytes(arrays))


def _read_headers(
    archive: zipfile.ZipFile, limit_bytes: int, names: Collection[str] | None
) -> dict[str, _Member]:
    infos = archive.infolist()
    if len(infos) > _MOST_MEMBERS:
        raise ValueError(f"it holds {len(infos)} members, at most {_MOST_MEMBERS} are expected")
    members: dict[str, _Member] = {}
    for info in infos:
        name = info.filename.removesuffix(".npy")
        if names is not None and name not in names:
            continue
        if name == info.filename:
            raise ValueError(f"`{name}` is not an array, every member should end in .npy")
        if name in members:
            raise ValueError(f"it holds two arrays named `{name}`")
        members[name] = _read_header(archive, info, limit_bytes)
    total = sum(member.n_bytes for member in members.values())
    if total > limit_bytes:
        raise ValueError(f"its arrays take {total} bytes, at most {limit_bytes} are expected")
    return members


def _read_header(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit_bytes: int) -> _Member:
    """Parses an array's header from the first bytes of its member, and checks it against them."""
    if info.compress_type not in _METHODS:
        raise ValueError(f"`{info.filename}` is not compressed by deflate")
    with archive.open(info) as stream:
        start = io.BytesIO(stream.read(_HEADER_BYTES))
    version = _format.read_magic(start)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"`{info.filename}` has npy version {version}, expected 1.0 or 2.0")
    parse = _format.read_array_header_1_0 if version == (1, 0) else _format.read_array_header_2_0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shape, fortran, dtype = parse(start, max_header_size=_HEADER_BYTES)
    if dtype.kind not in _KINDS or dtype.itemsize == 0:
        raise ValueError(
            f"`{info.filename}` has elements of type {dtype}, "
            "expected booleans, integers, reals or text"
        )
    if len(shape) > _MOST_DIMENSIONS or not all(0 <= size <= limit_bytes for size in shape):
        raise ValueError(f"`{info.filename}` declares the absurd shape {shape}")
    member = _Member(info, start.tell(), shape, "F" if fortran else "C", dtype)
    if info.file_size - member.start != member.n_bytes:
        raise ValueError(
            f"`{info.filename}` declares shape {shape} of {dtype}, {member.n_bytes} bytes, "
            f"but {info.file_size - member.start} bytes follow"
        )
    return member


def _read_member(archive: zipfile.ZipFile, member: _Member) -> NDArray[Any]:
    with archive.open(member.info) as stream:
        stream.read(member.start)
        data = stream.read(member.n_bytes)
    raw: NDArray[Any] = np.ndarray(member.shape, member.dtype, data, order=member.order)
    array = np.array(raw, dtype=member.dtype.newbyteorder("="), order="C")
    if array.dtype.kind == "b" and np.any(array.view(np.uint8) > 1):
        raise ValueError(f"`{member.info.filename}` holds booleans other than 0 and 1")
    if array.dtype.kind == "U" and not _is_unicode(array.reshape(-1).view(np.uint32)):
        raise ValueError(f"`{member.info.filename}` holds text that is not Unicode")
    return array


def _is_unicode(characters: NDArray[np.uint32]) -> bool:
    surrogates = (characters >= 0xD800) & (characters <= 0xDFFF)
    return not np.any(surrogates | (characters > 0x10FFFF))
