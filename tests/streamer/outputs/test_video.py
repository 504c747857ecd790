"""The annotated recording: times, sizes, banners at their own time, bounded memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from streamer.core.errors import OutputError
from streamer.core.records import FrameResult
from streamer.outputs.draw import Annotator, _banner_text
from streamer.outputs.video import DELAY_S, VideoWriter
from tests.streamer.outputs.fakes import (
    REGIONS,
    make_aligned,
    make_event,
    make_face,
    make_result,
    with_units,
)


def read_video(path: Path) -> tuple[list[float], list[np.ndarray]]:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return [float(frame.time) for frame in frames], [f.to_ndarray(format="rgb24") for f in frames]


def test_variable_frame_times_and_an_odd_size_are_kept(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.05, 0.3, 1.0, 1.0333, 2.5]
    path = tmp_path / "v.mp4"
    sink = VideoWriter(path, REGIONS)
    for index, time_s in enumerate(times):
        sink.write(make_result(index, time_s, (0,), size=(361, 641)))
    sink.close()
    got, images = read_video(path)
    assert got == pytest.approx(times, abs=1e-4)
    height, width = images[0].shape[:2]
    assert (height % 2, width) == (0, 642) and height > 362  # the strip of curves is below


def test_a_banner_is_drawn_at_the_time_of_the_event(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    sink = VideoWriter(path, REGIONS)
    event = make_event(face_id=0)  # 1.0 to 1.3 s, known at 1.5 s
    for index in range(120):
        time_s = index / 30
        events = [event] if index == 45 else []
        sink.write(make_result(index, time_s, (0,), events, (360, 640)))
    sink.close()
    times, images = read_video(path)
    # The picture is grey; the banner of a surprise is orange: much more red than blue.
    red_over_blue = [image[4:12, 500:600].astype(int)[..., [0, 2]].mean((0, 1)) for image in images]
    banner = [t for t, (r, b) in zip(times, red_over_blue, strict=True) if r - b > 20]
    assert banner[0] == pytest.approx(1.0, abs=0.001)
    assert banner[-1] == pytest.approx(2.5, abs=0.05)  # one second of afterglow from 1.5 s


def test_a_banner_tells_units() -> None:
    """What would be drawn: the letters of a picture cannot be read back here."""
    wanted = "micro: surprise 62% AU 1+L2+R7, because 1+L2 [reads as surprise], face 1, 1.00-1.30 s"
    assert _banner_text(with_units(make_event()), 1.1) == wanted


def test_a_long_banner_stays_in_the_picture() -> None:
    """With units it is wider than 480 pixels at the usual size: the last letters are there."""
    annotator, event = Annotator(REGIONS), with_units(make_event())
    canvas = annotator.draw(make_result(0, 1.1, size=(360, 480)))
    annotator.draw_banners(canvas, 1.1, [event])
    letters = (canvas[:20] > 200).all(axis=2).any(axis=0)
    assert 400 < np.nonzero(letters)[0].max() < 476


def test_memory_is_bounded_by_the_delay(tmp_path: Path) -> None:
    sink = VideoWriter(tmp_path / "v.mp4", REGIONS)
    for index in range(200):
        sink.write(make_result(index, index / 30))
        assert len(sink._waiting) <= DELAY_S * 30 + 2
    sink.close()


def test_small_pictures_are_enlarged_and_a_change_of_size_is_fitted() -> None:
    annotator = Annotator(REGIONS)
    first = annotator.draw(make_result(0, 0.0, size=(48, 64)))
    second = annotator.draw(make_result(1, 0.1, size=(300, 200)))
    assert first.shape == second.shape
    assert first.shape[1] == 480


def test_a_face_far_outside_the_picture_does_no_harm() -> None:
    result = make_result(0, 0.0, (0,))
    far = replace(make_face(), box_px=(-1e9, -1e9, 1e9, float(2**40)))
    Annotator(REGIONS).draw(replace(result, faces=(make_aligned(0, 0.0, far),)))


def test_a_result_without_a_frame_only_brings_events(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    sink = VideoWriter(path, REGIONS)
    sink.write(make_result(0, 0.0))
    sink.write(FrameResult(None, events=(make_event(onset_frame=0),)))
    sink.close()
    assert len(read_video(path)[0]) == 1


def test_full_disk_is_an_output_error() -> None:
    sink = VideoWriter(Path("/dev/full"), REGIONS)
    with pytest.raises(OutputError, match="/dev/full: the disk is full"):
        for index in range(300):
            sink.write(make_result(index, index / 10, size=(360, 640)))
        sink.close()
    sink.close()  # closing what is broken is quiet


def test_a_run_that_was_killed_leaves_a_playable_file(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    sink = VideoWriter(path, REGIONS)
    noise = np.random.default_rng(0)
    for index in range(200):
        result = make_result(index, index / 30)
        assert result.frame is not None
        result.frame.image[:] = noise.integers(0, 255, result.frame.image.shape, dtype=np.uint8)
        sink.write(result)
    copy = tmp_path / "killed.mp4"
    copy.write_bytes(path.read_bytes())  # as it lies on the disk now, unfinished
    sink.close()
    times, _ = read_video(copy)
    assert len(times) >= 60
