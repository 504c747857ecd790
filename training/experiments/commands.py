"""The commands of `mer-train` for SelfME's tables and figures. Heavy imports happen inside them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamer.cli.options import bounds
from streamer.core.errors import UsageError
from streamer.core.ranges import Range, Workers

_NAMES = "table1, table3, table4, figure4a, figure4b"
_Experiment = Annotated[str, typer.Argument(help=f"{_NAMES}, or a .yaml file of your own.")]
_Dataset = Annotated[str, typer.Option(help="Data set, or several: casme2,smic.")]
_Root = Annotated[Path, typer.Option(help="Its cache, as mer-train prepare made it.")]
_Output = Annotated[Path, typer.Option(help="Run folder; a stopped run goes on there.")]
_Config = Annotated[Path | None, typer.Option(help="Settings of --model selfme in a YAML file.")]
_Set = Annotated[
    list[str] | None, typer.Option("--set", help="A setting of all rows: training.epochs=5.")
]
_Seeds = Annotated[int, typer.Option(help="Trainings of every fold.", **bounds(Range(1, 1000)))]
_Protocol = Annotated[str, typer.Option(help="clean, or published (oracle epoch).")]
_Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
_Jobs = Annotated[int, typer.Option(help="Folds at the same time.", **bounds(Workers))]


def register(app: typer.Typer) -> None:
    """Adds the commands to the app."""
    app.command("ablate")(ablate)
    app.command("sweep")(sweep)


def ablate(
    experiment: _Experiment,
    dataset: _Dataset,
    root: _Root,
    output: _Output,
    config: _Config = None,
    settings: _Set = None,
    seeds: _Seeds = 3,
    protocol: _Protocol = "clean",
    device: _Device = "auto",
    jobs: _Jobs = 1,
) -> None:
    """Run a table of SelfME: every row leaves one subject out; a table beside the printed one."""
    typer.echo(_run(experiment, False, **_rest(locals())))


def sweep(
    experiment: _Experiment,
    dataset: _Dataset,
    root: _Root,
    output: _Output,
    config: _Config = None,
    settings: _Set = None,
    seeds: _Seeds = 3,
    protocol: _Protocol = "clean",
    device: _Device = "auto",
    jobs: _Jobs = 1,
) -> None:
    """Run a sweep of SelfME (figure 4, table 4): as ablate, with a curve."""
    typer.echo(_run(experiment, True, **_rest(locals())))


def _rest(options: dict) -> dict:
    return {name: value for name, value in options.items() if name != "experiment"}


def _run(
    experiment: str,
    curve: bool,
    *,
    dataset: str,
    root: Path,
    output: Path,
    config: Path | None,
    settings: list[str] | None,
    seeds: int,
    protocol: str,
    device: str,
    jobs: int,
) -> str:
    from streamer.core.settings import load_yaml
    from training.experiments.definition import load_experiment
    from training.experiments.run import run_experiment
    from training.loso.config import LosoConfig
    from training.selfme.run_settings import parse_pairs

    chosen = load_experiment(experiment)
    if curve and chosen.x is None:
        raise UsageError(f"{experiment} has no axis: run it with mer-train ablate")
    if protocol not in ("clean", "published"):
        raise UsageError(f"--protocol {protocol!r}: choose clean or published")
    where = LosoConfig(
        dataset=dataset,
        root=root,
        model="selfme",
        output=output,
        protocol="published" if protocol == "published" else "clean",
        seeds=seeds,
        device=device,
        jobs=jobs,
    )
    start = {} if config is None else load_yaml(config)
    return run_experiment(chosen, where, start, parse_pairs(settings or []))
