"""One recording of a batch: what is asked, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from streamer.batch.settings import BatchSettings
from streamer.core.errors import MerError
from streamer.core.records import JsonObject
from streamer.outputs.summary import RunRecord


@dataclass(frozen=True, slots=True)
class Job:
    """Plain data: it goes to another process or machine."""

    source: str = field(repr=False)  # a file, a folder of images, `sample` or a URL
    display_name: str  # the name that may be shown
    folder: str  # its folder in the output
    output: str = field(repr=False)  # folder or URL of the whole batch
    settings: BatchSettings
    resume: bool = False
    scratch: str | None = None  # folder for unfinished work; None: inside the output
    size_bytes: int = 0
    private: bool = False  # where the input lies stands in no file
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


def failed_record(job: Job, error: MerError) -> RunRecord:
    """Of a recording about which nothing else is known."""
    return RunRecord(
        job.display_name, job.folder, "failed", exit_code=error.exit_code, error=str(error)
    )
