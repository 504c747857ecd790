"""What every recording of a batch is done with, and how two runs are distinguished."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import metadata
from typing import Literal

from recognition.files.hub import is_hub_reference
from recognition.files.model_file import read_model
from streamer.core.ranges import Checkpoint, Threads, check_ranges
from streamer.core.records import JsonObject
from streamer.core.settings import to_mapping
from streamer.outputs.anonymise import Anonymisation
from streamer.outputs.dialects import CsvDialect
from streamer.run.build import model_files
from streamer.run.config import StreamConfig

TextFormat = Literal["jsonl", "csv"]
SignalFormat = Literal["csv", "parquet", "none"]
ALL_FORMATS = (
    "jsonl", "json", "csv", "tsv", "srt", "vtt", "eaf", "boris", "xlsx", "parquet", "html",
)  # fmt: skip
_PACKAGES = ("mer-stream", "numpy", "av")
# Of packages with the same module: the one that is installed.
_EITHER = (
    ("opencv-python", "opencv-contrib-python", "opencv-python-headless"),
    ("onnxruntime-gpu", "onnxruntime"),
)
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
    redact: Anonymisation = "off"  # faces in the annotated recording
    hash_names: bool = False
    hash_key: str = field(default="", repr=False)
    # of work between two checkpoints, at least
    checkpoint_s: Checkpoint = 15.0
    threads: Threads = 1  # of one recording
    csv_dialect: CsvDialect | None = None  # of events.csv

    def __post_init__(self) -> None:
        check_ranges(self)

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
            **({} if self.csv_dialect is None else {"csv_dialect": self.csv_dialect}),
        }

    def digest(self, models: JsonObject) -> str:
        """The same for two runs that must give the same events from the same input.

        models: as `model_facts` says of the settings.
        """
        facts = {"settings": self.to_json(), "versions": versions(), "models": models}
        text = json.dumps(facts, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Versions of what has a say in the result."""
    found = {name: _version(name) for name in _PACKAGES}
    for names in _EITHER:
        name = next((one for one in names if _version(one) != "none"), names[-1])
        found[name] = _version(name)
    found["python"] = platform.python_version()
    return found


def model_facts(config: StreamConfig) -> JsonObject:
    """Name and sha256 of every weights file that the settings mean, as it is now.

    `recogniser` is None without one; `spotter` is {"kind": "rule"} without weights.

    Raises ModelError for a file that cannot be used.
    """
    files = model_files(config)
    facts: JsonObject = {"recogniser": None, "spotter": {"kind": "rule"}}
    for part, path in files.items():
        facts[part] = {"file": path.name, "sha256": read_model(path).sha256}
    if "spotter" in files:
        facts["spotter"] = {"kind": "learned", **facts["spotter"]}
    if "recogniser" in files:
        if config.model is not None and is_hub_reference(config.model):
            facts["recogniser"]["reference"] = config.model
        if config.recognizer.backend == "torch":
            facts["recogniser"]["torch"] = _version("torch")
    return facts


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"
