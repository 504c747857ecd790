"""`mer-train pairs` and `mer-train motion`. Heavy imports happen inside the commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamer.cli.options import bounds
from streamer.core.ranges import Range, Seed


def register(app: typer.Typer) -> None:
    """Adds the commands to the app."""
    app.command("pairs")(pairs)
    app.command("motion")(motion)


def pairs(
    portraits: Annotated[list[Path], typer.Argument(help="Pictures with one frontal face each.")],
    output: Annotated[Path, typer.Option(help="The NPZ file to write.")],
    count: Annotated[int, typer.Option(help="Pairs.", **bounds(Range(1, 10_000_000)))] = 5000,
    seed: Annotated[int, typer.Option(help="Of everything random.", **bounds(Seed))] = 0,
    variants: Annotated[
        int,
        typer.Option(
            help="Faces of each portrait: itself, and random changes of it.",
            **bounds(Range(1, 10_000)),
        ),
    ] = 8,
    clean: Annotated[bool, typer.Option(help="No head motion, light, noise, compression.")] = False,
    jitter_frames: Annotated[
        int | None,
        typer.Option(
            help="Onset and apex are frames at --fps, wrong by up to so many; 0: right.",
            **bounds(Range(0, 1000)),
        ),
    ] = None,
    fps: Annotated[
        float,
        typer.Option(help="Frames per second, with --jitter-frames.", **bounds(Range(1.0, 1000.0))),
    ] = 60.0,
    overwrite: Annotated[bool, typer.Option(help="Replace the file.")] = False,
) -> None:
    """Draw synthetic onset-apex pairs of portraits, with their true motion, into one file."""
    from training.synthetic.pairs_run import PairsRun, run_pairs

    request = PairsRun(
        tuple(portraits), output, count, seed, variants, clean, overwrite, jitter_frames, fps
    )
    typer.echo(run_pairs(request))


def motion(
    data: Annotated[
        Path, typer.Option(help="An .npz of mer-train pairs, or a data set's folder (--dataset).")
    ],
    output: Annotated[Path, typer.Option(help="Run folder; a stopped training goes on there.")],
    dataset: Annotated[str, typer.Option(help="Name of the data set in --data, if one.")] = "",
    config: Annotated[Path | None, typer.Option(help="YAML of the settings.")] = None,
    preset: Annotated[
        str,
        typer.Option(
            help="paper; small: self-supervised, from scratch; small-truth: by known motion; "
            "small-painted: goes on from that (--start), the generator learns too."
        ),
    ] = "paper",
    start: Annotated[Path | None, typer.Option(help="Weights to go on from.")] = None,
    validation: Annotated[
        Path | None, typer.Option(help="An .npz of pairs whose end-point error is shown.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[
        int, typer.Option(help="Of the processor; 0: as torch likes.", **bounds(Range(0, 256)))
    ] = 0,
    overwrite: Annotated[bool, typer.Option(help="Drop what the run folder holds.")] = False,
) -> None:
    """Train the motion learner of SelfME: curves, checkpoint and weights in the run folder."""
    from training.cli import require_training

    require_training()
    from training.selfme.motion_run import MotionRequest, run_motion

    request = MotionRequest(
        data, output, dataset, config, preset, start, validation, device, threads, overwrite
    )
    typer.echo(run_motion(request))
