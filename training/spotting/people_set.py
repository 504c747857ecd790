"""Sets of real recordings with micro-expressions of known truth warped into them.

The format is that of `synthetic_set`: videos, `truth.csv`, `videos.csv`. A recording is of one of
three contents: `injected`; `untouched`, the same without (a control: every event in it is false);
`own`, the same of a base that may hold an expression of its own (nothing in it is false, and what
is found in it too counts for nothing in its injected twin). All go through the same cut, scale and
coder. The truth tells of each event whether the person's own movement hid it (see
`training.people.visibility`), and the videos tell person, motion and split.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from streamer.batch.tasks import Execution
from streamer.core.ranges import Range, check_ranges
from streamer.core.records import Frame
from training.common.tasks import do_all
from training.people.bases import Base
from training.people.events import EventConfig, draw_events
from training.people.film import Framing, frame_face
from training.people.head import Head
from training.people.meshes import measure_meshes, read_frames
from training.people.variants import Showing, Variant, coding_of, show, through_camera
from training.people.warp import dense_field, warp_part
from training.spotting.people_rows import (
    PeopleTake,
    rows_path,
    truth_row,
    video_row,
    write_rows,
    write_tables,
)
from training.spotting.synthetic_set import check_settings
from training.synthetic.action_units import displacement
from training.synthetic.scene import Injection
from training.synthetic.video import VideoWriter


@dataclass(frozen=True, slots=True)
class PeopleSetConfig:
    """What is made of every base."""

    events: EventConfig = field(default_factory=EventConfig)
    variants: tuple[Variant, ...] = ("native",)
    controls: Annotated[int, Range(0, 1000)] = 2  # every so many-th base also untouched; 0: none

    def __post_init__(self) -> None:
        check_ranges(self)


def people_takes(bases: Sequence[Base], config: PeopleSetConfig) -> Iterator[PeopleTake]:
    """All recordings of a set, variants that a base does not allow included."""
    seen: dict[str, int] = {}
    negatives = 0
    for base in bases:
        number = seen[base.person] = seen.get(base.person, 0) + 1
        negatives += base.negative
        control = base.negative and config.controls > 0 and negatives % config.controls == 0
        for variant in config.variants:
            yield PeopleTake(base, number, variant, "injected")
            if not base.negative:
                yield PeopleTake(base, number, variant, "own")
            elif control:
                yield PeopleTake(base, number, variant, "untouched")


def write_people_set(
    bases: Sequence[Base], config: PeopleSetConfig, output: Path, meshes: Path, jobs: int = 1
) -> int:
    """Make a set in `output`; finished recordings of an earlier run are kept.

    Returns how many recordings were made now.

    Raises:
        UsageError: `output` holds a set with other settings.
        SourceNotFoundError, SourceFormatError: a base cannot be read or shows no face.
    """
    check_settings(output, {"bases": [base.path.name for base in bases], **asdict(config)})
    takes = list(people_takes(bases, config))
    todo = _jobs(output, takes)
    made = do_all(partial(_make, output, meshes, config), todo, Execution(workers=jobs))
    count = 0
    for _, written in tqdm(made, total=len(todo), desc="inject", unit="base", disable=None):
        count += written
    write_tables(output, takes)
    return count


@dataclass(frozen=True, slots=True)
class _Job:
    """All that is to be made of one base: it is read once for all of it."""

    base: Base
    takes: tuple[PeopleTake, ...]


def _jobs(output: Path, takes: Sequence[PeopleTake]) -> list[_Job]:
    todo: dict[Path, list[PeopleTake]] = {}
    for take in takes:
        if not rows_path(output, take).is_file():
            todo.setdefault(take.base.path, []).append(take)
    return [_Job(some[0].base, tuple(some)) for some in todo.values()]


def _make(output: Path, meshes: Path, config: PeopleSetConfig, job: _Job) -> int:
    """The recordings of one base; their rows get their place last: then a recording is whole."""
    track = measure_meshes(job.base.path, meshes)
    head, framing = Head.of(track), frame_face(track)
    events = draw_events(job.base.path.name, head, config.events)
    seed = [zlib.crc32(job.base.path.name.encode()), config.events.seed]
    shown = [(take, show(take.variant, track.time_s, track.fps, seed)) for take in job.takes]
    injector = _Injector(head, framing, framing.points(track.landmarks_px), events)
    with ExitStack() as stack:
        parts = [
            stack.enter_context(_Part(output, take, showing))
            for take, showing in shown
            if showing is not None
        ]
        for number, frame in enumerate(read_frames(job.base.path)):
            framed = framing.apply(frame.image)
            injected = injector.inject(number, framed)
            for part in parts:
                part.add_base(number, injected if part.take.content == "injected" else framed)
    for take, showing in shown:
        _finish(output, take, showing, head, events, config)
    return len(job.takes)


class _Part(VideoWriter):
    """A recording while it is made, under another name."""

    def __init__(self, output: Path, take: PeopleTake, showing: Showing) -> None:
        coding = coding_of(take.variant)
        path = output / f".part_{take.name(showing)}"
        super().__init__(path, showing.fps, coding.crf, coding.tune, timed=True)
        self.take, self._showing = take, showing
        self._place = {int(number): index for index, number in enumerate(showing.frames)}

    def add_base(self, number: int, image: NDArray[np.uint8]) -> None:
        """The picture of frame `number` of the base, if it is shown."""
        if number in self._place:
            index = self._place[number]
            picture = through_camera(image, self.take.variant)
            self.add(Frame(index, float(self._showing.stamp_s[index]), picture))


def _finish(
    output: Path,
    take: PeopleTake,
    showing: Showing | None,
    head: Head,
    events: Sequence[Injection],
    config: PeopleSetConfig,
) -> None:
    """Names and rows of a whole recording; rows without a name where the rate does not allow it."""
    if showing is None:
        write_rows(output, take, {}, [])
        return
    name = take.name(showing)
    (output / f".part_{name}").replace(output / name)
    start_s = float(head.time_s[showing.frames[0]])
    own = events if take.content == "injected" else ()
    rows = [truth_row(name, event, head, showing, start_s) for event in own]
    write_rows(output, take, video_row(name, take, showing, config.events.seed), rows)


class _Injector:
    """Warps the events of a recording into its frames."""

    def __init__(
        self,
        head: Head,
        framing: Framing,
        points_px: NDArray[np.float32],
        events: Sequence[Injection],
    ) -> None:
        self._head, self._points_px, self._scale = head, points_px, framing.scale
        shape = head.shape_iod
        # [468, 2] in face coordinates, once for each event
        self._moves = [(e, displacement(e.activations, shape[:, :2], shape)) for e in events]

    def inject(self, number: int, framed: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Frame `number` of the base, cut and scaled, with what is injected at its time."""
        time_s = float(self._head.time_s[number])
        for event, moved_iod in self._moves:
            level = event.level(time_s)
            if level > 0.0 and np.isfinite(self._head.scale_px[number]):
                moved_px = self._head.in_picture(number, level * moved_iod) * self._scale
                iod_px = float(self._head.scale_px[number]) * self._scale
                field_px, corner = dense_field(self._points_px[number, :, :2], moved_px, iod_px)
                framed = warp_part(framed, field_px, corner)
        return framed
