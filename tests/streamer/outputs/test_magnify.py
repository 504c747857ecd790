"""Faces with their motion made larger, frame by frame, drawn back into the picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from streamer.core.errors import UsageError
from streamer.core.records import AlignedFace, Frame, FrameResult
from streamer.faces.transforms import Matrix
from streamer.outputs.magnify import Magnifier, MagnifyMethod
from streamer.outputs.magnify_evm import StreamedEvm
from streamer.outputs.magnify_glmm import followed_back, without_affine
from streamer.outputs.magnify_past import face_mask, onto_frame
from streamer.outputs.plan import OutputOptions, OutputPlan
from streamer.outputs.video import VideoWriter
from tests.streamer.outputs.fakes import LANDMARKS, REGIONS, make_face
from tests.streamer.outputs.test_video import read_video

SIZE, FPS, WAVE_PX = 128, 30.0, 96.0
TWICE = np.array([[0.5, 0, -20], [0, 0.5, -10]], dtype=np.float32)  # the face is 256 px large


def aligned(
    image: NDArray, index: int = 0, matrix: Matrix = TWICE, face_id: int = 0
) -> AlignedFace:
    picture = np.repeat(image[..., None], 3, -1).astype(np.uint8)
    return AlignedFace(index, index / FPS, picture, make_face(face_id), 0, matrix, LANDMARKS)


def stripes(shift_px: float) -> NDArray[np.float64]:
    x = np.arange(SIZE) - shift_px
    return np.tile(128.0 + 100.0 * np.sin(2 * np.pi * x / WAVE_PX), (SIZE, 1))


def skin(shift_px: float = 0.0) -> NDArray[np.uint8]:
    """Texture with a cheek that moves up."""
    noise = np.random.default_rng(4).uniform(0, 255, (SIZE, SIZE)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    smooth = (smooth - smooth.mean()) * 5 + 128
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    push = np.float32(shift_px) * np.exp(-((x - 80) ** 2 + (y - 75) ** 2) / (2 * 10**2))
    return np.clip(cv2.remap(smooth, x, y + push, cv2.INTER_CUBIC), 0, 255).astype(np.uint8)


def result_of(face: NDArray, index: int) -> FrameResult:
    """The face in a picture of 300 x 320, where the transform TWICE says."""
    own = aligned(face, index)
    picture = cv2.warpAffine(own.image, TWICE, (320, 300), flags=cv2.WARP_INVERSE_MAP)
    return FrameResult(Frame(index, index / FPS, np.asarray(picture)), (own,), (), ())


def test_evm_of_a_stream_has_the_gain_of_its_filter() -> None:
    """At 2 Hz fast - slow = 1 / (1 + 2i/6) - 1 / (1 + 4i): a length of 0.84."""
    magnifier, factor = StreamedEvm(11.0), 10.0 * 0.84
    shifts = 0.1 * np.sin(2 * np.pi * 2.0 * np.arange(90) / FPS)
    faces = [aligned(stripes(shift), index) for index, shift in enumerate(shifts)]
    added = np.stack([magnifier.change(face)[SIZE // 2] for face in faces])[30:]
    slope = np.gradient(stripes(0.0)[0])
    moved = -(added @ slope) / (slope @ slope)  # pixels
    wave = np.exp(-2j * np.pi * 2.0 * np.arange(60) / FPS)
    assert abs(moved @ wave) / abs(shifts[30:] @ wave) == pytest.approx(factor, rel=0.1)


def test_a_still_face_stays_and_so_does_one_whose_transform_is_renewed() -> None:
    magnifier, face = StreamedEvm(20.0), skin()
    moved = np.array([[1, 0, 3], [0, 1, -2]], dtype=np.float32)
    shifted = cv2.warpAffine(face, moved, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)
    renewed = TWICE + np.array([[0, 0, 3], [0, 0, -2]], dtype=np.float32)
    assert not magnifier.change(aligned(face, 0)).any()
    assert not magnifier.change(aligned(face, 1)).any()
    extra = magnifier.change(aligned(shifted, 2, renewed))
    assert np.abs(extra[8:-8, 8:-8]).max() < 1e-3
    assert np.abs(magnifier.change(aligned(255 - shifted, 3, renewed))).max() > 20
    assert not magnifier.change(aligned(face, 90)).any()  # a gap: the face begins afresh


def flow_up(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """How far the cheek has moved up, in pixels of the picture."""
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (first, second)]
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(*grey, None)
    return float(-flow[160:180, 190:210, 1].mean())


def test_glmm_of_a_stream_moves_the_cheek_farther() -> None:
    magnifier = Magnifier(4.0, "glmm")
    shifts = [0.0] * 5 + [0.4, 0.8]
    results = [result_of(skin(shift), index) for index, shift in enumerate(shifts)]
    made = [magnifier.magnify(result) for result in results]
    before = flow_up(results[0].frame.image, results[-1].frame.image)  # type: ignore[union-attr]
    after = flow_up(made[0], made[-1])
    assert before == pytest.approx(1.5, abs=0.5)  # the picture is twice as large
    assert 2.5 < after / before < 4.6
    assert np.array_equal(made[-1][:10], results[-1].frame.image[:10])  # type: ignore[union-attr]


def test_a_large_motion_does_not_fold_the_face() -> None:
    """A velocity of 60 px inside a bump 10 px wide: neighbours keep their order."""
    y, x = np.mgrid[:64, :64]
    bump = 60 * np.exp(-((x - 32) ** 2 + (y - 32) ** 2) / (2 * 10**2))
    back = followed_back(np.dstack([bump, np.zeros_like(bump)]).astype(np.float32))
    assert np.diff(x + back[..., 0], axis=1).min() > 0
    small = np.full((64, 64, 2), (1.5, -0.5), np.float32)
    np.testing.assert_allclose(followed_back(small)[8:-8, 8:-8], -small[8:-8, 8:-8], atol=1e-3)


def test_the_affine_part_is_the_heads() -> None:
    y, x = np.mgrid[:64, :64] / 64
    flow = np.dstack([2 + 3 * x - y, 1 - x + 4 * y]).astype(np.float32)
    assert np.abs(without_affine(flow)).max() < 1e-4


@pytest.mark.parametrize("method", ["evm", "glmm"])
def test_factor_one_leaves_the_picture(method: MagnifyMethod) -> None:
    magnifier = Magnifier(1.0, method)
    for index, shift in enumerate((0.0, 1.0)):
        result = result_of(skin(shift), index)
        assert result.frame is not None
        assert np.array_equal(magnifier.magnify(result), result.frame.image)
    empty = replace(result, faces=())
    assert np.array_equal(magnifier.magnify(empty), result.frame.image)
    assert not magnifier._faces  # a face that is gone is forgotten


@pytest.mark.parametrize("method", ["evm", "glmm"])
def test_a_face_beyond_the_border_does_no_harm(method: MagnifyMethod) -> None:
    magnifier = Magnifier(9.0, method)
    far = np.array([[0.5, 0, 400], [0, 0.5, 0]], dtype=np.float32)
    for index, matrix in enumerate((far, TWICE, far)):
        result = result_of(skin(), index)
        result = replace(result, faces=(aligned(skin(0.5 * index), index, matrix),))
        assert magnifier.magnify(result).shape == (300, 320, 3)
    part, rows, columns = onto_frame(face_mask(SIZE), far, (300, 320, 3))
    assert part.size == 0 or not part.any()
    assert rows.stop >= rows.start and columns.stop >= columns.start


def test_the_annotated_recording_is_magnified_and_says_so(tmp_path: Path) -> None:
    made = {}
    for name, magnifier in (("plain", None), ("larger", Magnifier(20.0))):
        sink = VideoWriter(tmp_path / f"{name}.mp4", REGIONS, magnifier=magnifier)
        for index in range(8):
            sink.write(result_of(stripes(3.0 * (index > 4)), index))
        sink.close()
        made[name] = read_video(tmp_path / f"{name}.mp4")[1]
    change = [np.abs(a.astype(int) - b).mean() for a, b in zip(*made.values(), strict=True)]
    assert change[6] > change[3] + 1
    foot = np.s_[-150:-90, :250]  # where the time stands, and what was done
    assert np.abs(made["plain"][3][foot].astype(int) - made["larger"][3][foot]).max() > 80


def test_options_that_need_others_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--magnify is for the annotated recording"):
        OutputPlan(OutputOptions(magnify=5.0), ["sample"])
    with pytest.raises(UsageError, match="--magnify-method glmm needs how much: add --magnify 5"):
        OutputPlan(OutputOptions(save_video=tmp_path / "v.mp4", magnify_method="glmm"), ["sample"])
    with pytest.raises(UsageError, match=r"magnify must be 1.0 to 100.0"):
        OutputOptions(magnify=0.5)
    with pytest.raises(ValueError, match="choose 1 to 100"):
        Magnifier(1000.0)
