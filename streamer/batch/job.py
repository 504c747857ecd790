"""One recording of a batch: what is asked, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from streamer.batch.settings import BatchSettings
from streamer.core.errors import MerError
from streamer.core.records import JsonObject

Status = Literal["done", "kept", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class Job:
    """Plain data: it goes to another process or machine."""

    source: str = field(repr=False)  # a file, a folder of images, `sample` or a URL
    shown: str  # the name that may be told
    folder: str  # its folder in the output
    output: str = field(repr=False)  # folder or URL of the whole batch
    settings: BatchSettings
    resume: bool = False
    scratch: str | None = None  # folder for unfinished work; None: inside the output
    size_bytes: int = 0
    private: bool = False  # where the input lies is not to be told in any file
    batch: str = ""  # what this very batch did before is kept even without `resume`
    anew: bool = False  # its checkpoint is left alone: a worker died on it
    models: JsonObject | None = None  # `model_facts` of the whole batch; None: as they are now

    @property
    def goes_on(self) -> bool:
        """Whether unfinished work on it is used."""
        return (self.resume or self.batch != "") and not self.anew


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a recording is; `share` is 0..1 of it, as far as its length is known."""

    time_s: float
    share: float
    events: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the manifest says of a recording. `kept`: done before with the same settings."""

    name: str
    folder: str
    status: Status
    exit_code: int = 0
    error: str | None = None
    frames: int = 0
    duration_s: float = 0.0
    micro: int = 0
    macro: int = 0
    faces: int = 0
    coverage: float = 0.0  # share of the frames with a face
    truncated: bool = False
    sha256: str = ""
    wall_s: float = field(default=0.0, compare=False)  # not in the manifest

    @property
    def failed(self) -> bool:
        """Whether there is no log of it."""
        return self.status == "failed"


def failed_outcome(job: Job, error: MerError) -> Outcome:
    """Of a recording about which nothing else is known."""
    return Outcome(job.shown, job.folder, "failed", exit_code=error.exit_code, error=str(error))
