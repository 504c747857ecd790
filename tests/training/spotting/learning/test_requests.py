"""The settings that options of `mer-train spotter` ask for."""

from pathlib import Path

import pytest

from training.spotting.learning.requests import GENTLE_RATE, SpotterRequest, config_of

ROOTS, OUTPUT, WEIGHTS = (Path("set"),), Path("net.npz"), Path("old.npz")


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        ({}, 1.5e-3),
        ({"weights": WEIGHTS}, GENTLE_RATE),
        ({"weights": WEIGHTS, "rate": 2e-3}, 2e-3),
        ({"rate": 1e-4}, 1e-4),
        ({"finetune": "casme-sq"}, GENTLE_RATE),
    ],
)
def test_who_goes_on_from_weights_goes_on_gently(given, rate):
    config = config_of(SpotterRequest(ROOTS, OUTPUT, **given))
    assert config.train.rate == rate


def test_what_was_said_replaces_the_defaults():
    config = config_of(SpotterRequest(ROOTS, OUTPUT, steps=7, windows=50, members=2, seed=3))
    assert (config.train.steps, config.train.seed) == (7, 3)
    assert (config.windows, config.members, config.start) == (50, 2, None)
    tuned = config_of(SpotterRequest(ROOTS, OUTPUT, finetune="casme-sq", weights=WEIGHTS))
    assert (tuned.train.steps, tuned.windows, tuned.start) == (150, 1500, None)


def test_an_impossible_rate_is_refused():
    with pytest.raises(ValueError, match="rate"):
        SpotterRequest(ROOTS, OUTPUT, rate=-1.0)
