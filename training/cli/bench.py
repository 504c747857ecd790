"""The commands of `mer-train` for the methods that are compared. Heavy imports happen inside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamer.cli.options import Device
from streamer.core.ranges import Range, Workers
from training.cli.options import DataSets, Overwrite, Protocol, RunFolder, option
from training.common.options import one_of, require_training

_TABLES = "selfme-table2, frl-dgt-table1"


def register(app: typer.Typer) -> None:
    """Adds the commands to the app."""
    for command in (models, bench):
        app.command()(command)


def models(
    name: Annotated[str, typer.Argument(help="One method in detail; empty: list all.")] = "",
) -> None:
    """List the methods of the benchmark: input, parameters, source, status, score here."""
    require_training()
    from training.bench.catalogue import describe_model, list_models

    typer.echo(describe_model(name) if name else list_models())


def bench(
    table: Annotated[str, typer.Argument(help=f"{_TABLES}, or a .yaml file of your own.")],
    dataset: DataSets,
    root: Annotated[Path, option("The data set's folder, a prepared cache, or flow maps.")],
    output: RunFolder,
    only: Annotated[str, option("These methods alone: a,b. Default: all the data can feed.")] = "",
    protocol: Protocol = "clean",
    kind: Annotated[str, option("composite, or grouped: 8 groups of subjects.")] = "composite",
    seeds: Annotated[int, option("Trainings of every fold.", Range(1, 1000))] = 1,
    epochs: Annotated[
        str | None, option("A number, or inner (subject splits). Default: published.")
    ] = None,
    device: Device = "auto",
    jobs: Annotated[int, option("Folds at the same time.", Workers)] = 1,
    overwrite: Overwrite = False,
) -> None:
    """Run a comparison table of a paper: its methods on your data, beside the printed figures."""
    require_training()
    from training.bench.definition import load_bench
    from training.bench.run import run_bench
    from training.loso.config import LosoConfig, parse_epochs
    from training.loso.registry import check_models

    config = LosoConfig(
        dataset=dataset,
        root=root,
        model="",
        output=output,
        protocol=one_of("--protocol", protocol, ("clean", "published")),
        kind=one_of("--kind", kind, ("composite", "grouped")),
        seeds=seeds,
        epochs=parse_epochs(epochs),
        device=device,
        jobs=jobs,
        overwrite=overwrite,
    )
    typer.echo(run_bench(load_bench(table), config, check_models(only) if only else ()))
