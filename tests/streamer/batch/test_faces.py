"""Aligned faces of a batch, and jobs whose input is nobody's business."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamer.batch.inputs import sample_path
from streamer.batch.job import Job
from streamer.batch.pipelines import Pipelines
from streamer.batch.recording import do_recording
from streamer.batch.settings import ALL_FORMATS, BatchSettings
from streamer.cli.batch import app
from streamer.outputs.aligned_faces import read_strip, strip_path
from streamer.outputs.events import read_events
from streamer.run.config import load_config

QUICK = load_config(overrides=[("recognise", False)])


def test_mer_batch_writes_faces_where_asked(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(sample_path().read_bytes())
    words = [str(clip), "--formats", "jsonl", "--no-recognition", "--workers", "1", "--faces"]
    told = CliRunner().invoke(app, [*words, "-o", str(tmp_path / "out")])
    assert told.exit_code == 0, told.output
    (folder,) = [path.parent for path in (tmp_path / "out").rglob("events.jsonl")]
    events = list(read_events(folder / "events.jsonl"))
    assert len(events) == 3 and len(list((folder / "faces").iterdir())) == 3
    for event in events:
        strip = read_strip(strip_path(folder / "faces", event))
        moments = strip.frame[[strip.onset, strip.apex, strip.offset]]
        assert moments.tolist() == [
            event.spot.onset_frame, event.spot.apex_frame, event.spot.offset_frame,
        ]  # fmt: skip
        assert strip.images.shape[1:] == (128, 128, 3)
        assert strip.time_s[strip.apex] == pytest.approx(event.spot.apex_s, abs=1e-5)
    run = json.loads((folder / "run.json").read_text())
    assert run["settings"]["faces"] is True


@pytest.fixture(scope="module")
def pipelines() -> Iterator[Pipelines]:
    held = Pipelines()
    yield held
    held.close()


@pytest.mark.parametrize("private", [True, False])
def test_a_private_job_does_not_tell_where_its_input_lies(
    tmp_path: Path, pipelines: Pipelines, private: bool
) -> None:
    clip = tmp_path / "unspeakable place" / "clip.mp4"
    clip.parent.mkdir()
    clip.write_bytes(sample_path().read_bytes())
    texts = tuple(f for f in ALL_FORMATS if f not in ("boris", "parquet"))
    one = Job(
        str(clip), "clip.mp4", "r", str(tmp_path / "out"), BatchSettings(QUICK, texts),
        private=private,
    )  # fmt: skip
    assert do_recording(one, pipelines).micro == 3
    assert not (tmp_path / "out" / "r" / "faces").exists()  # nobody asked
    found = [
        path.name
        for path in (tmp_path / "out" / "r").iterdir()
        if b"unspeakable" in path.read_bytes() or str(tmp_path).encode() in path.read_bytes()
    ]
    assert found == ([] if private else ["events.eaf"])


def test_a_private_failure_does_not_tell_it_either(tmp_path: Path, pipelines: Pipelines) -> None:
    clip = tmp_path / "hidden" / "clip.mp4"
    settings = BatchSettings(QUICK, ("jsonl",))
    one = Job(str(clip), "shown.mp4", "r", str(tmp_path / "out"), settings, private=True)
    outcome = do_recording(one, pipelines)
    assert outcome.failed and outcome.error is not None
    assert (
        "hidden" not in outcome.error
        and "hidden" not in (tmp_path / "out" / "r" / "run.json").read_text()
    )
    bad = replace(one, source=str(tmp_path / "hidden.mp4"))
    (tmp_path / "hidden.mp4").write_text("text")
    assert "hidden" not in (do_recording(bad, pipelines).error or "hidden")
