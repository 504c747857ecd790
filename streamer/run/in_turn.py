"""Runs the sources one after another; one bad file does not stop the rest."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spotting.motion.regions import REGION_NAMES
from streamer.core.errors import (
    EXIT_BROKEN_PIPE,
    EXIT_INTERRUPTED,
    EXIT_TRUNCATED,
    InstallError,
    MerError,
    ModelError,
    OutputError,
    SourceNotFoundError,
    UsageError,
)
from streamer.core.files.writing import Proof, proof_of
from streamer.core.process.console import detach_stdout
from streamer.core.process.stopping import StopFlag, interruptible
from streamer.core.records import FrameSignals
from streamer.core.urls import display_name, strip_credentials
from streamer.outputs.plan import OutputOptions, OutputPlan, SourceFiles
from streamer.outputs.progress import ProgressBar
from streamer.outputs.signals import SignalsCsv, SignalsParquet
from streamer.outputs.step import Sink
from streamer.outputs.summary import Counts, RunRecord, format_summary, write_summary
from streamer.run.build import StreamConfig, build_pipeline, warm_up
from streamer.run.prefetch import SourceLike
from streamer.run.recording import Fanout, steps
from streamer.sources import Source, check_source, expand_sources, may_be_live, open_source

if TYPE_CHECKING:
    from streamer.run.pipeline import Pipeline

_LOG = logging.getLogger(__name__)
# Errors that the next source would meet as well.
_FATAL = (OutputError, ModelError, InstallError, UsageError)


def run_batch(
    config: StreamConfig,
    outputs: OutputOptions,
    names: Sequence[str],
    max_seconds: float | None = None,
    join: bool = False,
    stop: StopFlag | None = None,
) -> int:
    """Run all sources that `names` stand for; returns the exit code, 0 if all went well.

    With `join` they are the parts of one recording, in this order.

    Raises UsageError or OutputError before any work where the outputs cannot be used.
    """
    sources = _expand(names)

    def opened(name: str) -> Source:
        if not join:
            return open_source(name, config.source)
        from streamer.sources.joined import JoinedSource

        return JoinedSource(sources, config.source)

    runs = sources[:1] if join else sources
    plan = OutputPlan(outputs, runs)
    return Batch(config, plan, stop or StopFlag(), max_seconds, opened).run(runs)


class Batch:
    """One run of the command line. State: the pipeline and the outputs that sources share."""

    def __init__(
        self,
        config: StreamConfig,
        plan: OutputPlan,
        stop: StopFlag,
        max_seconds: float | None,
        opened: Callable[[str], Source],
    ) -> None:
        self._config = config
        self._open = opened
        self._plan = plan
        self._stop = stop
        self._max_seconds = max_seconds
        self._signals: list[FrameSignals] = []
        self._pipeline: Pipeline | None = None
        self._shared: list[Sink] | None = None
        self._broken_pipe = False
        self._summaries: list[RunRecord] = []
        self._proofs: list[tuple[int, Proof]] = []  # number of the source, its finished files

    def run(self, sources: Sequence[str]) -> int:
        """Run all sources; returns the exit code: the first failure's, or 0."""
        with self._stop.catching():
            try:
                for source, files in zip(sources, self._plan.files, strict=True):
                    fatal = self._run_one(source, files)
                    if fatal or self._stop():
                        break
            except KeyboardInterrupt:
                self._stop.signalled = True
                detach_stdout()  # what is left in its buffer may have no reader
            finally:
                self._close()
        return self._exit_code()

    def _run_one(self, source: str, files: SourceFiles) -> bool:
        """Run one source and sum it up; returns whether the run has to end."""
        counts = Counts()
        try:
            if may_be_live(source):
                self._load_before(source)
            opened = interruptible(
                lambda: self._open(source), self._stop, lambda source: source.close()
            )
        except MerError as error:
            return self._sum_up(counts.summarise(display_name(source), **_failure(error)), error)
        except KeyboardInterrupt:
            self._stop.signalled = True
            return self._sum_up(
                counts.summarise(display_name(source), interrupted=True), KeyboardInterrupt()
            )
        failure = self._stream(opened, files, counts)
        summary = counts.summarise(
            opened.info.name,
            opened.report,
            interrupted=self._stop.signalled,
            **_failure(failure),
        )
        return self._sum_up(summary, failure)

    def _stream(
        self, source: SourceLike, files: SourceFiles, counts: Counts
    ) -> MerError | BrokenPipeError | None:
        """Run one open source to its end and close it; returns what ended it early."""
        fanout = Fanout()
        fanout.own.append(counts)
        failure: MerError | None = None
        try:
            pipeline = self._get_ready(source, files, fanout)
            walk = steps(
                source,
                pipeline,
                self._signals,
                stop=lambda: self._stop() or fanout.failure is not None,
                max_seconds=self._max_seconds,
                kinds=self._config.kinds,
            )
            counts.start_clock()  # from here on: loading the models is not counted
            with contextlib.closing(walk):
                for step in walk:
                    fanout.write(step)
        except MerError as error:
            failure = error
        finally:
            self._close_outputs(fanout)
        if fanout.failure is None:
            self._keep_proofs(files)
        return fanout.failure or failure

    def _close_outputs(self, fanout: Fanout) -> None:
        """Those of one source; with the last source, those that all share."""
        if len(self._summaries) == len(self._plan.files) - 1:
            fanout.own.extend(self._shared or [])
            self._shared = []
        fanout.close()

    def _keep_proofs(self, files: SourceFiles) -> None:
        number = len(self._summaries)
        proofs = [proof_of(path) for path in (files.signals, files.video) if path is not None]
        self._proofs += [(number, proof) for proof in proofs if proof is not None]

    def _get_ready(self, source: SourceLike, files: SourceFiles, fanout: Fanout) -> Pipeline:
        """Pipeline and outputs; where one of them fails, the source is closed."""
        try:
            pipeline = self._ready_pipeline(source.info.name)
            self._open_own(fanout.own, source, files)
            fanout.share(self._ready_shared())
            return pipeline
        except MerError:
            source.close()
            raise

    def _load_before(self, source: str) -> None:
        """Load the models before a camera is opened, which does not wait for them."""
        check_source(source, self._config.source)
        if self._pipeline is None:
            self._pipeline = build_pipeline(self._config, on_signals=self._signals.append)
            warm_up(self._pipeline)
        self._stop.check()

    def _ready_pipeline(self, name: str) -> Pipeline:
        if self._pipeline is None:
            self._pipeline = build_pipeline(self._config, on_signals=self._signals.append)
        else:
            self._pipeline.reset()
        self._stop.check()
        self._pipeline.source_name = name
        return self._pipeline

    def _ready_shared(self) -> list[Sink]:
        """The outputs that all sources share, opened with the first source that opens."""
        if self._shared is None:
            self._shared = self._plan.open_event_sinks()
            if self._plan.options.show:
                from streamer.outputs.window import open_window

                window = open_window(REGION_NAMES, self._stop.stop)
                self._shared += [window] if window else []
        return self._shared

    def _open_own(self, sinks: list[Sink], source: SourceLike, files: SourceFiles) -> None:
        """The outputs of one source, appended one by one, so that what is open can be closed."""
        options = self._plan.options
        if files.signals is not None:
            parquet = files.signals.suffix.lower() == ".parquet"
            kind = SignalsParquet if parquet else SignalsCsv
            sinks.append(kind(files.signals, REGION_NAMES, overwrite=options.overwrite))
        if files.video is not None:
            from streamer.outputs.video import VideoWriter

            sinks.append(
                VideoWriter(
                    files.video, REGION_NAMES, overwrite=options.overwrite, redact=options.redact
                )
            )
        wanted = sys.stderr.isatty() if options.progress is None else options.progress
        if wanted and not options.quiet:
            sinks.append(ProgressBar(source.info))

    def _sum_up(self, summary: RunRecord, failure: BaseException | None) -> bool:
        self._summaries.append(summary)
        self._broken_pipe |= isinstance(failure, BrokenPipeError)
        if summary.error:
            _LOG.error("%s", summary.error)
        if summary.frames and not self._plan.options.quiet and not self._broken_pipe:
            print(format_summary(summary), file=sys.stderr)
        return isinstance(failure, (*_FATAL, BrokenPipeError, KeyboardInterrupt))

    def _close(self) -> None:
        fanout = Fanout()
        fanout.own.extend(self._shared or [])
        fanout.close()
        failure = fanout.failure or self._first_lost()
        if self._pipeline is not None:
            self._pipeline.close()
        if self._broken_pipe:
            detach_stdout()
        options = self._plan.options
        if options.summary is not None and self._summaries:
            write_summary(options.summary, self._summaries, overwrite=options.overwrite)
        if isinstance(failure, MerError):
            raise failure

    def _first_lost(self) -> OutputError | None:
        """The error about a finished file that is not there any more; its source has failed."""
        for number, proof in self._proofs:
            try:
                proof.check()
            except OutputError as error:
                failed = replace(self._summaries[number], **_failure(error))
                self._summaries[number] = failed
                return error
        return None

    def _exit_code(self) -> int:
        if self._stop.signalled:
            return EXIT_INTERRUPTED
        if self._broken_pipe:
            return EXIT_BROKEN_PIPE
        failed = [s.exit_code for s in self._summaries if s.exit_code]
        if failed:
            return failed[0]
        return EXIT_TRUNCATED if any(s.truncated for s in self._summaries) else 0


def _expand(names: Sequence[str]) -> list[str]:
    """The files of all patterns, each once; one without a match stays, to fail when opened."""
    sources: dict[str, None] = {}
    for name in names:
        try:
            sources.update(dict.fromkeys(expand_sources([name])))
        except SourceNotFoundError:
            sources[name] = None
    return list(sources)


def _failure(error: BaseException | None) -> dict[str, Any]:
    if not isinstance(error, MerError):
        return {}
    return {"exit_code": error.exit_code, "error": strip_credentials(str(error))}
