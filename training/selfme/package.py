"""A SelfME model as a folder that `mer-stream --model` takes: ONNX, safetensors, both cards."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from recognition.classifiers.selfme import SelfmeNet, load_selfme, without_generator
from recognition.config import face_of
from recognition.files.model_file import CARD
from recognition.fingerprint import motion_fingerprint
from recognition.motion.selfme.weights import bundled_sha256, bundled_state
from streamer.core.errors import ModelError, SourceFormatError, UsageError
from streamer.core.files.atomic import write_file
from streamer.core.files.inside import read_json
from streamer.core.files.strict_json import Whole
from streamer.core.records import EMOTIONS
from training.common.files import sha256_of, write_json, write_text
from training.selfme.export import export_selfme
from training.selfme.recognizer_run import RESULTS

_TEXT = """# Model card: {name}

**What it is.** {what}, then {transformer}
on the motion field; after SelfME (Fan et al., CVPR 2023). {parameters:,} parameters. Input:
onset and apex face, aligned, uint8 {size} x {size} RGB. Output: log-odds of
{classes}; softmax(output / {temperature:.3f}) is calibrated on validation pairs.

**Data.** {pairs} onset-apex pairs{source}; the run folder says of what.

**Figures.** On {count} pairs of {people} people that it was not trained on: UF1 {uf1:.3f},
UAR {uar:.3f}.
{parity}

**Limits.** Expect less on real, spontaneous micro-expressions than on the validation pairs. The
label is a reading of facial motion, not of what a person feels. Not for decisions about people; not
at work or in education (EU AI Act, art. 5(1)(f)).

**Preprocessing fingerprint** `{fingerprint}`, motion `{motion}`. **Date** {date}. **Made with**
`mer-train recognizer` and `mer-train export`.
"""
_TRANSFORMER = {
    True: "a symmetric contrastive vision transformer (SCViT)",
    False: "a vision transformer without the symmetric contrastive loss (ViT)",
}
_MOTION = {
    "selfme": "SelfME's motion learner (keypoints, dense motion, B-spline)",
    "dis": "Dense inverse search flow, measured outside",
    "farneback": "Farneback's flow, measured outside",
    "tvl1": "TV-L1 flow, measured outside",
}


@dataclass(frozen=True, slots=True)
class PackageRequest:
    """What to pack and how."""

    weights: Path
    output: Path
    name: str = "selfme"
    overwrite: bool = False
    small: bool = False  # float16, and without the learner that comes with the package
    onnx: bool = True


def package_model(request: PackageRequest) -> str:
    """Writes the folder and returns a sentence.

    Raises:
        UsageError: a model is there already, or `small` and its learner is not the bundled one.
        ModelError: no such weights, or see `load_selfme`, `export_selfme`.
    """
    weights, output, name = request.weights, request.output, request.name
    if not weights.is_file():
        raise ModelError(f"{weights} not found: name the .safetensors of mer-train recognizer")
    path = output / f"{name}.onnx"
    copy = path.with_suffix(".safetensors")
    check_free((path, copy), request)
    output.mkdir(parents=True, exist_ok=True)
    if request.small:
        write_file(copy, pack_small(*load_selfme(weights)))
    elif weights.resolve() != copy.resolve():
        shutil.copyfile(weights, copy)
    net, facts = load_selfme(copy)
    differences = export_selfme(net, path, facts) if request.onnx else {}
    config = net.config
    card = {
        "name": name,
        "date": datetime.date.today().isoformat(),
        "fingerprint": motion_fingerprint(config.motion, face_of(config.size_px)),
        "motion": config.motion,
        "symmetric": config.contrast > 0.0,
        "sha256": sha256_of([path, copy] if request.onnx else [copy]),
        "emotions": list(EMOTIONS),
        "temperature": float(facts["temperature"]),
        "parameters": sum(p.numel() for p in without_generator(net).parameters()),
        "torch_onnx_difference": differences,
        "run": run_results(weights),
    }
    write_json(output / CARD, card)
    write_text(output / "model_card.md", _text(card, config.size_px))
    if not request.onnx:
        return f"{copy}: {copy.stat().st_size:,} bytes"
    return f"{path}: torch and ONNX Runtime differ by at most {max(differences.values()):.1e}"


def check_free(files: Iterable[Path], request: PackageRequest) -> None:
    """Raises UsageError where a model would be replaced that was not asked to be."""
    for file in files:
        if file.exists() and not request.overwrite and file.resolve() != request.weights.resolve():
            raise UsageError(f"{file} is there already: choose another --output, or --overwrite")


def pack_small(net: SelfmeNet, facts: Mapping[str, str]) -> bytes:
    """The classifier in float16; the motion learner is named by its sha256 and not in the file.

    Raises:
        UsageError: the learner is not the one that comes with the package.
    """
    state = net.state_dict()
    named = dict(facts)
    if net.learner is not None:
        named["learner"] = bundled_sha256()
        held = bundled_state(named["learner"], "the model")
        same = all(torch.equal(held[k], v) for k, v in net.learner.state_dict().items())
        if not same:
            raise UsageError(
                "--small leaves out the motion learner, but this model's is not the one that comes "
                "with the package: train with start: bundled and fine_tuning.epochs: 0"
            )
    kept = {k: v for k, v in state.items() if not k.startswith("learner.")}
    return save({k: v.half().contiguous() for k, v in kept.items()}, metadata=named)


def _parity(differences: Mapping[str, float]) -> str:
    if not differences:
        return "Torch only: it is there to be explained."
    worst = max(differences.values())
    return f"Torch and ONNX Runtime differ by at most {worst:.1e} (probabilities; motion in px)."


_RUN = {
    "validation?": {"count?": Whole, "uf1?": float, "uar?": float},
    "settings?": dict,
    "validation_people?": list,
}


def run_results(weights: Path) -> dict[str, Any]:
    """What the training wrote beside its weights; empty where they were moved.

    Raises SourceFormatError for something else.
    """
    path = weights.with_name(RESULTS)
    if not path.is_file():
        return {}
    try:
        found = read_json(path, _RUN)
    except (ValueError, OSError) as error:
        raise SourceFormatError(
            f"{path} is no record of a training ({error}): restore it, or move it away"
        ) from error
    return dict(found)


def _text(card: dict[str, Any], size_px: int) -> str:
    run = card["run"]
    score, settings = run.get("validation", {}), run.get("settings", {})
    return _TEXT.format(
        name=card["name"],
        what=_MOTION[card["motion"]],
        transformer=_TRANSFORMER[card["symmetric"]],
        parameters=card["parameters"],
        size=size_px,
        classes=", ".join(card["emotions"]),
        temperature=card["temperature"],
        pairs=settings.get("pairs", "unknown"),
        source=f", seed {settings['seed']}" if "seed" in settings else "",
        count=score.get("count", 0),
        people=len(run.get("validation_people", [])),
        uf1=score.get("uf1", float("nan")),
        uar=score.get("uar", float("nan")),
        parity=_parity(card["torch_onnx_difference"]),
        fingerprint=card["fingerprint"],
        motion=card["motion"],
        date=card["date"],
    )
