"""Trained and exported once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.selfme.runs import make_source, tiny_run
from training.selfme.package import PackageRequest, package_model
from training.selfme.pairs import hold_out_people
from training.selfme.recognizer_run import RunPlace, train_recognizer


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Trained weights and exported folder, per motion."""
    made = {}
    for motion in ("dis", "selfme"):
        folder = tmp_path_factory.mktemp(motion)
        train, held_out = hold_out_people(make_source(), 0.25, 0)
        train_recognizer(tiny_run(motion), train, held_out, 0, RunPlace(folder))
        package_model(PackageRequest(folder / "selfme.safetensors", folder / "model", "tiny"))
        made[motion] = folder
    return made
