"""Walks through one recording: logs, checkpoints, pictures, and the files made from them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from spotting.motion.regions import REGION_NAMES
from streamer.batch.aligned_faces import Faces
from streamer.batch.checkpoints import FILE_NAME, Checkpoint, Keeper, load_checkpoint
from streamer.batch.job import Job, Progress
from streamer.batch.pictures import Pictures
from streamer.batch.render import finish
from streamer.batch.run_record import Result
from streamer.batch.settings import model_facts
from streamer.core.errors import InstallError, InternalError, MerError, ModelError
from streamer.core.files.atomic import remove_leftovers
from streamer.core.files.inside import empty_folder, has_links
from streamer.core.files.writing import open_log
from streamer.core.records import FrameSignals, JsonObject
from streamer.outputs.events import EventWriter
from streamer.outputs.signals import SignalsCsv
from streamer.outputs.step import Step
from streamer.outputs.summary import Counts
from streamer.run.build import StreamConfig, build_pipeline
from streamer.run.pipeline import Pipeline
from streamer.run.recording import Fanout, steps
from streamer.sources import Source, SourceConfig, open_source
from streamer.sources.recording import RecordingSource

EVENTS, SIGNALS = "events.jsonl", "signals.csv"
_TELL_EVERY_S = 0.5


class Pipelines:
    """The pipeline of this process, built when it is first needed and used again."""

    def __init__(self) -> None:
        self._pipeline: Pipeline | None = None
        self._config: StreamConfig | None = None
        self._models: JsonObject = {}
        self.signals: list[FrameSignals] = []
        self.is_spoilt = False  # something unexpected happened: nobody knows what is left behind
        self._broken = False

    def models(self, config: StreamConfig) -> JsonObject:
        """`model_facts` of what is loaded for these settings, or of what would be. Raises them."""
        if self._pipeline is not None and self._config == config:
            return self._models
        return model_facts(config)

    def fresh(self, config: StreamConfig, name: str, models: JsonObject) -> Pipeline:
        """A pipeline at the start of a stream, of weights files that are those of `models`.

        Raises ModelError, also for files that were replaced since, and InstallError.
        """
        if self._pipeline is None or self._config != config or self._models != models:
            self.close()
            try:
                self._pipeline = _build(config, self.signals, models)
            except (InstallError, ModelError):
                self._broken = True
                raise
            self._config, self._models = config, models
        else:
            self._pipeline.reset()
        self._pipeline.source_name = name
        return self._pipeline

    def is_fatal(self, error: MerError) -> bool:
        """Whether the next recording would meet the error as well."""
        return self._broken or isinstance(error, ModelError | InstallError)

    def close(self) -> None:
        """Free the models."""
        if self._pipeline is not None:
            self._pipeline.close()
            self._pipeline = None


def _build(config: StreamConfig, signals: list[FrameSignals], models: JsonObject) -> Pipeline:
    """The pipeline, if its files were the expected ones before and after they were loaded."""
    before = model_facts(config)
    pipeline = build_pipeline(config, on_signals=signals.append)
    after = model_facts(config)
    for part, facts in models.items():
        for found in (before[part], after[part]):
            if found != facts:
                pipeline.close()
                raise ModelError(
                    f"the {part}'s file {facts['file']} was replaced while the batch ran (sha256 "
                    f"{facts['sha256'][:16]}..., now {found['sha256'][:16]}...): nothing was "
                    "stamped with the wrong one. Run again with --resume; what was done with the "
                    "other file is done again."
                )
    return pipeline


def walk(
    job: Job,
    path: Path,
    sha256: str,
    key: str,
    models: JsonObject,
    work: Path,
    pipelines: Pipelines,
    tell: Callable[[Progress], None],
    stop: Callable[[], bool],
) -> Result:
    """Stream the recording into `work` and make all wanted files there.

    Goes on from the checkpoint in `work` if it is of this `key`. Raises MerError for a recording
    that cannot be opened, OutputError where nothing can be written.
    """
    checkpoint = _checkpoint(job, key, work)
    source = _open(path, _source_config(job, path), checkpoint)
    with contextlib.closing(source):
        pipeline = pipelines.fresh(job.settings.config, job.shown, models)
        run = _Run(job, source, work, key, pipeline, checkpoint)
        failure = run.stream(pipelines.signals, tell, stop)
        report = source.report
    if stop():
        return Result("interrupted")
    if failure is not None and run.counts.frames == 0:
        raise failure
    result = Result(
        "done", failure, sha256, key, source.info, run.counts, report, run.resumed_at_s,
        models=_with_fingerprint(models, pipeline),
    )  # fmt: skip
    finish(work, job, result.record(job.shown))
    return result


def _with_fingerprint(models: JsonObject, pipeline: Pipeline) -> JsonObject:
    """The facts of the models, with what the recogniser that was loaded says of itself."""
    loaded: Any = pipeline.recognizer
    if models["recogniser"] is None or loaded is None:
        return models
    motion = loaded.facts.motion if hasattr(loaded, "facts") else "dis"
    known = {"motion": motion, "fingerprint": loaded.fingerprint}
    return models | {"recogniser": models["recogniser"] | known}


class _Run:
    """The sinks of one recording."""

    def __init__(
        self,
        job: Job,
        source: Source,
        work: Path,
        key: str,
        pipeline: Pipeline,
        checkpoint: Checkpoint | None,
    ) -> None:
        self._job = job
        self._source = source
        self._pipeline = pipeline
        self.counts = Counts()
        self.resumed_at_s = None if checkpoint is None else checkpoint.start.time_s
        start_s = 0.0
        if checkpoint is not None:
            checkpoint.resume(pipeline, self.counts)
            start_s = checkpoint.start.time_s
        self._keeper = Keeper(
            work / FILE_NAME,
            key,
            pipeline,
            job.settings.config.faces,
            job.settings.checkpoint_s,
            start_s,
            lambda: not (source.report.repairs or source.report.truncated),
        )
        self._keeper.counts = self.counts
        self._open_sinks(work, checkpoint)

    def stream(
        self,
        signals: list[FrameSignals],
        tell: Callable[[Progress], None],
        stop: Callable[[], bool],
    ) -> MerError | None:
        """Run to the end; returns the error that ended it early."""
        settings = self._job.settings
        failure: MerError | None = None
        told_s = 0.0
        running = steps(
            self._source,
            self._pipeline,
            signals,
            stop=lambda: stop() or self._fanout.failure is not None,
            kinds=settings.config.kinds,
            checkpoints=None if settings.video else self._keeper,
            threads=settings.threads,
        )
        try:
            with contextlib.closing(running):
                for step in running:
                    self._fanout.write(step)
                    if time.monotonic() - told_s > _TELL_EVERY_S:
                        told_s = time.monotonic()
                        tell(self._progress(step))
        except InternalError as error:
            raise error.__cause__ or error from None  # `do_recording` knows what to do with each
        except MerError as error:
            failure = error
        finally:
            self._fanout.close()
        if isinstance(self._fanout.failure, MerError):
            raise self._fanout.failure
        return failure

    def _open_sinks(self, work: Path, checkpoint: Checkpoint | None) -> None:
        self._fanout = Fanout()
        lengths = {} if checkpoint is None else checkpoint.lengths
        logs: dict[str, IO[str]] = {}
        for name in (EVENTS, SIGNALS):
            logs[name] = open_log(work / name, lengths.get(name, 0))
        self._keeper.logs = logs
        own = self._fanout.own
        own.append(EventWriter(logs[EVENTS], str(work / EVENTS)))
        own.append(SignalsCsv(work / SIGNALS, REGION_NAMES, stream=logs[SIGNALS]))
        if self._job.settings.images:
            own.append(Pictures(work / "images", self._pipeline))
        if self._job.settings.faces:
            own.append(Faces(work / "faces", self._pipeline))
        if self._job.settings.video:
            from streamer.outputs.video import VideoWriter

            video = work / "annotated.mp4"
            hidden = self._job.settings.redact
            own.append(VideoWriter(video, REGION_NAMES, overwrite=True, redact=hidden))
        own.append(self.counts)

    def _progress(self, step: Step) -> Progress:
        time_s = 0.0 if step.frame is None else step.frame.time_s
        total_s = self._source.info.declared_duration_s or 0.0
        share = min(time_s / total_s, 1.0) if total_s > 0 else 0.0
        return Progress(time_s, share, sum(self.counts.kinds.values()))


def _checkpoint(job: Job, key: str, work: Path) -> Checkpoint | None:
    """Where to go on; the work folder is emptied where nothing in it can be used."""
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
    if not path.is_dir():
        config = replace(config, fps=None)  # it is for the folders of images of the batch
    return replace(config, decode_threads=config.decode_threads or job.settings.threads)
