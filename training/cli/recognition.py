"""The commands of `mer-train` for data sets and recognisers. Heavy imports happen inside them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamer.cli.options import Device
from streamer.core.errors import UsageError
from streamer.core.ranges import Epochs, Range, Seed, Workers
from training.cli.options import DataSets, Overwrite, Protocol, RunFolder, option
from training.common.options import require_training


def register(app: typer.Typer) -> None:
    """Adds the commands to the app."""
    app.command("synthetic")(synthetic)
    app.command("zero-shot")(zero_shot)
    for command in (calibrate, datasets, prepare, loso):
        app.command()(command)


def synthetic(
    output: Annotated[Path, option("Folder for weights and model card.")] = Path("mer-weights"),
    members: Annotated[int, option("Networks that tell emotions.", Range(1, 16))] = 3,
    unit_members: Annotated[int, option("Networks that tell action units.", Range(1, 16))] = 3,
    seed: Annotated[int, option("Seed of the first member.", Seed)] = 0,
    maps: Annotated[
        int, option("Training maps of each network for emotions.", Range(256, 10_000_000))
    ] = 32768,
    unit_maps: Annotated[
        int, option("Training maps of each network for units.", Range(256, 10_000_000))
    ] = 49152,
    epochs: Annotated[int, option("Passes over the maps.", Epochs)] = 6,
    unit_epochs: Annotated[int, option("The same for units.", Epochs)] = 7,
    jobs: Annotated[int, option("Members trained at the same time.", Workers)] = 2,
    overwrite: Annotated[bool, option("Replace weights that are there.")] = False,
) -> None:
    """Train on synthetic motion alone and export ONNX, safetensors and a model card."""
    require_training()
    from training.pretrain.run import RunConfig, run_synthetic

    if (output / "scvit_synthetic.onnx").exists() and not overwrite:
        raise UsageError(f"{output} holds weights already: choose another --output or --overwrite")
    summary = run_synthetic(
        RunConfig(
            output=output,
            members=members,
            unit_members=unit_members,
            seed=seed,
            maps=maps,
            unit_maps=unit_maps,
            epochs=epochs,
            unit_epochs=unit_epochs,
            jobs=jobs,
        )
    )
    typer.echo(summary)


def zero_shot(
    root: Annotated[Path, option("Folder with index.csv and its flow maps.")],
    model: Annotated[Path | None, option("An .onnx file; default: bundled.")] = None,
) -> None:
    """Score a model, as it is, on a folder of real motion maps: UF1 and UAR per data set."""
    from training.pretrain.zero_shot import format_scores, score_folder

    typer.echo(format_scores(score_folder(root, model)))


def calibrate(
    root: Annotated[Path, option("Folder of real motion maps, or a prepared cache.")],
    output: Annotated[Path, option("Folder for the figures, the plot and, with --write, a model.")],
    model: Annotated[Path | None, option("An .onnx file; default: bundled.")] = None,
    run: Annotated[
        Path | None, option("A finished loso run folder, judged beside the model.")
    ] = None,
    dataset: Annotated[str, option("Name, see `mer-train datasets`.")] = "megc2019-flow",
    write: Annotated[bool, option("Write a copy of the model with the new temperature.")] = False,
) -> None:
    """Measure how far confidence is from right on real maps, and fit the temperature."""
    require_training()
    from training.calibration.run import CalibrateConfig
    from training.calibration.run import calibrate as measure

    typer.echo(measure(CalibrateConfig(root, output, dataset, model, run, write)))


def datasets(
    dataset: Annotated[str, option("A data set to check; empty: list all.")] = "",
    root: Annotated[Path | None, option("Its folder.")] = None,
    classes: Annotated[str, option("3, 5 or native.")] = "native",
) -> None:
    """List the data sets, or check one: its counts, repaired rows, and rows that cannot be used."""
    from training.datasets.registry import check_dataset, describe_datasets

    if not dataset or root is None:
        typer.echo(describe_datasets())
        return
    typer.echo(check_dataset(dataset, root, classes))


def prepare(
    dataset: Annotated[str, option("Name, see `mer-train datasets`.")],
    root: Annotated[Path, option("Folder of the data set as it was handed out.")],
    output: Annotated[Path, option("Cache; a stopped run resumes.")],
    jitter_frames: Annotated[
        int, option("Keep pairs with a wrong onset and apex too, up to so many.", Range(0, 1000))
    ] = 0,
    draws: Annotated[int, option("Wrong pairs of each clip.", Range(1, 1000))] = 4,
    seed: Annotated[int, option("Of the wrong pairs.", Seed)] = 0,
    clips: Annotated[
        bool, option("Keep the faces from onset to offset too; added to a cache without.")
    ] = False,
) -> None:
    """Align the faces of a data set as in a stream and keep their onset-apex pairs and maps."""
    from training.datasets import load_dataset
    from training.prepare.jitter import Jitter
    from training.prepare.run import PrepareConfig
    from training.prepare.run import prepare as run

    config = PrepareConfig(jitter=Jitter(jitter_frames, draws, seed), clips=clips)
    typer.echo(run(load_dataset(dataset, root), output, config).text(output))


def loso(
    dataset: DataSets,
    root: Annotated[Path, option("The data set's folder, a prepared cache, or flow maps.")],
    output: RunFolder,
    model: Annotated[
        str,
        option("A method, or several: svm,ststnet. See mer-train models."),
    ] = "scvit",
    protocol: Protocol = "clean",
    kind: Annotated[
        str, option("composite, single, cross (data set), grouped (8 groups of people).")
    ] = "composite",
    classes: Annotated[int, option("3 or 5.", Range(3, 5))] = 3,
    seeds: Annotated[int, option("Trainings of every fold.", Range(1, 1000))] = 3,
    epochs: Annotated[
        str | None, option("A number, or inner (subject splits). Default: published.")
    ] = None,
    device: Device = "auto",
    engine: Annotated[str, option("local or ray.")] = "local",
    address: Annotated[str | None, option("Of a Ray cluster.")] = None,
    jobs: Annotated[int, option("Folds at the same time (not stacked).", Workers)] = 1,
    stacked: Annotated[bool, option("Folds of small networks in one program.")] = True,
    overwrite: Overwrite = False,
) -> None:
    """Benchmark models, leaving one subject out: UF1, UAR, per-fold JSON, table and plots."""
    options = dict(locals())
    require_training()
    from training.cli.loso import run_command

    typer.echo(run_command(**options))
