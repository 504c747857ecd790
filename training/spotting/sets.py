"""What a spotting benchmark runs over: recordings, and all movements that are annotated in them.

A set holds every recording, those without any movement included. Frame numbers are the data set's
own: those of the image files, or the decoded frames of a video counted from 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from streamer.core.errors import SourceFormatError, UsageError
from streamer.core.records import Frame, Kind, SourceInfo, SourceReport
from streamer.sources.counters import SourceCounters
from training.common.records import Clip, DataSet, Rejected
from training.datasets import casme3, casme_sq, samm_lv
from training.datasets.classes import class_map
from training.datasets.frames import list_frames
from training.spotting.people_facts import PersonVideo, read_people, read_subjects
from training.spotting.synthetic_set import TRUTH, VIDEOS
from training.spotting.tables import SpotRow, read_spots, read_videos


class FrameSource:
    """Frames that are at hand, as the streaming loop wants a source."""

    def __init__(self, name: str, frames: Iterable[Frame]) -> None:
        self.info = SourceInfo(name, "file", False, 0, 0, None, None, None)
        self._frames = iter(frames)
        self._counters = SourceCounters()

    @property
    def report(self) -> SourceReport:
        """What was read so far."""
        return self._counters.report()

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._frames:
            self._counters.count_frame()
            yield frame

    def close(self) -> None:
        """Nothing is open: the iterator closes its own files when it ends."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A video file or a folder of numbered images."""

    name: str
    path: Path
    fps: float

    def source(self) -> FrameSource:
        """The frames, as the loop of the stream reads them."""
        return FrameSource(self.name, self.frames())

    def frames(self) -> Iterator[Frame]:
        """Frames with the data set's numbers; times from the first frame, gaps kept.

        Raises:
            SourceNotFoundError, SourceFormatError: it cannot be read, or an image cannot.
        """
        return self._images() if self.path.is_dir() else self._video()

    def _images(self) -> Iterator[Frame]:
        from streamer.sources.images import read_image

        files = list_frames(self.path)
        for number in files.numbers:
            image = read_image(files.path(number))
            if image is None:
                raise SourceFormatError(
                    f"{files.path(number)} cannot be read as an image: restore it from the archive"
                )
            yield Frame(number, (number - files.numbers[0]) / self.fps, image)

    def _video(self) -> Iterator[Frame]:
        from streamer.sources import open_source

        with closing(open_source(str(self.path))) as source:
            yield from source


@dataclass(frozen=True, slots=True)
class SpotSet:
    """Recordings and truth of one benchmark."""

    name: str
    recordings: tuple[Recording, ...]
    truth: tuple[SpotRow, ...]
    rejected: tuple[Rejected, ...] = ()
    # who is seen, by recording; empty where it is no set of `spot-set --bases`
    people: Mapping[str, PersonVideo] = field(default_factory=dict)
    # whom a fold leaves out, by recording, where a table says it
    subjects: Mapping[str, str] = field(default_factory=dict)

    def subject_of(self, video: str) -> str:
        """Who is seen: as the set's table says, else what its names begin with.

        "15_0101disgusting" is of 15 (CAS(ME)2), "006_1" of 006 (SAMM-LV), "spNO.1/a" of spNO.1
        (CAS(ME)3), "anna_30fps_talking.mp4" of anna.
        """
        if named := self.subjects.get(video):
            return named
        if portrait := re.fullmatch(r"(.+?)(?:-[0-9]+)?_[0-9.]+fps_.*", video):
            return portrait[1]
        return re.split(r"[/_]", video)[0]

    @property
    def fps(self) -> Mapping[str, float]:
        """Frame rate by recording."""
        return {recording.name: recording.fps for recording in self.recordings}


def load_set(name: str, root: Path) -> SpotSet:
    """One of `SETS`.

    Raises:
        UsageError: an unknown name.
        SourceNotFoundError, SourceFormatError: see the loaders; each names file and cure.
    """
    wanted = name.strip().lower().replace("_", "-")
    wanted = {"cas(me)2": "casme-sq", "sammlv": "samm-lv", "cas(me)3": "casme3"}.get(wanted, wanted)
    if wanted not in SETS:
        raise UsageError(f"--dataset {name!r}: choose among {', '.join(SETS)}")
    return SETS[wanted](root)


def _casme_sq(root: Path) -> SpotSet:
    videos = {path.name: path for path in casme_sq.videos(root).values()}
    return _of_clips(casme_sq.load(root), videos, casme_sq.FPS)


def _samm_lv(root: Path) -> SpotSet:
    return _of_clips(samm_lv.load(root), samm_lv.videos(root), samm_lv.FPS)


def _casme3(root: Path) -> SpotSet:
    return _of_clips(casme3.load(root), casme3.videos(root), casme3.FPS)


def _of_clips(data: DataSet, videos: Mapping[str, Path], fps: float) -> SpotSet:
    classes = class_map(data.name, 3) or {}
    recordings = tuple(Recording(name, path, fps) for name, path in sorted(videos.items()))
    truth = tuple(_row(clip, classes) for clip in data.clips)
    return SpotSet(data.name, recordings, truth, data.rejected)


def _row(clip: Clip, classes: Mapping[str, str]) -> SpotRow:
    kind: Kind = "micro" if clip.kind == "micro" else "macro"
    return SpotRow(
        clip.extra["video"],
        clip.onset,
        clip.offset,
        clip.apex,
        kind,
        classes.get(clip.emotion, ""),
        clip.extra.get("source", clip.id),
    )


def _synthetic(root: Path) -> SpotSet:
    """Our own format: videos.csv, truth.csv and, beside them, the recordings they name."""
    rates = read_videos(root / VIDEOS)
    truth = read_spots(root / TRUTH).rows
    recordings = []
    for name, fps in rates.items():
        if fps is None:
            raise SourceFormatError(f"{root / VIDEOS}: {name} has no fps: fill the column `fps`")
        if Path(name).is_absolute() or ".." in Path(name).parts or not (root / name).exists():
            raise SourceFormatError(
                f"{root / VIDEOS}: {name} is not below {root}: put the recording there"
            )
        recordings.append(Recording(name, root / name, fps))
    for row in truth:
        if row.video not in rates:
            raise SourceFormatError(f"{row.source}: video {row.video!r} is not in {VIDEOS}: add it")
    people = read_people(root / VIDEOS)
    name = "people" if people else "synthetic"
    subjects = read_subjects(root / VIDEOS)
    return SpotSet(name, tuple(recordings), truth, people=people, subjects=subjects)


SETS: Mapping[str, Callable[[Path], SpotSet]] = {
    "casme-sq": _casme_sq,
    "samm-lv": _samm_lv,
    "casme3": _casme3,
    "synthetic": _synthetic,
    "people": _synthetic,
}
