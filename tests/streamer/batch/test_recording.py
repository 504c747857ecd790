"""One recording through a batch job: logs, stops, resumes, damage. Real pipeline, a short clip."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from streamer.batch.job import Job
from streamer.batch.pipelines import Pipelines
from streamer.batch.recording import do_recording
from streamer.batch.settings import BatchSettings
from streamer.core.snapshot import capture, from_bytes, restore, to_bytes
from streamer.outputs.summary import RunRecord
from streamer.run.config import load_config
from streamer.run.pipeline import Pipeline
from streamer.sources import open_source
from tests.streamer.sources import make

CONFIG = load_config()
# Every second of the recording is a checkpoint.
SETTINGS = BatchSettings(CONFIG, ("jsonl", "csv", "srt", "html"), images=True, checkpoint_s=0.0)


@pytest.fixture(scope="module")
def pipelines() -> Iterator[Pipelines]:
    made = Pipelines()
    yield made
    made.close()


FRAMES = 150  # of the bundled sample, with its first movement
CLIP: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds; every job below is about them."""
    with open_source("sample") as source:
        images = [frame.image for frame in itertools.islice(source, FRAMES)]
    path = make.write_video(
        tmp_path_factory.mktemp("clip") / "sample.mp4", images, rate=30,
        pts=[round(1000 * n / 30) for n in range(FRAMES)],
        options={"crf": "12", "preset": "veryfast"},
    )  # fmt: skip
    CLIP[:] = [str(path)]
    return path


def job(output: Path, **changes: object) -> Job:
    plain = Job(CLIP[0], "sample", "sample", str(output), SETTINGS)
    return replace(plain, **changes)  # type: ignore[arg-type]


class StopAfter:
    """Says stop at the n-th time it is asked: once a frame."""

    def __init__(self, frames: int) -> None:
        self.left = frames

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


def contents(folder: Path) -> dict[str, object]:
    """All files; of run.json what is not timing."""
    found: dict[str, object] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        data: object = path.read_bytes()
        if path.name == "run.json":
            data = {k: v for k, v in json.loads(path.read_text()).items() if k != "timing"}
        found[name] = data
    return found


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory, pipelines: Pipelines) -> Path:
    output = tmp_path_factory.mktemp("clean")
    outcome = do_recording(job(output), pipelines)
    assert (outcome.status, outcome.frames, outcome.micro) == ("done", FRAMES, 1)
    return output


def test_a_folder_holds_logs_formats_and_the_run(clean: Path) -> None:
    folder = clean / "sample"
    names = {p.name for p in folder.iterdir()}
    assert names == {
        *("events.jsonl", "events.csv", "events.srt", "report.html", "signals.csv", "run.json"),
        "images",
    }
    run = json.loads((folder / "run.json").read_text())
    assert run["counts"]["events"] == {"micro": 1, "macro": 0}
    assert run["settings"]["config"]["faces"]["mesh_interval_s"] == 0.25
    assert len(run["input"]["sha256"]) == len(run["model"]["sha256"]) == 64
    assert set(run["outputs"]) >= {"events.jsonl", "signals.csv"}
    assert len((folder / "signals.csv").read_text().splitlines()) == FRAMES + 1
    assert len(list((folder / "images").iterdir())) == 2
    assert not any((clean / ".partial").glob("sample/*"))


