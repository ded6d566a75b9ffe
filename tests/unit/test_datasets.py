from __future__ import annotations

import gzip
import hashlib
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sfc.sim.datasets
from sfc.diagnostics import SfcError
from sfc.resources import resource
from sfc.sim.arrays import write_npz
from sfc.sim.datasets import load_data, pack_dataset

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "tools" / "pack_datasets.py"
IMAGES, LABELS = 0x803, 0x801

GREY = np.random.default_rng(1).integers(0, 256, (12, 6, 5), dtype=np.uint8)
GREY_LABELS = np.arange(12, dtype=np.uint8) % 3


def idx(magic: int, shape: tuple[int, ...], data: bytes) -> bytes:
    return struct.pack(f">{1 + len(shape)}I", magic, *shape) + data


def write_idx_folder(folder: Path, *, packed: bool = True) -> Path:
    folder.mkdir()
    for stem, part in (("train", slice(0, 8)), ("t10k", slice(8, 12))):
        images, labels = GREY[part], GREY_LABELS[part]
        for name, content in (
            (f"{stem}-images-idx3-ubyte", idx(IMAGES, images.shape, images.tobytes())),
            (f"{stem}-labels-idx1-ubyte", idx(LABELS, labels.shape, labels.tobytes())),
        ):
            path = folder / (f"{name}.gz" if packed else name)
            path.write_bytes(gzip.compress(content, mtime=0) if packed else content)
    return folder


def write(path: Path, **arrays: np.ndarray[Any, Any]) -> Path:
    write_npz(path, arrays)
    return path


def refusal(path: str | Path, **options: Any) -> str:
    with pytest.raises(SfcError) as caught:
        load_data(path, **options)
    assert [d.code for d in caught.value.diagnostics] == ["E0701"]
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "side", "on", "images", "labels"),
    [
        (
            "mnist20",
            20,
            99,
            "e9a3b1627cc5e48daf91de3dd60deea5192cd4cfcc23575ca81dff14512af1dd",
            "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
        ),
        (
            "fashion28",
            28,
            245,
            "baee4aa99a167fb924b9e2e7b1763be91dbc77c3c1a4bb27884c6d3907cfd581",
            "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
        ),
    ],
)
def test_shipped(name: str, side: int, on: int, images: str, labels: str) -> None:
    data = load_data(name)
    assert (data.name, data.image_shape, data.n_inputs) == (name, (side, side), side * side)
    assert data.n_classes == 10
    assert data.train_images.shape == (60000, side * side)
    assert data.test_images.shape == (10000, side * side)
    assert data.train_images.dtype == np.bool_
    assert data.train_labels.dtype == np.uint8
    assert round(np.sum(data.train_images, axis=1).mean()) == on
    arrays = pack_dataset(data)
    assert hashlib.sha256(arrays["train_images"].tobytes()).hexdigest() == images
    assert hashlib.sha256(arrays["train_labels"].tobytes()).hexdigest() == labels
    folder = resource("circuits") / "data" / name
    assert {path.name for path in folder.iterdir()} >= {"LICENSE.txt", "README.md", f"{name}.npz"}
    assert load_data(folder / f"{name}.npz").name == name


@pytest.mark.parametrize("packed", [True, False])
def test_idx_folder(tmp_path: Path, packed: bool) -> None:
    data = load_data(write_idx_folder(tmp_path / "grey", packed=packed), threshold=100, crop=1)
    expected = (GREY[:, 1:5, 1:4] >= 100).reshape(12, 12)
    assert (data.name, data.image_shape, data.n_classes) == ("grey", (4, 3), 3)
    assert np.array_equal(np.concatenate([data.train_images, data.test_images]), expected)
    assert np.array_equal(np.concatenate([data.train_labels, data.test_labels]), GREY_LABELS)


def test_packing_script_is_reproducible(tmp_path: Path) -> None:
    for number, packed in enumerate((True, False)):
        source = write_idx_folder(tmp_path / f"source{number}", packed=packed)
        command = [sys.executable, str(PACK), str(source), str(tmp_path / f"{number}.npz")]
        subprocess.run(
            [*command, "--crop", "1"],
            check=True,
            capture_output=True,
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT)},
        )
    assert (tmp_path / "0.npz").read_bytes() == (tmp_path / "1.npz").read_bytes()
    direct, through = load_data(tmp_path / "source0", crop=1), load_data(tmp_path / "0.npz")
    assert np.array_equal(direct.train_images, through.train_images)
    assert np.array_equal(direct.test_labels, through.test_labels)
    assert through.image_shape == (4, 3)


