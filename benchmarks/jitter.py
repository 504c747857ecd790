"""What a wrong onset and apex cost, with and without jitter in training, for docs/selfme.md.

    python -m benchmarks.jitter --portraits DIR --runs runs/jitter

Onset and apex are frames of expressions of 0.16 to 0.5 s (raised cosine) at 60 frames a second.
The classifiers are trained on right frames, on frames up to --trained frames off, or on both (every
epoch draws one or the other for each pair, as mer-train does). They are scored on people never
trained on, with onset and apex off by just so many frames, before or after by chance.
Writes `demo/figures/jitter.json` and the section "jitter"; what is finished in --runs stays,
the weights that mer-train export takes among it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from benchmarks.field_training import (
    TRANSFORMERS,
    Training,
    config_of,
    measure,
    save_calibrated,
    score,
    train,
)
from benchmarks.jitter_pairs import ERRORS, TRAININGS, draw_all, set_tuning_people_aside
from benchmarks.page_section import ROOT, made_on, write_section
from recognition.classifiers.maps import motion_map
from recognition.config import MotionName, RecognizerConfig
from recognition.loading import load_map_classifier
from recognition.motion.methods import motion_field
from training.common.files import write_json
from training.common.markdown import short, table
from training.common.metrics import score_recognition
from training.selfme.pairs import LabelledPairs
from training.selfme.recognizer_run import RESULTS as RESULTS_OF_RUN

DOCS, RESULTS = ROOT / "docs" / "selfme.md", ROOT / "demo" / "figures" / "jitter.json"
# Motion and transformer -> trainings. ViT on learned motion is there to be explained beside SCViT.
WAYS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("selfme", "SCViT"): ("right", "jittered", "both"),
    ("selfme", "ViT"): ("right", "both"),
}
_OTHERS = ("right", "both")  # of SCViT on any other motion


def main() -> None:
    """Draws, trains, scores, writes, prints."""
    options = read_options()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    facts = measure_all(options)
    write_json(options.results, facts)
    write_section(options.docs, "jitter", section(facts))
    print(json.dumps(facts, indent=2))


def measure_all(options: argparse.Namespace) -> dict[str, Any]:
    """UF1 per motion method, transformer, training and error."""
    sources = draw_all(options)
    tuned, parts = set_tuning_people_aside(sources)
    motions: dict[str, Any] = {}
    for motion in options.motions.split(","):
        motions[motion] = measure_motion(motion, parts, options)
    default = score_default(parts, options.runs)
    shown = f"--pairs {options.pairs} --count {options.count} --epochs {options.epochs}"
    return {
        "command": f"python -m benchmarks.jitter --portraits DIR --motions {options.motions} "
        f"--trained {options.trained} {shown}",
        **made_on(),
        "fps": options.fps,
        "trained_frames": options.trained,
        "pairs": {"train": len(parts["right"]), "test": len(parts[f"error{ERRORS[0]}"])},
        "people": {
            "train": len(set(parts["right"].people)),
            "tune": sorted(tuned),
            "test": len(set(parts[f"error{ERRORS[0]}"].people)),
        },
        "epochs": options.epochs,
        "motions": motions,
        "default": default,
    }


def measure_motion(
    motion: MotionName, parts: Mapping[str, LabelledPairs], options: argparse.Namespace
) -> dict[str, Any]:
    """All trainings on one motion method; each is kept when it is finished."""
    start = "bundled" if motion == "selfme" else None
    training = Training(options.epochs)
    ways = {t: WAYS.get((motion, t), _OTHERS if t == "SCViT" else ()) for t in TRANSFORMERS}
    wanted = [(transformer, way) for transformer, own in ways.items() for way in own]
    folders = {(t, w): options.runs / f"{motion}-{t.lower()}-{w}" for t, w in wanted}
    if any(not (folder / "figures.json").is_file() for folder in folders.values()):
        crops = measure(motion, start, parts, training)
        pair = torch.stack([crops[way][0] for way in TRAININGS], dim=1)  # versions of each pair
        learnt = {**crops, "both": (pair, crops["right"][1])}
        for (transformer, way), folder in folders.items():
            if (folder / "figures.json").is_file():
                continue
            config = config_of(motion, TRANSFORMERS[transformer], training)
            net = train(config, start, learnt[way], training, 0)
            calibration = tuple(
                torch.cat([crops[f"tune-{w}"][i] for w in TRAININGS]) for i in (0, 1)
            )
            save_calibrated(net, calibration, folder / "selfme.safetensors")
            figures = {name: score(net, part) for name, part in crops.items()}
            write_json(folder / "figures.json", figures)
    found: dict[str, Any] = {}
    for (transformer, way), folder in folders.items():
        figures = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
        write_results(folder, figures["error0"], parts, way, options)
        found.setdefault(transformer, {})[way] = {
            "uf1": {str(error): figures[f"error{error}"]["uf1"] for error in ERRORS},
            "uar": {str(error): figures[f"error{error}"]["uar"] for error in ERRORS},
            "tuning people, uf1": {w: figures[f"tune-{w}"]["uf1"] for w in TRAININGS},
            "left/right cosine": [
                figures["error0"]["similarity_upper"],
                figures["error0"]["similarity_lower"],
            ],
        }
    return found


def write_results(
    folder: Path,
    right: Mapping[str, float],
    parts: Mapping[str, LabelledPairs],
    way: str,
    options: argparse.Namespace,
) -> None:
    """What mer-train export puts on the card: the scores on right frames of people not seen."""
    settings = {"pairs": len(parts["right"]), "seed": 0, "epochs": options.epochs}
    settings["jitter_frames"] = 0 if way == "right" else options.trained
    results = {
        "validation": {"count": right["n"], "uf1": right["uf1"], "uar": right["uar"]},
        "validation_people": sorted(set(parts["error0"].people)),
        "settings": settings,
    }
    write_json(folder / RESULTS_OF_RUN, results)


def score_default(parts: Mapping[str, LabelledPairs], runs: Path) -> dict[str, Any]:
    """What `mer-stream` does without options, its bundled weights as they are."""
    path = runs / "default.json"
    if not path.is_file():
        settings = RecognizerConfig(device="cpu")
        classifier = load_map_classifier(None, settings)
        config, found = settings.map, {}
        for error in ERRORS:
            part = parts[f"error{error}"]
            fields = [motion_field(onset, apex, config) for onset, apex in part.pairs]
            shares = classifier.recognize_maps(np.stack([motion_map(f, config) for f in fields]))
            scored = score_recognition(part.labels, shares.argmax(axis=1))
            found[str(error)] = {"uf1": round(scored.uf1, 4), "uar": round(scored.uar, 4)}
        write_json(path, {key: {e: one[key] for e, one in found.items()} for key in ("uf1", "uar")})
    held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return held


def section(facts: Mapping[str, Any]) -> str:
    """The table and how it was made."""
    names = {"dis": "DIS", "selfme": "learned"}
    rows = []
    for motion, transformers in facts["motions"].items():
        for transformer, ways in transformers.items():
            for way, figures in ways.items():
                title = f"{names.get(motion, motion)}, {transformer}"
                rows.append([title, way, *(short(v) for v in figures["uf1"].values())])
    title = "default of mer-stream (28 x 28 maps of DIS)"
    rows.append([title, "as bundled", *(short(v) for v in facts["default"]["uf1"].values())])
    heads = [f"{e} frames, {1000 * e / facts['fps']:.0f} ms" for e in ERRORS]
    pairs, people = facts["pairs"], facts["people"]
    return (
        f"Made by `{facts['command']}` on {facts['date']} ({facts['machine']}): {pairs['train']} "
        f"training pairs of {people['train']} people, {pairs['test']} test pairs of "
        f"{people['test']} others, {facts['fps']:g} frames a second, {facts['epochs']} epochs, one "
        f"seed; UF1 by the error of both onset and apex. Jittered: trained with errors of up to "
        f"{facts['trained_frames']} frames; both: every epoch draws the right or the jittered "
        "pair.\n\n"
        f"{table(['motion, transformer', 'trained on', *heads], rows)}"
    )


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--portraits", type=Path, required=True, help="folder of portraits")
    parser.add_argument("--runs", type=Path, default=Path("runs/jitter"))
    parser.add_argument("--motions", default="dis,selfme")
    parser.add_argument("--trained", type=int, default=4, help="frames of jitter in training")
    parser.add_argument("--fps", type=float, default=60.0)
    parser.add_argument("--pairs", type=int, default=2400, help="drawn for each training")
    parser.add_argument("--count", type=int, default=270, help="test pairs of each error")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--docs", type=Path, default=DOCS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
