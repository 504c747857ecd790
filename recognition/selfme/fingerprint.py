"""The short name of what a SelfME model expects: aligned face, motion method, crop."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from recognition.config import MapConfig

FIELD_FORMAT = "onset-apex motion in px of the aligned face; rigid head motion removed inside; v1"
_FLOW_KEYS = ("flow", "flow_finest_scale")
_UNUSED = ("map_size", "rigid_iterations")  # of the maps; the network has its own


def motion_fingerprint(motion: str, face: MapConfig) -> str:
    """Sixteen hex digits that change with the motion method and the geometry of the face."""
    unused = _UNUSED if motion == "dis" else (*_UNUSED, *_FLOW_KEYS)
    geometry = {key: value for key, value in asdict(face).items() if key not in unused}
    text = json.dumps({"format": FIELD_FORMAT, "motion": motion, **geometry}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
