"""What the outputs are handed: one `Step` per decoded frame, and a last one without a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from streamer.records import EmotionEvent, Frame, FrameSignals


@dataclass(frozen=True, slots=True)
class Step:
    """All that became known with one frame.

    `frame` is None in the last step of a source, which carries what was still open at the end.
    """

    frame: Frame | None
    signals: tuple[FrameSignals, ...]  # one per face, or one without a face
    events: tuple[EmotionEvent, ...]


class Sink(Protocol):
    """Takes the steps of one source in order. `write` raises OutputError when it cannot go on."""

    def write(self, step: Step) -> None: ...
    def close(self) -> None: ...
