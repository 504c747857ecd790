"""The command line `mer-batch`: many recordings, resumable, in processes or on machines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

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
from streamer.core.ranges import (
    Checkpoint,
    Faces,
    FrameRate,
    Megabytes,
    Sensitivity,
    Threads,
    Workers,
)

_PROGRAM = "mer-batch"
_HELP = """Spot micro-expressions in many recordings, each with a folder of results of its own.

\b
  mer-batch interviews/ --output results         all recordings in a folder and below
  mer-batch interviews/ --output results --resume    go on where it was stopped or killed
  mer-batch *.mp4 -o results --formats jsonl,csv,eaf,html
  mer-batch @list.txt s3://bucket/study/ -o s3://bucket/results --engine ray

\b
Every recording gets events.jsonl, signals.csv and run.json; the batch gets manifest.json,
manifest.csv and index.html. A recording that cannot be read is reported, the rest goes on.
"""
_EPILOG = (
    "Exit codes are those of mer-stream: 0 all done; of several recordings that failed the first "
    "gives the code; 10: some are cut short or damaged; 11: one needs more memory than a worker "
    "may take; 130: stopped by Ctrl-C (use --resume).\n\n"
    "With --hash-names, the environment variable MER_HASH_KEY holds the key of the hashes.\n\n"
    "Not for use on people at work or in education (EU AI Act, article 5(1)(f)); not a lie "
    "detector. Figures and limits: see the README."
)
_IN, _OUT, _HOW, _RUN, _TALK = (
    "What to read", "What to write", "How to look", "How to run", "Talk",
)  # fmt: skip

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")


@app.command(help=_HELP, epilog=_EPILOG)
def batch(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="INPUTS", help="Files, folders, patterns, URLs, or @list.txt."),
    ] = None,
    fps: Annotated[
        float | None, option(_IN, "Rate of folders of images.", within=FrameRate)
    ] = None,
    output: Annotated[
        str | None, option(_OUT, "Folder or URL (s3://...) for the results.", "--output", "-o")
    ] = None,
    formats: Annotated[
        str,
        option(_OUT, "Of jsonl, csv, srt, vtt, eaf, boris, parquet, html; jsonl,csv,html if left."),
    ] = "jsonl,csv,html",
    signals: Annotated[
        Literal["csv", "parquet", "none"], option(_OUT, "Per-frame signals; csv if left out.")
    ] = "csv",
    images: Annotated[
        bool, option(_OUT, "Onset and apex pictures of each event in the report.", "--images")
    ] = False,
    faces: Annotated[
        bool,
        option(_OUT, "Aligned faces around each event, without loss (.npz).", "--faces"),
    ] = False,
    save_video: Annotated[
        bool, option(_OUT, "Annotated recordings; these begin anew on --resume.", "--save-video")
    ] = False,
    redact: Annotated[
        Literal["off", "blur", "mask"], option(_OUT, "Hide faces in annotated recordings.")
    ] = "off",
    hash_names: Annotated[
        bool, option(_OUT, "Hashes in place of file names, everywhere.", "--hash-names")
    ] = False,
    resume: Annotated[
        bool, option(_OUT, "Keep what is done, go on with what was begun.", "--resume")
    ] = False,
    overwrite: Annotated[
        bool, option(_OUT, "Do everything again and replace it.", "--overwrite")
    ] = False,
    config: Annotated[
        Path | None, option(_HOW, "Settings from a YAML file; see mer-stream --print-config.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        option(_HOW, "One setting, as in spotter.sensitivity=2. May be repeated.", "--set"),
    ] = None,
    sensitivity: Annotated[
        float | None,
        option(_HOW, "1 as calibrated; 2 finds more, with more false events.", within=Sensitivity),
    ] = None,
    max_faces: Annotated[int | None, option(_HOW, "Faces to follow at most.", within=Faces)] = None,
    micro_only: Annotated[bool, option(_HOW, "Leave out macro events.", "--micro-only")] = False,
    model: Annotated[Path | None, option(_HOW, "Another recognition model, .onnx.")] = None,
    no_recognition: Annotated[
        bool, option(_HOW, "Only spot: events without an emotion.", "--no-recognition")
    ] = False,
    workers: Annotated[
        int | None, option(_RUN, "Recordings at a time; one per core if left out.", within=Workers)
    ] = None,
    threads: Annotated[
        int | None,
        option(_RUN, "Of one recording, 1 or 2; 2 if there are cores for them.", within=Threads),
    ] = None,
    engine: Annotated[
        Literal["local", "ray"], option(_RUN, "This machine, or a Ray cluster.")
    ] = "local",
    address: Annotated[
        str | None, option(_RUN, "Of the Ray cluster; the one that runs here if left out.")
    ] = None,
    worker_memory: Annotated[
        int | None,
        option(
            _RUN,
            "MB of memory of a worker at most; its share of 3/4 of the machine, at least 4096.",
            within=Megabytes,
        ),
    ] = None,
    scratch: Annotated[
        str | None, option(_RUN, "Folder for unfinished work; in the output if left out.")
    ] = None,
    checkpoint_every: Annotated[
        float,
        option(_RUN, "Seconds of work between two checkpoints at least; 15.", within=Checkpoint),
    ] = 15.0,
    progress: Annotated[
        bool | None, option(_TALK, "Bars; default: if standard error is a terminal.")
    ] = None,
    quiet: Annotated[bool, option(_TALK, "Errors only.", "--quiet", "-q")] = False,
    verbose: Annotated[
        bool, option(_TALK, "Say more, with the libraries' own messages.", "--verbose", "-v")
    ] = False,
    log_file: Annotated[
        Path | None, option(_TALK, "Append the log, with times, to a file.")
    ] = None,
    version: VersionFlag = False,
) -> None:
    own = {
        "source.fps": fps,
        "spotter.sensitivity": sensitivity,
        "faces.max_faces": max_faces,
        "kinds": ["micro"] if micro_only else None,
        "model": None if model is None else str(model),
        "recognise": False if no_recognition else None,
    }
    with telling_errors(_PROGRAM), logging_to(quiet, verbose, log_file):
        if not inputs:
            raise UsageError("no recording was named; try: mer-batch FOLDER --output results")
        if output is None:
            raise UsageError("say where the results go: --output FOLDER")
        if address is not None and engine != "ray":
            raise UsageError("--address is of a Ray cluster: add --engine ray")
        settings = settings_of(config, set_ or [], own)
        from streamer.cli.notice import show_notice_once

        show_notice_once()
        from streamer.batch.run import BatchOptions, run_jobs
        from streamer.batch.settings import BatchSettings

        names = tuple(dict.fromkeys(name.strip() for name in formats.split(",") if name.strip()))
        code = run_jobs(
            BatchSettings(
                settings, names, signals, images, faces, save_video, redact, hash_names,
                os.environ.get("MER_HASH_KEY", ""), checkpoint_every,
            ),
            BatchOptions(
                output, workers, threads, resume, overwrite, engine, address, scratch, quiet,
                progress, verbose, worker_memory,
            ),
            inputs,
        )  # fmt: skip
    raise typer.Exit(code)


def main() -> None:
    """Entry point of `mer-batch`."""
    run_app(app, _PROGRAM)


if __name__ == "__main__":
    main()
