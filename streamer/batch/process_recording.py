"""Processes one recording: logs, checkpoints, pictures, and the files made from them."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spotting.motion.regions import REGION_NAMES
from streamer.batch.checkpoints import FILE_NAME, Checkpoint, CheckpointWriter, load_checkpoint
from streamer.batch.job import Job, Progress
from streamer.batch.pipelines import Pipelines
from streamer.batch.render import render_outputs
from streamer.batch.run_record import Result
from streamer.core.errors import InternalError, MerError
from streamer.core.files.atomic import remove_leftovers
from streamer.core.files.inside import empty_folder, has_links
from streamer.core.files.writing import open_log
from streamer.core.records import FrameResult, JsonObject, Part, SourceInfo
from streamer.outputs.aligned_faces import AlignedFaces
from streamer.outputs.events import EventWriter
from streamer.outputs.pictures import Pictures
from streamer.outputs.signals import SignalsCsv
from streamer.outputs.sinks import Sinks
from streamer.outputs.summary import Counts
from streamer.run.pipeline import Pipeline
from streamer.run.recording import run_recording
from streamer.sources import Source, SourceConfig, open_source
from streamer.sources.naming import is_sequence
from streamer.sources.recording import RecordingSource

EVENTS, SIGNALS = "events.jsonl", "signals.csv"
_REPORT_EVERY_S = 0.5
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LocalRecording:
    """A job whose input is here."""

    job: Job
    path: Path
    sha256: str
    key: str  # of input, name, settings and models
    models: JsonObject
    work: Path  # folder for all that is made


def process_recording(
    recording: LocalRecording,
    pipelines: Pipelines,
    report: Callable[[Progress], None],
    stop: Callable[[], bool],
) -> Result:
    """Run the recording into its work folder and make all wanted files there.

    Resumes from the checkpoint in that folder if it is of this `key`. Raises MerError for a
    recording that cannot be opened, OutputError where nothing can be written.
    """
    job, work = recording.job, recording.work
    checkpoint = _usable_checkpoint(job, recording.key, work)
    source = _open(recording.path, _source_config(job, recording.path), checkpoint)
    with contextlib.closing(source):
        pipeline = pipelines.fresh(job.settings.config, job.display_name, recording.models)
        run = _Run(recording, source, pipeline, checkpoint)
        failure = run.stream(report, stop)
        quality = source.report
    if stop():
        return Result("interrupted")
    if failure is not None and run.counts.frames == 0:
        raise failure
    result = Result(
        "done", failure, recording.sha256, recording.key, source.info, run.counts, quality,
        run.resumed_at_s, models=_with_fingerprint(recording.models, pipeline),
    )  # fmt: skip
    render_outputs(work, job, result.record(job.display_name))
    return result


def _with_fingerprint(models: JsonObject, pipeline: Pipeline) -> JsonObject:
    """The facts of the models, with what the recogniser that was loaded says of itself."""
    loaded: Any = pipeline.recognizer
    if models["recogniser"] is None or loaded is None:
        return models
    known = {"motion": loaded.motion, "fingerprint": loaded.fingerprint}
    return models | {"recogniser": models["recogniser"] | known}


class _Run:
    """The outputs of one recording, and its checkpoints."""

    def __init__(
        self,
        recording: LocalRecording,
        source: Source,
        pipeline: Pipeline,
        checkpoint: Checkpoint | None,
    ) -> None:
        self._recording = recording
        self._source = source
        self._pipeline = pipeline
        self.counts = Counts()
        self.resumed_at_s = None if checkpoint is None else checkpoint.start.time_s
        if checkpoint is not None:
            checkpoint.resume(pipeline, self.counts)
        lengths = {} if checkpoint is None else checkpoint.lengths
        work = recording.work
        self._logs = {n: open_log(work / n, lengths.get(n, 0)) for n in (EVENTS, SIGNALS)}
        held = () if checkpoint is None else checkpoint.state["signals"]
        stream = self._logs[SIGNALS]
        self._signals = SignalsCsv(work / SIGNALS, REGION_NAMES, stream=stream, held=held)
        self._sinks = Sinks()
        self._open_sinks(work)

    def stream(
        self, report: Callable[[Progress], None], stop: Callable[[], bool]
    ) -> MerError | None:
        """Run to the end; returns the error that ended it early."""
        settings = self._recording.job.settings
        failure: MerError | None = None
        reported_s = 0.0
        results = run_recording(
            self._source,
            self._pipeline,
            self._sinks,
            stop=stop,
            kinds=settings.config.kinds,
            checkpoints=self._checkpoint_writer() if self._takes_checkpoints() else None,
            threads=settings.threads,
        )
        try:
            with contextlib.closing(results):
                for result in results:
                    if time.monotonic() - reported_s > _REPORT_EVERY_S:
                        reported_s = time.monotonic()
                        report(self._progress(result))
        except InternalError as error:
            raise error.__cause__ or error from None  # `do_recording` knows what to do with each
        except MerError as error:
            failure = error
        finally:
            self._sinks.close()
        self._sinks.check()
        return failure

    def _open_sinks(self, work: Path) -> None:
        settings, own = self._recording.job.settings, self._sinks.own
        own.append(EventWriter(self._logs[EVENTS], str(work / EVENTS)))
        own.append(self._signals)
        if settings.images:
            own.append(Pictures(work / "images", self._pipeline.recent_faces()))
        if settings.faces:
            own.append(AlignedFaces(work / "faces", self._pipeline.recent_faces()))
        if settings.video:
            from streamer.outputs.sound import open_sound
            from streamer.outputs.video import VideoWriter

            video = work / "annotated.mp4"
            sound = None
            if settings.redact == "off" and self._recording.path.is_file():
                sound = open_sound(self._recording.path, self._recording.job.display_name)
            own.append(
                VideoWriter(
                    video, REGION_NAMES, overwrite=True, redact=settings.redact, sound=sound
                )
            )
        own.append(self.counts)

    def _checkpoint_writer(self) -> CheckpointWriter:
        settings, source = self._recording.job.settings, self._source
        return CheckpointWriter(
            self._recording.work / FILE_NAME,
            self._recording.key,
            self._pipeline,
            self._logs,
            self.counts,
            self._signals,
            interval_s=settings.checkpoint_s,
            start_s=self.resumed_at_s or 0.0,
            is_plain=lambda: not (source.report.repairs or source.report.truncated),
        )

    def _takes_checkpoints(self) -> bool:
        """Not with what cannot be resumed: a begun video, or a face backend with a memory."""
        if not self._pipeline.is_resumable:
            _LOG.info(
                "No checkpoints: what faces.backend: mediapipe remembers cannot be saved; an "
                "unfinished recording begins anew on --resume. faces.backend: onnx resumes."
            )
        return self._pipeline.is_resumable and not self._recording.job.settings.video

    def _progress(self, result: FrameResult) -> Progress:
        time_s = 0.0 if result.frame is None else result.frame.time_s
        share = share_done(time_s, self._source.info)
        return Progress(time_s, share, sum(self.counts.kinds.values()))


def share_done(time_s: float, info: SourceInfo) -> float:
    """0..1 of the recording, or of the part of it; 0 where its length is not known."""
    whole_s = info.expected_s or 0.0
    part = info.part or Part(0.0, whole_s)
    end_s = min(part.end_s, whole_s)
    if end_s <= part.start_s:
        return 0.0
    return min(max(time_s - part.start_s, 0.0) / (end_s - part.start_s), 1.0)


def _usable_checkpoint(job: Job, key: str, work: Path) -> Checkpoint | None:
    """Where to resume; the work folder is emptied where nothing in it can be used."""
    usable = job.goes_on and not has_links(work)
    checkpoint = load_checkpoint(work, key, (EVENTS, SIGNALS)) if usable else None
    if checkpoint is None:
        empty_folder(work)
    remove_leftovers(work)  # of a run that was killed: they are no part of the result
    return checkpoint


def _open(path: Path, config: SourceConfig, checkpoint: Checkpoint | None) -> Source:
    """The recording at its start, or at the checkpoint's frame."""
    source = open_source(str(path), config)
    if checkpoint is None or not isinstance(source, RecordingSource):
        return source
    if source.go_to(checkpoint.start):
        return source
    source.close()
    source = open_source(str(path), config)
    if isinstance(source, RecordingSource):
        source.skip(checkpoint.start.frame)
    return source


def _source_config(job: Job, path: Path) -> SourceConfig:
    config = job.settings.config.source
    if not (path.is_dir() or is_sequence(str(path))):
        config = replace(config, fps=None)  # it is for the folders of images of the batch
    return replace(config, decode_threads=config.decode_threads or job.settings.threads)
