"""Synthetic maps: labelled, reproducible, mirrored worlds, and what a class looks like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from recognition.readings import class_of
from streamer.core.records import CLASSES, EMOTIONS, OTHER, UNITS, ActionUnit
from training.synthetic.action_units import AUS, Activation
from training.synthetic.estimator import EstimatorRange
from training.synthetic.field_bank import GRID, FaceRange, FieldBank
from training.synthetic.maps import Domain, sample_maps
from training.synthetic.nuisance import NuisanceRange
from training.synthetic.recipes import (
    RECIPES,
    ActivationRange,
    Style,
    draw_activations,
    names_of,
)
from training.synthetic.unit_truth import UNKNOWN, unit_strengths, unit_targets

SMALL = Domain(faces=2)


def test_same_seed_same_maps() -> None:
    one, two = (sample_maps(20, SMALL, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one.maps, two.maps)
    np.testing.assert_array_equal(one.labels, two.labels)
    np.testing.assert_array_equal(one.strengths, two.strengths)
    assert one.maps.shape == (20, 28, 28, 3) and one.maps.dtype == np.uint8
    assert one.strengths.shape == (20, len(UNITS), 2)


def test_every_channel_is_stretched() -> None:
    maps = sample_maps(30, SMALL, np.random.default_rng(1)).maps
    assert (maps.min(axis=(1, 2)) == 0).all() and (maps.max(axis=(1, 2)) == 255).all()


def test_class_shares_follow_the_priors() -> None:
    world = replace(SMALL, priors=(0.0, 0.25, 0.75, 0.0))
    labels = sample_maps(400, world, np.random.default_rng(2)).labels
    counts = np.bincount(labels, minlength=4)
    assert counts[0] == counts[3] == 0 and counts[2] == pytest.approx(300, abs=40)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_recipes_name_known_units(emotion: str) -> None:
    units = {unit for recipe in RECIPES[emotion] for unit in names_of(recipe)}
    assert units <= set(AUS)
    drawn = draw_activations(emotion, np.random.default_rng(0), ActivationRange())
    assert drawn and max(max(a.left, a.right) for a in drawn) > 0.5


def test_an_unknown_class_is_named() -> None:
    with pytest.raises(ValueError, match="'bored'"):
        draw_activations("bored", np.random.default_rng(0), ActivationRange())


def test_bank_fields_peak_at_one() -> None:
    bank = FieldBank(2, np.random.default_rng(0), FaceRange())
    both = bank.fields.sum(axis=2)  # [faces, units, H, W, 2]
    peaks = np.linalg.norm(both, axis=-1).max(axis=(2, 3))
    np.testing.assert_allclose(peaks, 1.0, atol=1e-3)


def _quiet_maps(emotion: str) -> Iterator[np.ndarray]:
    """Maps of one class without nuisance, centred on their median."""
    quiet = NuisanceRange(
        head=(1e-6, 2e-6), noise=(1e-6, 2e-6), blink=0, gaze=0, outliers=0, background=0, speech=0
    )
    clear = EstimatorRange(filled=0.0, smeared=0.0, shrink=0.0)
    priors = tuple(float(name == emotion) for name in CLASSES)
    world = replace(SMALL, nuisance=quiet, estimator=clear, priors=priors)  # type: ignore[arg-type]
    maps = sample_maps(60, world, np.random.default_rng(3)).maps
    for one in maps.astype(float):
        yield one - np.median(one, axis=(0, 1))


def test_surprise_moves_the_brows_up_and_negative_down_or_not_at_all() -> None:
    brows = np.s_[1:6, :, 1]
    surprise = np.array([one[brows].mean() for one in _quiet_maps("surprise")])
    negative = np.array([one[brows].mean() for one in _quiet_maps("negative")])
    assert (surprise < 0).mean() > 0.8
    assert negative.mean() > 20 and (negative < -20).mean() < 0.1


def test_positive_moves_the_mouth_corners_up_and_apart() -> None:
    maps = list(_quiet_maps("positive"))
    up = np.mean([one[15:26, :, 1].mean() < 0 for one in maps])
    apart = np.mean([one[15:26, 16:, 0].mean() > one[15:26, :12, 0].mean() for one in maps])
    assert up > 0.9 and apart > 0.8


def test_the_canvas_reaches_beyond_every_crop() -> None:
    assert GRID[..., 0].min() <= -1.3 and GRID[..., 1].max() >= 2.0


def test_other_movements_fit_no_class() -> None:
    rng = np.random.default_rng(4)
    for _ in range(40):
        drawn = draw_activations(OTHER, rng, ActivationRange())
        named = {"25/26" if unit.au in ("25", "26") else unit.au for unit in drawn}
        assert class_of([ActionUnit(unit, "both", 1.0, 1.0) for unit in named]) is None


def test_contempt_is_one_sided_and_chins_never_are() -> None:
    rng, ranges = np.random.default_rng(5), ActivationRange()
    one_recipe = Style({"negative": {"12/": 1.0}, "positive": {"17": 1.0}})
    for _ in range(20):
        (corner,) = draw_activations("negative", rng, ranges, one_recipe)
        assert min(corner.left, corner.right) < 0.35 * max(corner.left, corner.right)
        (chin,) = draw_activations("positive", rng, ranges, one_recipe)
        assert min(chin.left, chin.right) > 0.4 * max(chin.left, chin.right)


def test_styles_differ_in_what_data_sets_differ_in() -> None:
    shares = []
    for seed in range(40):
        weights = Style.draw(np.random.default_rng(seed)).weights["surprise"]
        shares.append(weights["1+2+5"] / (weights["1+2"] + weights["1+2+5"]))
    assert min(shares) < 0.15 and max(shares) > 0.7


def test_truth_of_units_by_hand() -> None:
    """12 on the image's right at half of 26, which is told as 25/26; 45 is not told at all."""
    drawn = [Activation("26", 0.8, 0.8), Activation("12", 0.04, 0.4), Activation("45", 2.0, 2.0)]
    strengths = unit_strengths(drawn)
    corner, jaw = strengths[UNITS.index("12")], strengths[UNITS.index("25/26")]
    np.testing.assert_allclose(corner, [0.05, 0.5], atol=1e-6)
    np.testing.assert_allclose(jaw, [1.0, 1.0])
    assert strengths.sum() == pytest.approx(2.55)
    assert unit_targets(corner).tolist() == [0.0, 1.0]
    assert unit_targets(np.array([0.2, UNKNOWN], dtype=np.float32)).tolist() == [UNKNOWN, UNKNOWN]
    assert not unit_strengths([]).any()
