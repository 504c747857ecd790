"""What comes with the package to be explained: whole, small, alike but for the SC loss, lazy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import recognition.explain as bundled  # noqa: E402
import streamer  # noqa: E402
from recognition.explain import load_explainers  # noqa: E402
from recognition.explain.selfme import explain, explanation_sheet  # noqa: E402
from recognition.motion.selfme.weights import BUNDLED  # noqa: E402
from streamer.core.errors import ModelError  # noqa: E402
from streamer.core.records import EMOTIONS  # noqa: E402
from training.synthetic.pair_face import PairFace  # noqa: E402
from training.synthetic.pairs import PairRange, draw_pairs  # noqa: E402
from training.synthetic.video import read_portrait  # noqa: E402

KNOWN_FACE = Path(streamer.__file__).parent / "assets" / "known_face.jpg"
_ALL_MB = 12.0

WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from recognition.explain import load_explainers
from streamer.core.errors import InstallError
try:
    load_explainers()
except InstallError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def networks() -> bundled.Explainers:
    return load_explainers()


def test_both_see_the_same_motion_and_differ_by_the_sc_loss(networks: bundled.Explainers) -> None:
    one, other = networks.with_sc, networks.without_sc
    assert one.learner is not None and other.learner is not None
    theirs = other.learner.state_dict()
    assert all(torch.equal(v, theirs[k]) for k, v in one.learner.state_dict().items())
    assert one.config.contrast > 0.0 == other.config.contrast
    assert one.config.field == other.config.field and not one.training and not other.training


def test_both_explain_a_face_that_nothing_was_trained_on(networks: bundled.Explainers) -> None:
    ranges = PairRange(strength_iod=(0.04, 0.05), turned_share=0.0)
    pairs = draw_pairs([PairFace(read_portrait(KNOWN_FACE, 320), "known")], 9, 4, ranges)
    right = 0
    for onset, apex, label in zip(pairs.onset, pairs.apex, pairs.emotion, strict=True):
        found = explain(networks.with_sc, onset, apex, painted=True)
        other = explain(networks.without_sc, onset, apex)
        right += (found.emotion == EMOTIONS[label]) + (other.emotion == EMOTIONS[label])
        assert found.keypoints is not None and found.reconstruction is not None
        np.testing.assert_array_equal(found.motion_px, other.motion_px)
        gap = np.abs(found.reconstruction.astype(float) - apex)[20:110, 20:110].mean()
        assert gap < np.abs(onset.astype(float) - apex)[20:110, 20:110].mean()
        assert explanation_sheet(onset, apex, found, other).ndim == 3
    assert right >= 14  # of 18


def test_they_are_small() -> None:
    folders = (bundled.WITH_SC.parent, bundled.WITHOUT_SC.parent)
    files = [BUNDLED, *(file for folder in folders for file in folder.iterdir())]
    assert sum(file.stat().st_size for file in files) < _ALL_MB * 1e6


def test_torch_is_imported_late_and_its_lack_has_a_cure() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH], capture_output=True, text=True, check=True
    )
    assert 'pip install "mer-stream[train]"' in done.stdout


def test_a_damaged_or_missing_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for card in bundled.WITH_SC.parent.glob("*.json"):
        (tmp_path / card.name).write_bytes(card.read_bytes())
    file = tmp_path / bundled.WITH_SC.name
    monkeypatch.setattr(bundled, "WITH_SC", file)
    with pytest.raises(ModelError, match=r"selfme\.safetensors"):
        load_explainers()
    file.write_bytes(b"not it")
    with pytest.raises(ModelError, match="sha256"):
        load_explainers()
