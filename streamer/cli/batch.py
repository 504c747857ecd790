"""The command line `mer-batch`: many recordings, resumable, in processes or on machines."""

from __future__ import annotations

import os
from typing import Annotated, Literal

import typer

from streamer.cli import options as common
from streamer.cli.common import logging_to, run_app, settings_of, telling_errors
from streamer.cli.options import LAW, OUT, RUN, option, overrides
from streamer.core.errors import UsageError
from streamer.core.ranges import Checkpoint, Megabytes, Threads, Workers

_PROGRAM = "mer-batch"
_HELP = """Spot micro-expressions in many recordings, each with a folder of results of its own.

\b
  mer-batch interviews/ --output results         all recordings in a folder and below
  mer-batch interviews/ --output results --resume    continue where it was stopped or killed
  mer-batch *.mp4 -o results --formats jsonl,csv,eaf,html
  mer-batch @list.txt s3://bucket/study/ -o s3://bucket/results --engine ray

\b
Every recording gets events.jsonl, signals.csv and run.json; the batch gets manifest.json,
manifest.csv and index.html. A recording that cannot be read is reported; the others continue.
"""
_EPILOG = (
    "Exit codes are those of mer-stream: 0 all done; of several recordings that failed the first "
    "gives the code; 10: some are cut short or damaged; 11: one needs more memory than a worker "
    "may take; 130: stopped by Ctrl-C (use --resume).\n\n"
    "With --hash-names, the environment variable MER_HASH_KEY holds the key of the hashes.\n\n"
    + LAW
)

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")


@app.command(help=_HELP, epilog=_EPILOG)
def batch(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="INPUTS", help="Files, folders, patterns, URLs, or @list.txt."),
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
    output: Annotated[
        str | None, option(OUT, "Folder or URL (s3://...) for the results.", "--output", "-o")
    ] = None,
    formats: Annotated[
        str,
        option(
            OUT,
            "Of jsonl, json, csv, tsv, srt, vtt, eaf, boris, xlsx, parquet, html; jsonl,csv,html "
            "if left out.",
        ),
    ] = "jsonl,csv,html",
    csv_dialect: common.CsvDialect = None,
    signals: Annotated[
        Literal["csv", "parquet", "none"], option(OUT, "Per-frame signals; csv if left out.")
    ] = "csv",
    images: Annotated[
        bool, option(OUT, "Onset and apex pictures of each event in the report.", "--images")
    ] = False,
    faces: Annotated[
        bool,
        option(OUT, "Aligned faces around each event, without loss (.npz).", "--faces"),
    ] = False,
    save_video: Annotated[
        bool, option(OUT, "Annotated recordings; these begin anew on --resume.", "--save-video")
    ] = False,
    time_of_day: common.TimeOfDay = None,
    redact: common.Redact = "off",
    hash_names: Annotated[
        bool, option(OUT, "Hashes in place of file names, everywhere.", "--hash-names")
    ] = False,
    resume: Annotated[
        bool, option(OUT, "Keep finished recordings, continue unfinished ones.", "--resume")
    ] = False,
    overwrite: Annotated[
        bool, option(OUT, "Do everything again and replace it.", "--overwrite")
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
    workers: Annotated[
        int | None, option(RUN, "Recordings at a time; one per core if left out.", within=Workers)
    ] = None,
    threads: Annotated[
        int | None,
        option(RUN, "Of one recording, 1 or 2; 2 if there are cores for them.", within=Threads),
    ] = None,
    engine: Annotated[
        Literal["local", "ray"], option(RUN, "This machine, or a Ray cluster.")
    ] = "local",
    address: Annotated[
        str | None, option(RUN, "Of the Ray cluster; the one that runs here if left out.")
    ] = None,
    worker_memory: Annotated[
        int | None,
        option(
            RUN,
            "MB of memory of a worker at most; its share of 3/4 of the machine, at least 4096.",
            within=Megabytes,
        ),
    ] = None,
    scratch: Annotated[
        str | None, option(RUN, "Folder for unfinished work; in the output if left out.")
    ] = None,
    checkpoint_every: Annotated[
        float,
        option(RUN, "Seconds of work between two checkpoints at least; 15.", within=Checkpoint),
    ] = 15.0,
    progress: common.Progress = None,
    quiet: common.Quiet = False,
    verbose: common.Verbose = False,
    log_file: common.LogFile = None,
    version: common.Version = False,
) -> None:
    own = overrides(
        fps=fps, capture_fps=capture_fps, time_of_day=time_of_day, rotate=rotate, start=start,
        end=end, roi=roi, stream=stream_, mirror=mirror, levels=levels, deinterlace=deinterlace,
        sensitivity=sensitivity,
        false_per_minute=false_per_minute, low_latency=low_latency,
        baseline=baseline, spotter=spotter, max_faces=max_faces, micro_only=micro_only,
        model=model, motion=motion, emotions=emotions, offline=offline,
        no_recognition=no_recognition,
    )  # fmt: skip
    with telling_errors(_PROGRAM), logging_to(quiet, verbose, log_file, progress) as speaks:
        if not inputs:
            raise UsageError("no recording was named; try: mer-batch FOLDER --output results")
        if output is None:
            raise UsageError("say where the results go: --output FOLDER")
        if address is not None and engine != "ray":
            raise UsageError("--address is of a Ray cluster: add --engine ray")
        if workers is not None and engine == "ray":
            raise UsageError(
                "--workers is of this machine: leave it out, Ray takes one core a recording."
            )
        settings = settings_of(config, set_ or [], own)
        from streamer.cli.notice import show_notice_once

        show_notice_once()
        from streamer.batch.run import BatchOptions, run_jobs
        from streamer.batch.settings import BatchSettings

        names = tuple(dict.fromkeys(name.strip() for name in formats.split(",") if name.strip()))
        code = run_jobs(
            BatchSettings(
                settings, names, signals, images, faces, save_video, redact, hash_names,
                os.environ.get("MER_HASH_KEY", ""), checkpoint_every, csv_dialect=csv_dialect,
            ),
            BatchOptions(
                output, workers, threads, resume, overwrite, engine, address, scratch, quiet,
                progress, speaks, worker_memory,
            ),
            inputs,
        )  # fmt: skip
    raise typer.Exit(code)


def main() -> None:
    """Entry point of `mer-batch`."""
    run_app(app, _PROGRAM)


if __name__ == "__main__":
    main()
