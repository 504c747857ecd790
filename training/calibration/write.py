"""Writes a temperature into an exported model and its cards; the weights stay as they are."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from safetensors import safe_open
from safetensors.numpy import load, save

from recognition.files.model_file import CARD
from streamer.core.errors import ModelError
from streamer.core.files.atomic import write_file
from training.common.files import sha256_of, write_json, write_text

TEXT_CARD = "model_card.md"
_OLD_WORDS = (
    (
        r"softmax\(output / [0-9.]+\)\s+is\s+calibrated\s+on\s+"
        r"(synthetic\s+validation\s+maps|real\s+maps\s+\(see\s+Calibration\))",
        "softmax(output / {temperature:.3f}) is calibrated on real maps (see Calibration)",
    ),
    (
        r"The confidence is calibrated on synthetic maps and tends to be too high on real\s+ones\.",
        "The confidence was calibrated on public flow maps: other cameras, other errors.",
    ),
)


def read_temperature(model: Path) -> float:
    """The temperature in the metadata of an ONNX file.

    Raises:
        ModelError: there is none.
    """
    found = {entry.key: entry.value for entry in onnx.load(model).metadata_props}
    try:
        return float(found["temperature"])
    except (KeyError, ValueError) as error:
        raise ModelError(f"model {model} has no temperature: export it with mer-train") from error


def write_temperature(model: Path, folder: Path, temperature: float, origin: str) -> list[Path]:
    """Copies of the model, its safetensors and its cards that carry `temperature`.

    Args:
        origin: a sentence for the cards: what the temperature was fitted on and its figures.

    Raises:
        ModelError: the model has no temperature to replace.
        OutputError: they cannot be written.
    """
    read_temperature(model)
    folder.mkdir(parents=True, exist_ok=True)
    graph = onnx.load(model)
    facts = {entry.key: entry.value for entry in graph.metadata_props}
    facts |= {"temperature": repr(temperature), "temperature_from": origin}
    onnx.helper.set_model_props(graph, facts)
    written = [folder / model.name]
    write_file(written[0], graph.SerializeToString())
    weights = model.with_suffix(".safetensors")
    if weights.is_file():
        written.append(folder / weights.name)
        write_file(written[1], _restamped(weights, facts))
    hashes = sha256_of(written)
    for name, make in ((CARD, _json_card), (TEXT_CARD, _text_card)):
        if (model.parent / name).is_file():
            make(model.parent / name, folder / name, temperature, origin, hashes)
            written.append(folder / name)
    return written


def _restamped(weights: Path, facts: Mapping[str, str]) -> bytes:
    with safe_open(weights, framework="numpy") as file:
        metadata = dict(file.metadata() or {})
    shared = {key: facts[key] for key in ("temperature", "temperature_from")}
    return bytes(save(load(weights.read_bytes()), metadata={**metadata, **shared}))


def _json_card(
    old: Path, new: Path, temperature: float, origin: str, hashes: Mapping[str, str]
) -> None:
    card: dict[str, Any] = json.loads(old.read_text(encoding="utf-8"))
    card["sha256"] = {**card.get("sha256", {}), **hashes}
    write_json(new, {**card, "temperature": temperature, "temperature_from": origin})


def _text_card(
    old: Path, new: Path, temperature: float, origin: str, hashes: Mapping[str, str]
) -> None:
    text = re.sub(r"\*\*Calibration\.\*\* .*?\n\n", "", old.read_text(encoding="utf-8"), flags=re.S)
    for pattern, words in _OLD_WORDS:
        text = re.sub(pattern, words.format(temperature=temperature), text)
    said = textwrap.fill(f"**Calibration.** {origin}", 100) + "\n\n"
    head, mark, rest = text.partition("**Limits.**")
    write_text(new, head + said + mark + rest if mark else f"{text.rstrip()}\n\n{said}")
