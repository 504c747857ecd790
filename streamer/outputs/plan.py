"""Which outputs a run was asked for, and which file of each source they go to."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from streamer.core.errors import UsageError
from streamer.core.files.writing import is_device
from streamer.core.ranges import check_ranges
from streamer.core.records import SourceInfo
from streamer.core.urls import display_name, is_like_url, url_stem
from streamer.outputs.anonymise import Anonymisation
from streamer.outputs.events import EventWriter, open_event_file
from streamer.outputs.files import check_outputs
from streamer.outputs.formats import SUFFIXES as FILE_SUFFIXES
from streamer.outputs.formats import EventFile, check_format
from streamer.outputs.formats.event_text import Media
from streamer.outputs.signals import SignalsCsv, SignalsParquet, import_pyarrow
from streamer.outputs.sinks import Sink
from streamer.outputs.terminal import ProgressBar, TextWriter

Format = Literal["jsonl", "csv", "text", "srt", "vtt", "eaf", "boris", "parquet"]
STDOUT = "-"
_LINES: tuple[Format | None, ...] = (None, "jsonl", "csv", "text")  # written as events come
_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", **FILE_SUFFIXES,
}  # fmt: skip
_SIGNAL_SUFFIXES = (".csv", ".parquet")
_VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov")


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """What was asked for on the command line."""

    output: str | None = None  # a file, or STDOUT
    format: Format | None = None  # None: by the suffix
    signals: Path | None = None
    save_video: Path | None = None
    summary: Path | None = None
    show: bool = False
    overwrite: bool = False
    quiet: bool = False
    progress: bool | None = None  # None: if standard error is a terminal
    redact: Anonymisation = "off"  # of the annotated recording

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """The files of one source."""

    signals: Path | None
    video: Path | None


class OutputPlan:
    """Names all files and checks them before any work is done.

    Raises UsageError or OutputError; see `check_outputs`.
    """

    def __init__(self, options: OutputOptions, sources: Sequence[str]) -> None:
        self.options = options
        self.format = _event_format(options)
        self._sources = sources
        if self.format not in _LINES:
            _check_file_format(str(self.format), options.output, sources)
        stems = _unique_stems(sources)
        many = len(sources) > 1
        self.files = [
            SourceFiles(
                _place(options.signals, "--signals", stem, _SIGNAL_SUFFIXES, many),
                _place(options.save_video, "--save-video", stem, _VIDEO_SUFFIXES, many),
            )
            for stem in stems
        ]
        if any(f.signals is not None and f.signals.suffix == ".parquet" for f in self.files):
            import_pyarrow()
        if options.redact != "off" and (options.save_video is None or options.show):
            raise UsageError(
                f"--redact {options.redact} is for the annotated recording: give --save-video, "
                "and no --show."
            )
        check_outputs(self._named(), sources, overwrite=options.overwrite)

    def open_source_sinks(
        self, sinks: list[Sink], files: SourceFiles, info: SourceInfo, regions: Sequence[str]
    ) -> None:
        """The outputs of one source, appended one by one, so that what is open can be closed."""
        options = self.options
        overwrite = options.overwrite
        if files.signals is not None:
            parquet = files.signals.suffix.lower() == ".parquet"
            kind = SignalsParquet if parquet else SignalsCsv
            sinks.append(kind(files.signals, regions, overwrite=overwrite))
        if files.video is not None:
            from streamer.outputs.video import VideoWriter

            video = VideoWriter(files.video, regions, overwrite=overwrite, redact=options.redact)
            sinks.append(video)
        wanted = sys.stderr.isatty() if options.progress is None else options.progress
        if wanted and not options.quiet:
            sinks.append(ProgressBar(info))

    def open_shared_sinks(self, regions: Sequence[str], stop: Callable[[], None]) -> list[Sink]:
        """The outputs that all sources share: events, and the window; `stop` is what its q does."""
        sinks = self.open_event_sinks()
        if self.options.show:
            from streamer.outputs.window import open_window

            window = open_window(regions, stop)
            sinks += [window] if window else []
        return sinks

    def open_event_sinks(self) -> list[Sink]:
        """Where events go: the file or standard output; a terminal gets readable lines too."""
        output, terminal = self.options.output, sys.stdout.isatty()
        if output is None or output == STDOUT:
            return [_standard_output(self.format or ("text" if terminal else "jsonl"))]
        path = Path(output)
        sinks: list[Sink] = []
        if self.format in _LINES:
            as_csv = self.format == "csv"
            sinks.append(open_event_file(path, as_csv=as_csv, overwrite=self.options.overwrite))
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


def _check_file_format(form: str, output: str | None, sources: Sequence[str]) -> None:
    check_format(form)
    if output in (None, STDOUT):
        raise UsageError(f"--format {form} needs a file: --output FILE.")
    if len(sources) > 1:
        raise UsageError(
            f"--output {output}: a {form} file belongs to one recording; for several use: "
            f"mer-batch ... --formats {form}"
        )


def _standard_output(form: Format) -> Sink:
    if form == "text":
        return TextWriter(sys.stdout)
    return EventWriter(sys.stdout, "standard output", as_csv=form == "csv")


def _event_format(options: OutputOptions) -> Format | None:
    """The format asked for, or that of the suffix; None: standard output decides."""
    if options.output is None:
        return options.format
    if options.output == STDOUT:
        return options.format or "jsonl"
    if options.format == "text":
        raise UsageError("--format text is for standard output; a file is jsonl or csv.")
    path = Path(options.output)
    form = options.format or _SUFFIXES.get(path.suffix.lower())
    if form is None and is_device(path):
        return "jsonl"
    if form is None:
        raise UsageError(
            f"--output {path}: the suffix says the format: .jsonl or .csv; for other "
            f"programs {', '.join(FILE_SUFFIXES)} (or give --format)."
        )
    return form


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
