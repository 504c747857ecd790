"""LBP codes and histograms by hand."""

from __future__ import annotations

import numpy as np
import pytest

from training.features.lbp_sip import LbpSip, six_point_codes
from training.features.lbp_top import PATTERNS, LbpTop, plane_codes


def test_lbp_top_of_a_clip_that_gets_brighter_is_known() -> None:
    """In x-t and y-t the neighbours beside and after a voxel are not darker, those before are.

    Around the circle from the right, against the clock: 1 0 0 0 1 1 1 1: five ones, the run of
    zeros begins at place 1. All neighbours in a frame are as bright: pattern 57 of 59.
    """
    clip = np.repeat(np.arange(0, 70, 10, dtype=np.uint8), 49).reshape(7, 7, 7)
    in_frame, in_x_t, in_y_t = plane_codes(clip, radius=1)
    assert in_frame.shape == (5, 5, 5)
    assert (in_frame == 57).all()
    assert len(np.unique(in_x_t)) == 1 and np.array_equal(in_x_t, in_y_t)
    assert 1 + (5 - 1) * 8 <= in_x_t[0, 0, 0] < 1 + 5 * 8  # five ones in a row


def test_planes_are_not_mixed_up() -> None:
    """Brighter from left to right: y-t slices are flat, x-y and x-t slices show the same slope."""
    clip = np.tile(np.arange(0, 90, 10, dtype=np.uint8), (9, 9, 1))
    in_frame, in_x_t, in_y_t = plane_codes(clip, radius=2)
    assert (in_y_t == 57).all() and (in_frame != 57).all()
    assert np.array_equal(in_frame, in_x_t)


def test_codes_of_a_pattern_with_many_changes_are_one_class() -> None:
    frame = np.full((3, 3), 100, np.uint8)
    frame[[0, 0, 2, 2], [0, 2, 0, 2]] = 0  # the corners dark, the sides as bright as the middle
    codes = plane_codes(np.stack([frame] * 3), radius=1)
    assert codes[0, 0, 0, 0] == 58  # not uniform: ones and zeros take turns


def test_lbp_top_has_a_histogram_of_sum_one_for_each_plane_of_a_block() -> None:
    clip = np.random.default_rng(0).integers(0, 256, (8, 64, 64)).astype(np.uint8)
    feature = LbpTop(rows=2, columns=3, times=2, radius=1)
    made = feature(clip)
    assert made.shape == (2 * 2 * 3 * 3 * PATTERNS,) and made.dtype == np.float32
    np.testing.assert_allclose(made.reshape(-1, PATTERNS).sum(axis=1), 1, atol=1e-5)
    constant = feature(np.full_like(clip, 9)).reshape(-1, PATTERNS)
    assert (constant[:, 57] == 1).all()


def test_lbp_sip_by_hand() -> None:
    clip = np.zeros((3, 3, 3), np.uint8)
    clip[1] = [[0, 9, 0], [3, 5, 5], [0, 4, 0]]  # right 5, up 9, left 3, down 4
    clip[0, 1, 1], clip[2, 1, 1] = 4, 6
    spatial, temporal = six_point_codes(clip, 1, 1)
    assert spatial.ravel().tolist() == [0b0011]  # right and up
    assert temporal.ravel().tolist() == [0b10]  # after, not before


def test_lbp_sip_has_twenty_bins_a_block() -> None:
    clip = np.random.default_rng(0).integers(0, 256, (6, 32, 32)).astype(np.uint8)
    made = LbpSip(rows=2, columns=2, times=2)(clip).reshape(8, 20)
    np.testing.assert_allclose(made[:, :16].sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(made[:, 16:].sum(axis=1), 1, atol=1e-6)
    assert LbpSip()(np.full((3, 64, 64), 7, np.uint8)).shape == (64 * 20,)


@pytest.mark.parametrize("feature", [LbpTop(), LbpSip(times=5)])
def test_a_clip_that_is_too_short_or_none_is_refused(feature: LbpTop | LbpSip) -> None:
    with pytest.raises(ValueError, match="a clip of 6 frames: this descriptor needs 7"):
        feature(np.zeros((6, 64, 64), np.uint8))
    for wrong in (np.zeros((9, 64, 64, 3), np.uint8), np.zeros((9, 64, 64), np.float32)):
        with pytest.raises(ValueError, match=r"a clip is uint8 \[T, S, S\], grey"):
            feature(wrong)


def test_more_blocks_than_pixels_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be cut into 64 parts"):
        LbpSip(rows=64)(np.zeros((3, 32, 32), np.uint8))
