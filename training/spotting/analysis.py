"""What is measured on the movements that were found: the apex, and the emotion (STRS)."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from training.spotting.megc import KindScore, Pair, SetScore


@dataclass(frozen=True, slots=True)
class ApexScore:
    """How well apexes were placed, over the pairs in which both sides give one.

    `asr` is the share of *all* truths whose match has its apex strictly inside the true interval,
    onset < apex < offset; `asr_matched` is the same share of the matched ones. Milliseconds come
    from `apex_s` where both tables have it, else from frames; None where no frame rate is known.
    """

    n: int
    asr: float
    asr_matched: float
    mae_frames: float
    mae_ms: float | None
    median_ms: float | None


def score_apexes(found: KindScore, fps: Mapping[str, float]) -> ApexScore | None:
    """None where no spot with an apex was matched."""
    placed = [pair for pair in found.pairs if pair.spotted.apex is not None]
    known = [pair for pair in placed if pair.truth.apex is not None]
    if not placed:
        return None
    inside = sum(p.truth.onset < _apex(p)[1] < p.truth.offset for p in placed)
    frames = [abs(_apex(p)[0] - _apex(p)[1]) for p in known]
    ms = [late for pair in known if (late := _late_ms(pair, fps)) is not None]
    timed = bool(ms) and len(ms) == len(frames)
    return ApexScore(
        len(known),
        inside / len(found.truth),
        inside / len(placed),
        statistics.fmean(frames) if frames else 0.0,
        statistics.fmean(ms) if timed else None,
        statistics.median(ms) if timed else None,
    )


def _late_ms(pair: Pair, fps: Mapping[str, float]) -> float | None:
    """Distance of the apexes: from their times where both tables give them, else from frames."""
    true, predicted = pair.truth, pair.spotted
    if true.apex_s is not None and predicted.apex_s is not None:
        return 1e3 * abs(true.apex_s - predicted.apex_s)
    if true.video not in fps:
        return None
    return 1e3 * abs(_apex(pair)[0] - _apex(pair)[1]) / fps[true.video]


def _apex(pair: Pair) -> tuple[float, float]:
    """True and spotted apex; not a number where there is none."""
    truth, spotted = pair.truth.apex, pair.spotted.apex
    return (
        float("nan") if truth is None else truth,
        float("nan") if spotted is None else spotted,
    )


@dataclass(frozen=True, slots=True)
class EmotionScore:
    """Recognition of the movements that were found, and STRS = F1 of spotting x F1 of analysis.

    Two forms of the second factor are in use: `f1_harmonic`, the harmonic mean of macro precision
    and macro recall (public STRS code), and `f1_uf1`, the unweighted mean of the F1 of the classes.
    Classes are those of the truth, whether one of them was found or not.
    """

    n: int
    classes: tuple[str, ...]
    f1_harmonic: float
    f1_uf1: float
    strs_harmonic: float
    strs_uf1: float


def score_emotions(found: KindScore) -> EmotionScore | None:
    """None where the truth or the spots give no emotions.

    A match without an emotion, or with one that the truth does not know, counts as wrong.
    """
    classes = tuple(sorted({row.emotion for row in found.truth if row.emotion}))
    if not classes or not any(row.emotion for row in found.spotted):
        return None
    judged = [(p.truth.emotion, p.spotted.emotion) for p in found.pairs if p.truth.emotion]
    rates = [_rates(name, judged) for name in classes]
    precision, recall, uf1 = (statistics.fmean(column) for column in zip(*rates, strict=True))
    harmonic = 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0
    f1 = found.score.f1
    return EmotionScore(len(judged), classes, harmonic, uf1, f1 * harmonic, f1 * uf1)


def _rates(name: str, judged: Sequence[tuple[str, str]]) -> tuple[float, float, float]:
    """Precision, recall and F1 of one class; 0 where undefined."""
    tp = sum(true == predicted == name for true, predicted in judged)
    fp = sum(true != name and predicted == name for true, predicted in judged)
    fn = sum(true == name and predicted != name for true, predicted in judged)
    return tp / max(tp + fp, 1), tp / max(tp + fn, 1), 2 * tp / max(2 * tp + fp + fn, 1)


def set_facts(score: SetScore, fps: Mapping[str, float]) -> dict[str, Any]:
    """`micro`, `macro` (None where kinds are unknown) and `overall`, each as `kind_facts`."""
    return {
        "micro": kind_facts(score.micro, fps) if score.micro else None,
        "macro": kind_facts(score.macro, fps) if score.macro else None,
        "overall": kind_facts(score.overall, fps),
    }


def kind_facts(found: KindScore, fps: Mapping[str, float]) -> dict[str, Any]:
    """Counts, rates, and where they are known `apex`, `emotion` and `strs` (public form)."""
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
