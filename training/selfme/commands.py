"""The commands of `mer-train` for SelfME's recogniser. Heavy imports happen inside them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamer.cli.options import bounds
from streamer.core.errors import UsageError
from streamer.core.ranges import Range, Seed


def register(app: typer.Typer) -> None:
    """Adds the commands to the app."""
    app.command("synthetic-set")(synthetic_set)
    app.command("recognizer")(recognizer)
    app.command("export")(export)


def synthetic_set(
    portraits: Annotated[Path, typer.Option(help="Folder of frontal portraits.")],
    output: Annotated[Path, typer.Option(help="Folder of the set; a stopped run goes on there.")],
    names: Annotated[str, typer.Option(help="Only these portraits: a,b (without suffix).")] = "",
    clips: Annotated[
        int, typer.Option(help="Clips of each portrait.", **bounds(Range(1, 100_000)))
    ] = 12,
    fps: Annotated[
        float, typer.Option(help="Frames per second.", **bounds(Range(1.0, 1000.0)))
    ] = 60.0,
    jittered: Annotated[
        int,
        typer.Option(
            help="More rows for each clip, with a wrong onset and apex.", **bounds(Range(0, 1000))
        ),
    ] = 0,
    jitter_frames: Annotated[
        int, typer.Option(help="Wrong by up to so many.", **bounds(Range(0, 1000)))
    ] = 4,
    seed: Annotated[int, typer.Option(help="Another seed gives other clips.", **bounds(Seed))] = 0,
) -> None:
    """Render a small data set of micro-expression clips in the folder format from portraits."""
    from training.synthetic.clip_set import ClipSetConfig, find_portraits, write_clip_set

    config = ClipSetConfig(
        clips=clips, fps=fps, jittered=jittered, jitter_frames=jitter_frames, seed=seed
    )
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    typer.echo(write_clip_set(find_portraits(portraits, wanted), output, config))


def recognizer(
    data: Annotated[
        Path, typer.Option(help="An .npz of mer-train pairs, or a cache of mer-train prepare.")
    ],
    output: Annotated[Path, typer.Option(help="Run folder; a stopped training goes on there.")],
    validation: Annotated[
        Path | None, typer.Option(help="As --data; default: some of its people.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="YAML of the settings.")] = None,
    preset: Annotated[
        str, typer.Option(help="small, or paper (ViT-S/16, faces of 256).")
    ] = "small",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A setting: selfme.motion=tvl1.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of everything random.", **bounds(Seed))] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    overwrite: Annotated[bool, typer.Option(help="Drop what the run folder holds.")] = False,
) -> None:
    """Train SelfME's recogniser on onset-apex pairs: curves, checkpoint and weights."""
    from training.loso.config import pick_device
    from training.selfme.pair_source import hold_out_people, read_source
    from training.selfme.recognizer_run import RunPlace, train_recognizer
    from training.selfme.run_settings import make_run

    run = make_run(preset, config, settings or [])
    train = read_source(data)
    if validation is None:
        train, held_out = hold_out_people(train, 0.2, seed)
    else:
        held_out = read_source(validation)
        if both := set(train.people) & set(held_out.people):
            raise UsageError(
                f"{sorted(both)[0]} is in --data and in --validation: validation needs other people"
            )
    place = RunPlace(output, pick_device(device), overwrite=overwrite)
    results = train_recognizer(run, train, held_out, seed, place)
    score = results["validation"]
    typer.echo(
        f"{output / results['weights']}: on {score['count']} pairs of "
        f"{len(results['validation_people'])} other people UF1 {score['uf1']:.3f}, UAR "
        f"{score['uar']:.3f}; next: mer-train export --weights {output / results['weights']}"
    )


def export(
    weights: Annotated[Path, typer.Option(help="The .safetensors of mer-train recognizer.")],
    output: Annotated[Path, typer.Option(help="Folder for model and card.")],
    name: Annotated[str, typer.Option(help="Of the model.")] = "selfme",
    overwrite: Annotated[bool, typer.Option(help="Replace a model that is there.")] = False,
    small: Annotated[
        bool, typer.Option(help="float16, and without the learner that comes with the package.")
    ] = False,
    onnx: Annotated[bool, typer.Option(help="Write the ONNX file too.")] = True,
) -> None:
    """Export SelfME to ONNX, compared with torch, with a card, for mer-stream --model."""
    from training.selfme.package import PackageRequest, package_model

    typer.echo(package_model(PackageRequest(weights, output, name, overwrite, small, onnx)))
