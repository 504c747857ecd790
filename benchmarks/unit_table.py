"""Action units of the bundled recogniser on rendered people: the tables of docs/action-units.md.

    python -m benchmarks.unit_table --portraits DIR --write

Pairs of onset and apex are drawn from the portraits of `benchmarks.held_out`, on which nothing was
trained or chosen (`--others` takes the remaining ones: for development), with their true units and
sides, a moving head, noise and JPEG; a third as many again without any expression. The whole chain
answers: flow, head motion taken out, map, network. Writes `demo/figures/units.json` and the
section "units".
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.held_out import HELD_OUT
from benchmarks.page_section import ROOT, made_on, write_section
from recognition.classifiers.base import Answer
from recognition.config import RecognizerConfig
from recognition.loading import load_recognizer
from recognition.recognizer import Recognizer
from recognition.units import TOLD_FROM
from streamer.core.records import CLASSES, EMOTIONS
from training.common.files import write_json
from training.common.markdown import pair, short
from training.common.metrics import score_recognition
from training.pretrain.unit_scores import (
    UnitScore,
    format_sides,
    format_units,
    macro_f1,
    score_units,
    unit_calibration_error,
)
from training.synthetic.pair_face import PairFace
from training.synthetic.pairs import PairRange, Pairs, draw_expression, draw_pairs
from training.synthetic.pairs_run import make_faces
from training.synthetic.unit_truth import unit_strengths
from training.synthetic.video import find_portraits

DOCS, RESULTS = ROOT / "docs" / "action-units.md", ROOT / "demo" / "figures" / "units.json"
SEED = 2000
STILL_IOD = 1e-4  # as good as no expression
_CHUNK = 30


def main() -> None:
    """Draws, asks, scores, writes, prints."""
    options = read_options()
    cv2.setNumThreads(1)
    found = find_portraits(options.portraits)
    chosen = [path for path in found if (path.stem in HELD_OUT) != options.others]
    faces = make_faces(tuple(chosen), 1, SEED)
    recognizer = load_recognizer(options.model, RecognizerConfig(device="cpu"))
    facts = {
        "command": "python -m benchmarks.unit_table --portraits DIR",
        **made_on(),
        "people": len(faces),
        **moving(recognizer, faces, options.pairs),
        **still(recognizer, faces, max(options.pairs // 3, 1)),
    }
    if options.write:
        write_json(RESULTS, facts)
        write_section(DOCS, "units", section(facts))
    print(section(facts))
    print(json.dumps({name: facts[name] for name in ("emotions", "unit_f1", "cpu_ms", "still")}))


def moving(recognizer: Recognizer, faces: Sequence[PairFace], count: int) -> dict[str, Any]:
    """Scores of pairs with an expression."""
    ranges = PairRange()
    pairs = draw_pairs(faces, count, SEED, ranges)
    truth = np.stack(
        [
            unit_strengths(draw_expression(np.random.default_rng([SEED, index]), ranges)[2])
            for index in range(count)
        ]
    )
    answer, cpu_ms = ask(recognizer, pairs)
    if answer.units is None:
        raise SystemExit(f"{recognizer.path} tells no action units")
    three = answer.logits[:, : len(EMOTIONS)].argmax(axis=1)
    emotions = score_recognition(pairs.emotion, three)
    scores = score_units(truth, *answer.units)
    return {
        "pairs": count,
        "emotions": {"uf1": emotions.uf1, "uar": emotions.uar},
        "said_other": share_of_other(answer),
        "units": {unit: asdict(score) for unit, score in scores.items()},
        "unit_f1": macro_f1(scores),
        "unit_calibration_error": unit_calibration_error(truth, answer.units.probabilities),
        "cpu_ms": cpu_ms,
    }


def still(recognizer: Recognizer, faces: Sequence[PairFace], count: int) -> dict[str, Any]:
    """What is told where nothing is expressed and the head moves all the same."""
    ranges = replace(PairRange(), strength_iod=(STILL_IOD, STILL_IOD))
    answer, _ = ask(recognizer, draw_pairs(faces, count, SEED + 1, ranges))
    assert answer.units is not None
    told = (answer.units.probabilities >= TOLD_FROM).any(axis=2).sum(axis=1)
    facts = {
        "pairs": count,
        "said_other": share_of_other(answer),
        "units_a_pair": float(told.mean()),
    }
    return {"still": facts}


def ask(recognizer: Recognizer, pairs: Pairs) -> tuple[Answer, float]:
    """The answers to all pairs, and the median processor time of one pair in milliseconds."""
    parts = [
        recognizer.answer_pairs(pairs.onset[i : i + _CHUNK], pairs.apex[i : i + _CHUNK])
        for i in range(0, len(pairs), _CHUNK)
    ]
    times = []
    for index in range(min(len(pairs), 40)):
        started = time.process_time()
        recognizer.answer_pairs(pairs.onset[index, None], pairs.apex[index, None])
        times.append(1e3 * (time.process_time() - started))
    whole = Answer(
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.motion for part in parts]),
        _joined([part.units for part in parts]),
    )
    return whole, statistics.median(times)


def _joined(parts: Sequence[Any]) -> Any:
    if any(part is None for part in parts):
        return None
    kind = type(parts[0])
    return kind(*(np.concatenate(own) for own in zip(*parts, strict=True)))


def share_of_other(answer: Answer) -> float:
    """Share of the pairs that are said to be none of the three classes."""
    best: NDArray[np.int64] = answer.logits.argmax(axis=1)
    return float((best >= len(EMOTIONS)).mean()) if answer.logits.shape[1] == len(CLASSES) else 0.0


def section(facts: Mapping[str, Any]) -> str:
    """The tables and how they were made."""
    scores = {unit: UnitScore(**own) for unit, own in facts["units"].items()}
    emotions, quiet = facts["emotions"], facts["still"]
    return (
        f"Made by `{facts['command']}` on {facts['date']} ({facts['machine']}): {facts['pairs']} "
        f"pairs of {facts['people']} people.\n\n{format_units(scores)}\n\n"
        f"Expected calibration error of the probabilities {short(facts['unit_calibration_error'])}."
        f" Sides taken for each other, all units together (R and L are the person's):\n\n"
        f"{format_sides(scores)}\n\n"
        f"UF1/UAR of the three classes on the same pairs "
        f"{pair(emotions['uf1'], emotions['uar'])}; `other` was said of "
        f"{facts['said_other']:.0%}. Of {quiet['pairs']} pairs without any expression `other` was "
        f"said of {quiet['said_other']:.0%}, with {quiet['units_a_pair']:.2f} units a pair. One "
        f"pair takes {facts['cpu_ms']:.0f} ms of one core, from the two faces to the answer."
    )


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--portraits", type=Path, required=True)
    parser.add_argument("--others", action="store_true", help="portraits that are not held out")
    parser.add_argument("--model", type=Path, default=None, help="default: the bundled one")
    parser.add_argument("--pairs", type=int, default=450)
    parser.add_argument("--write", action="store_true", help="results and page")
    return parser.parse_args()


if __name__ == "__main__":
    main()
