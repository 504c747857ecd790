"""Nothing in the results tells a hidden name or a password, and no picture is made unasked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from streamer.batch.inputs import sample_path
from streamer.batch.output import open_output_of
from streamer.batch.pipelines import Pipelines
from streamer.batch.recording import do_recording
from streamer.batch.run import BatchOptions, make_jobs
from streamer.batch.settings import BatchSettings
from streamer.run.config import load_config

FORMATS = ("jsonl", "csv", "srt", "vtt", "html")
SETTINGS = BatchSettings(load_config(overrides=[("recognise", False)]), FORMATS, hash_names=True)


def test_hashed_names_are_in_no_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    study = tmp_path / "study"
    study.mkdir()
    (study / "anna.mp4").write_bytes(sample_path().read_bytes())
    (study / "annabroken.mp4").write_bytes(b"no video")
    options = BatchOptions(str(tmp_path / "out"), resume=True)
    pipelines = Pipelines()
    for settings in (SETTINGS, replace(SETTINGS, config=load_config(overrides=[("model", None)]))):
        output = open_output_of(options.output)
        for job in make_jobs(settings, options, [str(study)], output):
            do_recording(job, pipelines)
    pipelines.close()
    files = [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
    assert len(files) >= 2 + len(FORMATS)
    for path in files:
        assert "anna" not in str(path.relative_to(tmp_path))
        assert b"anna" not in path.read_bytes(), path.name
    assert "anna" not in caplog.text
    assert not [p for p in files if p.suffix in (".jpg", ".png", ".mp4")]
    report = next(p for p in files if p.name == "report.html").read_text()
    assert "data:image" not in report and "http" not in report.replace("http-equiv", "")


def test_names_are_escaped_in_the_report(tmp_path: Path) -> None:
    bad = tmp_path / "<img src=x onerror=alert(1)>.mp4"
    bad.write_bytes(sample_path().read_bytes())
    plain = replace(SETTINGS, hash_names=False)
    options = BatchOptions(str(tmp_path / "out"))
    (job,) = make_jobs(plain, options, [str(bad)], open_output_of(options.output))
    pipelines = Pipelines()
    do_recording(job, pipelines)
    pipelines.close()
    report = next((tmp_path / "out").glob("*/report.html")).read_text()
    assert "<img src=x" not in report and "&lt;img src=x" in report
