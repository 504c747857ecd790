"""What no part of SelfME takes: another shape or type, NaN, nothing; each says what it wants.

Faces are bytes, so NaN can only come as another type, or in a motion field.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from recognition.classifiers.selfme import SelfmeNet
from recognition.config import RecognizerConfig
from recognition.explain.selfme import explain
from recognition.loading import load_recognizer
from recognition.motion.methods import LEARNED, METHODS, motion_method
from recognition.motion.selfme.weights import LearnedMotion, pack_motion
from tests.training.selfme.faces import FACE, SIZE, tiny_config
from training.selfme.pairs import motion_crops
from training.selfme.recognizer_run import save_weights

GOOD = np.full((2, SIZE, SIZE, 3), 90, dtype=np.uint8)
WRONG = {
    "small": GOOD[:, : SIZE // 2],
    "grey": GOOD[..., 0],
    "empty": GOOD[:0],
    "float": GOOD.astype(np.float32),
    "nan": np.full(GOOD.shape, np.nan, dtype=np.float32),
    "one": GOOD[0],
}
Ask = Callable[[np.ndarray, np.ndarray], object]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ask]:
    """Everything that takes batches of faces."""
    torch.manual_seed(0)
    net, folder = SelfmeNet(tiny_config("selfme")).eval(), tmp_path_factory.mktemp("weights")
    assert net.learner is not None
    (folder / "motion.safetensors").write_bytes(pack_motion(net.learner, {}))
    save_weights(net, folder / "net.safetensors", 1.0)
    learned = LearnedMotion(folder / "motion.safetensors")
    recognizer = load_recognizer(
        folder / "net.safetensors", RecognizerConfig(map=FACE, device="cpu", backend="torch")
    )
    return {
        "learner": learned.motion_px,
        "network": lambda a, b: net(torch.from_numpy(a.copy()), torch.from_numpy(b.copy())),
        "recogniser": recognizer.recognize_pairs,
    }


@pytest.mark.parametrize("part", ["learner", "network", "recogniser"])
@pytest.mark.parametrize("wrong", list(WRONG))
def test_faces(parts: dict[str, Ask], part: str, wrong: str) -> None:
    parts[part](GOOD, GOOD)
    with pytest.raises(ValueError, match=r"expected uint8 \[N, 64, 64, 3\]"):
        parts[part](WRONG[wrong], WRONG[wrong])


@pytest.mark.parametrize("part", ["learner", "network", "recogniser"])
def test_not_as_many(parts: dict[str, Ask], part: str) -> None:
    with pytest.raises(ValueError, match=r"2 onset .*1 apex"):
        parts[part](GOOD, GOOD[:1])


@pytest.mark.parametrize("wrong", list(WRONG))
def test_explain(wrong: str) -> None:
    net = SelfmeNet(tiny_config("selfme")).eval()
    bad = WRONG[wrong] if wrong in ("empty", "one") else WRONG[wrong][0]
    bad = GOOD if wrong == "one" else bad  # a batch where one face is wanted
    with pytest.raises(ValueError, match=r"expected uint8 \[64, 64, 3\]"):
        explain(net, bad, GOOD[0])
    with pytest.raises(ValueError, match=r"apex is .* expected uint8 \[64, 64, 3\]"):
        explain(net, GOOD[0], bad)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_motion_that_is_no_number(value: float) -> None:
    net = SelfmeNet(tiny_config("dis")).eval()
    motion = torch.zeros(2, 2, SIZE, SIZE)
    assert bool(torch.isfinite(net.from_motion(motion)[0]).all())
    motion[1, 0, 3, 4] = value
    with pytest.raises(ValueError, match=r"NaN or infinite .*expected finite \[N, 2, 64, 64\]"):
        net.from_motion(motion)
    with pytest.raises(ValueError, match=r"expected \[N, 2, 64, 64\]"):
        net.from_motion(motion[:0])


@pytest.mark.parametrize("wrong", ["small", "empty", "float", "nan", "one"])
def test_pairs_to_learn_from(wrong: str) -> None:
    net = SelfmeNet(tiny_config("dis"))
    with pytest.raises(ValueError, match=r"expected uint8 \[N, 2, 64, 64, 3\]"):
        motion_crops(net, np.stack([WRONG[wrong]] * 2, axis=1), 1.0)


@pytest.mark.parametrize("method", [name for name in METHODS if name not in LEARNED])
def test_classical_motion(method: str) -> None:
    measure = motion_method(method, FACE)
    for wrong in ("small", "float", "nan", "empty"):
        bad = WRONG[wrong] if wrong == "empty" else WRONG[wrong][0]
        with pytest.raises(ValueError, match="expected 64 x 64 pixels, uint8"):
            measure(bad, bad)
