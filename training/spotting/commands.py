"""The spotting commands of `mer-train`. Heavy imports happen inside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the commands to the app."""
    app.command("score-spots")(score_spots)


def score_spots(
    truth: Annotated[
        Path, typer.Option(help="CSV: video, onset, offset (frames) [apex, kind...].")
    ],
    pred: Annotated[Path, typer.Option(help="CSV of predictions with the same columns.")],
    videos: Annotated[
        Path | None, typer.Option(help="CSV of all videos (column video), ME-free ones included.")
    ] = None,
    iou: Annotated[float, typer.Option(help="Least intersection over union of a hit.")] = 0.5,
    rule: Annotated[
        str, typer.Option(help="megc (one to one), or published: labels hit, as older scripts.")
    ] = "megc",
    fps: Annotated[
        float | None,
        typer.Option(help="Frames a second: kind by length where there is no column kind."),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(help="Refuse what is otherwise a warning: unknown videos, reversed rows."),
    ] = False,
) -> None:
    """Score spotted intervals (MEGC 2020: micro, macro, overall; apex; STRS) as one JSON object."""
    from training.spotting.score_spots import ScoreRequest, score_files

    facts = score_files(ScoreRequest(truth, pred, videos, iou, rule, fps, strict))
    for warning in facts["warnings"]:
        typer.echo(f"mer-train: {warning}", err=True)
    typer.echo(json.dumps(facts))
