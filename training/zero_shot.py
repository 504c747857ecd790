"""Scores of a finished model on a folder of real motion maps that it never saw."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.loading import load_map_classifier
from streamer.core.errors import SourceFormatError, SourceNotFoundError
from streamer.core.records import EMOTIONS
from streamer.outputs.cells import true_text
from training.metrics import RecognitionScore, score_recognition

_COLUMNS = ("file", "dataset", "subject", "clip", "emotion")


@dataclass(frozen=True, slots=True)
class MapEntry:
    """One row of the index."""

    file: Path
    dataset: str
    subject: str
    clip: str
    emotion: str

    @property
    def clip_id(self) -> str:
        """Unique over data sets."""
        return f"{self.dataset}/{self.subject}/{self.clip}"


def read_index(root: Path) -> list[MapEntry]:
    """The rows of `index.csv` (file, dataset, subject, clip, emotion).

    Raises:
        SourceNotFoundError: no index there.
        SourceFormatError: a column is missing, an emotion unknown, or a clip listed twice.
    """
    index = root / "index.csv"
    if not index.is_file():
        raise SourceNotFoundError(f"{index} not found: give a folder with index.csv and flow maps")
    try:
        with index.open(newline="", encoding="utf-8") as lines:
            reader = csv.DictReader(lines, restval="")
            lacking = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
            if lacking:
                raise SourceFormatError(f"{index} lacks the column(s) {', '.join(lacking)}")
            rows = [{name: true_text(row[name] or "") for name in _COLUMNS} for row in reader]
    except (csv.Error, UnicodeDecodeError) as error:
        raise SourceFormatError(f"{index} is no table ({error}): save it as CSV UTF-8") from error
    entries = [
        MapEntry(root / row["file"], row["dataset"], row["subject"], row["clip"], row["emotion"])
        for row in rows
    ]
    unknown = sorted({entry.emotion for entry in entries} - set(EMOTIONS))
    if unknown:
        raise SourceFormatError(f"{index}: emotion {unknown[0]!r} is none of {', '.join(EMOTIONS)}")
    if len({entry.clip_id for entry in entries}) != len(entries):
        raise SourceFormatError(f"{index} lists a clip twice: every clip counts once")
    return entries


def read_map(path: Path) -> NDArray[np.uint8]:
    """A motion map uint8 [28, 28, 3] (u, v, strain) from a PNG.

    Raises:
        SourceFormatError: not an image.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise SourceFormatError(f"{path} is not a readable image: restore it or drop its row")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def score_folder(root: Path, model: Path | None = None) -> Mapping[str, RecognitionScore]:
    """Score per data set and, under "all", over the pool."""
    entries = read_index(root)
    classifier = load_map_classifier(model)
    shares = classifier.recognize_maps(np.stack([read_map(entry.file) for entry in entries]))
    predicted = {e.clip_id: int(row.argmax()) for e, row in zip(entries, shares, strict=True)}
    groups = {name: [e for e in entries if e.dataset == name] for name in _names(entries)}
    groups["all"] = entries
    return {name: _score(group, predicted) for name, group in groups.items()}


def format_scores(scores: Mapping[str, RecognitionScore]) -> str:
    """A table: data set, clips, UF1, UAR, F1 per class."""
    head = ["data set", "clips", "UF1", "UAR", *(f"F1 {emotion}" for emotion in EMOTIONS)]
    rows = [
        [name, str(s.count), f"{s.uf1:.3f}", f"{s.uar:.3f}", *(f"{value:.3f}" for value in s.f1)]
        for name, s in scores.items()
    ]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True))
        for row in [head, *rows]
    ]
    return "\n".join(line.rstrip() for line in lines)


def _names(entries: list[MapEntry]) -> list[str]:
    return sorted({entry.dataset for entry in entries})


def _score(entries: list[MapEntry], predicted: Mapping[str, int]) -> RecognitionScore:
    truth = [EMOTIONS.index(entry.emotion) for entry in entries]
    return score_recognition(truth, [predicted[entry.clip_id] for entry in entries])