@pytest.mark.parametrize("frames", [40, 75, 133])
def test_stopped_and_resumed_is_as_never_stopped(
    clean: Path, tmp_path: Path, pipelines: Pipelines, frames: int
) -> None:
    resumed = job(tmp_path, resume=True)
    assert do_recording(resumed, pipelines, stop=StopAfter(frames)).status == "interrupted"
    assert not (tmp_path / "sample").exists()  # nothing half done is to be seen
    outcome = do_recording(resumed, pipelines)
    assert outcome.status == "done"
    run = json.loads((tmp_path / "sample" / "run.json").read_text())
    assert run["timing"]["resumed_at_s"] == pytest.approx(frames // 30, abs=1.1)
    assert contents(tmp_path / "sample") == contents(clean / "sample")


def test_stopped_at_every_turn(clean: Path, tmp_path: Path, pipelines: Pipelines) -> None:
    resumed, stops = job(tmp_path, resume=True), 0
    while do_recording(resumed, pipelines, stop=StopAfter(35)).status == "interrupted":
        stops += 1
        assert stops < 20
    assert stops > 3
    assert contents(tmp_path / "sample") == contents(clean / "sample")


@pytest.mark.slow
@pytest.mark.parametrize("frames", [70, 130])
def test_other_clocks_are_resumed_as_well(
    tmp_path: Path, pipelines: Pipelines, frames: int
) -> None:
    """The event begins before the checkpoint and its place in the file is known after it."""
    capture = load_config(None, [("source.capture_fps", 29.0), ("source.time_of_day", "10:00")])
    slow = BatchSettings(capture, ("jsonl", "csv", "srt"), checkpoint_s=0.0)
    whole = do_recording(job(tmp_path / "whole", settings=slow), pipelines)
    assert whole.micro == 1
    halves = job(tmp_path / "halves", settings=slow, resume=True)
    assert do_recording(halves, pipelines, stop=StopAfter(frames)).status == "interrupted"
    do_recording(halves, pipelines)
    run = json.loads((tmp_path / "halves/sample/run.json").read_text())
    assert run["timing"]["resumed_at_s"] is not None
    assert run["input"]["capture_fps"] == 29.0
    assert contents(tmp_path / "halves/sample") == contents(tmp_path / "whole/sample")
    (record,) = (tmp_path / "halves/sample/events.jsonl").read_text().splitlines()
    event = json.loads(record)
    for moment in ("onset", "apex", "offset"):
        frame = event[f"{moment}_frame"]
        assert event[f"{moment}_s"] == pytest.approx(frame / 29, abs=1e-6)
        assert event[f"{moment}_media_s"] == pytest.approx(frame / 30, abs=1e-3)
        assert event[f"{moment}_at"] == f"10:00:0{frame / 29:.3f}"


def test_a_torn_log_tail_is_cut_off(clean: Path, tmp_path: Path, pipelines: Pipelines) -> None:
    resumed = job(tmp_path, resume=True)
    do_recording(resumed, pipelines, stop=StopAfter(100))
    with (tmp_path / ".partial" / "sample" / "events.jsonl").open("a") as log:
        log.write('{"schema": "mer-str')
    do_recording(resumed, pipelines)
    assert contents(tmp_path / "sample") == contents(clean / "sample")


def test_a_damaged_checkpoint_begins_anew(
    clean: Path, tmp_path: Path, pipelines: Pipelines
) -> None:
    resumed = job(tmp_path, resume=True)
    do_recording(resumed, pipelines, stop=StopAfter(100))
    checkpoint = tmp_path / ".partial" / "sample" / "checkpoint"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-2000])
    do_recording(resumed, pipelines)
    run = json.loads((tmp_path / "sample" / "run.json").read_text())
    assert run["timing"]["resumed_at_s"] is None
    assert contents(tmp_path / "sample") == contents(clean / "sample")


def test_a_checkpoint_that_misleads_the_pipeline_begins_anew(
    clean: Path, tmp_path: Path, pipelines: Pipelines
) -> None:
    """It is whole and plausible, and the pipeline cannot go on from it."""
    resumed = job(tmp_path, resume=True)
    do_recording(resumed, pipelines, stop=StopAfter(70))
    path = tmp_path / ".partial" / "sample" / "checkpoint"
    snapshot, facts = from_bytes(path.read_bytes())
    state = restore(snapshot)
    state["advance"]["now_s"] = 1e9
    path.write_bytes(to_bytes(capture(state), facts))
    assert do_recording(resumed, pipelines).status == "done"
    assert contents(tmp_path / "sample") == contents(clean / "sample")


def test_a_result_of_which_a_part_is_gone_is_done_again(
    clean: Path, tmp_path: Path, pipelines: Pipelines
) -> None:
    quick = replace(SETTINGS, config=replace(CONFIG, recognise=False), formats=("jsonl",))
    first = job(tmp_path, settings=quick, resume=True)
    do_recording(first, pipelines)
    whole = contents(tmp_path / "sample")
    (tmp_path / "sample" / "signals.csv").unlink()
    assert do_recording(first, pipelines).status == "done"
    assert contents(tmp_path / "sample") == whole


