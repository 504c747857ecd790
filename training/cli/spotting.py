"""The spotting commands of `mer-train`. Heavy imports happen inside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from streamer.cli.common import settings_of
from streamer.core.ranges import FalsePerMinute, FrameRate, LearningRate, Range, Seed, Workers
from training.cli.options import (
    ConfigFile,
    Names,
    Overwrite,
    RunFolder,
    SetFolder,
    option,
)
from training.common.options import parse_numbers, require_training


def register(app: typer.Typer) -> None:
    """Adds the commands to the app."""
    app.command("spot-set")(spot_set)
    app.command("spot")(spot)
    app.command("score-spots")(score_spots)
    app.command("spotter")(spotter)


def spot_set(
    output: SetFolder,
    portraits: Annotated[Path | None, option("Folder of frontal portraits.")] = None,
    bases: Annotated[
        Path | None, option("Folder of real recordings with an index.csv, instead of portraits.")
    ] = None,
    names: Names = "",
    fps: Annotated[str, option("Portraits: frame rates; default 30,200.")] = "",
    seconds: Annotated[str, option("Portraits: length at each rate; default 45,15.")] = "",
    strengths: Annotated[str, option("Of the motion, IOD.")] = "0.015,0.03,0.05",
    contents: Annotated[
        str,
        option("Portraits: expressions, talking (none injected), disturbed; default the first 2."),
    ] = "",
    size: Annotated[
        int | None, option("Portraits: side of the picture, pixels; default 400.", Range(64, 4096))
    ] = None,
    split: Annotated[str, option("Bases: people of train, test or all; default all.")] = "",
    people: Annotated[str, option("Bases: only these persons: a,b.")] = "",
    variants: Annotated[
        str,
        option("Bases: native, 15fps, 25fps, 30fps, 60fps, dropped, low-bitrate, mjpeg; several."),
    ] = "",
    controls: Annotated[
        int | None,
        option("Bases: every so many-th also untouched; 0: none; default 2.", Range(0, 1000)),
    ] = None,
    meshes: Annotated[
        Path | None, option("Bases: where meshes are kept; default: beside the set's folder.")
    ] = None,
    seed: Annotated[int, option("Another seed gives other scenes.", Seed)] = 0,
    jobs: Annotated[int, option("Recordings at the same time.", Workers)] = 1,
) -> None:
    """Make recordings with micro-expressions of known truth, from portraits or real people."""
    from training.spotting.make_set import FromBases, FromPortraits, choose_source, make_set

    request = choose_source(
        FromPortraits(portraits, names, fps, seconds, contents, size),
        FromBases(bases, split, people, variants, controls, meshes),
    )
    made = make_set(request, output, parse_numbers("--strengths", strengths), seed, jobs)
    typer.echo(f"{output}: {made} recordings made, truth.csv and videos.csv written")


def spot(
    dataset: Annotated[str, option("casme-sq, samm-lv, casme3, synthetic or people.")],
    root: Annotated[Path, option("Folder of the data set; of a spot-set.")],
    output: RunFolder,
    spotter: Annotated[str, option("rule, learned, a baseline; or several: a,b.")] = "rule",
    spotter_model: Annotated[
        Path | None, option("Weights of the learned spotter (.npz); default: bundled.")
    ] = None,
    settings: Annotated[
        list[str] | None, option("A setting: spotter.sensitivity=2.", None, "--set")
    ] = None,
    config: ConfigFile = None,
    jobs: Annotated[int, option("Recordings at the same time.", Workers)] = 1,
    plots: Annotated[bool, option("A timeline of every recording.")] = True,
    overwrite: Overwrite = False,
) -> None:
    """Benchmark spotters on long recordings: MEGC F1, apex error, STRS, latency, tables, plots."""
    from training.spotting.run import SpotRequest, run_spot
    from training.spotting.table import make_table

    request = SpotRequest(dataset, root, output, spotter, jobs, plots, overwrite)
    model = {} if spotter_model is None else {"spotter_model": str(spotter_model)}
    results = run_spot(request, settings_of(config, settings or (), model))
    typer.echo(make_table(results))
    for failed in results["failed"]:
        typer.echo(f"mer-train: {failed['video']} left out: {failed['reason']}", err=True)
    if results["rejected"]:
        typer.echo(f"{len(results['rejected'])} rows left out: see results.json")
    typer.echo(f"results: {output}")


def score_spots(
    truth: Annotated[Path, option("CSV: video, onset, offset (frames) [apex, kind...].")],
    pred: Annotated[Path, option("CSV of predictions with the same columns.")],
    videos: Annotated[
        Path | None, option("CSV of all videos (column video), ME-free ones included.")
    ] = None,
    iou: Annotated[
        float, option("Least intersection over union of a hit.", Range(1e-6, 1.0))
    ] = 0.5,
    rule: Annotated[
        str, option("megc (one to one), or published: labels hit, as older scripts.")
    ] = "megc",
    fps: Annotated[
        float | None,
        option("Frames a second: kind by length where there is no column kind.", FrameRate),
    ] = None,
    strict: Annotated[
        bool, option("Refuse what is otherwise a warning: unknown videos, reversed rows.")
    ] = False,
) -> None:
    """Score spotted intervals (MEGC 2020: micro, macro, overall; apex; STRS) as one JSON object."""
    from training.spotting.score_spots import ScoreRequest, score_files

    facts = score_files(ScoreRequest(truth, pred, videos, iou, rule, fps, strict))
    for warning in facts["warnings"]:
        typer.echo(f"mer-train: {warning}", err=True)
    typer.echo(json.dumps(facts))


def spotter(
    root: Annotated[list[Path], option("A spot-set; may be repeated. --finetune: a labelled set.")],
    output: Annotated[
        Path, option("The weights, .npz; motion is kept beside them. --finetune: a folder.")
    ],
    finetune: Annotated[
        str,
        option("Go on from weights on a labelled set, fold by fold: casme-sq, samm-lv, casme3..."),
    ] = "",
    weights: Annotated[
        Path | None,
        option("Weights to go on from (.npz); default: none; --finetune: the bundled ones."),
    ] = None,
    folds: Annotated[
        int | None, option("Subjects are left out in so many turns; default 3.", Range(2, 1000))
    ] = None,
    false_per_minute: Annotated[
        float | None,
        option("Allowed where a user says nothing; default 1.", FalsePerMinute),
    ] = None,
    steps: Annotated[
        int | None,
        option("Of training; default 400; --finetune: 150; 0: calibrate.", Range(0, 10_000_000)),
    ] = None,
    rate: Annotated[
        float | None,
        option("Highest learning rate; default 1.5e-3, gone on from weights 5e-4.", LearningRate),
    ] = None,
    windows: Annotated[
        int | None, option("Drawn to learn from; default 1800; --finetune: 1500.", Range(1, 10**6))
    ] = None,
    members: Annotated[
        int | None, option("Networks whose mean is taken; default 1.", Range(1, 16))
    ] = None,
    seed: Annotated[int, option("Same seed, same network.", Seed)] = 0,
    jobs: Annotated[int, option("Recordings measured at the same time.", Workers)] = 1,
    threads: Annotated[int, option("Of torch.", Workers)] = 1,
    overwrite: Annotated[bool, option("Replace what is there.")] = False,
) -> None:
    """Train the learned spotter on recordings of known truth (see spot-set), or fine-tune it."""
    require_training()
    from training.spotting.learning.requests import SpotterRequest, run_spotter

    request = SpotterRequest(
        tuple(root), output, finetune, weights, folds, false_per_minute, steps, rate, windows,
        members, seed, jobs, threads, overwrite,
    )  # fmt: skip
    typer.echo(run_spotter(request))
