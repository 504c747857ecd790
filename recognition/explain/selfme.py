"""What SelfME saw in one pair: motion, keypoints, reconstruction and attention as one picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from recognition.classifiers.selfme import SelfmeNet
from recognition.config import face_of
from recognition.explain.gradcam import field_gradcam
from recognition.explain.pictures import (
    Picture,
    draw_arrows,
    draw_heat,
    draw_keypoints,
    sheet,
    uncrop,
)
from recognition.motion.head import remove_rigid
from recognition.motion.methods import motion_method
from recognition.motion.selfme.motion_learner import MotionOutput
from streamer.core.records import EMOTIONS
from streamer.outputs.motion_wheel import motion_colours


@dataclass(frozen=True, slots=True)
class Explanation:
    """One pair, explained; arrays on the aligned face [S, S]."""

    emotion: str
    probabilities: NDArray[np.float32]  # [3] over EMOTIONS, not calibrated
    motion_px: NDArray[np.float32]  # [S, S, 2], not amplified, head motion removed
    attention: NDArray[np.float32]  # [S, S], 0..1: GradCAM of the winning class
    keypoints: tuple[NDArray[np.float32], NDArray[np.float32]] | None  # onset, apex [K, 2], -1..1
    reconstruction: Picture | None  # the apex as the generator paints it


def explain(
    net: SelfmeNet, onset: NDArray[np.uint8], apex: NDArray[np.uint8], painted: bool = False
) -> Explanation:
    """Explains the answer for one pair of faces uint8 [S, S, 3].

    Args:
        painted: also reconstruct the apex; only weights with a trained generator can.

    Raises:
        ValueError: faces of another shape or type.
    """
    size = net.config.size_px
    for name, face in (("onset", onset), ("apex", apex)):
        if face.dtype != np.uint8 or face.shape != (size, size, 3):
            raise ValueError(
                f"{name} is {face.dtype} {list(face.shape)}; expected uint8 [{size}, {size}, 3]"
            )
    output = _learned(net, onset, apex, painted)
    if output is not None:
        motion = output.motion[0].permute(1, 2, 0).numpy()
    else:
        motion = motion_method(net.config.motion, face_of(size))(onset, apex)
    planes = torch.from_numpy(np.ascontiguousarray(motion.transpose(2, 0, 1)))[None]
    with torch.no_grad():
        crop = net.classifier.input.crop(net.config.amplification * planes)
        shares = net.classifier.classify(crop)[0].softmax(dim=-1)[0].numpy()
    heat = field_gradcam(net.classifier, crop[0])
    side = net.config.field.cells
    smooth = cv2.resize(heat, (side, side), interpolation=cv2.INTER_CUBIC)
    iod_px = np.float32(face_of(size).iod_px)
    return Explanation(
        EMOTIONS[int(shares.argmax())],
        shares,
        remove_rigid(np.ascontiguousarray(motion) / iod_px, face_of(size)) * iod_px,
        np.clip(uncrop(np.asarray(smooth, dtype=np.float32), size), 0.0, 1.0),
        None
        if output is None
        else (output.onset_keypoints[0].numpy(), output.apex_keypoints[0].numpy()),
        _picture(output) if painted else None,
    )


def explanation_sheet(
    onset: Picture, apex: Picture, found: Explanation, without_sc: Explanation | None = None
) -> Picture:
    """Figure 5 of the paper for one pair; `without_sc`: of a network trained without SC."""
    iod_px = face_of(onset.shape[0]).iod_px
    columns = [
        ("onset", onset),
        ("apex", apex),
        ("motion", motion_colours(found.motion_px / np.float32(iod_px))),
        ("motion x6", draw_arrows(onset, found.motion_px)),
    ]
    if found.keypoints is not None:
        columns.append(("keypoints", draw_keypoints(onset, *found.keypoints)))
    if found.reconstruction is not None:
        columns.append(("reconstruction", found.reconstruction))
    columns.append(
        (f"{found.emotion} {found.probabilities.max():.0%}", draw_heat(onset, found.attention))
    )
    if without_sc is not None:
        title = f"without SC: {without_sc.emotion} {without_sc.probabilities.max():.0%}"
        columns.append((title, draw_heat(onset, without_sc.attention)))
    return sheet(columns)


def _learned(
    net: SelfmeNet, onset: NDArray[np.uint8], apex: NDArray[np.uint8], painted: bool
) -> MotionOutput | None:
    """Everything the motion learner knows, at gamma 1; None with a classical flow."""
    if net.learner is None:
        return None
    learner = net.learner.eval()
    first, second = (learner.normalise(torch.from_numpy(f.copy())[None]) for f in (onset, apex))
    with torch.no_grad():
        return learner.describe(first, second, gamma=1.0, paint=painted)


def _picture(output: MotionOutput | None) -> Picture | None:
    if output is None or output.reconstruction is None:
        return None
    image = output.reconstruction[0].permute(1, 2, 0).clamp(0.0, 1.0).numpy()
    return np.asarray(np.rint(image * 255.0), dtype=np.uint8)
