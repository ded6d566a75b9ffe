"""Datasets of labelled binary images: the shipped ones, npz files and folders of IDX files."""

from __future__ import annotations

import gzip
import io
import itertools
import math
import operator
import os
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sfc.diagnostics import fail, nearest
from sfc.resources import resource
from sfc.sim.arrays import read_npz
from sfc.sim.images import Images, from_bits, pack, pack_planes

LIMIT_BYTES = 2**31
"""How many bytes the training or the test images may take, at one byte per pixel."""

_MOST_CLASSES = 256
_MOST_LEVELS = 16
_LEVELS = (129,)
_IDX_IMAGES = 0x00000803
_IDX_LABELS = 0x00000801
_NAMES = ("train_images", "train_labels", "test_images", "test_labels", "image_shape")
_FORMS = (
    "bool (n, pixels) or (n, height, width), uint8 grey values (n, height, width), "
    "or uint8 bits (n, ceil(pixels / 8)) with `image_shape`"
)
_GREY_HELP = (
    "the shipped datasets, mnist20 and fashion28, are binary; the IDX files of MNIST and "
    "Fashion-MNIST have grey values: give the folder with the four files"
)

_Shape: TypeAlias = tuple[int, int]
"""Height and width."""


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Labelled binary images.

    `load_data` keeps images packed, eight pixels a byte; `train_images[50:100]` is a bool array all
    the same (see `Images`). Where grey images were cut at several levels, an image is a plane of
    pixels for each level, one plane after the other: pixel (row, column) of plane k is input
    (k * height + row) * width + column, and is on from grey value levels[k] on.

    Attributes:
        name: what messages and reports call it.
        train_images: (n, n_inputs) bool, the rows of an image one after the other.
        train_labels: (n,) uint8, classes from 0 on.
        test_images: (m, n_inputs) bool; m may be 0.
        test_labels: (m,) uint8.
        image_shape: height and width in pixels.
        levels: the grey values that were asked of pixels, ascending, a plane each; empty for images
            that were binary before, which are one plane.
    """

    name: str
    train_images: Images | NDArray[np.bool_]
    train_labels: NDArray[np.uint8]
    test_images: Images | NDArray[np.bool_]
    test_labels: NDArray[np.uint8]
    image_shape: tuple[int, int]
    levels: tuple[int, ...] = ()

    @property
    def planes(self) -> int:
        """Planes of an image: 1, or the number of levels."""
        return max(1, len(self.levels))

    @property
    def n_inputs(self) -> int:
        """Pixels per image, those of all planes."""
        return self.planes * self.image_shape[0] * self.image_shape[1]

    @property
    def n_classes(self) -> int:
        """The largest label plus one."""
        return 1 + int(max(self.train_labels.max(initial=0), self.test_labels.max(initial=0)))


class _Unusable(Exception):
    """Says why a dataset cannot be used; `load_data` makes a diagnostic of it."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


@dataclass(frozen=True, slots=True)
class _Cut:
    """How grey images become pixels.

    Attributes:
        levels: None if none were given.
        crop: pixels cut from each side.
    """

    levels: tuple[int, ...] | None
    crop: int


def load_data(
    name_or_path: str | Path,
    *,
    levels: Sequence[int] | None = None,
    threshold: int | None = None,
    crop: int = 0,
) -> Dataset:
    """Loads a dataset.

    Args:
        name_or_path: a shipped name ("mnist20", "fashion28"), the path of an npz file with
            `train_images`, `train_labels` and, if there are any, `test_images`, `test_labels`,
            or the path of a folder with the four IDX files of MNIST, compressed or not.
        levels: of grey images: a plane of pixels for each, on from this grey value. Ascending,
            1 to 255, at most 16; (129,) if none are given.
        threshold: the same as one level.
        crop: how many pixels to cut from each side of grey images.

    Raises:
        SfcError: E0701, if there is no such dataset, it cannot be read, or it is binary already
            and levels or a crop are given.
    """
    path = _locate(str(name_or_path))
    name = os.path.basename(os.path.abspath(path)).removesuffix(".npz")
    try:
        cut = _Cut(_chosen_levels(levels, threshold), operator.index(crop))
        if os.path.isdir(path):
            arrays = _read_idx_folder(path)
        else:
            arrays = read_npz(path, LIMIT_BYTES, "E0701", _NAMES)
        return _dataset(name, arrays, cut)
    except _Unusable as error:
        fail("E0701", f"{path}: {error}", help=error.help)


