"""Small trainings of the recogniser, for the tests."""

from __future__ import annotations

from tests.training.selfme.faces import make_pairs, tiny_config
from training.selfme.classification import ClassifierTraining
from training.selfme.pairs import LabelledPairs
from training.selfme.settings import SelfmeRun
from training.selfme.start import FineTuning

TRAINING = ClassifierTraining(epochs=12, batch=8, learning_rate=3e-3, decay=0.95)


def make_source(count: int = 36, seed: int = 0) -> LabelledPairs:
    pairs, labels = make_pairs(count, seed)
    return LabelledPairs(pairs, labels, tuple(f"p{i // 3 % 4}" for i in range(count)))


def tiny_run(motion: str = "dis", epochs: int = 0, **switches: object) -> SelfmeRun:
    config = tiny_config(motion, amplify=False, **switches)
    return SelfmeRun(config, TRAINING, None, FineTuning(epochs=epochs, batch=4))
