"""The settings of a recogniser's training: preset, then file, then single keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recognition.classifiers.selfme_config import SelfmeConfig
from streamer.core.errors import UsageError
from streamer.core.files.strict_yaml import parse_yaml
from streamer.core.ranges import clip
from streamer.core.settings import fill, load_yaml, set_key, to_mapping
from training.models.selfme import SelfmeRun
from training.selfme.classification import ClassifierTraining
from training.selfme.start import FineTuning


def make_run(preset: str, config: Path | None, pairs: Sequence[str]) -> SelfmeRun:
    """The settings.

    Raises:
        UsageError: an unknown preset, key or value.
    """
    presets = {
        "small": SelfmeRun(fine_tuning=FineTuning(epochs=0)),
        "paper": SelfmeRun(SelfmeConfig.full(), ClassifierTraining(), None, FineTuning(epochs=0)),
    }
    if preset not in presets:
        raise UsageError(f"--preset {preset!r}: choose {' or '.join(presets)}")
    mapping = to_mapping(presets[preset])
    if config is not None:
        _merge(mapping, load_yaml(config))
    for key, value in parse_pairs(pairs).items():
        set_key(mapping, key, value)
    return fill(SelfmeRun, mapping, where="settings" if config is None else str(config))


def parse_pairs(pairs: Sequence[str]) -> dict[str, Any]:
    """`key=value` texts; values are read as YAML.

    Raises:
        UsageError: one is not written so.
    """
    changes = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {clip(pair)}: write it as key=value, as in training.epochs=5")
        changes[key.strip()] = parse_yaml(value, where=f"--set {clip(pair)}")
    return changes


def _merge(mapping: dict[str, Any], more: dict[str, Any]) -> None:
    """Sections are merged, values replaced."""
    for key, value in more.items():
        held = mapping.get(key)
        if isinstance(held, dict) and isinstance(value, dict):
            _merge(held, value)
        else:
            mapping[key] = value
