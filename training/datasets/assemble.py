"""From rows to a data set: what all loaders share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from streamer.core.errors import SourceFormatError, SourceNotFoundError
from training.common.records import Clip, DataSet, Rejected
from training.datasets.classes import ClassMap, spelled
from training.datasets.frames import list_frames
from training.datasets.intervals import Annotated, settle
from training.datasets.tables import Row


@dataclass(frozen=True, slots=True)
class Labels:
    """What a row holds about a clip, besides its frames."""

    dataset: str
    subject: str
    name: str
    fps: float
    emotion: str
    source: str  # file and row
    kind: str = "micro"
    extra: Mapping[str, str] = field(default_factory=dict)


def annotated_in(row: Row, *, ends_with_folder: bool = False) -> Annotated:
    """Onset, apex and offset of a row, from the columns called so."""
    onset, apex, offset = (row.whole(column) for column in ("onset", "apex", "offset"))
    return Annotated(onset, apex, offset, ends_with_folder=ends_with_folder)


def texts_of(row: Row, *columns: str) -> dict[str, str]:
    """Cells as printed, by column."""
    return {column: row.text(column) for column in columns}


def clip_in_folder(
    row: Row, dataset: str, fps: float, subject: str, frames: Path
) -> Clip | Rejected:
    """The clip of a row whose frames lie in `frames/<subject>/<name>`; units are as printed."""
    name = row.text("name")
    extra = texts_of(row, "action_units", "objective_class")
    labels = Labels(dataset, subject, name, fps, row.text("emotion"), row.source, extra=extra)
    return clip_of(labels, frames / subject / name, annotated_in(row))


def clip_of(labels: Labels, path: Path, annotated: Annotated) -> Clip | Rejected:
    """The clip of a row, repaired where rules allow it; `path` is a folder of frames or a video.

    Whether a video has the frames shows when it is decoded.
    """
    if fault := _fault(labels):
        return Rejected(labels.source, fault)
    try:
        numbers = None if path.is_file() else list_frames(path).numbers
    except (SourceNotFoundError, SourceFormatError) as error:
        return Rejected(labels.source, str(error))
    interval = settle(annotated, numbers)
    if isinstance(interval, str):
        return Rejected(labels.source, f"{labels.name}: {interval}")
    extra = {**labels.extra, "source": labels.source}
    if interval.notes:
        extra["repaired"] = "; ".join(interval.notes)
    return Clip(
        id=f"{labels.dataset}/{labels.subject}/{labels.name}",
        dataset=labels.dataset,
        subject=labels.subject,
        path=path,
        fps=labels.fps,
        onset=interval.onset,
        apex=interval.apex,
        offset=interval.offset,
        emotion=spelled(labels.emotion),
        kind=labels.kind,
        extra=extra,
    )


def _fault(labels: Labels) -> str:
    if not labels.subject or not labels.name:
        return "subject or clip name is empty: fill the cell"
    if "/" in labels.dataset + labels.subject + labels.name:
        return f"{labels.subject}, {labels.name}: names must not hold a slash: rename"
    return "" if labels.emotion else f"{labels.name} has no emotion: fill the cell"


def assemble(
    name: str, results: Iterable[Clip | Rejected], classes: ClassMap | None, root: Path
) -> DataSet:
    """A data set of the rows: classes given, doubles and rows without a class rejected.

    Raises:
        SourceFormatError: nothing usable is left.
    """
    clips: dict[str, Clip] = {}
    rejected: list[Rejected] = []
    for result in results:
        checked = _in_class(result, classes) if isinstance(result, Clip) else result
        if isinstance(checked, Rejected):
            rejected.append(checked)
        elif checked.id in clips:
            rejected.append(_double(checked, clips[checked.id]))
        else:
            clips[checked.id] = checked
    if not clips:
        raise SourceFormatError(f"{name}: no usable clip in {root}{_first_reason(rejected)}")
    return DataSet(name, tuple(clips.values()), tuple(rejected))


def repaired(data_set: DataSet) -> tuple[str, ...]:
    """A sentence for every clip whose annotation was repaired."""
    return tuple(
        f"{clip.extra.get('source', clip.id)}: {clip.id}: {clip.extra['repaired']}"
        for clip in data_set.clips
        if "repaired" in clip.extra
    )


def counts(data_set: DataSet) -> Mapping[str, Mapping[str, int]]:
    """Clips per data set and emotion."""
    names = sorted({clip.dataset for clip in data_set.clips})
    return {
        name: dict(sorted(Counter(c.emotion for c in data_set.clips if c.dataset == name).items()))
        for name in names
    }


def _in_class(clip: Clip, classes: ClassMap | None) -> Clip | Rejected:
    if classes is None:
        return clip
    label = classes.get(clip.emotion)
    if label is None:
        return Rejected(
            str(clip.extra.get("source", clip.path)),
            f"{clip.id}: emotion {clip.emotion!r} is in none of the classes "
            f"{', '.join(dict.fromkeys(classes.values()))}: it is left out; choose native classes "
            "to keep it",
        )
    return replace(clip, emotion=label)


def _double(clip: Clip, first: Clip) -> Rejected:
    return Rejected(
        str(clip.extra.get("source", clip.path)),
        f"{clip.id} stands already in {first.extra.get('source', first.path)}: remove one of the "
        "two rows",
    )


def _first_reason(rejected: list[Rejected]) -> str:
    if not rejected:
        return ": the table has no rows"
    first = rejected[0]
    return f"; the first of {len(rejected)} rejected rows is {first.source}: {first.reason}"
