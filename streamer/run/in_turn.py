"""Runs the sources one after another; one bad file does not stop the rest."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from spotting.motion.regions import REGION_NAMES
from streamer.core.errors import (
    InstallError,
    InternalError,
    MerError,
    ModelError,
    OutputError,
    SourceNotFoundError,
    UsageError,
)
from streamer.core.files.paths import expand_home
from streamer.core.process.console import detach_stdout
from streamer.core.process.stopping import StopFlag, interruptible
from streamer.core.urls import display_name
from streamer.outputs.plan import OutputOptions, OutputPlan, SourceFiles
from streamer.outputs.sinks import Sink, Sinks
from streamer.outputs.summary import Counts
from streamer.run.build import build_pipeline, warm_up
from streamer.run.config import StreamConfig
from streamer.run.outcomes import Outcomes
from streamer.run.recording import run_recording
from streamer.sources import Source, check_source, expand_sources, may_be_live, open_source
from streamer.sources.sequence import grouped

if TYPE_CHECKING:
    from streamer.run.pipeline import Pipeline

# Errors that the next source would meet as well.
_FATAL = (OutputError, ModelError, InstallError, UsageError, BrokenPipeError, KeyboardInterrupt)


def run_sources(
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
    sequences = {members[0]: members for members in grouped(sources) if len(members) > 1}

    def open_parts(name: str) -> Source:
        if join and not sequences:
            from streamer.sources.joined import JoinedSource

            return JoinedSource(sources, config.source)
        if name not in sequences:
            return open_source(name, config.source)
        from streamer.sources.images import open_image_files

        paths = [expand_home(member) for member in sequences[name]]
        return open_image_files(paths, config.source, f"{name}+{len(paths) - 1}")

    runs = sources[:1] if join else [members[0] for members in grouped(sources)]
    plan = OutputPlan(outputs, runs, joined=join)
    return _InTurn(config, plan, stop or StopFlag(), max_seconds, open_parts).run(runs)


class _InTurn:
    """One run of the command line. State: the pipeline and the outputs that sources share."""

    def __init__(
        self,
        config: StreamConfig,
        plan: OutputPlan,
        stop: StopFlag,
        max_seconds: float | None,
        open_parts: Callable[[str], Source],
    ) -> None:
        self._config = config
        self._plan = plan
        self._stop = stop
        self._max_seconds = max_seconds
        self._open = open_parts
        self._pipeline: Pipeline | None = None
        self._shared: list[Sink] | None = None
        self._outcomes = Outcomes(quiet=plan.options.quiet)

    def run(self, sources: Sequence[str]) -> int:
        """Run all sources; returns the exit code: the first failure's, or 0."""
        with self._stop.catching():
            try:
                for source, files in zip(sources, self._plan.files, strict=True):
                    failure = self._run_one(source, files)
                    if isinstance(failure, _FATAL) or self._stop():
                        break
            except KeyboardInterrupt:
                self._stop.signalled = True
                detach_stdout()  # what is left in its buffer may have no reader
            finally:
                self._close()
        return self._outcomes.exit_code(interrupted=self._stop.signalled)

    def _run_one(self, name: str, files: SourceFiles) -> BaseException | None:
        """Run one source and sum it up; returns what ended it early."""
        counts = Counts()
        failure: BaseException | None
        try:
            if may_be_live(name):
                self._load_before_opening(name)
            source = interruptible(lambda: self._open(name), self._stop, lambda s: s.close())
        except (MerError, KeyboardInterrupt) as error:
            failure = error
            interrupted = isinstance(error, KeyboardInterrupt)
            self._stop.signalled |= interrupted
            self._outcomes.add(counts, display_name(name), None, failure, interrupted)
            return failure
        failure = self._stream(source, files, counts)
        interrupted = self._stop.signalled
        self._outcomes.add(counts, source.info.name, source.report, failure, interrupted)
        return failure

    def _stream(
        self, source: Source, files: SourceFiles, counts: Counts
    ) -> MerError | BrokenPipeError | None:
        """Run one open source to its end and close it; returns what ended it early."""
        sinks = Sinks([counts])
        failure: MerError | None = None
        try:
            pipeline = self._get_ready(source, files, sinks)
            counts.start_clock()  # from here on: loading the models is not counted
            results = run_recording(
                source,
                pipeline,
                sinks,
                stop=self._stop,
                max_seconds=self._max_seconds,
                kinds=self._config.kinds,
            )
            with contextlib.closing(results):
                for _ in results:
                    pass
        except MerError as error:
            failure = error
        finally:
            self._close_outputs(sinks)
        if isinstance(failure, InternalError):
            self._drop_pipeline()  # nobody knows what is left in it
        if sinks.failure is None:
            self._outcomes.keep_proofs(files)
        return sinks.failure or failure

    def _close_outputs(self, sinks: Sinks) -> None:
        """Those of one source; with the last source, those that all share."""
        if len(self._outcomes.records) == len(self._plan.files) - 1:
            sinks.own.extend(self._shared or [])
            self._shared = []
        sinks.close()

    def _get_ready(self, source: Source, files: SourceFiles, sinks: Sinks) -> Pipeline:
        """Pipeline and outputs; where one of them fails, the source is closed."""
        try:
            pipeline = self._ready_pipeline(source.info.name)
            self._plan.open_source_sinks(sinks.own, files, source.info, REGION_NAMES)
            if self._shared is None:  # they are opened with the first source that opens
                self._shared = self._plan.open_shared_sinks(REGION_NAMES, self._stop.stop)
            sinks.shared.extend(self._shared)
            self._plan.begin(source.info)
            return pipeline
        except MerError:
            source.close()
            raise

    def _load_before_opening(self, source: str) -> None:
        """Load the models before a camera is opened, which does not wait for them."""
        check_source(source, self._config.source)
        if self._pipeline is None:
            self._pipeline = build_pipeline(self._config)
            warm_up(self._pipeline)
        self._stop.check()

    def _ready_pipeline(self, name: str) -> Pipeline:
        if self._pipeline is None:
            self._pipeline = build_pipeline(self._config)
        else:
            self._pipeline.reset()
        self._stop.check()
        self._pipeline.source_name = name
        return self._pipeline

    def _drop_pipeline(self) -> None:
        if self._pipeline is not None:
            self._pipeline.close()
            self._pipeline = None

    def _close(self) -> None:
        sinks = Sinks(self._shared or [])
        sinks.close()
        failure = sinks.failure or self._outcomes.first_lost_file()
        self._drop_pipeline()
        if self._outcomes.broken_pipe:
            detach_stdout()
        options = self._plan.options
        if options.summary is not None:
            self._outcomes.write(options.summary, overwrite=options.overwrite)
        if isinstance(failure, MerError):
            raise failure


def _expand(names: Sequence[str]) -> list[str]:
    """The files of all patterns, each once; one without a match stays, to fail when opened."""
    sources: dict[str, None] = {}
    for name in names:
        try:
            sources.update(dict.fromkeys(expand_sources([name])))
        except SourceNotFoundError:
            sources[name] = None
    return list(sources)