def test_npz_with_bool_images_and_no_test_part(tmp_path: Path) -> None:
    images = GREY.reshape(12, 30) > 100
    data = load_data(write(tmp_path / "a.npz", train_images=images, train_labels=np.arange(12)))
    assert np.array_equal(data.train_images, images)
    assert (data.name, data.image_shape, data.n_classes) == ("a", (1, 30), 12)
    assert data.test_images.shape == (0, 30)
    assert data.test_labels.shape == (0,)


def test_npz_with_bool_images_of_a_shape(tmp_path: Path) -> None:
    images = GREY > 100
    flat = write(
        tmp_path / "flat.npz",
        train_images=images.reshape(12, 30),
        train_labels=GREY_LABELS,
        image_shape=np.array([6, 5]),
    )
    deep = write(tmp_path / "deep.npz", train_images=images, train_labels=GREY_LABELS)
    assert load_data(flat).image_shape == load_data(str(deep)).image_shape == (6, 5)
    assert np.array_equal(load_data(flat).train_images, load_data(deep).train_images)


def test_npz_with_grey_images(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.npz",
        train_images=GREY,
        train_labels=GREY_LABELS,
        test_images=GREY[:2],
        test_labels=GREY_LABELS[:2],
    )
    assert np.array_equal(load_data(path).train_images, GREY.reshape(12, 30) >= 129)
    cropped = load_data(path, crop=2, threshold=1)
    assert cropped.image_shape == (2, 1)
    assert np.array_equal(cropped.test_images, GREY[:2, 2:4, 2] >= 1)


def test_bits_are_unpacked_in_little_order(tmp_path: Path) -> None:
    images = np.array([[0b00000001, 0b1], [0b10000000, 0b0]], dtype=np.uint8)
    path = write(
        tmp_path / "a.npz",
        train_images=images,
        train_labels=np.array([0, 1]),
        image_shape=np.array([3, 3]),
    )
    assert [np.flatnonzero(row).tolist() for row in load_data(path).train_images] == [[0, 8], [7]]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"train_images": None}, "expected arrays `train_images` and `train_labels`, found"),
        ({"train_labels": None}, "expected arrays `train_images` and `train_labels`, found"),
        ({"test_labels": np.zeros(3, int)}, "expected arrays `test_images` and `test_labels`"),
        ({"train_labels": np.zeros(11, int)}, "(12, 6, 5), but there are 11 labels"),
        ({"train_labels": np.zeros(12)}, "to be integers (n,), found float64 (12,)"),
        ({"train_labels": np.zeros((12, 1), int)}, "to be integers (n,), found int64 (12, 1)"),
        ({"train_labels": np.full(12, 256)}, "from 0 to 255, found 256 to 256"),
        ({"train_labels": np.full(12, -1)}, "from 0 to 255, found -1 to -1"),
        ({"train_images": np.zeros((12, 4))}, "is float64 (12, 4)"),
        ({"train_images": np.zeros((12, 4), np.uint8)}, "without `image_shape`"),
        ({"train_images": np.zeros((12, 0), bool)}, "is bool (12, 0)"),
        ({"train_images": np.array(True)}, "`train_images` is ()"),
        ({"image_shape": np.array([6, 5, 1])}, "two positive integers, found [6 5 1]"),
        ({"image_shape": np.array([6, 0])}, "two positive integers, found [6 0]"),
        ({"image_shape": np.array([6.0, 5.0])}, "two positive integers, found [6. 5.]"),
        (
            {"train_images": np.zeros((12, 4), np.uint8), "image_shape": np.array([6, 6])},
            "is uint8 (12, 4), which does not fit `image_shape` (6, 6)",
        ),
        (
            {"train_images": np.zeros((12, 4), bool), "image_shape": np.array([2, 3])},
            "is bool (12, 4), which does not fit `image_shape` (2, 3)",
        ),
        (
            {"test_images": np.zeros((1, 2, 2), bool), "test_labels": np.zeros(1, int)},
            "training images are 6 x 5 pixels, test images 2 x 2",
        ),
        (
            {"train_images": np.zeros((0, 2, 2), bool), "train_labels": np.zeros(0, int)},
            "expected training images, found none",
        ),
    ],
)
def test_npz_that_does_not_fit(
    tmp_path: Path, changes: dict[str, np.ndarray[Any, Any] | None], expected: str
) -> None:
    arrays = {"train_images": GREY, "train_labels": GREY_LABELS, **changes}
    path = write(tmp_path / "a.npz", **{k: v for k, v in arrays.items() if v is not None})
    text = refusal(path)
    assert expected in text
    assert str(path) in text


