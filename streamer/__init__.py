"""mer-stream: spots and recognises facial micro-expressions in video, live or from files.

    from streamer import stream

    for event in stream("clip.mp4"):
        print(event.spot.apex_s, event.recognition.emotion)

The names below are imported when they are first used, so `import streamer` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamer.core.errors import MerError
    from streamer.core.records import EmotionEvent, Frame, FrameResult
    from streamer.outputs.events import read_events
    from streamer.run.build import build_pipeline, stream
    from streamer.run.config import StreamConfig, load_config

__all__ = [
    "EmotionEvent",
    "Frame",
    "FrameResult",
    "MerError",
    "StreamConfig",
    "build_pipeline",
    "load_config",
    "read_events",
    "stream",
]
_HOMES = {
    "EmotionEvent": "streamer.core.records",
    "Frame": "streamer.core.records",
    "FrameResult": "streamer.core.records",
    "MerError": "streamer.core.errors",
    "StreamConfig": "streamer.run.config",
    "build_pipeline": "streamer.run.build",
    "load_config": "streamer.run.config",
    "read_events": "streamer.outputs.events",
    "stream": "streamer.run.build",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'streamer' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
