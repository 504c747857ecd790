"""A tiny fake data set of flow maps: two data sets, subjects whose numbers collide."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.datasets.fake import FakeConfig, write_fake
from training.loso.selection import Selection, load_selection


@pytest.fixture(scope="session")
def flow_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """36 maps: 2 data sets, 3 subjects each, 2 clips of each class."""
    return write_fake(tmp_path_factory.mktemp("flow"), FakeConfig(subjects=3))


@pytest.fixture(scope="session")
def selection(flow_root: Path) -> Selection:
    """The same, loaded."""
    return load_selection("megc2019-flow", flow_root, 3)