def test_what_is_done_is_kept(tmp_path: Path, pipelines: Pipelines) -> None:
    quick = replace(SETTINGS, config=replace(CONFIG, recognise=False), formats=("jsonl",))
    first = job(tmp_path, settings=quick, resume=True)
    assert do_recording(first, pipelines).status == "done"
    before = (tmp_path / "sample" / "run.json").stat().st_mtime_ns
    again = do_recording(first, pipelines)
    assert (again.status, again.micro) == ("kept", 1)
    assert (tmp_path / "sample" / "run.json").stat().st_mtime_ns == before
    other = replace(quick, config=replace(quick.config, kinds=("macro",)))
    redone = do_recording(replace(first, settings=other), pipelines)
    assert (redone.status, redone.micro) == ("done", 0)
    assert (tmp_path / "sample" / "events.jsonl").read_text() == ""
    assert not list((tmp_path / ".partial").glob("*old*"))


def test_formats_are_added_without_running_again(
    clean: Path, tmp_path: Path, pipelines: Pipelines
) -> None:
    few = replace(SETTINGS, formats=("jsonl",))
    assert do_recording(job(tmp_path, settings=few), pipelines).status == "done"
    assert not (tmp_path / "sample" / "report.html").exists()
    assert do_recording(job(tmp_path, resume=True), pipelines).status == "kept"
    assert contents(tmp_path / "sample") == contents(clean / "sample")


def test_a_changed_input_is_done_again(clip: Path, tmp_path: Path, pipelines: Pipelines) -> None:
    changed = tmp_path / "clip.mp4"
    changed.write_bytes(clip.read_bytes())
    quick = replace(SETTINGS, config=replace(CONFIG, recognise=False), formats=("jsonl",))
    one = job(tmp_path / "out", source=str(changed), settings=quick, resume=True)
    assert do_recording(one, pipelines).status == "done"
    changed.write_bytes(clip.read_bytes() + b"\0")
    assert do_recording(one, pipelines).status == "done"
    assert do_recording(one, pipelines).status == "kept"


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (None, 3, "no such file|cannot be read"),
        (b"", 4, "empty"),
        (b"ffconcat version 1.0\nfile x.mp4\n", 5, "playlist"),
        (b"\0\0\0\x18ftypisom" + b"\0" * 5000, 4, "cannot be opened"),
    ],
)
def test_a_bad_file_is_an_outcome(
    tmp_path: Path, pipelines: Pipelines, content: bytes | None, code: int, says: str
) -> None:
    clip = tmp_path / "secret name.mp4"
    if content is not None:
        clip.write_bytes(content)
    bad = job(tmp_path / "out", source=str(clip), display_name="rec-1", folder="rec-1")
    outcome = do_recording(bad, pipelines)
    assert (outcome.status, outcome.exit_code) == ("failed", code)
    assert outcome.error is not None and "secret" not in outcome.error
    import re

    assert re.search(says, outcome.error)
    run = json.loads((tmp_path / "out" / "rec-1" / "run.json").read_text())
    assert run["error"] == outcome.error and run["status"] == "failed"
    assert [p.name for p in (tmp_path / "out" / "rec-1").iterdir()] == ["run.json"]


def test_an_outcome_does_not_compare_its_speed() -> None:
    slow = RunRecord("a", "a", "done", wall_s=9.0)
    assert slow == replace(slow, wall_s=1.0)


def test_what_cannot_be_saved_is_told_and_begins_anew(
    tmp_path: Path, pipelines: Pipelines, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """As with faces.backend: mediapipe."""
    monkeypatch.setattr(Pipeline, "is_resumable", property(lambda self: False))
    quick = replace(SETTINGS, config=replace(CONFIG, recognise=False), formats=("jsonl",))
    one = job(tmp_path, settings=quick, resume=True)
    with caplog.at_level(logging.INFO):
        assert do_recording(one, pipelines, stop=StopAfter(70)).status == "interrupted"
    assert "begins anew on --resume. faces.backend: onnx resumes" in caplog.text
    assert not (tmp_path / ".partial" / "sample" / "checkpoint").exists()
