"""Pictures of onset and apex of every event, taken only where the user asked for images."""

from __future__ import annotations

from pathlib import Path

from streamer.core.files.writing import writing
from streamer.core.process.libraries import import_cv2
from streamer.core.records import AlignedFace, FrameResult
from streamer.faces.face_buffer import FaceBuffer
from streamer.outputs.record import event_id

_QUALITY = 85
MOMENTS = ("onset", "apex")


class Pictures:
    """Writes the aligned face at onset and apex as JPEG; the same event, the same file."""

    def __init__(self, folder: Path, recent: FaceBuffer) -> None:
        """recent: the faces before the first result, for a recording that is resumed."""
        self._folder = folder
        self._recent = recent
        self._folder.mkdir(parents=True, exist_ok=True)

    def write(self, result: FrameResult) -> None:
        if result.frame is not None:
            self._recent.push(result.frame.time_s, result.faces)
        for event in result.events:
            spot = event.spot
            frames = zip(MOMENTS, (spot.onset_frame, spot.apex_frame), strict=True)
            for moment, frame in frames:
                face = self._recent.find(spot.face_id, frame)
                if face is not None:
                    _write_jpeg(face, self._folder / f"{event_id(event)}-{moment}.jpg")
        if result.frame is None:  # what follows has nothing to do with it
            self._recent.clear()

    def close(self) -> None:
        """Nothing stays open."""


def _write_jpeg(face: AlignedFace, path: Path) -> None:
    cv2 = import_cv2()
    bgr = cv2.cvtColor(face.image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    with writing(path):
        path.write_bytes(data.tobytes())
