"""A tiny fake data set of flow maps: two data sets, subjects whose numbers collide."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from streamer.sources import open_source
from tests.training.datasets.trees import casme2, casme2_row, smic_raw, smic_row
from tests.training.fake_maps import FakeConfig, write_fake
from training.loso.selection import Selection, load_selection


@pytest.fixture(scope="session")
def flow_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """36 maps: 2 data sets, 3 subjects each, 2 clips of each class."""
    return write_fake(tmp_path_factory.mktemp("flow"), FakeConfig(subjects=3))


@pytest.fixture(scope="session")
def selection(flow_root: Path) -> Selection:
    """The same, loaded."""
    return load_selection("megc2019-flow", flow_root, 3)


@pytest.fixture(scope="session")
def frame_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CASME II and SMIC-HS as handed out, two subjects each: frames of the bundled sample."""
    root = tmp_path_factory.mktemp("frames")
    faces = _sample_frames(46, 52)
    # 46 to 52 is the sample's first movement; what the rows call it does not matter here.
    casme2(
        root / "casme2",
        [
            casme2_row(subject, f"EP0{k}_01", 46, 51, 52, emotion, 1)
            for subject in ("01", "02")
            for k, emotion in enumerate(("disgust", "happiness", "surprise", "others"))
        ],
    )
    smic_raw(
        root / "smic",
        [
            smic_row(f"s{subject}_{kind}_01", 46, 52, emotion)
            for subject in (1, 2)
            for kind, emotion in (("ne", "negative"), ("po", "positive"), ("sur", "surprise"))
        ],
    )
    for path in root.rglob("*.jpg"):
        path.write_bytes(faces[int(path.stem.removeprefix("image").removeprefix("img"))])
    return root


def _sample_frames(first: int, last: int) -> dict[int, bytes]:
    """JPEG of some frames of the bundled recording."""
    source, found = open_source("sample"), {}
    for frame in source:
        if first <= frame.index <= last:
            image = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
            found[frame.index] = cv2.imencode(".jpg", image)[1].tobytes()
        if frame.index > last:
            break
    source.close()
    return found
