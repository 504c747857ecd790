"""Rates of capture: raw streams, slow motion, headers that lie, late starts. Small real files."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import pytest

from streamer.core.errors import UsageError
from streamer.sources import SourceConfig, open_source
from streamer.sources.joined import JoinedSource
from streamer.sources.pipe import open_pipe
from tests.streamer.sources import make

ANDROID = "com.android.capture.fps"
SECONDS_30 = [n / 30 for n in range(12)]


def times(frames):
    return [frame.time_s for frame in frames]


def raw(tmp_path, name, rate=25):
    codec = {"mjpeg": "mjpeg", "hevc": "libx265", "h264": "libx264"}[name.split(".")[1]]
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    base = Fraction(1, rate)  # of which the encoders make the timing of their headers
    return make.write_video(
        tmp_path / name, make.noisy(12), range(12), base, codec, pix_fmt, rate, options
    )


@pytest.mark.parametrize("name", ["v.h264", "v.hevc"])
def test_a_raw_stream_has_the_rate_of_its_own_header(tmp_path, read, name):
    frames, report = read(raw(tmp_path, name, rate=30))
    assert times(frames) == SECONDS_30
    assert all(frame.media_s is None for frame in frames)
    assert report.repairs == {}
    assert report.errors == (
        "The stream carries no times: frames are 30 a second, as its header says.",
    )


def test_a_raw_stream_without_a_rate_is_assumed_and_told(tmp_path, read):
    frames, report = read(raw(tmp_path, "v.mjpeg"))
    assert times(frames) == SECONDS_30
    assert report.repairs == {"assumed_rate": 12}
    (told,) = report.errors
    assert "30 frames a second are assumed" in told and "--capture-fps" in told


@pytest.mark.parametrize("option", ["fps", "capture_fps"])
@pytest.mark.parametrize("name", ["v.h264", "v.mjpeg"])
def test_a_rate_is_taken_for_a_raw_stream(tmp_path, read, option, name):
    path = raw(tmp_path, name)
    frames, report = read(path, SourceConfig(**{option: 90.0}))
    assert times(frames) == [n / 90 for n in range(12)]
    assert report.repairs == {} and "as asked for" in report.errors[0]
    with open_source(str(path), SourceConfig(**{option: 90.0})) as source:
        assert source.info.declared_fps == 90.0


def test_the_same_on_standard_input(tmp_path):
    data = raw(tmp_path, "v.mjpeg").read_bytes()
    with open_pipe(io.BytesIO(data), SourceConfig(capture_fps=60.0)) as source:
        assert times(source) == [n / 60 for n in range(12)]


def test_a_rate_for_a_file_with_times_is_refused_with_the_cure(clip):
    with pytest.raises(UsageError, match=r"own times.*--capture-fps 30"):
        open_source(str(clip), SourceConfig(fps=30))


def test_live_sources_have_times_of_their_own():
    with pytest.raises(UsageError, match="live"):
        open_source("webcam", SourceConfig(capture_fps=30))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov", "avi"])
def test_what_the_camera_took_beats_the_container(tmp_path, read, suffix):
    path = make.write_video(tmp_path / f"v.{suffix}", make.noisy(12))  # 25 a second by its header
    frames, report = read(path, SourceConfig(capture_fps=30.0))
    assert times(frames) == SECONDS_30
    assert [f.media_s for f in frames] == pytest.approx([n / 25 for n in range(12)])
    assert "as asked for; the recording says 25" in report.errors[0]
    assert not report.truncated
    with open_source(str(path), SourceConfig(capture_fps=30.0)) as source:
        assert (source.info.capture_fps, source.info.declared_fps) == (30.0, 25.0)
        assert source.info.expected_s == pytest.approx(12 / 30)


def tagged(tmp_path, tags, *, fps=30, count=30, suffix="mp4", stamps=None, sound_s=None):
    """Frames shown at `fps` (or at `stamps`, of 1/60000 s), with tags as a phone writes them."""
    path = tmp_path / f"tagged.{suffix}"
    stamps = [round(60_000 * n / fps) for n in range(count)] if stamps is None else stamps
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata.update(tags)
        video = container.add_stream("libx264", rate=fps)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = video.time_base = Fraction(1, 60_000)
        video.codec_context.max_b_frames = 0
        sound = container.add_stream("aac", rate=48_000, layout="mono") if sound_s else None
        for image, stamp in zip(make.noisy(count), stamps, strict=True):
            frame = av.VideoFrame.from_ndarray(image)
            frame.pts, frame.time_base = stamp, video.codec_context.time_base
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for index in range(int((sound_s or 0) * 48_000 / 1024)):
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            samples.sample_rate, samples.pts = 48_000, 1024 * index
            container.mux(sound.encode(samples))
        if sound is not None:
            container.mux(sound.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        (ANDROID, "120.000000", 30),
        (ANDROID, "240", 30),
        (ANDROID, "240", 25),
        (ANDROID, "960", 30),
        (ANDROID, "60", 30),
        ("com.apple.quicktime.capture.fps", "240.000000", 30),
        ("com.apple.quicktime.camera.framerate", "120", 24),
        (ANDROID, "1", 30),  # time lapse
    ],
)
@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_slow_motion_by_its_tag(tmp_path, read, name, value, shown, suffix):
    path = tagged(tmp_path, {name: value}, fps=shown, suffix=suffix)
    frames, report = read(path)
    assert times(frames) == [n / float(value) for n in range(30)]
    assert [f.media_s for f in frames] == pytest.approx([n / shown for n in range(30)], abs=1e-4)
    (told,) = report.errors
    assert f"({name}) that {float(value):g} frames a second were taken" in told
    frames, _ = read(path, SourceConfig(capture_fps=shown))  # the user knows better
    assert times(frames) == [n / shown for n in range(30)]


@pytest.mark.parametrize(
    ("tags", "shown"),
    [
        ({ANDROID: "30.000000"}, 30),
        ({ANDROID: "30"}, 15),  # it was dark
        ({ANDROID: "120"}, 120),
        ({ANDROID: "60"}, 50),
        ({ANDROID: "nan"}, 30),
        ({ANDROID: "fast"}, 30),
        ({"com.apple.quicktime.full-frame-rate-playback-intent": "1"}, 30),
        ({"com.apple.quicktime.full-frame-rate-playback-intent": "0"}, 240),
    ],
)
def test_a_tag_that_says_nothing_new_is_passed_over(tmp_path, read, tags, shown):
    frames, report = read(tagged(tmp_path, tags, fps=shown))
    assert times(frames) == pytest.approx([n / shown for n in range(30)], abs=1e-4)
    assert all(frame.media_s is None for frame in frames)
    assert report.errors == ()


def test_a_tag_that_the_file_contradicts_is_told_and_not_used(tmp_path, read):
    sound = tagged(tmp_path, {ANDROID: "120"}, count=60, sound_s=2.0)
    odd = tagged(tmp_path, {ANDROID: "120"}, fps=43, suffix="mov")
    for path, why in ((sound, "sound is as long"), (odd, "43 a second, no rate")):
        frames, report = read(path)
        assert all(frame.media_s is None for frame in frames)
        (told,) = report.errors
        assert why in told and "--capture-fps 120" in told


def test_uneven_times_are_no_slow_motion_of_an_ordinary_camera(tmp_path, read):
    """60 frames a second were wanted, and about half came: what a phone does in the dark."""
    steps = np.random.default_rng(0).integers(1600, 2400, 30)
    frames, report = read(
        tagged(tmp_path, {ANDROID: "60"}, stamps=(np.cumsum(steps) - steps[0]).tolist())
    )
    assert frames[-1].media_s is None
    assert "uneven" in report.errors[0]


def test_an_iphones_mark_without_a_rate_is_told(tmp_path, read):
    path = tagged(tmp_path, {"com.apple.quicktime.full-frame-rate-playback-intent": "0"})
    _, report = read(path)
    assert "slow motion, but not how many" in report.errors[0]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "mov"])
def test_pictures_that_begin_after_the_sound(tmp_path, read, suffix):
    stamps = [90_000 + 2000 * n for n in range(30)]  # of 1/60000 s: 1.5 s late
    path = tagged(tmp_path, {}, stamps=stamps, sound_s=3.0, suffix=suffix)
    frames, _ = read(path)
    assert times(frames) == pytest.approx(SECONDS_30 + [n / 30 for n in range(12, 30)], abs=1e-3)
    late = [frame.media_s - frame.time_s for frame in frames]
    # The encoder of the sound begins 1024 samples before 0; what cannot say so begins at 0.
    assert late == pytest.approx([1.5] * 30, abs=0.025)
    assert max(late) - min(late) < 1e-9


def test_negative_times_are_kept_and_told(tmp_path, read):
    path = make.write_video(
        tmp_path / "neg.mkv",
        make.noisy(30),
        [40 * n - 1000 for n in range(30)],
        container_options={"avoid_negative_ts": "disabled"},
    )
    frames, report = read(path)
    assert times(frames) == pytest.approx([0.04 * n for n in range(30)])
    assert report.repairs and not report.truncated


def test_the_places_of_joined_parts_continue(tmp_path):
    tag = {ANDROID: "120"}
    first, second = (
        tagged(tmp_path, tag, suffix="mp4"),
        tagged(tmp_path, tag, suffix="mov"),
    )
    with JoinedSource([str(first), str(second)]) as source:
        frames = list(source)
    assert times(frames) == pytest.approx([n / 120 for n in range(60)])
    places = [f.time_s if f.media_s is None else f.media_s for f in frames]
    # Within a frame: where a part ends is known by its last frame only.
    assert places == pytest.approx([n / 30 for n in range(60)], abs=1 / 30)


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        ({"creation_time": "2026-11-26T10:00:00.000000Z"}, "2026-11-26T10:00:00.000+00:00"),
        (
            {
                "creation_time": "2026-11-26T10:00:00.000000Z",
                "com.apple.quicktime.creationdate": "2026-11-26T11:00:00+0100",
            },
            "2026-11-26T11:00:00.000+01:00",
        ),
    ],
)
def test_the_time_of_day_of_the_container(tmp_path, tags, wanted):
    with open_source(str(tagged(tmp_path, tags)), SourceConfig(time_of_day="file")) as source:
        assert source.info.starts_at is not None and source.info.starts_at.at(0.0) == wanted


def test_a_container_without_a_creation_time_is_told(clip, read):
    _, report = read(clip, SourceConfig(time_of_day="file"))
    assert "no creation time" in report.errors[0]


def test_a_time_of_day_counts_from_the_start_of_the_file(tmp_path):
    stamps = [90_000 + 2000 * n for n in range(30)]
    path = tagged(tmp_path, {}, stamps=stamps, sound_s=3.0)
    with open_source(str(path), SourceConfig(time_of_day="10:00:00")) as source:
        assert source.info.starts_at is not None
        assert source.info.starts_at.at(0.25) == "10:00:01.750"


def test_the_rate_of_the_camera_is_that_of_its_images(tmp_path, read):
    cv2 = pytest.importorskip("cv2")
    for n, image in enumerate(make.noisy(3)):
        cv2.imwrite(str(tmp_path / f"{n}.png"), image)
    for config in (SourceConfig(capture_fps=200.0), SourceConfig(fps=25.0, capture_fps=200.0)):
        frames, _ = read(tmp_path, config)
        assert times(frames) == [0.0, 1 / 200, 2 / 200]


def test_h264_in_avi_in_another_order_than_it_is_shown_in(tmp_path, read):
    path = tmp_path / "b.avi"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30, options={"bf": "3", "b_strategy": "0"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for image in make.noisy(40):
            container.mux(video.encode(av.VideoFrame.from_ndarray(image)))
        container.mux(video.encode(None))
    frames, report = read(path)
    assert times(frames) == pytest.approx([n / 30 for n in range(40)])
    assert (report.repairs, report.truncated) == ({}, False)
