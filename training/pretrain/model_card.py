"""The model card: `model_card.json` for programs (sha256 and more), `model_card.md` for people."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from recognition.config import MapConfig
from recognition.files.model_file import CARD
from recognition.fingerprint import preprocessing_fingerprint
from streamer.core.records import CLASSES, EMOTIONS, UNITS
from training.common.files import sha256_of, write_text
from training.common.metrics import RecognitionScore
from training.pretrain.train import TrainConfig
from training.pretrain.unit_scores import UnitScore, format_sides, format_units, macro_f1

_TEXT = """# Model card: {name}

**What it is.** {members} small symmetric contrastive vision transformers (SCViT, after SelfME,
CVPR 2023, section 3.3) that tell emotions, and {unit_members} that tell action units and whether a
movement is none of the three emotions; {parameters:,} parameters together, averaged over ten views
of the map (moved, zoomed, mirrored). Input: one motion map, uint8 28 x 28 x 3 (u, v, optical
strain, onset to apex). Output: log-probabilities of {classes};
softmax(output / {temperature:.3f}) is calibrated on synthetic validation maps. And for each side
of the image and each of the action units {unit_names}: the
probability that it moved, calibrated on synthetic validation maps, and its displacement over that
of the strongest.

**Data.** Synthetic motion only: action units (FACS) as displacement fields on random faces, with
blinks, eye movements, head-motion residue, estimator noise, stray vectors and random crops. No
recording of any person was used for training. {maps:,} maps for each member that tells emotions,
{unit_maps:,} for each that tells units, seeds from {first} on, {epochs} and {unit_epochs} epochs.
The mixtures of units differ: see `training/synthetic/recipes.py`.

**Figures on the synthetic validation domain** (other faces, field shapes, noise and crops than in
training; {count} maps, class shares of the MEGC 2019 composite): UF1 {uf1:.3f}, UAR {uar:.3f},
F1 {f1} among maps that show one of the three; `other` precision {other[0]:.3f},
recall {other[1]:.3f}; expected calibration error {ece:.3f} of the classes and {unit_ece:.3f} of
the units.
Torch and ONNX Runtime differ by at most {parity:.1e}.

{units}

Sides of all units taken for each other (sides are the person's):

{sides}

**Limits.** Real micro-expressions differ from synthetic ones: expect less than the figures above.
The confidence is calibrated on synthetic maps and tends to be too high on real ones. Faces from the
side, strong head motion, speech and occlusions were hardly part of the training. The label is a
reading of facial motion, not of what a person feels. Not for decisions about people; not at work or
in education (EU AI Act, art. 5(1)(f)).

**Preprocessing fingerprint** `{fingerprint}`. **Date** {date}. **Made with** `mer-train synthetic`
in {seconds:.0f} s.
"""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the card tells of a training run."""

    members: int
    unit_members: int
    seed: int
    emotions: TrainConfig
    unit_training: TrainConfig
    parameters: int
    seconds: float
    temperature: float
    calibration_error: float
    validation: RecognitionScore
    other: tuple[float, float]  # precision and recall
    units: Mapping[str, UnitScore]
    unit_calibration_error: float
    parity: float


def write_cards(folder: Path, onnx_path: Path, facts: RunFacts) -> None:
    """Writes both cards next to the weights."""
    date = datetime.date.today().isoformat()
    fingerprint = preprocessing_fingerprint(MapConfig())
    score = facts.validation
    card = {
        "name": onnx_path.stem,
        "date": date,
        "fingerprint": fingerprint,
        "sha256": sha256_of([onnx_path, onnx_path.with_suffix(".safetensors")]),
        "emotions": list(CLASSES),
        "temperature": facts.temperature,
        "parameters": facts.parameters,
        "members": facts.members,
        "unit_members": facts.unit_members,
        "seed": facts.seed,
        "seconds": round(facts.seconds),
        "torch_onnx_difference": facts.parity,
        "data": "synthetic motion maps only; no recording of any person",
        "units": list(UNITS),
        "synthetic_validation": {
            **asdict(score),
            "calibration_error": facts.calibration_error,
            "other": {"precision": facts.other[0], "recall": facts.other[1]},
            "unit_calibration_error": facts.unit_calibration_error,
            "unit_f1": macro_f1(facts.units),
        },
        "training": {"emotions": asdict(facts.emotions), "units": asdict(facts.unit_training)},
    }
    write_text(folder / CARD, json.dumps(card, indent=2) + "\n")
    text = _TEXT.format(
        name=onnx_path.stem,
        members=facts.members,
        parameters=facts.parameters,
        classes=", ".join(CLASSES),
        unit_names=", ".join(UNITS),
        units=format_units(facts.units),
        sides=format_sides(facts.units),
        other=facts.other,
        unit_ece=facts.unit_calibration_error,
        temperature=facts.temperature,
        unit_members=facts.unit_members,
        maps=facts.emotions.maps,
        unit_maps=facts.unit_training.maps,
        first=facts.seed,
        epochs=facts.emotions.epochs,
        unit_epochs=facts.unit_training.epochs,
        count=score.count,
        uf1=score.uf1,
        uar=score.uar,
        f1=", ".join(f"{e} {v:.3f}" for e, v in zip(EMOTIONS, score.f1, strict=True)),
        ece=facts.calibration_error,
        parity=facts.parity,
        fingerprint=fingerprint,
        date=date,
        seconds=facts.seconds,
    )
    write_text(folder / "model_card.md", text)
