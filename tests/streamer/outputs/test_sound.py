"""The sound of an annotated recording: the packets of the source, at the times of the source."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from streamer.outputs.sound import open_sound
from streamer.outputs.video import VideoWriter
from tests.streamer.outputs.fakes import REGIONS, make_result

RATE = 48_000


def recording(path: Path, codec: str = "aac", seconds: float = 3.0) -> Path:
    """Noise, so that every packet is another one, beside grey pictures at 25 a second."""
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (2, round(seconds * RATE)))
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream(codec, rate=RATE)
        audio.layout = "stereo"
        for index in range(round(seconds * 25)):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        resampler = av.AudioResampler(audio.format.name, "stereo", RATE, 1024)
        samples = av.AudioFrame.from_ndarray(noise.astype(np.float32), "fltp", "stereo")
        samples.sample_rate, samples.pts, samples.time_base = RATE, 0, Fraction(1, RATE)
        for frame in [*resampler.resample(samples), *resampler.resample(None)]:
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return path


def heard(path: Path) -> dict[bytes, float]:
    """Each packet of the sound, and when a player plays it."""
    with av.open(str(path)) as container:
        start_s = (container.start_time or 0) / av.time_base
        packets = [p for p in container.demux(audio=0) if p.size and p.pts is not None]
        return {bytes(p): float(p.pts * p.time_base) - start_s for p in packets}


def annotate(path: Path, source: Path, times: list[float], **options: object) -> Path:
    sink = VideoWriter(path, REGIONS, sound=open_sound(source, "x"), **options)  # type: ignore[arg-type]
    for index, time_s in enumerate(times):
        sink.write(make_result(index, time_s, (0,)))
    sink.close()
    return path


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov"])
def test_every_packet_is_copied_to_its_own_time(tmp_path: Path, name: str) -> None:
    source = recording(tmp_path / name)
    written = annotate(tmp_path / "v.mp4", source, [n / 25 for n in range(75)])
    before, after = heard(source), heard(written)
    # 3 s of 1,024 samples each are 141 packets; those before time 0 (the codec's delay) are not.
    assert len(after) >= 138 and set(after) <= set(before)
    for packet, time_s in after.items():
        assert time_s == pytest.approx(before[packet], abs=0.002)
    with av.open(str(written)) as container:
        shown = [float(frame.time) for frame in container.decode(video=0)]
    assert shown == pytest.approx([n / 25 for n in range(75)], abs=1e-4)


def test_a_part_begins_at_zero_with_the_sound_of_that_moment(tmp_path: Path) -> None:
    source = recording(tmp_path / "a.mp4")
    times = [1.0 + n / 25 for n in range(25)]
    written = annotate(tmp_path / "v.mp4", source, times, from_zero=True)
    before, after = heard(source), heard(written)
    assert 40 < len(after) < 60  # 1.1 s of 46.9 packets a second
    off = [time_s - (before[packet] - 1.0) for packet, time_s in after.items()]
    assert off[0] == pytest.approx(0.0, abs=0.0214)  # a track begins at 0: up to one packet early
    assert off[1:] == pytest.approx([0.0] * (len(off) - 1), abs=0.002)


def test_what_mp4_cannot_hold_is_encoded_anew_in_time(tmp_path: Path) -> None:
    """A click at 1.5 s is heard at 1.5 s."""
    source = tmp_path / "a.mkv"
    samples = np.zeros((1, 3 * 16_000), np.int16)
    samples[0, 24_000:24_160] = 20_000
    with av.open(str(source), "w") as container:
        audio = container.add_stream("pcm_u8", rate=16_000)
        audio.layout = "mono"
        frame = av.AudioFrame.from_ndarray((samples // 256 + 128).astype(np.uint8), "u8", "mono")
        frame.sample_rate, frame.pts = 16_000, 0
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    written = annotate(tmp_path / "v.mp4", source, [n / 25 for n in range(75)])
    with av.open(str(written)) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        loud = [
            float(frame.time) + int(np.argmax(np.abs(frame.to_ndarray()[0]))) / frame.sample_rate
            for frame in container.decode(audio=0)
            if np.abs(frame.to_ndarray()).max() > 0.2
        ]
    assert loud and loud[0] == pytest.approx(1.5, abs=0.03)


def test_a_file_without_a_sound_or_without_a_file_gives_none(tmp_path: Path) -> None:
    silent = annotate(tmp_path / "v.mp4", tmp_path / "missing.mp4", [0.0, 0.04])
    assert open_sound(silent, "x") is None
    (tmp_path / "text.mp4").write_text("no video")
    assert open_sound(tmp_path / "text.mp4", "x") is None


def test_a_damaged_sound_ends_and_the_video_goes_on(tmp_path: Path) -> None:
    source = recording(tmp_path / "a.mkv")
    data = bytearray(source.read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    source.write_bytes(data)
    written = annotate(tmp_path / "v.mp4", source, [n / 25 for n in range(75)])
    assert len(heard(written)) > 20
    with av.open(str(written)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 75
