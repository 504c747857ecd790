"""The commands of `mer-train` for the papers' ablations and sweeps. Heavy imports come inside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from streamer.cli.common import parse_pairs
from streamer.cli.options import Device
from streamer.core.errors import UsageError
from streamer.core.ranges import Range, Workers
from training.cli.options import DataSets, Protocol, RunFolder, option
from training.common.options import one_of

_NAMES = "bi-woof, frl-dgt, table1, table3, table4, figure4a, figure4b"
_Experiment = Annotated[str, typer.Argument(help=f"{_NAMES}, or a .yaml file of your own.")]
_Root = Annotated[Path, option("Its cache, as mer-train prepare made it.")]
_Config = Annotated[Path | None, option("Settings of its model in a YAML file.")]
_Set = Annotated[
    list[str] | None, option("A setting of all rows: training.epochs=5.", None, "--set")
]
_Seeds = Annotated[int, option("Trainings of every fold.", Range(1, 1000))]
_Jobs = Annotated[int, option("Folds at the same time.", Workers)]


def register(app: typer.Typer) -> None:
    """Adds the commands to the app."""
    for name, (text, curve) in _COMMANDS.items():
        app.command(name, help=text)(_command(curve))


_COMMANDS = {
    "ablate": (
        "Run a table of SelfME, FRL-DGT or Bi-WOOF, every row leaving one subject out.",
        False,
    ),
    "sweep": ("Run a sweep of SelfME (figure 4, table 4): as ablate, with a curve.", True),
}


def _command(curve: bool) -> Callable[..., None]:
    def run(
        experiment: _Experiment,
        dataset: DataSets,
        root: _Root,
        output: RunFolder,
        config: _Config = None,
        settings: _Set = None,
        seeds: _Seeds = 3,
        protocol: Protocol = "clean",
        device: Device = "auto",
        jobs: _Jobs = 1,
    ) -> None:
        from streamer.core.settings import load_yaml
        from training.experiments.definition import load_experiment
        from training.experiments.run import run_experiment
        from training.loso.config import LosoConfig

        chosen = load_experiment(experiment)
        if curve and chosen.x is None:
            raise UsageError(f"{experiment} has no axis: run it with mer-train ablate")
        benchmark = LosoConfig(
            dataset=dataset,
            root=root,
            model=chosen.model,
            output=output,
            protocol=one_of("--protocol", protocol, ("clean", "published")),
            seeds=seeds,
            device=device,
            jobs=jobs,
        )
        changes = parse_pairs(settings or [], "training.epochs=5")
        start = {} if config is None else load_yaml(config)
        typer.echo(run_experiment(chosen, benchmark, start, dict(changes)))

    return run
