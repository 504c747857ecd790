"""Pictures of onset and apex of every event, taken only where the user asked for images."""

from __future__ import annotations

from pathlib import Path

from streamer.core.files.writing import writing
from streamer.core.process.libraries import import_cv2
from streamer.outputs.record import event_id
from streamer.outputs.step import Step
from streamer.run.pipeline import Pipeline

_QUALITY = 85
MOMENTS = ("onset", "apex")


class Pictures:
    """Writes the aligned face at onset and apex as JPEG; the same event, the same file."""

    def __init__(self, folder: Path, pipeline: Pipeline) -> None:
        self._folder = folder
        self._pipeline = pipeline
        self._folder.mkdir(parents=True, exist_ok=True)

    def write(self, step: Step) -> None:
        cv2 = import_cv2()
        for event in step.events:
            spot = event.spot
            frames = zip(MOMENTS, (spot.onset_frame, spot.apex_frame), strict=True)
            for moment, frame in frames:
                face = self._pipeline.find(spot.face_id, frame)
                if face is None:
                    continue
                bgr = cv2.cvtColor(face.image, cv2.COLOR_RGB2BGR)
                _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
                path = self._folder / f"{event_id(event)}-{moment}.jpg"
                with writing(path):
                    path.write_bytes(data.tobytes())

    def close(self) -> None:
        """Nothing stays open."""
