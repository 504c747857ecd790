"""Which outputs a run was asked for, and which file of each source they go to."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from streamer.core.errors import UsageError
from streamer.core.files.paths import expand_home
from streamer.core.files.regular import is_regular
from streamer.core.files.writing import is_device
from streamer.core.ranges import Port, Range, check_ranges
from streamer.core.records import SourceInfo
from streamer.core.urls import display_name, is_like_url, url_stem
from streamer.outputs.anonymise import Anonymisation
from streamer.outputs.dialects import CsvDialect, dialect_of
from streamer.outputs.event_outputs import (
    LINES,
    STDOUT,
    Format,
    check_file_format,
    event_format,
    open_lines,
    standard_output,
)
from streamer.outputs.files import check_folder, check_outputs
from streamer.outputs.formats import EventFile
from streamer.outputs.formats.event_text import Media
from streamer.outputs.magnify import LARGEST, Magnifier, MagnifyMethod
from streamer.outputs.signals import SignalsCsv, SignalsParquet, import_pyarrow
from streamer.outputs.sinks import Sink
from streamer.outputs.terminal import ProgressBar, TextWriter

if TYPE_CHECKING:
    from streamer.outputs.live.lsl import LslOutlets
    from streamer.outputs.live.server import EventServer

_SIGNAL_SUFFIXES = (".csv", ".parquet")
_VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov")


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """What was asked for on the command line."""

    output: str | None = None  # a file, or STDOUT
    format: Format | None = None  # None: by the suffix
    signals: Path | None = None
    save_video: Path | None = None
    save_clips: Path | None = None  # a folder
    summary: Path | None = None
    show: bool = False
    overwrite: bool = False
    quiet: bool = False
    progress: bool | None = None  # None: if standard error is a terminal
    redact: Anonymisation = "off"  # of all pictures
    csv_dialect: CsvDialect | None = None  # of tables of events and signals
    serve_events: Port | None = None  # on this machine; 0: any that is free
    lsl: str | None = None  # name of the streams
    magnify: Annotated[float, Range(1.0, LARGEST)] | None = None  # of the annotated recording
    magnify_method: MagnifyMethod | None = None  # None: evm

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def saves_pictures(self) -> bool:
        """Whether pictures of the source are written."""
        return self.save_video is not None or self.save_clips is not None


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """The files of one source."""

    signals: Path | None
    video: Path | None
    sound: Path | None = None  # the file whose sound is heard in the video


class OutputPlan:
    """Names all files and checks them before any work is done.

    Raises UsageError or OutputError; see `check_outputs`.
    """

    def __init__(
        self, options: OutputOptions, sources: Sequence[str], *, joined: bool = False
    ) -> None:
        """joined: of several parts, the first one stands for the recording."""
        self.options = options
        self.format = event_format(options.output, options.format)
        self._sources = sources
        self._live: list[EventServer | LslOutlets] = []
        self._is_live = options.serve_events is not None or options.lsl is not None
        if self._is_live:
            from streamer.outputs.live.opening import check_live

            check_live(options.serve_events, options.lsl)
        if self.format not in LINES:
            check_file_format(str(self.format), options.output, sources)
        stems = _unique_stems(sources)
        many = len(sources) > 1
        self.files = [
            SourceFiles(
                _place(options.signals, "--signals", stem, _SIGNAL_SUFFIXES, many),
                _place(options.save_video, "--save-video", stem, _VIDEO_SUFFIXES, many),
                None if joined or options.redact != "off" else _file_of(source),
            )
            for source, stem in zip(sources, stems, strict=True)
        ]
        if any(f.signals is not None and f.signals.suffix == ".parquet" for f in self.files):
            import_pyarrow()
        if options.redact != "off" and (not options.saves_pictures or options.show):
            raise UsageError(
                f"--redact {options.redact} is for what is saved of pictures: give --save-video or "
                "--save-clips, and no --show."
            )
        if options.magnify is not None and options.save_video is None:
            raise UsageError("--magnify is for the annotated recording: add --save-video.")
        if options.magnify is None and options.magnify_method is not None:
            raise UsageError(
                f"--magnify-method {options.magnify_method} needs how much: add --magnify 5."
            )
        if options.save_clips is not None:
            check_folder(options.save_clips, "--save-clips", overwrite=options.overwrite)
        tables = [f.signals for f in self.files if f.signals and f.signals.suffix == ".csv"]
        if options.csv_dialect is not None and self.format != "csv" and not tables:
            raise UsageError(
                f"--csv-dialect {options.csv_dialect} is of CSV files: give --output or --signals "
                "a .csv file."
            )
        check_outputs(self._named(), sources, overwrite=options.overwrite)

    def open_source_sinks(
        self, sinks: list[Sink], files: SourceFiles, info: SourceInfo, regions: Sequence[str]
    ) -> None:
        """The outputs of one source, appended one by one, so that what is open can be closed."""
        options = self.options
        overwrite = options.overwrite
        if files.signals is not None:
            sinks.append(self._open_signals(files.signals, regions))
        if files.video is not None:
            from streamer.outputs.sound import open_sound
            from streamer.outputs.video import VideoWriter

            larger = options.magnify
            sound = None if files.sound is None else open_sound(files.sound, info.name)
            video = VideoWriter(
                files.video,
                regions,
                overwrite=overwrite,
                redact=options.redact,
                sound=sound,
                from_zero=info.part is not None and info.part.start_s > 0.0,
                magnifier=Magnifier(larger, options.magnify_method or "evm") if larger else None,
            )
            sinks.append(video)
        if options.save_clips is not None:
            from streamer.outputs.clips import ClipWriter

            clips = ClipWriter(options.save_clips, overwrite=overwrite, redact=options.redact)
            sinks.append(clips)
        wanted = sys.stderr.isatty() if options.progress is None else options.progress
        if wanted and not options.quiet:
            sinks.append(ProgressBar(info))

    def _open_signals(self, path: Path, regions: Sequence[str]) -> Sink:
        overwrite = self.options.overwrite
        if path.suffix.lower() == ".parquet":
            return SignalsParquet(path, regions, overwrite=overwrite)
        dialect = dialect_of("csv", self.options.csv_dialect)
        return SignalsCsv(path, regions, overwrite=overwrite, dialect=dialect)

    def open_shared_sinks(self, regions: Sequence[str], stop: Callable[[], None]) -> list[Sink]:
        """The outputs that all sources share: events, and the window; `stop` is what its q does."""
        sinks = self.open_event_sinks()
        if self.options.show:
            from streamer.outputs.window import open_window

            window = open_window(regions, stop)
            sinks += [window] if window else []
        if self._is_live:
            from streamer.outputs.live.opening import open_live

            self._live = open_live(
                self.options.serve_events,
                self.options.lsl,
                regions,
                signals=self.options.signals is not None,
                quiet=self.options.quiet,
            )
        return [*sinks, *self._live]

    def begin(self, info: SourceInfo) -> None:
        """Tell outputs that all sources share which one is next."""
        for output in self._live:
            output.begin(info)

    def open_event_sinks(self) -> list[Sink]:
        """Where events go: the file or standard output; a terminal gets readable lines too."""
        output, terminal = self.options.output, sys.stdout.isatty()
        if output is None or output == STDOUT:
            form = self.format or ("text" if terminal else "jsonl")
            return [standard_output(form, self.options.csv_dialect)]
        path = Path(output)
        sinks: list[Sink] = []
        if self.format in LINES:
            sinks.append(
                open_lines(
                    path, self.format, self.options.csv_dialect, overwrite=self.options.overwrite
                )
            )
        else:
            media = Media(display_name(self._sources[0]), display_name(self._sources[0]))
            sinks.append(EventFile(str(self.format), path, media))
        if terminal and not self.options.quiet:
            sinks.append(TextWriter(sys.stdout))
        return sinks

    def _named(self) -> dict[str, Path]:
        named = {}
        if self.options.output not in (None, STDOUT):
            named["--output"] = Path(str(self.options.output))
        if self.options.summary is not None:
            named["--summary"] = self.options.summary
        for number, files in enumerate(self.files, start=1):
            label = f" (source {number})" if len(self.files) > 1 else ""
            if files.signals is not None:
                named["--signals" + label] = files.signals
            if files.video is not None:
                named["--save-video" + label] = files.video
        for option, path in named.items():
            if str(path) == STDOUT:
                raise UsageError(f"{option} needs a file; only --output can be '-'.")
        return named


def _place(
    target: Path | None, option: str, stem: str, suffixes: tuple[str, ...], many: bool
) -> Path | None:
    """The file for one source; a folder, which several sources need, gets one file for each."""
    if target is None:
        return None
    if many or target.is_dir():
        if target.suffix.lower() in suffixes:
            raise UsageError(
                f"{option} {target}: several sources need a folder, such as {option} results/."
            )
        return target / (stem + suffixes[0])
    if target.suffix.lower() not in suffixes and not is_device(target):
        raise UsageError(f"{option} {target}: the suffix must be {' or '.join(suffixes)}.")
    return target


def _file_of(source: str) -> Path | None:
    """The file that a source is; None for cameras, URLs, folders, standard input."""
    if source == "sample":
        return Path(str(resources.files("streamer") / "assets" / "sample.mp4"))
    path = expand_home(source)
    if source == STDOUT or is_like_url(source) or not is_regular(path):
        return None
    return path


def _unique_stems(sources: Sequence[str]) -> list[str]:
    """A file name for each source, numbered where two would be the same."""
    stems: list[str] = []
    for source in sources:
        name = url_stem(display_name(source)) if is_like_url(source) else Path(source).stem
        stem = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "source"
        number, unique = 1, stem
        while unique in stems:
            number += 1
            unique = f"{stem}-{number}"
        stems.append(unique)
    return stems