def pack_dataset(dataset: Dataset) -> dict[str, NDArray[Any]]:
    """Returns the arrays of a dataset's npz file, images as bits in little order.

    Raises:
        ValueError: the images have several planes, of which the file says nothing.
    """
    if dataset.planes > 1:
        raise ValueError(f"expected images of one plane, found {dataset.planes}")
    return {
        "train_images": _bits(dataset.train_images),
        "train_labels": dataset.train_labels,
        "test_images": _bits(dataset.test_images),
        "test_labels": dataset.test_labels,
        "image_shape": np.array(dataset.image_shape, dtype="<i4"),
    }


def _bits(images: Images | NDArray[np.bool_]) -> NDArray[np.uint8]:
    return images.bits if isinstance(images, Images) else pack(images).bits


def _chosen_levels(levels: Sequence[int] | None, threshold: int | None) -> tuple[int, ...] | None:
    if threshold is not None:
        if levels is not None:
            raise _Unusable("a threshold is the same as one level; give levels alone")
        levels = (threshold,)
    if levels is None:
        return None
    chosen = tuple(operator.index(level) for level in levels)
    shown = ", ".join(map(str, chosen[: _MOST_LEVELS + 1]))
    if not 1 <= len(chosen) <= _MOST_LEVELS:
        raise _Unusable(f"expected 1 to {_MOST_LEVELS} levels, found {len(chosen)}")
    if not 1 <= min(chosen) <= max(chosen) <= 255:
        raise _Unusable(f"expected levels from 1 to 255, found {shown}")
    if any(low >= high for low, high in itertools.pairwise(chosen)):
        raise _Unusable(f"expected levels that ascend, such as 40,110,180, found {shown}")
    return chosen


def _locate(name: str) -> Path:
    folder = resource("circuits") / "data"
    shipped = {p.stem: p for p in sorted(folder.glob("*/*.npz")) if p.stem == p.parent.name}
    if name in shipped:
        return shipped[name]
    if not os.path.exists(name):
        fail(
            "E0701",
            f"there is no shipped dataset `{name}` and no such file or folder",
            help=nearest(name, shipped) or f"the shipped datasets are {', '.join(shipped)}",
        )
    return Path(name)


def _dataset(name: str, arrays: Mapping[str, NDArray[Any]], cut: _Cut) -> Dataset:
    declared = _declared_shape(arrays)
    train_images, train_labels, shape, levels = _read_part(arrays, "train", declared, cut)
    if len(train_images) == 0:
        raise _Unusable("expected training images, found none")
    test_images = Images(train_images.bits[:0], train_images.n_inputs)
    test_labels = train_labels[:0]
    if "test_images" in arrays or "test_labels" in arrays:
        test_images, test_labels, test_shape, _ = _read_part(arrays, "test", declared, cut)
        if test_shape != shape:
            raise _Unusable(
                f"training images are {shape[0]} x {shape[1]} pixels, "
                f"test images {test_shape[0]} x {test_shape[1]}"
            )
    return Dataset(name, train_images, train_labels, test_images, test_labels, shape, levels)


def _declared_shape(arrays: Mapping[str, NDArray[Any]]) -> _Shape | None:
    declared = arrays.get("image_shape")
    if declared is None:
        return None
    if declared.shape != (2,) or declared.dtype.kind not in "iu" or declared.min() < 1:
        raise _Unusable(
            "expected `image_shape` to be two positive integers, found "
            f"{np.array2string(declared, threshold=10)} of {declared.dtype}"
        )
    return int(declared[0]), int(declared[1])


def _read_part(
    arrays: Mapping[str, NDArray[Any]], part: str, declared: _Shape | None, cut: _Cut
) -> tuple[Images, NDArray[np.uint8], _Shape, tuple[int, ...]]:
    """Returns images, labels (n,), image shape and levels of the part "train" or "test"."""
    images, labels = arrays.get(f"{part}_images"), arrays.get(f"{part}_labels")
    if images is None or labels is None:
        found = ", ".join(f"`{name}`" for name in arrays) or "neither"
        raise _Unusable(f"expected arrays `{part}_images` and `{part}_labels`, found {found}")
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise _Unusable(
            f"expected `{part}_labels` to be integers (n,), found {labels.dtype} {labels.shape}"
        )
    if images.ndim == 0 or len(images) != len(labels):
        raise _Unusable(f"`{part}_images` is {images.shape}, but there are {len(labels)} labels")
    if np.any((labels < 0) | (labels >= _MOST_CLASSES)):
        raise _Unusable(
            f"expected `{part}_labels` from 0 to {_MOST_CLASSES - 1}, "
            f"found {labels.min()} to {labels.max()}"
        )
    name, classes = f"{part}_images", labels.astype(np.uint8)
    if images.dtype == np.uint8 and images.ndim == 3:
        levels = cut.levels or _LEVELS
        cropped = _cropped(images, cut.crop)
        _check_size(name, len(images), len(levels) * math.prod(cropped.shape[1:]))
        _, height, width = cropped.shape
        return pack_planes(cropped, levels), classes, (height, width), levels
    packed, shape = _binary(name, images, declared)
    if cut.levels is not None or cut.crop:
        raise _Unusable(
            f"`{name}` are binary already; levels and a crop are for grey values", _GREY_HELP
        )
    return packed, classes, shape, ()