def test_unpacked_size_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(
        tmp_path / "a.npz",
        train_images=np.zeros((12, 100), np.uint8),
        train_labels=GREY_LABELS,
        image_shape=np.array([20, 40]),
    )
    assert load_data(path).n_inputs == 800
    grey = write(tmp_path / "grey.npz", train_images=GREY, train_labels=GREY_LABELS)
    monkeypatch.setattr(sfc.sim.datasets, "LIMIT_BYTES", 2000)
    assert "takes 2160 bytes unpacked" in refusal(grey, levels=range(1, 7))
    assert "takes 9600 bytes unpacked, at most 2000 are expected" in refusal(path)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"threshold": 0}, "levels from 1 to 255, found 0"),
        ({"threshold": 256}, "levels from 1 to 255, found 256"),
        ({"levels": (40, 300)}, "levels from 1 to 255, found 40, 300"),
        ({"levels": (-1,)}, "levels from 1 to 255, found -1"),
        ({"levels": (110, 40)}, "levels that ascend, such as 40,110,180, found 110, 40"),
        ({"levels": (40, 40)}, "levels that ascend"),
        ({"levels": ()}, "1 to 16 levels, found 0"),
        ({"levels": range(1, 18)}, "1 to 16 levels, found 17"),
        ({"levels": (40,), "threshold": 40}, "a threshold is the same as one level"),
        ({"crop": -1}, "-1 pixels cannot be cut from each side of 6 x 5 pixels"),
        ({"crop": 3}, "3 pixels cannot be cut from each side of 6 x 5 pixels"),
    ],
)
def test_options_out_of_range(tmp_path: Path, options: dict[str, Any], expected: str) -> None:
    folder = write_idx_folder(tmp_path / "grey")
    assert expected in refusal(folder, **options)


@pytest.mark.parametrize("crop", [0, 1])
def test_levels(tmp_path: Path, crop: int) -> None:
    folder = write_idx_folder(tmp_path / "grey")
    data = load_data(folder, levels=(40, 110, 180), crop=crop)
    height, width = 6 - 2 * crop, 5 - 2 * crop
    assert (data.levels, data.planes, data.image_shape) == ((40, 110, 180), 3, (height, width))
    assert data.n_inputs == 3 * height * width == data.train_images.shape[1]
    grey = GREY[:8, crop : 6 - crop, crop : 5 - crop]
    images = data.train_images[:].reshape(8, 3, height, width)
    for plane, level in enumerate(data.levels):
        np.testing.assert_array_equal(images[:, plane], grey >= level)
    npz = write(tmp_path / "a.npz", train_images=GREY[:8], train_labels=GREY_LABELS[:8])
    same = load_data(npz, levels=[40, 110, 180], crop=crop)
    np.testing.assert_array_equal(same.train_images, data.train_images)


def test_a_threshold_is_one_level(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path / "grey")
    whole = [load_data(folder), load_data(folder, levels=(129,)), load_data(folder, threshold=129)]
    for data in whole:
        assert (data.levels, data.planes, data.n_inputs) == ((129,), 1, 30)
        np.testing.assert_array_equal(data.train_images.bits, whole[0].train_images.bits)


@pytest.mark.parametrize("options", [{"levels": (40, 180)}, {"threshold": 129}, {"crop": 1}])
def test_binary_images_have_no_levels(tmp_path: Path, options: dict[str, Any]) -> None:
    own = write(tmp_path / "own.npz", train_images=GREY > 100, train_labels=GREY_LABELS)
    for data in ("mnist20", own):
        text = refusal(data, **options)
        assert "`train_images` are binary already" in text
        assert "mnist20 and fashion28, are binary; the IDX files of MNIST" in text
    assert load_data("mnist20").levels == ()


