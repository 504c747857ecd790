"""What every recording of a batch is done with, and how two runs are told apart."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import metadata
from typing import Any, Literal

from streamer.build import StreamConfig
from streamer.config import to_mapping
from streamer.outputs.redaction import Redaction
from streamer.records import JsonObject

TextFormat = Literal["jsonl", "csv"]
SignalFormat = Literal["csv", "parquet", "none"]
ALL_FORMATS = ("jsonl", "csv", "srt", "vtt", "eaf", "boris", "parquet", "html")
_PACKAGES = ("mer-stream", "numpy", "av", "mediapipe", "opencv-contrib-python")
_RUNTIMES = ("onnxruntime-gpu", "onnxruntime")
# How a file is read, not what is in it.
_WITHOUT_EFFECT = ("queue_frames", "read_timeout_s", "decode_threads", "reconnect")


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """Of all recordings alike. `formats` can be added later; the rest makes another result."""

    config: StreamConfig = field(default_factory=StreamConfig)
    formats: tuple[str, ...] = ("jsonl", "csv", "html")
    signals: SignalFormat = "csv"
    images: bool = False  # onset and apex pictures in the report
    faces: bool = False  # aligned faces around each event, for looking closer
    video: bool = False  # the annotated recording
    redact: Redaction = "off"  # faces in the annotated recording
    hash_names: bool = False
    hash_key: str = field(default="", repr=False)
    checkpoint_s: float = 15.0  # of work between two checkpoints, at least
    threads: int = 1  # of one recording

    def to_json(self) -> JsonObject:
        """All that has an effect on what is written, without the key of the hashes."""
        config = to_mapping(self.config)
        config["source"] = {
            k: v for k, v in config["source"].items() if not k.startswith(_WITHOUT_EFFECT)
        }
        return {
            "config": config,
            "signals": self.signals,
            "images": self.images,
            "faces": self.faces,
            "video": self.video,
            "redact": self.redact,
            "hash_names": self.hash_names,
        }

    def digest(self) -> str:
        """The same for two runs that must give the same events from the same input."""
        facts = {"settings": self.to_json(), "versions": versions(), "model": model_facts(self)}
        text = json.dumps(facts, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Versions of what has a say in the result."""
    found = {name: _version(name) for name in _PACKAGES}
    runtime = next((name for name in _RUNTIMES if _version(name) != "none"), "onnxruntime")
    found[runtime] = _version(runtime)
    found["python"] = platform.python_version()
    return found


def model_facts(settings: BatchSettings) -> dict[str, Any] | None:
    """File, sha256 and preprocessing fingerprint of the recognition model; None without one.

    Raises ModelError for a model that cannot be used.
    """
    if not settings.config.recognise:
        return None
    from recognition.fingerprint import preprocessing_fingerprint
    from recognition.weights_check import resolve_model

    path = resolve_model(settings.config.model)
    return {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "fingerprint": preprocessing_fingerprint(settings.config.recognizer.map),
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"
