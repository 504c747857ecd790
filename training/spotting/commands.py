"""The spotting commands of `mer-train`. Heavy imports happen inside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from streamer.cli.options import bounds
from streamer.core.errors import UsageError
from streamer.core.ranges import FrameRate, Range, Seed, Workers


def register(app: typer.Typer) -> None:
    """Adds the commands to the app."""
    app.command("spot-set")(spot_set)
    app.command("spot")(spot)
    app.command("score-spots")(score_spots)
    app.command("spotter")(spotter)


def spot_set(
    portraits: Annotated[Path, typer.Option(help="Folder of frontal portraits.")],
    output: Annotated[Path, typer.Option(help="Folder of the set; a stopped run goes on there.")],
    names: Annotated[str, typer.Option(help="Only these portraits: a,b (without suffix).")] = "",
    fps: Annotated[str, typer.Option(help="Frame rates.")] = "30,200",
    seconds: Annotated[str, typer.Option(help="Length at each frame rate.")] = "45,15",
    strengths: Annotated[str, typer.Option(help="Of the motion, IOD.")] = "0.015,0.03,0.05",
    contents: Annotated[
        str, typer.Option(help="expressions, talking (none injected), disturbed; or several.")
    ] = "expressions,talking",
    size: Annotated[
        int, typer.Option(help="Side of the picture, pixels.", **bounds(Range(64, 4096)))
    ] = 400,
    seed: Annotated[int, typer.Option(help="Another seed gives other scenes.", **bounds(Seed))] = 0,
    jobs: Annotated[int, typer.Option(help="Recordings at the same time.", **bounds(Workers))] = 1,
) -> None:
    """Render recordings with micro-expressions of known truth from portraits."""
    from training.spotting.synthetic_set import SpotSetConfig, parse_contents, pictures, write_set

    config = SpotSetConfig(
        fps=_numbers("--fps", fps),
        seconds=_numbers("--seconds", seconds),
        strengths_iod=_numbers("--strengths", strengths),
        contents=parse_contents(contents),
        size_px=size,
        seed=seed,
    )
    made = write_set(pictures(portraits, _words(names)), config, output, jobs)
    typer.echo(f"{output}: {made} recordings rendered, truth.csv and videos.csv written")


def spot(
    dataset: Annotated[str, typer.Option(help="casme-sq, samm-lv, casme3 or synthetic.")],
    root: Annotated[Path, typer.Option(help="Folder of the data set; of a spot-set.")],
    output: Annotated[Path, typer.Option(help="Run folder; a stopped run goes on there.")],
    spotter: Annotated[
        str, typer.Option(help="rule, learned, a baseline; or several: a,b.")
    ] = "rule",
    spotter_model: Annotated[
        Path | None, typer.Option(help="Weights of the learned spotter (.npz); default: bundled.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A setting: spotter.sensitivity=2.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file of settings.")] = None,
    jobs: Annotated[int, typer.Option(help="Recordings at the same time.", **bounds(Workers))] = 1,
    plots: Annotated[bool, typer.Option(help="A timeline of every recording.")] = True,
    overwrite: Annotated[bool, typer.Option(help="Drop what the run folder holds.")] = False,
) -> None:
    """Benchmark spotters on long recordings: MEGC F1, apex error, STRS, latency, tables, plots."""
    from streamer.cli.common import settings_of
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
    truth: Annotated[
        Path, typer.Option(help="CSV: video, onset, offset (frames) [apex, kind...].")
    ],
    pred: Annotated[Path, typer.Option(help="CSV of predictions with the same columns.")],
    videos: Annotated[
        Path | None, typer.Option(help="CSV of all videos (column video), ME-free ones included.")
    ] = None,
    iou: Annotated[
        float,
        typer.Option(help="Least intersection over union of a hit.", **bounds(Range(1e-6, 1.0))),
    ] = 0.5,
    rule: Annotated[
        str, typer.Option(help="megc (one to one), or published: labels hit, as older scripts.")
    ] = "megc",
    fps: Annotated[
        float | None,
        typer.Option(
            help="Frames a second: kind by length where there is no column kind.",
            **bounds(FrameRate),
        ),
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


def spotter(
    root: Annotated[list[Path], typer.Option(help="A spot-set; may be repeated.")],
    output: Annotated[Path, typer.Option(help="The weights, .npz; motion is kept beside them.")],
    validate: Annotated[str, typer.Option(help="Portraits set aside: a,b; default: a fifth.")] = "",
    steps: Annotated[int, typer.Option(help="Of training.", **bounds(Range(1, 10_000_000)))] = 1500,
    seed: Annotated[int, typer.Option(help="Same seed, same network.", **bounds(Seed))] = 0,
    threads: Annotated[int, typer.Option(help="Of torch.", **bounds(Workers))] = 1,
    overwrite: Annotated[bool, typer.Option(help="Replace weights that are there.")] = False,
) -> None:
    """Train the learned spotter on recordings of known truth (see spot-set)."""
    from training.cli import require_training

    require_training()
    from training.spotting.learn import LearnConfig, run_learning, text_of

    if output.suffix != ".npz":
        raise UsageError(f"--output {output}: the name must end in .npz")
    if output.exists() and not overwrite:
        raise UsageError(f"{output} is there already: choose another --output, or --overwrite")
    config = LearnConfig(steps=steps, seed=seed, validate=_words(validate), threads=threads)
    typer.echo(text_of(run_learning(root, output, config), output))


def _words(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _numbers(option: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in _words(text))
    except ValueError:
        raise UsageError(f"{option} {text!r}: give numbers with commas between them") from None
