"""The command line. It imports nothing heavy, so that `--help` comes at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from streamer.cli import options as common
from streamer.cli.common import logging_to, run_app, settings_of, telling_errors
from streamer.cli.options import HOW, IN, LAW, OUT, option, overrides
from streamer.core.errors import UsageError
from streamer.core.ranges import Port, Range

if TYPE_CHECKING:
    from streamer.core.process.stopping import StopFlag
    from streamer.outputs.plan import OutputOptions
    from streamer.run.config import StreamConfig

_PORT = 8765  # of --serve-events
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
    "Ctrl-C, 141 closed pipe. Of several sources, the first that failed gives the code.\n\n" + LAW
)

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")


class _Command(TyperCommand):
    """The command, with an option whose value may be left out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """`--serve-events` without a number is that of the usual port."""
        for place, name in enumerate(args):
            if name == "--":
                break
            if name == "--serve-events" and not "".join(args[place + 1 : place + 2]).isdigit():
                args = [*args[: place + 1], str(_PORT), *args[place + 1 :]]
        return super().parse_args(ctx, args)


@app.command(help=_HELP, epilog=_EPILOG, cls=_Command)
def stream(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="Same as --source.")
    ] = None,
    source: Annotated[
        list[str] | None,
        option(
            IN,
            "sample, a file, a pattern, images (a folder, *.png, img%04d.png), webcam[:N], "
            "rtsp://, http(s)://, or - for standard input. May be repeated.",
            "--source",
            "-s",
        ),
    ] = None,
    fps: common.Fps = None,
    capture_fps: common.CaptureFps = None,
    rotate: common.Rotate = None,
    start: common.Start = None,
    end: common.End = None,
    roi: common.Roi = None,
    stream_: common.Stream = None,
    mirror: common.Mirror = False,
    levels: common.Levels = None,
    deinterlace: common.Deinterlace = False,
    max_seconds: Annotated[
        float | None,
        option(
            IN, "Stop after this much of the recording.", "--max-seconds", within=Range(0.0, 1e8)
        ),
    ] = None,
    join: Annotated[
        bool,
        option(IN, "The files are parts of one recording: times and events continue.", "--join"),
    ] = False,
    output: Annotated[
        str | None,
        option(
            OUT,
            "Events: .jsonl, .json, .csv, .tsv, .xlsx, .srt, .vtt, .eaf (ELAN), .boris.xlsx or "
            ".boris.tsv (BORIS), .parquet; or -.",
            "--output",
            "-o",
        ),
    ] = None,
    format_: Annotated[
        Literal[
            "jsonl", "json", "csv", "tsv", "text", "srt", "vtt", "eaf", "boris", "xlsx", "parquet"
        ]
        | None,
        option(OUT, "Format of the events, whatever the suffix or terminal says.", "--format"),
    ] = None,
    csv_dialect: common.CsvDialect = None,
    signals: Annotated[
        Path | None,
        option(OUT, "Per-frame signals: a .csv or .parquet file; a folder for several sources."),
    ] = None,
    save_video: Annotated[
        Path | None,
        option(
            OUT, "Annotated recording with its sound: an .mp4 file; a folder for several sources."
        ),
    ] = None,
    save_clips: Annotated[
        Path | None,
        option(OUT, "Folder for a cut of each event, at its own speed and slowed 4 times."),
    ] = None,
    magnify: Annotated[
        float | None,
        option(
            OUT,
            "Facial motion this many times as large in the annotated recording.",
            within=Range(1.0, 100.0),
        ),
    ] = None,
    magnify_method: Annotated[
        Literal["evm", "glmm"] | None,
        option(OUT, "evm (the default): by brightness; glmm: the picture is warped."),
    ] = None,
    time_of_day: common.TimeOfDay = None,
    redact: common.Redact = "off",
    explain: Annotated[
        bool,
        option(
            OUT,
            "Draw the motion of each event into the annotated recording; with --motion selfme and "
            "--set recognizer.backend=torch keypoints and attention too.",
            "--explain",
        ),
    ] = False,
    summary: Annotated[Path | None, option(OUT, "The closing summary as a JSON file.")] = None,
    show: Annotated[bool, option(OUT, "Live window; q or Esc stops.", "--show")] = False,
    serve_events: Annotated[
        int | None,
        option(
            OUT,
            "Serve events, and with --signals signals, to programs of this machine while the run "
            "lasts: WebSocket and Server-Sent Events on 127.0.0.1, port 8765 if left out, 0 for "
            "any.",
            "--serve-events",
            metavar="[PORT]",
            within=Port,
        ),
    ] = None,
    lsl: Annotated[
        str | None,
        option(
            OUT,
            "Send events and motion as Lab Streaming Layer streams NAME and NAME-motion, which are "
            "seen in the local network.",
            "--lsl",
            metavar="NAME",
        ),
    ] = None,
    overwrite: Annotated[
        bool, option(OUT, "Replace outputs that exist; refused otherwise.", "--overwrite")
    ] = False,
    config: common.Config = None,
    set_: common.Set = None,
    sensitivity: common.Sensitivity = None,
    false_per_minute: common.FalsePerMinute = None,
    low_latency: common.LowLatency = False,
    baseline: common.Baseline = None,
    spotter: common.Spotter = None,
    max_faces: common.MaxFaces = None,
    micro_only: common.MicroOnly = False,
    model: common.Model = None,
    motion: common.Motion = None,
    emotions: common.Emotions = None,
    offline: common.Offline = False,
    no_recognition: common.NoRecognition = False,
    print_config: Annotated[
        bool, option(HOW, "Print the settings as YAML and end.", "--print-config")
    ] = False,
    progress: common.Progress = None,
    quiet: common.Quiet = False,
    verbose: common.Verbose = False,
    log_file: common.LogFile = None,
    version: common.Version = False,
) -> None:
    options = overrides(
        fps=fps, capture_fps=capture_fps, time_of_day=time_of_day, rotate=rotate, start=start,
        end=end, roi=roi, stream=stream_, mirror=mirror, levels=levels, deinterlace=deinterlace,
        sensitivity=sensitivity,
        false_per_minute=false_per_minute, low_latency=low_latency,
        baseline=baseline, spotter=spotter, max_faces=max_faces, micro_only=micro_only,
        model=model, motion=motion, emotions=emotions, offline=offline, explain=explain,
        no_recognition=no_recognition,
    )  # fmt: skip
    from streamer.core.process.stopping import PATIENCE_S, StopFlag

    stop = StopFlag()
    with (
        stop.catching(PATIENCE_S),
        telling_errors("mer-stream"),
        logging_to(quiet, verbose, log_file, progress) as speaks,
    ):
        settings = settings_of(config, set_ or [], options)
        if print_config:
            from streamer.core.settings import dump_yaml

            typer.echo(dump_yaml(settings), nl=False)
            return
        if explain and save_video is None and not show:
            raise UsageError("--explain draws into the annotated recording: add --save-video.")
        from streamer.outputs.plan import OutputOptions

        outputs = OutputOptions(
            output, format_, signals, save_video, save_clips, summary, show, overwrite, quiet,
            progress, redact, csv_dialect, serve_events, lsl, magnify, magnify_method,
        )  # fmt: skip
        names = [*(source or []), *(sources or [])]
        code = _run(settings, outputs, names, max_seconds, speaks, join, stop)
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
