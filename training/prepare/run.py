"""The loop over the clips: what is finished stays, the rest is prepared, the tables come last."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from recognition.config import MapConfig
from streamer.core.errors import SourceFormatError, SourceNotFoundError, UsageError
from streamer.core.ranges import check_ranges
from streamer.faces.config import FaceConfig
from training.common.records import Clip, DataSet, Rejected
from training.datasets.arrays import MAP_SUFFIXES
from training.datasets.prepared import REJECTED, settings_of
from training.prepare.cache import open_cache, read_finished, write_clip, write_index
from training.prepare.clip import ClipPreparer, Prepared
from training.prepare.jitter import Jitter


@dataclass(frozen=True, slots=True)
class PrepareConfig:
    """The streaming settings; anything else than the defaults makes a cache of its own."""

    faces: FaceConfig = field(default_factory=FaceConfig)
    maps: MapConfig = field(default_factory=MapConfig)
    jitter: Jitter = field(default_factory=Jitter)
    clips: bool = False  # keep the faces from onset to offset too

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class PrepareReport:
    """What a run did."""

    made: int  # prepared in this run
    kept: int  # finished before
    spotted: int  # clips whose apex was spotted
    rejected: tuple[Rejected, ...]

    def text(self, cache: Path) -> str:
        """A few lines for the terminal."""
        lines = [
            f"{self.made + self.kept} clips in {cache} ({self.kept} were there already), the apex "
            f"of {self.spotted} spotted from the motion"
        ]
        if self.rejected:
            lines.append(f"{len(self.rejected)} rows could not be used, see {cache / REJECTED}")
        return "\n".join(lines)


def prepare(data_set: DataSet, cache: Path, config: PrepareConfig | None = None) -> PrepareReport:
    """Prepare every clip of a data set into `cache`; resumes where an earlier run was stopped.

    A cache that keeps clips goes on keeping them; one without is given them where they are asked
    for.

    Raises:
        UsageError: the data set consists of maps, or the cache was made with other settings.
        OutputError: the cache cannot be written or holds other files.
        SourceFormatError: no clip could be prepared.
    """
    config = config or PrepareConfig()
    if any(clip.path.suffix.lower() in MAP_SUFFIXES for clip in data_set.clips):
        raise UsageError(f"{data_set.name} holds maps already: use it as it is, without preparing")
    wanted = settings_of(data_set.name, config.faces, config.maps, config.jitter.name, config.clips)
    settings = open_cache(cache, wanted)
    preparer: ClipPreparer | None = None
    rows: list[tuple[Clip, int, bool]] = []
    rejected = list(data_set.rejected)
    kept = 0
    try:
        for clip in tqdm(data_set.clips, desc=data_set.name, unit="clip", disable=None):
            finished = read_finished(cache, clip, settings.fingerprint, settings.clips)
            if finished is not None:
                kept += 1
                rows.append((clip, *finished))
                continue
            preparer = preparer or ClipPreparer(
                config.faces, config.maps, config.jitter, settings.clips
            )
            made = _attempt(preparer, clip)
            if isinstance(made, str):
                rejected.append(Rejected(clip.extra.get("source", clip.id), f"{clip.id}: {made}"))
                continue
            write_clip(cache, clip, made, settings.fingerprint)
            rows.append((clip, made.apex, made.spotted))
    finally:
        if preparer is not None:
            preparer.close()
    if not rows:
        last = rejected[-1]
        raise SourceFormatError(f"no clip could be prepared; {last.source}: {last.reason}")
    write_index(cache, rows, rejected)
    return PrepareReport(len(rows) - kept, kept, sum(s for _, _, s in rows), tuple(rejected))


def _attempt(preparer: ClipPreparer, clip: Clip) -> Prepared | str:
    """One damaged clip does not end the run."""
    try:
        return preparer.prepare(clip)
    except (SourceFormatError, SourceNotFoundError) as error:
        return str(error)
