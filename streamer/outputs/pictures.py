"""Pictures of onset and apex of every event, taken only where the user asked for images."""

from __future__ import annotations

from pathlib import Path

from streamer.core.files.writing import writing
from streamer.core.process.libraries import import_cv2
from streamer.core.records import AlignedFace, EmotionEvent
from streamer.outputs.record import event_id
from streamer.outputs.sinks import EventFaces

_QUALITY = 85
MOMENTS = ("onset", "apex")


class Pictures(EventFaces):
    """Writes the aligned face at onset and apex as JPEG; the same event, the same file."""

    def write_event(self, event: EmotionEvent) -> None:
        """Two files, or as many as faces are still kept."""
        spot = event.spot
        for moment, frame in zip(MOMENTS, (spot.onset_frame, spot.apex_frame), strict=True):
            face = self.recent.find(spot.face_id, frame)
            if face is not None:
                _write_jpeg(face, self.folder / f"{event_id(event)}-{moment}.jpg")


def _write_jpeg(face: AlignedFace, path: Path) -> None:
    cv2 = import_cv2()
    bgr = cv2.cvtColor(face.image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    with writing(path):
        path.write_bytes(data.tobytes())
