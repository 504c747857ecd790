import sys

import numpy as np
import pytest

from streamer.core.errors import InstallError
from streamer.faces.config import FaceConfig
from streamer.faces.detector import known_face, open_detector

WITH = FaceConfig(backend="mediapipe")


def test_an_absent_mediapipe_is_told_with_its_extra(monkeypatch):
    for name in ("mediapipe", "mediapipe.python.packet_getter"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InstallError, match=r'pip install "mer-stream\[mediapipe\]"'):
        open_detector(WITH)


def test_both_backends_see_the_same_face():
    """Parity on more pictures is slow: see benchmarks/face_parity.py."""
    pytest.importorskip("mediapipe", reason="mediapipe is an extra, and none for Python 3.13")
    picture = np.pad(known_face(), ((30, 10), (60, 90), (0, 0)), mode="edge")
    with open_detector(FaceConfig()) as ours, open_detector(WITH) as theirs:
        for _ in range(3):  # found in the first picture, followed in the others
            (mine,), (other,) = ours.detect(picture), theirs.detect(picture)
            assert np.abs(mine.landmarks_px - other.landmarks_px).max() < 0.1
            assert abs(mine.score - other.score) < 0.01
