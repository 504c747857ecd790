"""A recording cut in two, read as one."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest

from streamer.core.errors import MerError, SourceNotFoundError, UsageError
from streamer.core.records import Frame
from streamer.outputs.record import event_to_record
from streamer.run.build import build_pipeline, stream
from streamer.run.config import load_config
from streamer.sources import open_source
from streamer.sources.joined import JoinedSource

FIRST, END = 150, 300  # of the sample: its second expression has its apex at frame 214
CUT = 67  # of these: within that expression


def write(path: Path, frames: list[Frame]) -> Path:
    """Without loss, so that a part holds the very pictures of the whole."""
    with av.open(str(path), "w") as container:
        video = container.add_stream(
            "libx264rgb", rate=30, options={"qp": "0", "preset": "ultrafast"}
        )
        video.height, video.width = frames[0].image.shape[:2]
        video.pix_fmt = "rgb24"
        for frame in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame.image, format="rgb24")))
        container.mux(video.encode(None))
    return path


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Five seconds of the bundled sample: whole, and in two parts."""
    folder = tmp_path_factory.mktemp("cut")
    with open_source("sample") as source:
        frames = list(source)[FIRST:END]
    return (
        write(folder / "whole.mp4", frames),
        write(folder / "a.mp4", frames[:CUT]),
        write(folder / "b.mp4", frames[CUT:]),
    )


@pytest.fixture(scope="module")
def wanted(recording: tuple[Path, Path, Path]) -> list[dict]:
    """The events of the whole."""
    return [event_to_record(event) for event in stream(recording[0])]


def test_frames_numbers_and_times_go_on(recording: tuple[Path, Path, Path]) -> None:
    whole, first, second = recording
    with open_source(str(whole)) as source:
        wanted = list(source)
    joined = JoinedSource([str(first), str(second)])
    found = list(joined)
    assert [frame.index for frame in found] == [frame.index for frame in wanted]
    assert [frame.time_s for frame in found] == pytest.approx(
        [frame.time_s for frame in wanted],
    )
    assert all(np.array_equal(a.image, b.image) for a, b in zip(found, wanted, strict=True))
    assert joined.report.frames == len(wanted)


def test_events_are_those_of_the_whole(
    recording: tuple[Path, Path, Path], wanted: list[dict], tmp_path: Path
) -> None:
    from typer.testing import CliRunner

    from streamer.cli.stream import app

    _, first, second = recording
    out = tmp_path / "e.jsonl"
    done = CliRunner().invoke(app, ["--join", str(first), str(second), "-o", str(out), "-q"])
    assert done.exit_code == 0, done.output
    joined = [json.loads(line) for line in out.read_text().splitlines()]
    assert [known(event) for event in joined] == [known(event) for event in wanted] != []


def known(record: dict) -> dict:
    """An event without the name of its file."""
    return {key: value for key, value in record.items() if key not in ("id", "source")}


def test_a_pipeline_does_not_care_where_its_frames_come_from(
    recording: tuple[Path, Path, Path], wanted: list[dict]
) -> None:
    """The file, a stream of its frames, and two halves pushed one after the other."""
    whole = recording[0]
    with open_source(str(whole)) as source:
        frames = list(source)
    pipeline = build_pipeline(load_config(), source_name=str(whole))
    events = [
        event
        for part in (frames[:CUT], frames[CUT:])
        for f in part
        for event in pipeline.push(f).events
    ]
    events += pipeline.flush().events
    pipeline.close()
    assert [event_to_record(event) for event in events] == wanted


def test_what_cannot_be_joined_is_refused(recording: tuple[Path, Path, Path]) -> None:
    with pytest.raises(UsageError, match="1 source to join"):
        JoinedSource([str(recording[1])])
    joined = JoinedSource([str(recording[1]), str(recording[2])])
    list(joined)
    with pytest.raises(UsageError, match="read already"):
        iter(joined).__next__()


def test_every_part_is_checked_before_the_first_frame(
    recording: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    first, second = map(str, recording[1:])
    damaged = tmp_path / "c.mp4"
    damaged.write_bytes(b"no video at all")
    with pytest.raises(SourceNotFoundError, match="gone"):
        JoinedSource([first, second, "gone.mp4"])
    with pytest.raises(MerError, match=r"c\.mp4"):
        JoinedSource([first, str(damaged), second])
    with pytest.raises(UsageError, match="only be the first part"):
        JoinedSource([first, "-"])
