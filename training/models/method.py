"""What a method of the benchmark says of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from training.models.base import Model

Reads = Literal["maps", "pairs", "clips"]
Status = Literal[
    "paper",  # as printed; what the paper leaves open is chosen and said
    "official code followed",  # its structure is that of the authors' released code
    "reconstruction",  # the public text gives the idea, not the sizes
    "not reproducible from public text",
    "ours",
]


@dataclass(frozen=True, slots=True)
class Method:
    """One method; its name on the command line is that of its file.

    Attributes:
        reads: `maps` uint8 [28, 28, 3] (u, v, strain), `pairs` of aligned faces, onset and apex,
            uint8 [2, S, S, 3] RGB, or `clips`, aligned faces from onset to offset, grey [T, S, S].
        open: what the source leaves open and what is taken here.
        make: the model under its defaults, or (where `configurable`) of a YAML file.
        printed_parameters: as the paper prints them.
        settings: the class that the YAML file fills, where experiments change single keys of it.
    """

    title: str
    year: int
    reads: Reads
    source: str
    status: Status
    make: Callable[..., Model]
    open: str = ""
    configurable: bool = False
    printed_parameters: str = ""
    settings: type[Any] | None = None
