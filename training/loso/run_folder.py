"""The run folder: one JSON per fold and seed, written whole or not at all, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import UsageError
from streamer.core.files.inside import read_json
from streamer.core.files.strict_json import Each, Whole
from streamer.core.settings import load_yaml
from training.common.files import plain_name, write_json
from training.common.records import Prediction

CONFIG, FOLDS, SESSIONS = "config.yaml", "folds", "sessions.json"
_CLIP = {"subject": str, "truth": str, "probabilities": [float], "features?": [float]}
_OUTCOME = {
    **{"digest": str, "fold": str, "seed": int, "epoch": int, "train_clips": Whole},
    **{"seconds": float, "clips": Each(_CLIP)},
}


_SESSION = {"began": str, "wall_s": float, "folds": Whole}


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Predictions on the held-out clips of a fold."""

    fold: str
    seed: int
    epoch: int  # whose weights answered; 0 for models without epochs
    train_clips: int
    seconds: float  # the fold's part of the wall time
    predictions: tuple[Prediction, ...]
    features: Mapping[str, NDArray[np.float32]]  # clip id -> [D]; empty where there are none


def fold_path(folder: Path, fold: str, seed: int) -> Path:
    """Where the outcome of a fold lies."""
    return folder / FOLDS / f"{plain_name(fold)}.seed{seed}.json"


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
    except (OSError, ValueError):
        return None
    if (facts["digest"], facts["fold"], facts["seed"]) != (digest, fold, seed):
        return None
    return _outcome(facts)


def read_outcomes(folder: Path) -> tuple[list[Outcome], tuple[str, ...]]:
    """All folds of a finished run, and its classes.

    Raises:
        UsageError: the folder holds no run, or folds of several.
    """
    settings = load_yaml(folder / CONFIG)
    digest = settings.get("digest")
    try:
        every = [read_json(path, _OUTCOME) for path in sorted((folder / FOLDS).glob("*.json"))]
        classes = tuple(str(name) for name in settings["settings"]["classes"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{folder} holds a run that cannot be read ({error}): run mer-train loso again"
        ) from error
    if not every or any(facts["digest"] != digest for facts in every):
        raise UsageError(f"{folder} holds no finished run: give the --output of mer-train loso")
    return [_outcome(facts) for facts in every], classes


def _outcome(facts: Mapping[str, Any]) -> Outcome:
    clips = facts["clips"]
    return Outcome(
        fold=facts["fold"],
        seed=facts["seed"],
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


def _features(outcome: Outcome, clip: str) -> Mapping[str, object]:
    if clip not in outcome.features:
        return {}
    return {"features": [round(float(value), 4) for value in outcome.features[clip]]}


@dataclass(frozen=True, slots=True)
class Session:
    """This process's part of a run; its row is written anew whenever folds are finished."""

    folder: Path
    earlier: tuple[dict[str, object], ...]
    began: str  # UTC
    clock_s: float

    def note(self, folds: int) -> None:
        """`folds` are finished in this session so far."""
        spent = round(time.monotonic() - self.clock_s, 2)
        row = {"began": self.began, "wall_s": spent, "folds": folds}
        write_json(self.folder / SESSIONS, {"sessions": [*self.earlier, row]})


def start_session(folder: Path) -> Session:
    """A session after those in the folder."""
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Session(folder, tuple(load_sessions(folder)), now, time.monotonic())


def load_sessions(folder: Path) -> list[dict[str, object]]:
    """The rows in the folder; none where the file is missing or damaged."""
    try:
        table = read_json(folder / SESSIONS, {"sessions": [_SESSION]})
    except (OSError, ValueError):
        return []
    return list(table["sessions"])


def wall_s(folder: Path) -> float:
    """Seconds of all sessions together."""
    return round(sum(float(str(row["wall_s"])) for row in load_sessions(folder)), 2)
