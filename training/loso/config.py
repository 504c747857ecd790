"""Settings of one benchmark run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from streamer.core.errors import UsageError
from streamer.core.ranges import Epochs, Range, Workers, check_ranges, range_of, show

Protocol = Literal["clean", "published"]
Kind = Literal["composite", "single", "cross"]
Engine = Literal["local", "ray"]
Classes = Literal[3, 5]
INNER = "inner"


@dataclass(frozen=True, slots=True)
class LosoConfig:
    """One model under one protocol. `epochs` None: as published; "inner": by subject splits.

    Frames that nobody has prepared yet are prepared into `prepared`, or into the run folder.
    """

    dataset: str
    root: Path
    model: str
    output: Path
    protocol: Protocol = "clean"
    kind: Kind = "composite"
    classes: Classes = 3
    seeds: Annotated[int, Range(1, 1000)] = 3
    epochs: Epochs | Literal["inner"] | None = None
    device: str = "auto"
    engine: Engine = "local"
    address: str | None = None
    jobs: Workers = 1
    stacked: bool = True
    overwrite: bool = False
    prepared: Path | None = None

    def __post_init__(self) -> None:
        check_ranges(self)


def parse_epochs(text: str | None) -> int | Literal["inner"] | None:
    """A number of epochs, "inner", or None.

    Raises:
        UsageError: something else.
    """
    if text is None:
        return None
    if text == INNER:
        return "inner"
    span = range_of(Epochs)
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
    if not span.holds(number):
        raise UsageError(f"--epochs {show(text)}: give a whole number of {span}, or {INNER}")
    return number


def pick_device(name: str) -> str:
    """ "cpu" or "cuda" for auto, cpu, cuda.

    Raises:
        UsageError: an unknown name, or no CUDA device where one is asked for.
    """
    import torch

    if name not in ("auto", "cpu", "cuda"):
        raise UsageError(f"--device {name!r}: choose auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: no CUDA device is there; choose cpu or auto")
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"