def _cropped(grey: NDArray[np.uint8], crop: int) -> NDArray[np.uint8]:
    _, height, width = grey.shape
    if crop < 0 or 2 * crop >= min(height, width):
        raise _Unusable(f"{crop} pixels cannot be cut from each side of {height} x {width} pixels")
    return grey[:, crop : height - crop, crop : width - crop]


def _check_size(name: str, images: int, n_inputs: int) -> None:
    if images * n_inputs > LIMIT_BYTES:
        raise _Unusable(
            f"`{name}` takes {images * n_inputs} bytes unpacked, at most {LIMIT_BYTES} are expected"
        )


def _binary(name: str, images: NDArray[Any], declared: _Shape | None) -> tuple[Images, _Shape]:
    """Packs images that are binary already, or keeps them packed."""
    if images.dtype == np.bool_ and images.ndim in (2, 3):
        height, width = declared or (1, *images.shape[1:])[-2:]
        if height * width == math.prod(images.shape[1:]) > 0:
            return pack(images), (height, width)
    if images.dtype == np.uint8 and images.ndim == 2 and declared:
        n_inputs = declared[0] * declared[1]
        _check_size(name, len(images), n_inputs)
        if images.shape[1] == (n_inputs + 7) // 8:
            return from_bits(images, n_inputs), declared
    fit = f"`image_shape` {declared}" if declared else "any form without `image_shape`"
    raise _Unusable(
        f"`{name}` is {images.dtype} {images.shape}, which does not fit {fit}; expected {_FORMS}"
    )


def _read_idx_folder(folder: Path) -> dict[str, NDArray[Any]]:
    return {
        f"{part}_{kind}": _read_idx(folder, f"{stem}-{kind}-idx{magic & 0xFF}-ubyte", magic)
        for part, stem in (("train", "train"), ("test", "t10k"))
        for kind, magic in (("images", _IDX_IMAGES), ("labels", _IDX_LABELS))
    }


def _read_idx(folder: Path, name: str, magic: int) -> NDArray[np.uint8]:
    plain, packed = folder / name, folder / f"{name}.gz"
    path = plain if os.path.isfile(plain) else packed
    if not os.path.isfile(path):
        raise _Unusable(f"expected a file {name} or {name}.gz, found neither")
    try:
        with gzip.open(path) if path == packed else open(path, "rb") as stream:
            return _parse_idx(path.name, stream, magic)
    except (OSError, EOFError, MemoryError, zlib.error, struct.error) as error:
        raise _Unusable(f"{path.name} cannot be read as an IDX file: {error}") from error


def _parse_idx(name: str, stream: io.BufferedIOBase, magic: int) -> NDArray[np.uint8]:
    """Parses an IDX stream; never reads more than one byte past what its header declares."""
    n_dimensions = magic & 0xFF
    n_header = 4 + 4 * n_dimensions
    header = stream.read(n_header)
    if len(header) < n_header:
        raise _Unusable(f"{name}: expected a header of {n_header} bytes, found {len(header)}")
    found, *shape = struct.unpack(f">{1 + n_dimensions}I", header)
    if found != magic:
        raise _Unusable(f"{name}: expected the magic number {magic:#010x}, found {found:#010x}")
    declared = f"{name}: its header declares {' x '.join(map(str, shape))} bytes"
    n_bytes = math.prod(shape)
    if n_bytes > LIMIT_BYTES:
        raise _Unusable(f"{declared}, at most {LIMIT_BYTES} are expected")
    data = stream.read(n_bytes + 1)
    if len(data) != n_bytes:
        raise _Unusable(f"{declared}, found {'more' if len(data) > n_bytes else len(data)}")
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)
