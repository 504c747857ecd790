"""The run folder: one JSON per fold and seed, written whole or not at all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from streamer.core.errors import OutputError
from streamer.core.files.inside import read_json
from streamer.core.files.strict_json import Each, Whole
from training.loso.outcome import Outcome
from training.records import Prediction

FOLDS = "folds"
_TORN = re.compile(r"\..+\.\d+\.tmp")  # as `write_text` names them
_CLIP = {"subject": str, "truth": str, "probabilities": [float], "features?": [float]}
_OUTCOME = {
    **{"digest": str, "fold": str, "seed": int, "epoch": int, "train_clips": Whole},
    **{"seconds": float, "clips": Each(_CLIP)},
}


def write_text(path: Path, text: str) -> None:
    """Writes beside the file and renames: a killed run leaves the old file or the new one.

    Raises:
        OutputError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written ({error}): choose another --output") from error


def remove_torn(folder: Path) -> None:
    """Delete what `write_text` left half written in a folder, when a run was killed."""
    if folder.is_dir():
        for path in folder.iterdir():
            if _TORN.fullmatch(path.name):
                path.unlink(missing_ok=True)


def write_json(path: Path, facts: Mapping[str, object]) -> None:
    """`write_text` of a JSON object."""
    write_text(path, json.dumps(facts, indent=1) + "\n")


def fold_path(folder: Path, fold: str, seed: int) -> Path:
    """Where the outcome of a fold lies."""
    return folder / FOLDS / f"{re.sub(r'[^A-Za-z0-9_.-]+', '__', fold)}.seed{seed}.json"


def save_outcome(folder: Path, outcome: Outcome, digest: str) -> None:
    """Probabilities (and features, where there are any) by clip id."""
    clips = {
        p.clip_id: {
            "subject": p.subject,
            "truth": p.truth,
            "probabilities": [round(float(value), 7) for value in p.probabilities],
            **(_features(outcome, p.clip_id)),
        }
        for p in outcome.predictions
    }
    facts = {
        "digest": digest,
        "fold": outcome.fold,
        "seed": outcome.seed,
        "epoch": outcome.epoch,
        "train_clips": outcome.train_clips,
        "seconds": round(outcome.seconds, 3),
        "clips": clips,
    }
    write_json(fold_path(folder, outcome.fold, outcome.seed), facts)


def load_outcome(folder: Path, fold: str, seed: int, digest: str) -> Outcome | None:
    """The finished fold, or None where it is not there, damaged or of other settings."""
    try:
        facts = read_json(fold_path(folder, fold, seed), _OUTCOME)
        if (facts["digest"], facts["fold"], facts["seed"]) != (digest, fold, seed):
            return None
        clips = facts["clips"]
        return Outcome(
            fold=fold,
            seed=seed,
            epoch=facts["epoch"],
            train_clips=facts["train_clips"],
            seconds=facts["seconds"],
            predictions=tuple(
                Prediction(
                    clip,
                    entry["subject"],
                    entry["truth"],
                    np.array(entry["probabilities"], dtype=np.float32),
                )
                for clip, entry in clips.items()
            ),
            features={
                clip: np.array(entry["features"], dtype=np.float32)
                for clip, entry in clips.items()
                if "features" in entry
            },
        )
    except (OSError, ValueError):
        return None


def _features(outcome: Outcome, clip: str) -> Mapping[str, object]:
    if clip not in outcome.features:
        return {}
    return {"features": [round(float(value), 4) for value in outcome.features[clip]]}
