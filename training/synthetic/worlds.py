"""Two synthetic worlds: one to train in, a deliberately different one to choose and calibrate."""

from __future__ import annotations

from training.synthetic.estimator import EstimatorRange
from training.synthetic.field_bank import FaceRange
from training.synthetic.maps import CropRange, World
from training.synthetic.nuisance import NuisanceRange
from training.synthetic.recipes import ActivationRange

TRAINING = World()

# Other faces, broader and flatter fields, more of every nuisance, another crop; the class shares of
# the MEGC 2019 composite (250, 109, 83 of 442), as a user of the model would meet them.
VALIDATION = World(
    faces=64,
    face=FaceRange(proportions=0.08, direction_deg=20.0, width_log=0.30, profile=(0.5, 2.0)),
    activation=ActivationRange(follower=(0.2, 1.3), asymmetry=0.45, one_sided=0.2),
    nuisance=NuisanceRange(head=(0.05, 1.2), noise=(0.05, 0.40), blink=0.4, gaze=0.4, outliers=1.8),
    estimator=EstimatorRange(filled=0.55, smeared=0.25, stray_pieces=1.0, stray_size=0.8),
    crop=CropRange(width_iod=1.85, aspect=1.15, eyes_y=0.29, width_px=36),
    priors=(0.566, 0.246, 0.188),
)
