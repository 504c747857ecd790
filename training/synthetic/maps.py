"""Labelled synthetic motion maps: action units on random faces, seen through a bad flow estimator.

The last step, from a cropped field to the uint8 map, is the recogniser's own `map_of_crop`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.classifiers.maps import map_of_crop
from streamer.core.records import CLASSES, OTHER, UNITS
from training.synthetic import nuisance
from training.synthetic.estimator import EstimatorRange, estimate
from training.synthetic.field_bank import LEFT_IOD, STEP_IOD, TOP_IOD, FaceRange, FieldBank
from training.synthetic.nuisance import NuisanceRange
from training.synthetic.recipes import (
    COMPOSITE,
    RECIPES,
    ActivationRange,
    Recipes,
    Style,
    draw_activations,
)
from training.synthetic.unit_truth import UNKNOWN, unit_strengths


@dataclass(frozen=True, slots=True)
class CropRange:
    """Which part of the face a map shows: mean and standard deviation, in IOD or shares."""

    width_iod: float = 1.75
    width_log: float = 0.16
    aspect: float = 1.20  # height over width of the crop, before it becomes square
    aspect_log: float = 0.12
    eyes_y: float = 0.27  # height of the eye line from the top, over the crop's height
    eyes_y_spread: float = 0.06
    shift: float = 0.05  # sideways, over the width
    roll_deg: float = 3.0
    width_px: int = 44  # cells across the crop before it is averaged down


@dataclass(frozen=True, slots=True)
class Domain:
    """Everything that a set of synthetic maps is drawn from."""

    faces: int = 48
    face: FaceRange = field(default_factory=FaceRange)
    activation: ActivationRange = field(default_factory=ActivationRange)
    nuisance: NuisanceRange = field(default_factory=NuisanceRange)
    estimator: EstimatorRange = field(default_factory=EstimatorRange)
    crop: CropRange = field(default_factory=CropRange)
    # negative, positive, surprise, other: about the square root of the composite's, some of none
    priors: tuple[float, float, float, float] = (0.34, 0.24, 0.20, 0.22)
    nothing: float = 0.35  # share of `other` in which no unit moves: blinks, speech, the head
    recipes: Recipes = field(default_factory=lambda: RECIPES)
    style_spread: float = 0.5  # how much the mixtures of groups of samples differ; 0: not at all


@dataclass(frozen=True, slots=True)
class MapSet:
    """Labelled maps."""

    maps: NDArray[np.uint8]  # [N, 28, 28, 3]
    labels: NDArray[np.int64]  # [N], indices into CLASSES
    strengths: NDArray[np.float32]  # [N, units, 2], see `unit_truth`; below 0: unknown


def sample_maps(count: int, domain: Domain, rng: np.random.Generator) -> MapSet:
    """Maps of one group of random faces and one mixture of units."""
    bank, style = (
        FieldBank(domain.faces, rng, domain.face),
        Style.draw(rng, domain.style_spread, domain.recipes),
    )
    labels = rng.choice(len(CLASSES), size=count, p=domain.priors)
    maps = np.empty((count, 28, 28, 3), dtype=np.uint8)
    strengths = np.empty((count, len(UNITS), 2), dtype=np.float32)
    for index, label in enumerate(labels):
        canvas, strengths[index] = sample_field(CLASSES[label], bank, style, domain, rng)
        maps[index] = map_of_crop(random_crop(canvas, domain.crop, rng))
    return MapSet(maps, labels.astype(np.int64), strengths)


def sample_field(
    emotion: str, bank: FieldBank, style: Style, domain: Domain, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """One field [H, W, 2] on the canvas, as a flow estimator would report it, and its strengths."""
    face, ranges = int(rng.integers(bank.faces)), domain.nuisance
    nothing = emotion == OTHER and rng.random() < domain.nothing
    units = [] if nothing else draw_activations(emotion, rng, domain.activation, style)
    strengths = unit_strengths(units)
    canvas = bank.add_up(face, units)
    if rng.random() < (0.4 if nothing else ranges.speech):
        canvas = nuisance.add_speech(canvas, face, bank, rng, 1.0 if nothing else 0.5)
        strengths[UNITS.index("25/26")] = UNKNOWN
    canvas = nuisance.add_lid_motion(canvas, face, bank, rng, ranges)
    canvas = nuisance.add_head_motion(canvas, rng, ranges)
    canvas = estimate(canvas, rng, domain.estimator)
    canvas = nuisance.add_noise(canvas, rng, ranges)
    canvas = nuisance.add_background(canvas, rng, ranges)
    return nuisance.add_outliers(canvas, rng, ranges), strengths


def random_crop(
    canvas: NDArray[np.float32], crop: CropRange, rng: np.random.Generator
) -> NDArray[np.float32]:
    """A face crop [h, w, 2] of the canvas, on square cells, rolled by a few degrees."""
    width = crop.width_iod * np.exp(rng.normal(0.0, crop.width_log))
    height = width * crop.aspect * np.exp(rng.normal(0.0, crop.aspect_log))
    step = width / crop.width_px
    rows = max(round(height / step), 8)
    left = -width / 2 + rng.normal(0.0, crop.shift) * width
    top = -height * np.clip(rng.normal(crop.eyes_y, crop.eyes_y_spread), 0.05, 0.6)
    angle = np.radians(rng.normal(0.0, crop.roll_deg))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    origin = turn @ (left, top)
    matrix = np.hstack(
        [turn * step / STEP_IOD, ((origin - (LEFT_IOD, TOP_IOD)) / STEP_IOD)[:, None]]
    )
    seen = cv2.warpAffine(
        canvas,
        matrix,
        (crop.width_px, rows),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(seen @ turn, dtype=np.float32)


TRAINING = Domain()  # of the networks that tell units

# Of the networks that tell emotions.
EMOTIONS_TRAINING = Domain(
    activation=ActivationRange(one_sided=0.12, weak_side=0.4),
    nuisance=NuisanceRange(speech=0.0),
    crop=CropRange(width_log=0.14, aspect_log=0.09, eyes_y_spread=0.05, shift=0.04),
    priors=(0.44, 0.30, 0.26, 0.0),
    recipes=COMPOSITE,
    style_spread=0.0,
)

# Other faces, broader and flatter fields, more of every nuisance, another crop; the class shares of
# the MEGC 2019 composite (250, 109, 83 of 442), as a user of the model would meet them.
VALIDATION = Domain(
    faces=64,
    face=FaceRange(proportions=0.08, direction_deg=20.0, width_log=0.30, profile=(0.5, 2.0)),
    activation=ActivationRange(follower=(0.2, 1.3), asymmetry=0.45, one_sided=0.2),
    nuisance=NuisanceRange(head=(0.05, 1.2), noise=(0.05, 0.40), blink=0.4, gaze=0.4, outliers=1.8),
    estimator=EstimatorRange(filled=0.55, smeared=0.25, stray_pieces=1.0, stray_size=0.8),
    crop=CropRange(width_iod=1.85, aspect=1.15, eyes_y=0.29, width_px=36),
    priors=(0.50, 0.22, 0.17, 0.11),
    style_spread=0.7,
)
