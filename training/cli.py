"""`mer-train`: trains and scores recognition models. Heavy imports happen inside the commands."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Annotated

import typer

from streamer.errors import InstallError, MerError, UsageError

app = typer.Typer(
    name="mer-train",
    help="Train and score the recognition model of mer-stream.",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def _root() -> None:
    """Keeps the sub-commands named even while there are few."""


@app.command()
def synthetic(
    output: Annotated[Path, typer.Option(help="Folder for weights and model card.")] = Path(
        "mer-weights"
    ),
    members: Annotated[int, typer.Option(min=1, max=16, help="Networks in the ensemble.")] = 3,
    seed: Annotated[int, typer.Option(help="Seed of the first member.")] = 0,
    maps: Annotated[int, typer.Option(min=256, help="Training maps for each member.")] = 32768,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the maps.")] = 6,
    jobs: Annotated[int, typer.Option(min=1, help="Members trained at the same time.")] = 2,
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
) -> None:
    """Align the faces of a data set as in a stream and keep their onset-apex pairs and maps."""
    from training.datasets import load_dataset
    from training.prepare.run import prepare as run

    typer.echo(run(load_dataset(dataset, root), output).text(output))


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
    """Entry point: errors become a sentence and their own exit code."""
    try:
        app()
    except MerError as error:
        typer.echo(f"mer-train: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
