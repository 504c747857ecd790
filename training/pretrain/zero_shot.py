"""Scores of a finished model on a folder of real motion maps that it never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.loading import load_map_classifier
from streamer.core.errors import SourceFormatError
from streamer.core.records import EMOTIONS
from training.common.metrics import RecognitionScore, score_recognition
from training.common.records import Clip
from training.datasets import flow_maps
from training.datasets.arrays import load_maps


def score_folder(root: Path, model: Path | None = None) -> Mapping[str, RecognitionScore]:
    """Score per data set and, under "all", over the pool. Every row of the folder counts.

    Raises:
        SourceNotFoundError: no index and maps there.
        SourceFormatError: a row or a map cannot be used; the first is named.
    """
    data = flow_maps.load(root)
    if data.rejected:
        raise SourceFormatError(f"{data.rejected[0].source}: {data.rejected[0].reason}")
    predicted = load_map_classifier(model).recognize_maps(load_maps(data.clips)).argmax(axis=1)
    names = sorted({clip.dataset for clip in data.clips})
    groups = {name: [clip.dataset == name for clip in data.clips] for name in names}
    return {
        **{name: _score(data.clips, predicted, own) for name, own in groups.items()},
        "all": _score(data.clips, predicted, [True] * len(data.clips)),
    }


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


def _score(
    clips: Sequence[Clip], predicted: NDArray[np.int64], own: Sequence[bool]
) -> RecognitionScore:
    truth = np.array([EMOTIONS.index(clip.emotion) for clip in clips])
    return score_recognition(truth[np.array(own)], predicted[np.array(own)])
