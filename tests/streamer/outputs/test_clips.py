"""Cuts of events: their pictures, margin and speed; what is hidden, kept and refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from streamer.core.errors import OutputError, UsageError
from streamer.core.records import Frame, FrameResult
from streamer.outputs import clips
from streamer.outputs.clips import ClipWriter
from streamer.outputs.files import check_folder
from streamer.outputs.plan import OutputOptions, OutputPlan
from streamer.outputs.record import event_id
from tests.streamer.outputs.fakes import make_event, make_result

EVENT = make_event()  # 1.0 to 1.3 s, known at frame 45


def film(sink: ClipWriter, frames: int = 90, size: tuple[int, int] = (48, 64)) -> None:
    """At 30 a second; the picture gets brighter by 2 each frame."""
    for index in range(frames):
        result = make_result(index, index / 30, (), (EVENT,) if index == 45 else (), size)
        assert result.frame is not None
        image = np.full((*size, 3), 2 * index, np.uint8)
        sink.write(replace(result, frame=Frame(index, index / 30, image)))
    sink.write(FrameResult(None))
    sink.close()


def read(path: Path) -> list[tuple[float, float]]:
    """Time and brightness of each picture."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return [(float(f.time), float(f.to_ndarray(format="rgb24").mean())) for f in frames]


def test_a_cut_shows_the_event_with_its_margin_at_both_speeds(tmp_path: Path) -> None:
    film(ClipWriter(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{event_id(EVENT)}.mp4", f"{event_id(EVENT)}-slow.mp4",
    }  # fmt: skip
    shown = read(tmp_path / f"{event_id(EVENT)}.mp4")
    # From 0.5 to 1.8 s: frames 15 to 54.
    assert [time_s for time_s, _ in shown] == pytest.approx([n / 30 for n in range(40)], abs=1e-4)
    wanted = [2.0 * n for n in range(15, 55)]
    assert [light for _, light in shown] == pytest.approx(wanted, abs=4.0)
    slow = read(tmp_path / f"{event_id(EVENT)}-slow.mp4")
    assert [time_s for time_s, _ in slow] == pytest.approx([n / 7.5 for n in range(40)], abs=1e-4)


def test_odd_sizes_and_pictures_that_end_early(tmp_path: Path) -> None:
    film(ClipWriter(tmp_path), frames=47, size=(47, 63))
    shown = read(tmp_path / f"{event_id(EVENT)}.mp4")
    assert len(shown) == 32  # frames 15 to 46


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "_KEPT_BYTES", 20_000)
    sink = ClipWriter(tmp_path)
    for index in range(400):
        sink.write(make_result(index, index / 30))
        assert sum(len(kept.jpeg) for kept in sink._kept) == sink._bytes <= 20_000
    monkeypatch.setattr(clips, "_KEPT_BYTES", 2**28)
    for index in range(400, 1000):
        sink.write(make_result(index, index / 30))
    assert sink._kept[-1].time_s - sink._kept[0].time_s <= 12.0
    sink.close()


def test_faces_are_hidden_and_those_found_late_too(tmp_path: Path) -> None:
    """The face is found at frame 60 only; the cut before that does not show its place either."""
    sink = ClipWriter(tmp_path, redact="mask")
    rng = np.random.default_rng(1)
    for index in range(120):
        faces = (0,) if index >= 60 else ()
        result = make_result(index, index / 30, faces, (EVENT,) if index == 45 else ())
        image = rng.integers(0, 255, (96, 128, 3)).astype(np.uint8)
        sink.write(replace(result, frame=Frame(index, index / 30, image)))
    sink.close()
    with av.open(str(tmp_path / f"{event_id(EVENT)}.mp4")) as container:
        for frame in container.decode(video=0):  # the face is at 10..40, 20..60
            assert frame.to_ndarray(format="rgb24")[25:55, 15:35].std() < 12.0


def test_a_cut_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / f"{event_id(EVENT)}.mp4").touch()
    with pytest.raises(OutputError, match="exists already"):
        film(ClipWriter(tmp_path))
    film(ClipWriter(tmp_path, overwrite=True))


def test_folders_are_checked_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(OutputError, match="add --overwrite"):
        check_folder(tmp_path / "full", "--save-clips", overwrite=False)
    check_folder(tmp_path / "full", "--save-clips", overwrite=True)
    check_folder(tmp_path / "new", "--save-clips", overwrite=False)
    with pytest.raises(UsageError, match="name a folder"):
        check_folder(tmp_path / "full" / "x", "--save-clips", overwrite=False)


def test_hiding_faces_covers_cuts_and_leaves_the_sound_out(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--save-clips"):
        OutputPlan(OutputOptions(redact="blur"), ["sample"])
    plan = OutputPlan(OutputOptions(redact="blur", save_clips=tmp_path / "c"), ["sample"])
    assert plan.files[0].sound is None  # a voice tells who it is as well
    assert OutputPlan(OutputOptions(), ["sample"]).files[0].sound is not None
    assert OutputPlan(OutputOptions(), ["webcam"]).files[0].sound is None
