"""A short name for the preprocessing, stamped on prepared data, checkpoints and ONNX files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from recognition.config import MapConfig

MAP_FORMAT = "u,v,strain uint8 min-max per channel, onset to apex; rigid head motion removed; v1"


def preprocessing_fingerprint(config: MapConfig) -> str:
    """Sixteen hex digits that change whenever the map of the same pair could change."""
    settings = {"format": MAP_FORMAT, **asdict(config)}
    text = json.dumps(settings, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
