"""The records that cross rooms: frozen, with units in the names.

Coordinates are image coordinates: x to the right, y down. "IOD" is the inter-ocular distance, the
distance between the two eye centres of the same face, so a motion of 0.02 IOD means the same at any
resolution and at any distance from the camera.
"""

from streamer.core.records.events import (
    CLASSES,
    EMOTIONS,
    OTHER,
    UNITS,
    ActionUnit,
    EmotionEvent,
    FrameResult,
    JsonObject,
    Kind,
    Moments,
    Recognition,
    Side,
    Spot,
    facs_text,
)
from streamer.core.records.faces import AlignedFace, Face, MissingFace, NoFace, TrackedFaces
from streamer.core.records.frames import HALF_MS, Frame, Loss, Part, SourceInfo, SourceReport
from streamer.core.records.motion import (
    FaceMotion,
    FrameQuality,
    Gate,
    Judged,
    MeshReading,
    Rejected,
    gates_from_text,
    gates_to_text,
)

__all__ = [
    "CLASSES",
    "EMOTIONS",
    "HALF_MS",
    "OTHER",
    "UNITS",
    "ActionUnit",
    "AlignedFace",
    "EmotionEvent",
    "Face",
    "FaceMotion",
    "Frame",
    "FrameQuality",
    "FrameResult",
    "Gate",
    "JsonObject",
    "Judged",
    "Kind",
    "Loss",
    "MeshReading",
    "MissingFace",
    "Moments",
    "NoFace",
    "Part",
    "Recognition",
    "Rejected",
    "Side",
    "SourceInfo",
    "SourceReport",
    "Spot",
    "TrackedFaces",
    "facs_text",
    "gates_from_text",
    "gates_to_text",
]
