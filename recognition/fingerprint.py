"""Short names for the preprocessing, stamped on prepared data, checkpoints and model files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict

from recognition.config import MapConfig

MAP_FORMAT = "u,v,strain uint8 min-max per channel, onset to apex; rigid head motion removed; v1"
FIELD_FORMAT = "onset-apex motion in px of the aligned face; rigid head motion removed inside; v1"
_OF_MAPS = ("map_size", "rigid_iterations")  # a network on motion fields has its own
_OF_DIS = ("flow", "flow_finest_scale")


def preprocessing_fingerprint(config: MapConfig) -> str:
    """Sixteen hex digits that change whenever the map of the same pair could change."""
    return digest_settings({"format": MAP_FORMAT, **asdict(config)})


def motion_fingerprint(motion: str, face: MapConfig) -> str:
    """The same for a network on motion fields: of the motion method and the face's geometry."""
    unused = _OF_MAPS if motion == "dis" else (*_OF_MAPS, *_OF_DIS)
    geometry = {key: value for key, value in asdict(face).items() if key not in unused}
    return digest_settings({"format": FIELD_FORMAT, "motion": motion, **geometry})


def digest_settings(settings: Mapping[str, object]) -> str:
    """Sixteen hex digits of settings that JSON can hold, whatever the order of their keys."""
    text = json.dumps(settings, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
