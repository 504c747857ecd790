"""The command line. It imports nothing heavy, so that `--help` comes at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from streamer.cli.common import (
    VersionFlag,
    logging_to,
    option,
    run_app,
    settings_of,
    telling_errors,
)
from streamer.core.errors import UsageError
from streamer.core.ranges import Baseline, Faces, FrameRate, Range, Sensitivity

if TYPE_CHECKING:
    from streamer.core.process.stopping import StopFlag
    from streamer.outputs.plan import OutputOptions
    from streamer.run.build import StreamConfig

_HELP = """Spot facial micro-expressions in video and say what they express.

\b
  mer-stream sample                              try it: the bundled recording
  mer-stream clip.mp4 --output events.jsonl      one JSON object per event
  mer-stream *.mp4 -o all.csv --summary run.json several files, one table
  mer-stream webcam --show                       live, until q or Ctrl-C
  mer-stream clip.mp4 --signals s.csv --save-video out.mp4
  mer-stream clip.mp4 | jq .emotion              a pipe gets JSON lines

\b
A terminal shows a readable line per event, a pipe gets JSON lines.
Progress and a closing summary go to standard error.
"""
_EPILOG = (
    "Exit codes: 0 done, 1 internal error (please report it), 2 wrong option or setting, "
    "3 source not found, 4 no video in it, 5 refused for safety, 6 camera or network, 7 model, "
    "8 output exists or cannot be written, 9 broken install, 10 recording cut short or damaged "
    "(events so far are kept), 130 stopped by "
    "Ctrl-C, 141 closed pipe. Of several sources, the first that failed gives the code.\n\n"
    "Not for use on people at work or in education (EU AI Act, article 5(1)(f)); not a lie "
    "detector. Figures and limits: see the README."
)
_IN, _OUT, _HOW, _TALK = "What to read", "What to write", "How to look", "Talk"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")


@app.command(help=_HELP, epilog=_EPILOG)
def stream(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="Same as --source.")
    ] = None,
    source: Annotated[
        list[str] | None,
        option(
            _IN,
            "sample, a file, a pattern, a folder of images, webcam[:N], rtsp://, http(s)://, or - "
            "for standard input. May be repeated.",
            "--source",
            "-s",
        ),
    ] = None,
    fps: Annotated[
        float | None,
        option(
            _IN, "Frames per second: of a folder of images, or asked of a webcam.", within=FrameRate
        ),
    ] = None,
    max_seconds: Annotated[
        float | None,
        option(
            _IN, "Stop after this much of the recording.", "--max-seconds", within=Range(0.0, 1e8)
        ),
    ] = None,
    join: Annotated[
        bool,
        option(_IN, "The files are parts of one recording: times and events go on.", "--join"),
    ] = False,
    output: Annotated[
        str | None,
        option(
            _OUT,
            "Events: .jsonl, .csv, .srt, .vtt, .eaf (ELAN), .tsv or .xlsx (BORIS), .parquet; or -.",
            "--output",
            "-o",
        ),
    ] = None,
    format_: Annotated[
        Literal["jsonl", "csv", "text", "srt", "vtt", "eaf", "boris", "parquet"] | None,
        option(_OUT, "Format of the events, whatever the suffix or terminal says.", "--format"),
    ] = None,
    signals: Annotated[
        Path | None,
        option(_OUT, "Per-frame signals: a .csv or .parquet file; a folder for several sources."),
    ] = None,
    save_video: Annotated[
        Path | None,
        option(_OUT, "Annotated recording: an .mp4 file; a folder for several sources."),
    ] = None,
    redact: Annotated[
        Literal["off", "blur", "mask"],
        option(_OUT, "Hide faces in the annotated recording: blur or mask."),
    ] = "off",
    explain: Annotated[
        bool,
        option(
            _OUT,
            "Draw the motion of each event into the annotated recording; with --motion selfme and "
            "--set recognizer.backend=torch keypoints and attention too.",
            "--explain",
        ),
    ] = False,
    summary: Annotated[Path | None, option(_OUT, "The closing summary as a JSON file.")] = None,
    show: Annotated[bool, option(_OUT, "Live window; q or Esc stops.", "--show")] = False,
    overwrite: Annotated[
        bool, option(_OUT, "Replace outputs that exist; refused otherwise.", "--overwrite")
    ] = False,
    config: Annotated[
        Path | None, option(_HOW, "Settings from a YAML file; see --print-config.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        option(_HOW, "One setting, as in spotter.sensitivity=2. May be repeated.", "--set"),
    ] = None,
    sensitivity: Annotated[
        float | None,
        option(_HOW, "1 as calibrated; 2 finds more, with more false events.", within=Sensitivity),
    ] = None,
    low_latency: Annotated[
        bool,
        option(
            _HOW,
            "Report 0.45 s sooner, without waiting whether the mouth goes on moving (speech).",
            "--low-latency",
        ),
    ] = False,
    baseline: Annotated[
        float | None,
        option(
            _HOW,
            "The person looks neutral for so many seconds at the start: nothing is reported then, "
            "and the noise of that time sets the thresholds.",
            within=Baseline,
        ),
    ] = None,
    spotter: Annotated[
        Literal["rule", "learned"] | None,
        option(_HOW, "rule: every verdict has a reason. learned: a network, finds more."),
    ] = None,
    max_faces: Annotated[int | None, option(_HOW, "Faces to follow at most.", within=Faces)] = None,
    micro_only: Annotated[bool, option(_HOW, "Leave out macro events.", "--micro-only")] = False,
    model: Annotated[
        str | None,
        option(_HOW, "Another recognition model: a file, a folder, or owner/name@commit of a hub."),
    ] = None,
    motion: Annotated[
        Literal["auto", "dis", "farneback", "tvl1", "selfme"] | None,
        option(_HOW, "How motion is measured for recognition; auto: as the model was trained."),
    ] = None,
    offline: Annotated[
        bool, option(_HOW, "Models of a hub from its local cache only.", "--offline")
    ] = False,
    no_recognition: Annotated[
        bool, option(_HOW, "Only spot: events without an emotion.", "--no-recognition")
    ] = False,
    print_config: Annotated[
        bool, option(_HOW, "Print the settings as YAML and end.", "--print-config")
    ] = False,
    progress: Annotated[
        bool | None,
        option(_TALK, "Progress bar; default: if standard error is a terminal."),
    ] = None,
    quiet: Annotated[
        bool, option(_TALK, "Errors only: no progress, no summary.", "--quiet", "-q")
    ] = False,
    verbose: Annotated[
        bool, option(_TALK, "Say more, with the libraries' own messages.", "--verbose", "-v")
    ] = False,
    log_file: Annotated[
        Path | None, option(_TALK, "Append the log, with times, to a file.")
    ] = None,
    version: VersionFlag = False,
) -> None:
    options = {
        "source.fps": fps,
        "spotter.sensitivity": sensitivity,
        "spotter.low_latency": True if low_latency else None,
        "spotter.baseline_s": baseline,
        "spotter_model": "bundled" if spotter == "learned" else None,
        "faces.max_faces": max_faces,
        "kinds": ["micro"] if micro_only else None,
        "model": model,
        "recognizer.motion": motion,
        "recognizer.offline": True if offline else None,
        "recognizer.keep_motion": True if explain else None,
        "recognise": False if no_recognition else None,
    }
    from streamer.core.process.stopping import PATIENCE_S, StopFlag

    stop = StopFlag()
    with (
        stop.catching(PATIENCE_S),
        telling_errors("mer-stream"),
        logging_to(quiet, verbose, log_file),
    ):
        settings = settings_of(config, set_ or [], options)
        if print_config:
            from streamer.core.settings import dump_yaml

            typer.echo(dump_yaml(settings), nl=False)
            return
        from streamer.outputs.plan import OutputOptions

        outputs = OutputOptions(
            output, format_, signals, save_video, summary, show, overwrite, quiet, progress, redact
        )
        names = [*(source or []), *(sources or [])]
        code = _run(settings, outputs, names, max_seconds, verbose, join, stop)
    raise typer.Exit(code)


def _run(
    settings: StreamConfig,
    outputs: OutputOptions,
    names: list[str],
    max_seconds: float | None,
    verbose: bool,
    join: bool,
    stop: StopFlag,
) -> int:
    if not names:
        raise UsageError("no source was named; try: mer-stream sample (more: mer-stream --help).")
    from streamer.cli.notice import show_notice_once
    from streamer.core.process.console import hushed

    show_notice_once()
    with hushed(not verbose):
        from streamer.run.in_turn import run_sources

        stop.check()
        return run_sources(settings, outputs, names, max_seconds, join, stop)


def main() -> None:
    """Entry point of `mer-stream` and of `python -m streamer`."""
    run_app(app, "mer-stream")
