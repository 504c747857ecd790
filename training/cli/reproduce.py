"""`mer-train reproduce`: the paper's tables and figures by one command. Heavy imports inside."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from streamer.cli.options import Device
from streamer.core.ranges import Range, Workers
from training.cli.options import RunFolder, option
from training.common.options import one_of, parse_words, require_training

_STEPS = "table1, table2, table3, table4, figure4a, figure4b, figure5"


def register(app: typer.Typer) -> None:
    """Adds the command to the app."""
    app.command("reproduce")(reproduce)


def reproduce(
    paper: Annotated[str, typer.Argument(help="selfme.")],
    output: RunFolder,
    casme2: Annotated[Path | None, option("CASME II, as it was handed out.")] = None,
    smic: Annotated[Path | None, option("SMIC-HS, as it was handed out.")] = None,
    samm: Annotated[Path | None, option("SAMM: joins the training of table 2.")] = None,
    folder: Annotated[
        Path | None, option("Clips of your own (clips.csv), in place of all of these.")
    ] = None,
    preset: Annotated[str, option("small, or paper (ViT-S/16, faces of 256).")] = "small",
    pretrain: Annotated[
        str,
        option(
            "What the motion learner learns from: a folder of clips (VoxCeleb, with clips.csv), "
            "of portraits, an .npz of mer-train pairs; bundled: it has learnt already."
        ),
    ] = "bundled",
    pairs: Annotated[int, option("Drawn from --pretrain PORTRAITS.", Range(1, 10_000_000))] = 3600,
    only: Annotated[str, option(f"Of {_STEPS}: a,b. Default: all.")] = "",
    config: Annotated[Path | None, option("YAML of SelfME's settings in all rows.")] = None,
    motion_config: Annotated[Path | None, option("YAML of the motion learner's training.")] = None,
    settings: Annotated[
        list[str] | None, option("A setting of all rows: fine_tuning.epochs=0.", None, "--set")
    ] = None,
    epochs: Annotated[
        int | None, option("Of every classifier. Default: published.", Range(1, 100_000))
    ] = None,
    seeds: Annotated[int, option("Trainings of every fold.", Range(1, 1000))] = 1,
    device: Device = "auto",
    jobs: Annotated[int, option("Folds at the same time.", Workers)] = 1,
    dry_run: Annotated[bool, option("Plan and estimate alone.")] = False,
    yes: Annotated[
        bool, option("Do not ask; nor is asked without a terminal.", None, "--yes")
    ] = False,
) -> None:
    """Run tables 1 to 4 and figures 4 and 5 of SelfME end to end, beside the printed figures."""
    require_training()
    from training.reproduce.request import Request
    from training.reproduce.run import reproduce as run

    one_of("paper", paper, ("selfme",))
    given = {"casme2": casme2, "smic": smic, "samm": samm, "folder": folder}
    request = Request(
        sources={name: root for name, root in given.items() if root is not None},
        output=output,
        preset=preset,
        pretrain=pretrain,
        pairs=pairs,
        only=parse_words(only),
        config=config,
        motion_config=motion_config,
        settings=tuple(settings or ()),
        epochs=epochs,
        seeds=seeds,
        device=device,
        jobs=jobs,
    )
    asks = not yes and sys.stdin.isatty() and sys.stderr.isatty()
    run(request, typer.echo, typer.confirm if asks else None, dry_run)
