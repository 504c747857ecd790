"""SelfME as one network: two aligned faces -> logits and the motion between them.

With a classical flow in place of the learned motion, the flow is computed outside and the network
starts from its field.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

from torch import Tensor, nn

from recognition.classifiers.base import FIELDS
from recognition.classifiers.field_vit import make_field_vit
from recognition.classifiers.selfme_config import SelfmeConfig
from recognition.config import face_of
from recognition.files.model_file import ModelFile
from recognition.files.safetensors_file import read_safetensors
from recognition.fingerprint import motion_fingerprint
from recognition.motion.selfme.motion_learner import MotionLearner
from recognition.motion.selfme.weights import bundled_state
from streamer.core.errors import ModelError, UsageError
from streamer.core.files.strict_json import parse_json
from streamer.core.settings import fill


class SelfmeNet(nn.Module):
    """The motion learner (None for classical flow) and the transformer.

    `trained` leaves ImageNet weights out, because trained ones are about to be loaded.
    """

    def __init__(self, config: SelfmeConfig, *, trained: bool = False) -> None:
        super().__init__()
        self.config = config
        learned = config.motion == "selfme"
        self.learner = MotionLearner(config.motion_config) if learned else None
        self.classifier = make_field_vit(config.size_px, config.field, trained=trained)

    def forward(self, onset: Tensor, apex: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [N, C] and motion [N, 2, S, S] px of uint8 faces [N, S, S, 3], amplified.

        Raises:
            ValueError: the faces have another shape or type, or the motion is not learned here.
        """
        if self.learner is None:
            raise ValueError(
                f"motion {self.config.motion} is computed outside: call from_motion with its field"
            )
        motion = self.learner.motion(onset, apex, self.config.amplification)
        return self.classifier(motion)[0], motion

    def from_motion(self, motion_px: Tensor) -> tuple[Tensor, Tensor]:
        """As `forward`, of a classical flow [N, 2, S, S] in pixels, which is amplified here."""
        motion = self.config.amplification * motion_px.float()
        return self.classifier(motion)[0], motion


def network_facts(config: SelfmeConfig) -> str:
    """The settings as JSON, for the metadata of a file."""
    return json.dumps(asdict(config), sort_keys=True)


def model_metadata(config: SelfmeConfig, emotions: str, temperature: str) -> dict[str, str]:
    """What an exported model says of itself; `read_facts` reads it."""
    return {
        "kind": FIELDS,
        "motion": config.motion,
        "size_px": str(config.size_px),
        "amplification": repr(config.amplification),
        "selfme": network_facts(config),
        "fingerprint": motion_fingerprint(config.motion, face_of(config.size_px)),
        "emotions": emotions,
        "temperature": temperature,
    }


def config_from_facts(text: str, where: str) -> SelfmeConfig:
    """The settings in a file's metadata.

    Raises:
        ModelError: they are not those of this version.
    """
    try:
        config = fill(SelfmeConfig, parse_json(text), where=where)
    except (ValueError, UsageError) as error:
        raise ModelError(f"{where} holds settings that this version does not know: {error}") from (
            error
        )
    if config.motion == "tcae":
        raise ModelError(f"{where} reads the motion of TCAE, which only the benchmark measures")
    return config


def load_selfme(model: Path | ModelFile, device: str = "cpu") -> tuple[SelfmeNet, dict[str, str]]:
    """A network from a .safetensors file of mer-train, and the file's metadata.

    A file may leave out the motion learner that comes with the package: its metadata then has the
    learner's sha256 as `learner`.

    Raises:
        ModelError: no such file, not safetensors, not of this kind, or of another learner.
    """
    path = model if isinstance(model, Path) else model.path
    held, facts = read_safetensors(model, device)
    if "selfme" not in facts:
        raise ModelError(f"{path} holds no SelfME network: train one with mer-train recognizer")
    net = SelfmeNet(config_from_facts(facts["selfme"], str(path)), trained=True)
    state = {k: v.float() if v.is_floating_point() else v for k, v in held.items()}
    if "learner" in facts:
        own = bundled_state(facts["learner"], str(path))
        state.update({f"learner.{name}": value for name, value in own.items()})
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        raise ModelError(f"{path} does not fit its own settings: train it again") from error
    return net.to(device).eval(), facts


def without_generator(net: SelfmeNet) -> SelfmeNet:
    """The same weights with the smallest generator: recognition never paints the apex."""
    if net.learner is None:
        return net
    least = replace(net.config.learner.generator, width=1, max_features=1, downs=1, bottlenecks=1)
    config = replace(net.config, learner=replace(net.config.learner, generator=least))
    bare = SelfmeNet(config, trained=True)
    own = {k: v for k, v in net.state_dict().items() if not k.startswith("learner.generator.")}
    rest = {k: v for k, v in bare.state_dict().items() if k not in own}
    bare.load_state_dict({**own, **rest})
    return bare.to(next(net.parameters()).device).train(net.training)
