"""Options that several commands of `mer-train` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from streamer.cli.options import bounds
from streamer.core.ranges import Seed


def option(text: str, within: Any = None, *names: str) -> Any:
    """An option with its help; a number lies `within` a range."""
    return typer.Option(*names, help=text, **({} if within is None else bounds(within)))


RunFolder = Annotated[Path, option("Run folder; a stopped run resumes there.")]
SetFolder = Annotated[Path, option("Folder of the set; a stopped run resumes there.")]
Portraits = Annotated[Path, option("Folder of frontal portraits.")]
Names = Annotated[str, option("Only these portraits: a,b (without suffix).")]
DataSets = Annotated[str, option("Data set, or several: casme2,smic.")]
Protocol = Annotated[str, option("clean, or published (oracle epoch).")]
ConfigFile = Annotated[Path | None, option("YAML of the settings.")]
EverySeed = Annotated[int, option("Of everything random.", Seed)]
Overwrite = Annotated[bool, option("Drop what the run folder holds.")]
