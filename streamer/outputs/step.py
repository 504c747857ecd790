"""What the outputs are handed: one `Step` per decoded frame, and one without at every end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from streamer.core.records import EmotionEvent, Frame, FrameSignals


@dataclass(frozen=True, slots=True)
class Step:
    """All that became known with one frame.

    `frame` is None in the last step of a source, which carries what was still open at the end, and
    where a live source was lost: what was open then.
    """

    frame: Frame | None
    signals: tuple[FrameSignals, ...]  # one per face, or one without a face
    events: tuple[EmotionEvent, ...]


class Sink(Protocol):
    """Takes the steps of one source in order. `write` raises OutputError when it cannot go on."""

    def write(self, step: Step) -> None: ...
    def close(self) -> None: ...
