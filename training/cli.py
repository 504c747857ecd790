"""`mer-train`: trains and scores recognition models. Heavy imports happen inside the commands."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from streamer.cli import options as common
from streamer.cli.common import logging_to, run_app
from streamer.cli.options import bounds
from streamer.core.errors import InstallError, UsageError
from streamer.core.ranges import Epochs, Range, Seed, Workers
from training.experiments import commands as experiment_commands
from training.selfme import commands as selfme_commands
from training.selfme import motion_commands
from training.spotting import commands as spotting_commands

app = typer.Typer(
    name="mer-train",
    help="Train and score the recognition model of mer-stream.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root(
    context: typer.Context,
    quiet: common.Quiet = False,
    verbose: common.Verbose = False,
    log_file: common.LogFile = None,
    version: common.Version = False,
) -> None:
    """Options of all commands stand before the command's name."""
    context.with_resource(logging_to(quiet, verbose, log_file))


@app.command()
def synthetic(
    output: Annotated[Path, typer.Option(help="Folder for weights and model card.")] = Path(
        "mer-weights"
    ),
    members: Annotated[
        int, typer.Option(help="Networks in the ensemble.", **bounds(Range(1, 16)))
    ] = 3,
    seed: Annotated[int, typer.Option(help="Seed of the first member.", **bounds(Seed))] = 0,
    maps: Annotated[
        int, typer.Option(help="Training maps for each member.", **bounds(Range(256, 10_000_000)))
    ] = 32768,
    epochs: Annotated[int, typer.Option(help="Passes over the maps.", **bounds(Epochs))] = 6,
    jobs: Annotated[
        int, typer.Option(help="Members trained at the same time.", **bounds(Workers))
    ] = 2,
    overwrite: Annotated[bool, typer.Option(help="Replace weights that are there.")] = False,
) -> None:
    """Train on synthetic motion alone and export ONNX, safetensors and a model card."""
    require_training()
    from training.synthetic_run import RunConfig, run_synthetic

    if (output / "scvit_synthetic.onnx").exists() and not overwrite:
        raise UsageError(f"{output} holds weights already: choose another --output or --overwrite")
    summary = run_synthetic(
        RunConfig(output=output, members=members, seed=seed, maps=maps, epochs=epochs, jobs=jobs)
    )
    typer.echo(summary)


@app.command("zero-shot")
def zero_shot(
    root: Annotated[Path, typer.Option(help="Folder with index.csv and its flow maps.")],
    model: Annotated[Path | None, typer.Option(help="An .onnx file; default: bundled.")] = None,
) -> None:
    """Score a model, as it is, on a folder of real motion maps: UF1 and UAR per data set."""
    from training.zero_shot import format_scores, score_folder

    typer.echo(format_scores(score_folder(root, model)))


@app.command()
def datasets(
    dataset: Annotated[str, typer.Option(help="A data set to check; empty: list all.")] = "",
    root: Annotated[Path | None, typer.Option(help="Its folder.")] = None,
    classes: Annotated[str, typer.Option(help="3, 5 or native.")] = "native",
) -> None:
    """List the data sets, or check one: its counts, repaired rows, and rows that cannot be used."""
    from training.datasets.registry import describe_datasets
    from training.datasets.report import check_dataset

    if not dataset or root is None:
        typer.echo(describe_datasets())
        return
    typer.echo(check_dataset(dataset, root, classes))


@app.command()
def prepare(
    dataset: Annotated[str, typer.Option(help="Name, see `mer-train datasets`.")],
    root: Annotated[Path, typer.Option(help="Folder of the data set as it was handed out.")],
    output: Annotated[Path, typer.Option(help="Cache; a stopped run goes on where it was.")],
    jitter_frames: Annotated[
        int,
        typer.Option(
            help="Keep pairs with a wrong onset and apex too, up to so many.",
            **bounds(Range(0, 1000)),
        ),
    ] = 0,
    draws: Annotated[
        int, typer.Option(help="Wrong pairs of each clip.", **bounds(Range(1, 1000)))
    ] = 4,
    seed: Annotated[int, typer.Option(help="Of the wrong pairs.", **bounds(Seed))] = 0,
) -> None:
    """Align the faces of a data set as in a stream and keep their onset-apex pairs and maps."""
    from training.datasets import load_dataset
    from training.prepare.jitter import Jitter
    from training.prepare.run import PrepareConfig
    from training.prepare.run import prepare as run

    config = PrepareConfig(jitter=Jitter(jitter_frames, draws, seed))
    typer.echo(run(load_dataset(dataset, root), output, config).text(output))


@app.command()
def loso(
    dataset: Annotated[str, typer.Option(help="Data set, or several: casme2,smic.")],
    root: Annotated[
        Path, typer.Option(help="The data set's folder, a prepared cache, or flow maps.")
    ],
    output: Annotated[Path, typer.Option(help="Run folder; a stopped run goes on there.")],
    model: Annotated[
        str,
        typer.Option(
            help="committee, linear, svm, ststnet, off-apexnet, scvit, selfme, zero-shot; or a,b."
        ),
    ] = "scvit",
    protocol: Annotated[str, typer.Option(help="clean, or published (oracle epoch).")] = "clean",
    kind: Annotated[str, typer.Option(help="composite, single or cross (data set).")] = "composite",
    classes: Annotated[int, typer.Option(help="3 or 5.", **bounds(Range(3, 5)))] = 3,
    seeds: Annotated[
        int, typer.Option(help="Trainings of every fold.", **bounds(Range(1, 1000)))
    ] = 3,
    epochs: Annotated[
        str | None, typer.Option(help="A number, or inner (subject splits). Default: published.")
    ] = None,
    device: common.Device = "auto",
    engine: Annotated[str, typer.Option(help="local or ray.")] = "local",
    address: Annotated[str | None, typer.Option(help="Of a Ray cluster.")] = None,
    jobs: Annotated[
        int, typer.Option(help="Folds at the same time (not stacked).", **bounds(Workers))
    ] = 1,
    stacked: Annotated[bool, typer.Option(help="Folds of small networks in one program.")] = True,
    overwrite: Annotated[bool, typer.Option(help="Drop what the run folder holds.")] = False,
) -> None:
    """Benchmark models, leaving one subject out: UF1, UAR, per-fold JSON, table and plots."""
    options = dict(locals())
    require_training()
    from training.loso.command import run_command

    typer.echo(run_command(**options))


spotting_commands.register(app)
motion_commands.register(app)
selfme_commands.register(app)
experiment_commands.register(app)


def require_training() -> None:
    """Says what to install when the training extra is missing.

    Raises:
        InstallError: torch, onnx or safetensors is not installed.
    """
    missing = [
        name for name in ("torch", "onnx", "safetensors") if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise InstallError(f'training needs {", ".join(missing)}: pip install "mer-stream[train]"')


def main() -> None:
    """Entry point of `mer-train`."""
    run_app(app, "mer-train")


if __name__ == "__main__":
    main()
