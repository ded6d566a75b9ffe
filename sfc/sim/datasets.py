"""Datasets of labelled binary images: the shipped ones, npz files and folders of IDX files."""

from __future__ import annotations

import gzip
import io
import math
import os
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.diagnostics import fail, nearest
from sfc.resources import resource
from sfc.sim.arrays import read_npz

LIMIT_BYTES = 2**31
"""How many bytes the training or the test images may take, at one byte per pixel."""

_MOST_CLASSES = 256
_IDX_IMAGES = 0x00000803
_IDX_LABELS = 0x00000801
_NAMES = ("train_images", "train_labels", "test_images", "test_labels", "image_shape")
_FORMS = (
    "bool (n, pixels) or (n, height, width), uint8 grey values (n, height, width), "
    "or uint8 bits (n, ceil(pixels / 8)) with `image_shape`"
)


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Labelled binary images.

    Attributes:
        name: what messages and reports call it.
        train_images: (n, n_inputs) bool, the rows of an image one after the other.
        train_labels: (n,) uint8, classes from 0 on.
        test_images: (m, n_inputs) bool; m may be 0.
        test_labels: (m,) uint8.
        image_shape: height and width in pixels; their product is n_inputs.
    """

    name: str
    train_images: NDArray[np.bool_]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.bool_]
    test_labels: NDArray[np.uint8]
    image_shape: tuple[int, int]

    @property
    def n_inputs(self) -> int:
        """Pixels per image."""
        return self.image_shape[0] * self.image_shape[1]

    @property
    def n_classes(self) -> int:
        """The largest label plus one."""
        return 1 + int(max(self.train_labels.max(initial=0), self.test_labels.max(initial=0)))


class _Unusable(Exception):
    """Says why a dataset cannot be used; `load_data` makes a diagnostic of it."""


def load_data(name_or_path: str | Path, *, threshold: int = 129, crop: int = 0) -> Dataset:
    """Loads a dataset.

    Args:
        name_or_path: a shipped name ("mnist20", "fashion28"), the path of an npz file with
            `train_images`, `train_labels` and, if there are any, `test_images`, `test_labels`,
            or the path of a folder with the four IDX files of MNIST, compressed or not.
        threshold: a pixel is on if its grey value is at least this, 1 to 255. Images that are
            binary already stay as they are.
        crop: how many pixels to cut from each side of grey images.

    Raises:
        SfcError: E0701, if there is no such dataset or it cannot be read.
    """
    path = _locate(str(name_or_path))
    name = os.path.basename(os.path.abspath(path)).removesuffix(".npz")
    try:
        if os.path.isdir(path):
            arrays = _read_idx_folder(path)
        else:
            arrays = read_npz(path, LIMIT_BYTES, "E0701", _NAMES)
        return _dataset(name, arrays, threshold, crop)
    except _Unusable as error:
        fail("E0701", f"{path}: {error}")


def pack_dataset(dataset: Dataset) -> dict[str, NDArray[Any]]:
    """Returns the arrays of a dataset's npz file, images as bits in little order."""
    return {
        "train_images": np.packbits(dataset.train_images, axis=1, bitorder="little"),
        "train_labels": dataset.train_labels,
        "test_images": np.packbits(dataset.test_images, axis=1, bitorder="little"),
        "test_labels": dataset.test_labels,
        "image_shape": np.array(dataset.image_shape, dtype="<i4"),
    }


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


def _dataset(name: str, arrays: Mapping[str, NDArray[Any]], threshold: int, crop: int) -> Dataset:
    shape = _declared_shape(arrays)
    train_images, train_labels = _read_part(arrays, "train", shape, threshold, crop)
    if len(train_images) == 0:
        raise _Unusable("expected training images, found none")
    test_images, test_labels = train_images[:0], train_labels[:0]
    if "test_images" in arrays or "test_labels" in arrays:
        test_images, test_labels = _read_part(arrays, "test", shape, threshold, crop)
    _, height, width = train_images.shape
    if test_images.shape[1:] != (height, width):
        raise _Unusable(
            f"training images are {height} x {width} pixels, "
            f"test images {' x '.join(map(str, test_images.shape[1:]))}"
        )
    return Dataset(
        name,
        train_images.reshape(len(train_images), height * width),
        train_labels,
        test_images.reshape(len(test_images), height * width),
        test_labels,
        (height, width),
    )


def _declared_shape(arrays: Mapping[str, NDArray[Any]]) -> tuple[int, int] | None:
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
    arrays: Mapping[str, NDArray[Any]],
    part: str,
    shape: tuple[int, int] | None,
    threshold: int,
    crop: int,
) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """Returns the images (n, height, width) and labels (n,) of the part "train" or "test"."""
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
    if images.dtype == np.uint8 and images.ndim == 3:
        return _binarise(images, threshold, crop), labels.astype(np.uint8)
    return _binary_pixels(f"{part}_images", images, shape), labels.astype(np.uint8)


def _binarise(grey: NDArray[Any], threshold: int, crop: int) -> NDArray[np.bool_]:
    _, height, width = grey.shape
    if not 1 <= threshold <= 255:
        raise _Unusable(f"expected a threshold from 1 to 255, found {threshold}")
    if crop < 0 or 2 * crop >= min(height, width):
        raise _Unusable(f"{crop} pixels cannot be cut from each side of {height} x {width} pixels")
    pixels: NDArray[np.bool_] = grey[:, crop : height - crop, crop : width - crop] >= threshold
    return pixels


def _binary_pixels(
    name: str, images: NDArray[Any], shape: tuple[int, int] | None
) -> NDArray[np.bool_]:
    """Brings images that are binary already to (n, height, width)."""
    if images.dtype == np.bool_ and images.ndim in (2, 3):
        height, width = shape or (1, *images.shape[1:])[-2:]
        if height * width == math.prod(images.shape[1:]) > 0:
            return images.reshape(len(images), height, width)
    if images.dtype == np.uint8 and images.ndim == 2 and shape:
        n_inputs = shape[0] * shape[1]
        if len(images) * n_inputs > LIMIT_BYTES:
            raise _Unusable(
                f"`{name}` takes {len(images) * n_inputs} bytes unpacked, "
                f"at most {LIMIT_BYTES} are expected"
            )
        if images.shape[1] == (n_inputs + 7) // 8:
            bits = np.unpackbits(images, axis=1, count=n_inputs, bitorder="little")
            return bits.view(np.bool_).reshape(len(images), *shape)
    fit = f"`image_shape` {shape}" if shape else "any form without `image_shape`"
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
