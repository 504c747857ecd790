"""Faces that are kept as luma and chroma against those that are made from RGB."""

from dataclasses import replace

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace

from streamer.core.pictures import Colour
from streamer.core.records import Face, Frame
from streamer.core.snapshot import capture, from_bytes, restore, to_bytes
from streamer.faces.aligned_picture import AlignedYuv, grey_of
from streamer.faces.alignment import Aligner
from streamer.faces.config import FaceConfig
from streamer.sources.pixels import DecodedPicture, PixelConverter
from tests.streamer.faces.meshes import mesh_at

BT709 = (Colorspace.ITU709, 1)
BT601 = (Colorspace.ITU601, 5)


def decoded(colorspace=BT601, color_range=ColorRange.MPEG, size=(320, 240)):
    """A frame of 4:2:0 with soft warm colours, as a decoder gives it."""
    width, height = size
    y, x = np.mgrid[:height, :width].astype(np.float64)
    wave = 30 * np.sin(x / 17) * np.cos(y / 13)
    rgb = np.stack([210 + wave, 110 + wave, 60 + wave], axis=-1).astype(np.uint8)
    source = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    frame = source.reformat(
        format="yuv420p", dst_colorspace=colorspace[0], dst_color_range=color_range
    )
    frame.colorspace, frame.color_range = colorspace[1], color_range
    return frame


def aligned(picture):
    """The face of a picture: of what was decoded, and of RGB made from it."""
    mesh = mesh_at(160, 120, 60)
    face = Face(0, (0.0, 0.0, 1.0, 1.0), mesh, 1.0)
    frames = (Frame.of(0, 0.0, picture), Frame(0, 0.0, picture.rgb()))
    return [Aligner(FaceConfig()).push(frame, [face])[0] for frame in frames]


@pytest.mark.parametrize("colorspace", [BT601, BT709])
@pytest.mark.parametrize("color_range", [ColorRange.MPEG, ColorRange.JPEG])
def test_grey_and_rgb_are_those_of_the_rgb_path(colorspace, color_range):
    picture = PixelConverter(from_luma=True).convert(decoded(colorspace, color_range))
    assert isinstance(picture, DecodedPicture)
    ours, theirs = aligned(picture)
    assert isinstance(ours.picture, AlignedYuv)
    assert isinstance(theirs.picture, np.ndarray)
    grey = grey_of(ours).astype(int) - cv2.cvtColor(theirs.image, cv2.COLOR_RGB2GRAY)
    assert np.abs(grey).max() <= 4 and abs(grey.mean()) < 1.5
    colour = ours.image.astype(int) - theirs.image
    assert np.abs(colour).max() <= 8 and np.abs(colour.mean(axis=(0, 1))).max() < 2.5


def test_white_black_and_red_by_hand():
    def one(luma, blue, red, **colour):
        parts = (np.full((2, 2), luma), np.full((1, 1), blue), np.full((1, 1), red))
        return AlignedYuv(*(part.astype(np.uint8) for part in parts), Colour(**colour))

    assert one(235, 128, 128).rgb().tolist() == [[[255] * 3] * 2] * 2
    assert one(16, 128, 128).grey().tolist() == [[0, 0], [0, 0]]
    assert one(200, 128, 128, full_range=True).grey().tolist() == [[200, 200], [200, 200]]
    red = one(76, 85, 255, full_range=True).rgb()[0, 0].tolist()  # of JPEG: 255, 0, 0
    assert red == pytest.approx([255, 0, 0], abs=1.5)


def test_the_picture_is_made_rgb_once_and_a_copy_keeps_it():
    picture = PixelConverter(from_luma=True).convert(decoded())
    frame = Frame.of(3, 0.1, picture)
    assert frame.image is frame.image
    assert frame.moved_to(4, 0.2).picture is picture
    assert replace(frame, index=5).image is frame.image  # a copy by hand is RGB


def test_a_face_comes_back_from_a_snapshot_as_it_was():
    face = aligned(PixelConverter(from_luma=True).convert(decoded()))[0]
    snapshot, _ = from_bytes(to_bytes(capture(face), {}))
    again = restore(snapshot)
    assert isinstance(again.picture, AlignedYuv)
    np.testing.assert_array_equal(again.image, face.image)
    np.testing.assert_array_equal(grey_of(again), grey_of(face))


def test_parts_that_do_not_belong_together_are_refused():
    quarter = np.zeros((4, 4), dtype=np.uint8)
    with pytest.raises(ValueError, match="different sizes"):
        AlignedYuv(np.zeros((6, 6), dtype=np.uint8), quarter, quarter, Colour()).rgb()
