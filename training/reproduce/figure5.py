"""Figure 5: the learned motion of a held-out person, and what SCViT looks at with and without SC.

The person is the first by name who shows a positive and a negative expression, and the clips are
the first ones: nothing is chosen by its looks. Both networks learn from everybody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.classifiers.selfme import SelfmeNet, load_selfme
from recognition.explain.gradcam import asymmetry, field_gradcam
from recognition.explain.selfme import explain, explanation_sheet
from streamer.core.errors import SourceFormatError, UsageError
from streamer.core.files.atomic import write_file
from streamer.core.records import EMOTIONS
from training.common.files import write_json
from training.common.options import pick_device
from training.loso.selection import load_selection
from training.models.base import Samples
from training.selfme.pairs import LabelledPairs, motion_crops
from training.selfme.recognizer_run import WEIGHTS, RunPlace, train_recognizer
from training.selfme.settings import SelfmeRun

PICTURE, FACTS = "figure5.png", "figure5.json"
SHOWN = ("positive", "negative")  # as in the paper, from top to bottom
_CHECKPOINT_EVERY = 25


def draw_figure5(run: SelfmeRun, dataset: str, faces: Path, output: Path, device: str) -> str:
    """Trains both networks, or resumes, draws the picture; returns a line for the terminal.

    Raises:
        SourceFormatError: nobody shows a positive or a negative expression.
        UsageError: there is nobody else to learn from.
        OutputError: `output` cannot be written or holds a run of other settings.
    """
    samples = load_selection(dataset, faces, 3, reads="pairs").samples
    held, rows = choose_shown(samples)
    train, shown = split(samples, held)
    nets = []
    for name, symmetric in (("with-sc", True), ("without-sc", False)):
        folder = output / name
        own = replace(run, selfme=replace(run.selfme, symmetric=symmetric))
        place = RunPlace(folder, pick_device(device), checkpoint_every=_CHECKPOINT_EVERY)
        train_recognizer(own, train, shown, 0, place)
        nets.append(load_selfme(folder / WEIGHTS)[0])
    assert samples.pairs is not None  # reads="pairs"
    sheets = []
    for row in rows:
        onset, apex = samples.pairs[row]
        with_sc, without = (explain(net, onset, apex) for net in nets)
        sheets.append(explanation_sheet(onset, apex, with_sc, without))
    coded = cv2.imencode(".png", np.concatenate(sheets)[..., ::-1])[1]
    write_file(output / PICTURE, coded.tobytes())
    facts = {
        "held_out": list(held),
        "clips": [samples.ids[row] for row in rows],
        "truth": [EMOTIONS[samples.labels[row]] for row in rows],
        "pairs": len(shown),
        "asymmetry": {
            name: mean_asymmetry(net, shown.pairs)
            for name, net in zip(("with_sc", "without_sc"), nets, strict=True)
        },
    }
    write_json(output / FACTS, facts)
    return caption(facts)


def choose_shown(samples: Samples) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Who is held out, and the rows of a positive and a negative clip of theirs.

    Where nobody shows both, two people are held out.

    Raises:
        SourceFormatError: one of the classes is not there.
    """
    first: dict[tuple[str, str], int] = {}
    for row in sorted(range(len(samples)), key=lambda i: samples.ids[i]):
        first.setdefault((samples.groups[row], EMOTIONS[samples.labels[row]]), row)
    people = sorted(set(samples.groups))
    both = [p for p in people if all((p, emotion) in first for emotion in SHOWN)]
    held = []
    for emotion in SHOWN:
        who = both[:1] or [p for p in people if (p, emotion) in first][:1]
        if not who:
            raise SourceFormatError(f"no clip is {emotion}: figure 5 shows one; leave it out")
        held.append(who[0])
    rows = tuple(first[person, emotion] for person, emotion in zip(held, SHOWN, strict=True))
    return tuple(dict.fromkeys(held)), rows


def split(samples: Samples, held: tuple[str, ...]) -> tuple[LabelledPairs, LabelledPairs]:
    """Everybody else, and those who are held out.

    Raises:
        UsageError: there is nobody else.
    """
    assert samples.pairs is not None  # read as pairs
    whole = LabelledPairs(samples.pairs, samples.labels, samples.groups)
    out = np.array([group in held for group in samples.groups])
    if out.all():
        raise UsageError("figure 5 holds one person out: more people are needed")
    return whole.take(np.flatnonzero(~out)), whole.take(np.flatnonzero(out))


def mean_asymmetry(net: SelfmeNet, pairs: NDArray[np.uint8]) -> float:
    """How much left and right of GradCAM differ: 0 mirrored, 1 on one side only."""
    crops = motion_crops(net, pairs, net.config.amplification)
    return round(float(np.mean([asymmetry(field_gradcam(net.classifier, c)) for c in crops])), 3)


def caption(facts: Mapping[str, Any]) -> str:
    """What the picture shows and what was measured on all clips of the people held out."""
    names = "; ".join(
        f"{clip} ({truth})" for clip, truth in zip(facts["clips"], facts["truth"], strict=True)
    )
    found = facts["asymmetry"]
    return (
        f"From top to bottom: {names}. Left and right of the attention differ by "
        f"{found['with_sc']:.3f} with SC and {found['without_sc']:.3f} without (0: mirrored, 1: on "
        f"one side only; mean over {facts['pairs']} clips of the people held out)."
    )
