"""A prepared cache of small faces, written directly: no recording has to be tracked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recognition.config import MapConfig
from streamer.core.records import EMOTIONS
from streamer.faces.config import FaceConfig
from tests.training.selfme.faces import make_pairs
from training.common.records import Clip
from training.datasets.prepared import settings_of
from training.prepare.cache import open_cache, write_clip, write_index
from training.prepare.clip import Prepared

SETTINGS = """\
selfme:
  motion: {motion}
  learner:
    image_size_px: 64
    keypoints: 3
    detector: {{expansion: 4, max_features: 8, blocks: 2}}
    dense: {{expansion: 4, max_features: 8, blocks: 2}}
    generator: {{width: 4, max_features: 8, downs: 1, bottlenecks: 1}}
  field: {{cells: 28, patch: 7, width: 16, depth: 1, heads: 2}}
training: {{epochs: {epochs}, batch: 8, learning_rate: 0.003, decay: 0.95}}
start: null
fine_tuning: {{epochs: {tuning}, batch: 8}}
"""


@pytest.fixture(scope="session")
def face_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three subjects, eight or nine clips each."""
    return write_cache(tmp_path_factory.mktemp("prepared") / "cache")


@pytest.fixture(scope="session")
def small_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two subjects, three clips each: where figures are not the point."""
    return write_cache(tmp_path_factory.mktemp("prepared") / "small", count=6)


def write_cache(cache: Path, jitter: str = "", count: int = 27) -> Path:
    """With `jitter`, every clip has a wrong pair too: apex and onset exchanged."""
    settings = settings_of("folder", FaceConfig(), MapConfig(), jitter)
    open_cache(cache, settings)
    pairs, labels = make_pairs(count)
    rows = []
    for index, (pair, label) in enumerate(zip(pairs, labels, strict=True)):
        subject = f"s{index // 3 % 3}"
        name = f"folder/{subject}/clip{index}"
        clip = Clip(name, "folder", subject, cache, 30.0, 1, 5, 9, EMOTIONS[label])
        wrong = pair[None, ::-1].copy() if jitter else None
        made = Prepared(pair[0], pair[1], np.full((28, 28, 3), 128, np.uint8), 1, 5, False, wrong)
        write_clip(cache, clip, made, settings.fingerprint)
        rows.append((clip, 5, False))
    write_index(cache, rows, [])
    return cache


def settings_text(motion: str = "dis", epochs: int = 10, tuning: int = 0) -> str:
    """A settings file for `selfme@FILE`."""
    return SETTINGS.format(motion=motion, epochs=epochs, tuning=tuning)
