"""Recordings of sets as examples to learn from: their signals, measured once, and their truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from streamer.batch.tasks import Execution
from streamer.core.errors import SourceFormatError, SourceNotFoundError
from streamer.run.config import StreamConfig
from training.common.files import plain_name
from training.common.tasks import do_all
from training.people.events import is_upper
from training.spotting.learning.signals import Signals, measure
from training.spotting.sets import Recording, SpotSet
from training.spotting.tables import SpotRow


@dataclass(frozen=True, slots=True)
class Example:
    """A recording with its N micro-expressions."""

    video: str
    subject: str  # person or portrait: what must not be in two folds
    real: bool  # a filmed person, not a portrait
    fps: float
    signals: Signals
    truth_s: NDArray[np.float64]  # [N, 3] onset, apex, offset
    hidden: NDArray[np.bool_]  # [N] nobody could see it: neither asked for nor wrong
    strength_iod: NDArray[np.float64]  # [N] NaN where unknown
    upper: NDArray[np.bool_]  # [N] brows and lids alone
    control: bool  # nothing was put into it, and nothing is known to be in it
    native: bool = True  # as it was filmed: no dropped frames, no other compression
    base: str = ""  # file name of the recording it was made from, where it is a filmed person

    @property
    def minutes(self) -> float:
        """How long a face was followed."""
        return float(self.signals.time_s[-1] - self.signals.time_s[0]) / 60


def read_examples(spot_set: SpotSet, cache: Path, jobs: int = 1) -> list[Example]:
    """Every recording of a set but those in which unknown things may move.

    Signals are measured once and kept in `cache`; a recording in which no face is seen is left
    out.
    """
    known = [r for r in spot_set.recordings if not _is_unknown(spot_set, r)]
    todo = [r for r in known if not (cache / _file(r)).is_file()]
    measured = do_all(partial(_measure, cache), todo, Execution(workers=jobs))
    for _, message in tqdm(measured, total=len(todo), desc="motion", unit="video", disable=None):
        if message:
            tqdm.write(message)
    return [
        _example(spot_set, r, Signals.load(cache / _file(r)))
        for r in known
        if (cache / _file(r)).is_file()
    ]


def _is_unknown(spot_set: SpotSet, recording: Recording) -> bool:
    facts = spot_set.people.get(recording.name)
    return facts is not None and facts.content == "own"


def _file(recording: Recording) -> str:
    return f"{plain_name(recording.name)}.npz"


def _measure(cache: Path, recording: Recording) -> str:
    try:
        signals = measure(recording.source(), StreamConfig(recognise=False))
    except (SourceFormatError, SourceNotFoundError) as error:
        return f"{recording.name} left out: {error}"
    signals.save(cache / _file(recording))
    return ""


def _example(spot_set: SpotSet, recording: Recording, signals: Signals) -> Example:
    rows = [r for r in spot_set.truth if r.video == recording.name and r.kind == "micro"]
    facts = spot_set.people.get(recording.name)
    strengths = [np.nan if row.strength_iod is None else row.strength_iod for row in rows]
    return Example(
        recording.name,
        spot_set.subject_of(recording.name),
        facts is not None,
        recording.fps,
        signals,
        _times(rows, signals),
        np.array([bool(row.hidden) for row in rows], dtype=bool),
        np.array(strengths, dtype=np.float64),
        np.array([_is_upper(row) for row in rows], dtype=bool),
        facts is not None and facts.content == "untouched",
        facts is None or facts.variant == "native",
        "" if facts is None else facts.base,
    )


def _times(rows: Sequence[SpotRow], signals: Signals) -> NDArray[np.float64]:
    """Onset, apex and offset [N, 3] in seconds of the recording."""
    middle = [(row.onset + row.offset) / 2 if row.apex is None else row.apex for row in rows]
    frames = [(row.onset, apex, row.offset) for row, apex in zip(rows, middle, strict=True)]
    times = signals.seconds_of(np.array(frames, dtype=np.float64).reshape(-1, 3))
    for place, row in zip(times, rows, strict=True):
        if row.apex_s is not None:
            place[1] = row.apex_s
    return times


def _is_upper(row: SpotRow) -> bool:
    return bool(row.aus) and is_upper(set(row.aus.split("+")))
