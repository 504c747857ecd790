"""`mer-train`: every sub-command runs in the error frame that all four commands share."""

from __future__ import annotations

import typer

from streamer.cli import options as common
from streamer.cli.common import logging_to, run_app
from training.cli import bench, experiments, recognition, reproduce, selfme, spotting

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


for _room in (recognition, bench, spotting, selfme, experiments, reproduce):
    _room.register(app)


def main() -> None:
    """Entry point of `mer-train`."""
    run_app(app, "mer-train")
