"""Pictures of one event: as text in the page, and with the movement made larger.

Nothing is fetched, nothing lies in a cache. Motion is measured from the onset to each frame, the
head's share is taken out, and the onset's picture is warped along it. Only geometry is exaggerated,
no brightness: what is shown was measured. The motion is taken as a velocity field and followed
`factor` times as long (scaling and squaring, Arsigny et al. 2006): the face is stretched but never
torn or folded.
"""

from __future__ import annotations

import base64

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.config import face_of
from recognition.motion.head import remove_rigid
from recognition.motion.methods import motion_method
from streamer.outputs.aligned_faces import FaceStrip
from streamer.outputs.magnify_past import face_mask, followed_back

_COLUMNS = 8


def encode(picture: NDArray[np.uint8], *, lossless: bool = True) -> bytes:
    """A picture [H, W, 3] RGB as PNG, or as JPEG."""
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    options = [] if lossless else [cv2.IMWRITE_JPEG_QUALITY, 90]
    return cv2.imencode(".png" if lossless else ".jpg", bgr, options)[1].tobytes()


def data_url(data: bytes) -> str:
    """Of a PNG or JPEG file."""
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def as_url(picture: NDArray[np.uint8], *, lossless: bool = True) -> str:
    """A picture [H, W, 3] RGB as a data URL."""
    return data_url(encode(picture, lossless=lossless))


def contact_sheet(frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int, int]:
    """Frames [T, H, W, 3] side by side in rows; returns it with its columns and rows."""
    count, height, width = frames.shape[:3]
    columns = min(_COLUMNS, count)
    rows = -(-count // columns)
    sheet = np.zeros((rows * height, columns * width, 3), dtype=np.uint8)
    for n, frame in enumerate(frames):
        row, column = divmod(n, columns)
        sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = frame
    return sheet, columns, rows


LARGEST = 20.0
_SMOOTH_IOD = 0.05  # standard deviation over the field: single stray vectors would tear the face


def magnified(strip: FaceStrip, factor: float, scale: int = 2) -> NDArray[np.uint8]:
    """The frames of a strip [T, scale S, scale S, 3] with `factor` times the motion.

    Factor 1 gives the recorded frames. Frames of another alignment than the onset's repeat the
    frame before.

    Raises:
        ValueError: a factor that is not between 1 and LARGEST.
    """
    if not 1.0 <= factor <= LARGEST:
        raise ValueError(f"factor is {factor}: choose 1 to {LARGEST:g}")
    if factor == 1.0:
        return np.stack([_enlarged(image, scale) for image in strip.images])
    onset = strip.images[strip.onset]
    still = _enlarged(onset, scale)
    frames: list[NDArray[np.uint8]] = []
    for image, anchor in zip(strip.images, strip.anchor, strict=True):
        if anchor == strip.anchor[strip.onset]:
            frames.append(_moved(still, motion_px(onset, image), factor, scale))
        else:
            frames.append(frames[-1] if frames else still)
    return np.stack(frames)


def motion_px(onset: NDArray[np.uint8], image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Motion [S, S, 2] in pixels from onset to image, head motion removed (DIS flow)."""
    face = face_of(onset.shape[0])
    iod_px = np.float32(face.iod_px)
    whole = motion_method("dis", face)(onset, image)
    return np.asarray(remove_rigid(whole / iod_px, face) * iod_px, dtype=np.float32)


def _moved(
    still: NDArray[np.uint8], motion: NDArray[np.float32], factor: float, scale: int
) -> NDArray[np.uint8]:
    """The large picture of the onset, warped by `factor` times the motion."""
    size = motion.shape[0]
    smooth = cv2.GaussianBlur(motion, (0, 0), _SMOOTH_IOD * face_of(size).iod_px)
    smooth = smooth * face_mask(size)[..., None] * np.float32(factor * scale)
    velocity = cv2.resize(smooth, still.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    x, y = np.meshgrid(*(np.arange(side, dtype=np.float32) for side in still.shape[1::-1]))
    back = followed_back(np.asarray(velocity, dtype=np.float32))
    moved = cv2.remap(
        still, x + back[..., 0], y + back[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, dtype=np.uint8)


def _enlarged(image: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    size = (scale * image.shape[1], scale * image.shape[0])
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
