"""Damage done by a seed to small recordings of every container: an error, or reported, or whole."""

from __future__ import annotations

import contextlib
import os
import struct
import threading
from collections import Counter

import numpy as np
import pytest

from benchmarks import mutants
from streamer.sources import SourceConfig
from streamer.sources.pipe import open_pipe


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return mutants.make_clips(tmp_path_factory.mktemp("clips"))


def test_sound_recordings_are_whole(sound):
    for name, path in sound.items():
        verdict = mutants.judge(path, mutants.FRAMES)
        assert (verdict.kind, verdict.exit_code) == ("whole", 0), name
        raw = name in ("mjpeg", "h264")  # of which is told where their rate is from
        assert verdict.sentence.startswith("The stream carries ") if raw else not verdict.sentence


@pytest.mark.parametrize("name", [n for n in mutants.CODECS if n not in ("mp4", "mov", "3gp")])
def test_sound_recordings_are_whole_through_a_pipe(sound, name):
    read, write = os.pipe()

    def fill():
        with os.fdopen(write, "wb") as stream, contextlib.suppress(BrokenPipeError):
            stream.write(sound[name].read_bytes())

    threading.Thread(target=fill, daemon=True).start()
    with open_pipe(os.fdopen(read, "rb", buffering=0), SourceConfig()) as source:
        assert len(list(source)) == mutants.FRAMES
        assert not source.report.truncated, source.report


def test_damage_is_an_error_or_reported(sound, tmp_path):
    """Before there was a look at the containers' structure, 11 in 100 were not."""
    found = Counter()
    for name, _, verdict in mutants.run(tmp_path, 300, seed=5, clips=sound):
        found[verdict.kind] += 1
        assert verdict.kind != "defect", (name, verdict)
        assert verdict.exit_code in (0, 3, 4, 5, 10), (name, verdict)
    assert sum(found.values()) == 300
    assert found["silent"] <= 3, found
    assert found["reported"] > 90 and found["error"] > 20, found


@pytest.mark.parametrize("name", ["gif", "wmv", "ogv", "webm", "y4m", "mkv", "avi"])
def test_frames_that_are_missing_are_reported(sound, tmp_path, name):
    clips = {name: sound[name]}
    kinds = Counter(v.kind for _, _, v in mutants.run(tmp_path, 30, seed=7, clips=clips))
    assert kinds["silent"] == kinds["defect"] == 0, kinds


@pytest.mark.parametrize("step", [0, 0x7FFFFFFF])
def test_times_that_contradict_the_header(sound, tmp_path, step, read):
    """All frames are there, at the rate of the header."""
    data = bytearray(sound["mp4"].read_bytes())
    at = data.index(b"stts") + 8
    (entries,) = struct.unpack(">I", data[at : at + 4])
    for entry in range(entries):
        place = at + 8 + 8 * entry
        data[place : place + 4] = step.to_bytes(4, "big")
    path = tmp_path / "odd.mp4"
    path.write_bytes(data)
    frames, report = read(path)
    wanted = np.arange(mutants.FRAMES) / mutants.RATE
    assert [frame.time_s for frame in frames] == pytest.approx(wanted)
    assert report.repairs == {"unusable_pts": mutants.FRAMES} and not report.truncated
    assert "contradict its header" in report.errors[0]
