import numpy as np
import pytest

from benchmarks.ping_pong import PingPongRecording, ping_pong_clips
from streamer.core.errors import SourceFormatError
from streamer.core.records import Frame
from training.synthetic.video import write_video


def clip(path, count):
    images = [np.full((32, 32, 3), 40 * number + 20, dtype=np.uint8) for number in range(count)]
    write_video((Frame(i, i / 10, image) for i, image in enumerate(images)), path, 10.0)
    return path


def test_to_and_fro(tmp_path):
    clip(tmp_path / "a.mp4", 4)
    (tmp_path / "notes.txt").touch()
    (looped,) = ping_pong_clips(tmp_path, seconds=1.0)
    assert looped.fps == 10.0
    frames = list(looped.frames())
    assert [frame.index for frame in frames] == list(range(10))
    assert frames[9].time_s == pytest.approx(0.9)
    shown = [round((float(frame.image.mean()) - 20) / 40) for frame in frames]
    assert shown == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3]


def test_a_single_picture_is_no_recording(tmp_path):
    looped = PingPongRecording("a", clip(tmp_path / "a.mp4", 1), 10.0, 1.0)
    with pytest.raises(SourceFormatError, match="has 1 frames"):
        list(looped.frames())
