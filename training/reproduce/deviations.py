"""In what a run differs from the paper (SelfME, section 4.3), in sentences for tables and page."""

from __future__ import annotations

from training.reproduce.request import BUNDLED, Recipe, Request
from training.reproduce.sources import STAND_IN

_LEARNT_FROM = {
    BUNDLED: "the learner that comes with the package, trained by known motion of rendered faces",
    "pairs": "pairs of faces from a file",
    "portraits": "pairs rendered from portraits",
    "clips": "clips of a folder",
}
PUBLISHED_SIZE_PX, EPOCHS, BATCH, RATE, DECAY = 256, 60, 32, 1e-4, 0.9


def deviations(request: Request, recipe: Recipe) -> list[str]:
    """One sentence each; what the paper leaves open is named as our choice."""
    found = [*_data(request), *_motion(recipe), *_classifier(recipe)]
    if request.epochs is not None:
        found.append(f"Every network is trained for {_epochs(request.epochs)}.")
    found.append(
        "The same fixed epochs in every fold, no look at the held-out subject; the paper does not "
        "say how its epochs were chosen, nor over how many seeds."
    )
    return found


def _data(request: Request) -> list[str]:
    if STAND_IN in request.sources:
        return [
            "The clips are your own, not the paper's data: figures of ours and printed ones cannot "
            "be compared."
        ]
    facts = {
        "casme2": "CASME II has the 145 clips of MEGC 2019 in three classes (the paper names 247 "
        "sequences of 35 people, and not which of them have a class).",
        "smic": "SMIC-HS has no apex: it is spotted from the motion.",
    }
    return [fact for name, fact in facts.items() if name in request.sources]


def _motion(recipe: Recipe) -> list[str]:
    found, tuning, network = [], recipe.run.fine_tuning, recipe.run.selfme.learner
    if recipe.size_px != PUBLISHED_SIZE_PX:
        found.append(
            f"Faces of {recipe.size_px} pixels (paper: not stated; such networks take "
            f"{PUBLISHED_SIZE_PX})."
        )
    if recipe.source == BUNDLED:
        found.append("The motion learner is our small one, with tracked keypoints.")
    elif network.track or network.detector.max_features < 1024:
        found.append(f"The motion learner is smaller, with {network.keypoints} keypoints.")
    found.append(f"It was pre-trained on {_LEARNT_FROM[recipe.source]} (paper: VoxCeleb).")
    found.append(
        f"It is fine-tuned in every fold for {_epochs(tuning.epochs)} at {tuning.learning_rate:g}, "
        "on onset and apex of the fold's own training subjects (paper: random frames; epochs not "
        "stated)."
        if tuning.epochs
        else "It is not fine-tuned in the folds (paper: on random frames of the data set)."
    )
    if tuning.perceptual != "vgg19" and tuning.epochs:
        found.append(f"Faces are rebuilt under {tuning.perceptual} (paper: VGG-19 features).")
    return found


def _classifier(recipe: Recipe) -> list[str]:
    field, training = recipe.run.selfme.field, recipe.run.training
    found = []
    if field.network != "vit-s16" or field.start != "imagenet":
        found.append(
            f"SCViT is {field.network}, from {field.start} weights (paper: ViT-S/16 from ImageNet)."
        )
    ours = (training.epochs, training.batch, training.learning_rate, training.decay)
    if ours != (EPOCHS, BATCH, RATE, DECAY):
        found.append(
            f"SCViT learns for {_epochs(ours[0])} in batches of {ours[1]} at {ours[2]:g}, decay "
            f"{ours[3]:g} (paper: {EPOCHS}, {BATCH}, {RATE:g}, {DECAY:g})."
        )
    if training.mirror or training.shift or training.gain > 1.0 or training.noise_iod:
        found.append("Its training motion is mirrored, moved, strengthened or disturbed (ours).")
    return found


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count} epochs"
