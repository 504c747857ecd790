"""Pictures that explain a recognition: motion, keypoints, reconstruction, attention.

`pictures` draws with NumPy and OpenCV alone; `gradcam` and `selfme` need torch, which
`load_explainers` imports when it is called. It loads the two networks that come with the package to
be explained: SCViT, and the same without its SC loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recognition.files.model_file import BUNDLED, read_model
from streamer.core.errors import InstallError

if TYPE_CHECKING:
    from recognition.classifiers.selfme import SelfmeNet

WITH_SC = BUNDLED.parent / "selfme" / "selfme.safetensors"
WITHOUT_SC = BUNDLED.parent / "selfme_vit" / "selfme_vit.safetensors"


@dataclass(frozen=True, slots=True)
class Explainers:
    """Two networks on one motion learner, alike but for the symmetric contrastive loss."""

    with_sc: SelfmeNet
    without_sc: SelfmeNet


def load_explainers() -> Explainers:
    """The two networks in evaluation mode, on the processor; `explain` takes either.

    Raises:
        InstallError: torch is not installed.
        ModelError: a bundled file is missing or damaged.
    """
    return Explainers(_load(WITH_SC), _load(WITHOUT_SC))


def _load(path: Path) -> SelfmeNet:
    try:
        from recognition.classifiers.selfme import load_selfme
    except ImportError as error:
        raise InstallError(
            f'explanations need torch ({error}): pip install "mer-stream[train]"'
        ) from error
    return load_selfme(read_model(path))[0]
