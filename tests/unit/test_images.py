"""Packed images read as the array they were packed from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sfc.sim.images import from_bits, pack, pack_planes

PIXELS = np.random.default_rng(2).random((9, 4, 5)) < 0.4
FLAT = PIXELS.reshape(9, 20)

KEYS = [
    3,
    -1,
    np.int64(2),
    slice(2, 7, 2),
    [4, 4, 0],
    [],
    np.array([8, 1]),
    FLAT[:, 0],
    (slice(1, 4), slice(0, 20, 3)),
    ([0, 1], [2, 3]),
    (2, 5),
    ...,
    None,
    FLAT,
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_indices_mean_what_they_mean_for_arrays(key: Any) -> None:
    taken, expected = pack(PIXELS)[key], FLAT[key]
    assert taken.dtype == np.bool_
    np.testing.assert_array_equal(taken, expected)


@pytest.mark.parametrize("key", [9, -10, [9], np.zeros(8, bool), 1.0])
def test_indices_outside(key: Any) -> None:
    with pytest.raises(IndexError):
        pack(PIXELS)[key]


def test_as_an_array() -> None:
    images = pack(PIXELS)
    assert (images.shape, images.dtype, len(images)) == (FLAT.shape, FLAT.dtype, 9)
    assert images.bits.shape == (9, 3)
    np.testing.assert_array_equal(np.asarray(images), FLAT)
    np.testing.assert_array_equal(np.asarray(images, np.uint8), FLAT.astype(np.uint8))
    np.testing.assert_array_equal(np.mean(images, axis=1), FLAT.mean(axis=1))
    np.testing.assert_array_equal(list(images), FLAT)
    assert pack(PIXELS[:0]).shape == (0, 20)


def test_what_is_taken_out_is_a_copy() -> None:
    images = pack(PIXELS)
    images[0:2][:] = True
    np.testing.assert_array_equal(np.asarray(images), FLAT)


def test_planes_follow_each_other() -> None:
    grey = np.array([[[10, 20], [30, 40]], [[0, 255], [20, 30]]], np.uint8)
    expected = [[0, 1, 1, 1, 0, 0, 1, 1], [0, 1, 1, 1, 0, 1, 0, 1]]
    np.testing.assert_array_equal(np.asarray(pack_planes(grey, (20, 30))), np.array(expected, bool))


def test_planes_of_more_images_than_are_cut_at_a_time() -> None:
    grey = np.random.default_rng(3).integers(0, 256, (2500, 3, 3), dtype=np.uint8)
    expected = np.concatenate([(grey >= k).reshape(2500, 9) for k in (1, 128, 255)], axis=1)
    np.testing.assert_array_equal(np.asarray(pack_planes(grey, (1, 128, 255))), expected)


def test_what_follows_the_last_pixel_is_dropped() -> None:
    bits = np.full((2, 3), 0xFF, np.uint8)
    assert from_bits(bits, 18).bits.tolist() == [[0xFF, 0xFF, 0b11]] * 2