def test_planes_take_a_bit_a_pixel(tmp_path: Path) -> None:
    grey = np.random.default_rng(5).integers(0, 256, (20000, 10, 10), dtype=np.uint8)
    path = write(tmp_path / "a.npz", train_images=grey, train_labels=np.zeros(20000, np.uint8))
    load_data(path)  # whatever is imported on the way
    tracemalloc.start()
    try:
        data = load_data(path, levels=range(20, 180, 10))
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert data.n_inputs == 1600
    assert kept < 20000 * 1600 / 8 + 2**20
    assert most < kept + 3 * grey.nbytes


def test_images_of_several_planes_are_not_packed_into_a_file(tmp_path: Path) -> None:
    data = load_data(write_idx_folder(tmp_path / "grey"), levels=(40, 110))
    with pytest.raises(ValueError, match="one plane, found 2"):
        pack_dataset(data)


def test_unknown_names(tmp_path: Path) -> None:
    assert "did you mean `mnist20`?" in refusal("mnist28")
    assert "the shipped datasets are fashion28, mnist20" in refusal("zebra")
    for name in ("", "../mnist20", "a" * 5000, "a\0b", tmp_path / "none.npz"):
        assert "there is no shipped dataset" in refusal(name)


def test_files_that_are_no_npz(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    for content in (b"", b"PK\x03\x04", b"\x93NUMPY", gzip.compress(b"x")):
        path.write_bytes(content)
        assert "cannot be read as an npz file" in refusal(path)
    write(path, train_images=GREY, train_labels=GREY_LABELS)
    whole = path.read_bytes()
    for end in range(0, len(whole), 7):
        path.write_bytes(whole[:end])
        refusal(path)


@pytest.mark.parametrize(
    ("name", "damage", "expected"),
    [
        ("train-images-idx3-ubyte", lambda b: b[:-1], "8 x 6 x 5 bytes, found 239"),
        ("train-images-idx3-ubyte", lambda b: b + b"\0", "8 x 6 x 5 bytes, found more"),
        ("train-images-idx3-ubyte", lambda b: b[:9], "a header of 16 bytes, found 9"),
        ("t10k-images-idx3-ubyte", lambda b: b"", "a header of 16 bytes, found 0"),
        ("t10k-labels-idx1-ubyte", lambda b: b"\x01" + b[1:], "0x00000801, found 0x01000801"),
        (
            "train-images-idx3-ubyte",
            lambda b: idx(LABELS, (8,), bytes(8)),
            "the magic number 0x00000803, found 0x00000801",
        ),
        (
            "train-images-idx3-ubyte",
            lambda b: idx(IMAGES, (2**32 - 1, 2**32 - 1, 2**32 - 1), b""),
            "at most 2147483648 are expected",
        ),
        (
            "train-labels-idx1-ubyte",
            lambda b: idx(LABELS, (7,), bytes(7)),
            "`train_images` is (8, 6, 5), but there are 7 labels",
        ),
        (
            "train-images-idx3-ubyte",
            lambda b: idx(IMAGES, (8, 0, 0), b""),
            "0 pixels cannot be cut from each side of 0 x 0 pixels",
        ),
    ],
)
def test_damaged_idx(
    tmp_path: Path, name: str, damage: Callable[[bytes], bytes], expected: str
) -> None:
    plain = write_idx_folder(tmp_path / "plain", packed=False)
    packed = write_idx_folder(tmp_path / "packed")
    content = damage((plain / name).read_bytes())
    (plain / name).write_bytes(content)
    (packed / f"{name}.gz").write_bytes(gzip.compress(content))
    for folder in (plain, packed):
        text = refusal(folder)
        assert expected in text
        assert str(folder) in text


def test_damaged_gzip(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path / "grey")
    path = folder / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    for content in (whole[:end] for end in range(1, len(whole), 5)):
        path.write_bytes(content)
        assert "train-images-idx3-ubyte.gz" in refusal(folder)
    path.write_bytes(b"plain" + whole)
    assert "cannot be read as an IDX file" in refusal(folder)
    path.unlink()
    assert "train-images-idx3-ubyte.gz, found neither" in refusal(folder)


def test_gzip_bomb_is_not_inflated(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path / "grey")
    bomb = gzip.compress(idx(IMAGES, (8, 6, 5), bytes(64 * 2**20)), compresslevel=1)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(bomb)
    tracemalloc.start()
    try:
        assert "8 x 6 x 5 bytes, found more" in refusal(folder)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()
