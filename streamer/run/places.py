"""Where a player of the file shows the last frames: looked up when an event has become certain."""

from __future__ import annotations

from collections import deque

from streamer.core.records import Frame, Moments, Spot

_SAME_S = 0.0005  # no file for players is more exact


class MediaPlaces:
    """Keeps the places of the frames of `keep_s` seconds that differ from their times."""

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._kept: deque[tuple[int, float, float]] = deque()  # index, time_s, media_s

    def push(self, frame: Frame) -> None:
        """Add a frame; forget what is older than `keep_s`."""
        if frame.media_s is None:
            return
        self._kept.append((frame.index, frame.time_s, frame.media_s))
        while self._kept[0][1] < frame.time_s - self._keep_s:
            self._kept.popleft()

    def of(self, spot: Spot) -> Moments | None:
        """Onset, apex and offset as a player counts; None where that is as in the spot."""
        if not self._kept:
            return None
        onset_s = self._at(spot.onset_frame, spot.onset_s)
        apex_s = self._at(spot.apex_frame, spot.apex_s)
        offset_s = self._at(spot.offset_frame, spot.offset_s)
        apart_s = (onset_s - spot.onset_s, apex_s - spot.apex_s, offset_s - spot.offset_s)
        return Moments(onset_s, apex_s, offset_s) if max(map(abs, apart_s)) > _SAME_S else None

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()

    def _at(self, index: int, time_s: float) -> float:
        """The place of a moment between two frames or before the first kept is interpolated."""
        at = min(max(index - self._kept[0][0], 0), len(self._kept) - 1)
        if self._kept[at][0] != index:  # not every frame has a place of its own
            at = min(range(len(self._kept)), key=lambda n: abs(self._kept[n][1] - time_s))
        _, near_s, media_s = self._kept[at]
        return max(media_s + (time_s - near_s) * self._speed(), 0.0)

    def _speed(self) -> float:
        """Seconds of the player for a second of capture: 4 for 120 frames shown as 30."""
        (_, first_s, first_media_s), (_, last_s, last_media_s) = self._kept[0], self._kept[-1]
        return (last_media_s - first_media_s) / (last_s - first_s) if last_s > first_s else 1.0
