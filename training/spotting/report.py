"""Scores as JSON objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from training.spotting.analysis import score_apexes, score_emotions
from training.spotting.megc import KindScore, SetScore


def set_facts(score: SetScore, fps: Mapping[str, float]) -> dict[str, Any]:
    """`micro`, `macro` (None where kinds are unknown) and `overall`, each as `kind_facts`."""
    return {
        "micro": kind_facts(score.micro, fps) if score.micro else None,
        "macro": kind_facts(score.macro, fps) if score.macro else None,
        "overall": kind_facts(score.overall, fps),
    }


def kind_facts(found: KindScore, fps: Mapping[str, float]) -> dict[str, Any]:
    """Counts, rates, and where they can be told `apex`, `emotion` and `strs` (public form)."""
    score = found.score
    facts: dict[str, Any] = {
        "tp": score.tp,
        "fp": score.fp,
        "fn": score.fn,
        "precision": round(score.precision, 6),
        "recall": round(score.recall, 6),
        "f1": round(score.f1, 6),
    }
    if apex := score_apexes(found, fps):
        facts["apex"] = _rounded(asdict(apex))
    if emotion := score_emotions(found):
        facts["strs"] = round(emotion.strs_harmonic, 6)
        facts["strs_uf1"] = round(emotion.strs_uf1, 6)
        facts["emotion"] = _rounded(
            {
                "n": emotion.n,
                "classes": list(emotion.classes),
                "f1_harmonic": emotion.f1_harmonic,
                "f1_uf1": emotion.f1_uf1,
            }
        )
    return facts


def _rounded(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: round(v, 6) if isinstance(v, float) else v for key, v in facts.items()}
