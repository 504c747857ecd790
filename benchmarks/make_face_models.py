r"""Makes the face models in `streamer/faces/weights` from those of MediaPipe's wheel.

The wheel (`pip download --no-deps mediapipe==0.10.21`) holds two TensorFlow Lite files, Apache-2.0;
their sha256 is checked. They are converted by tf2onnx and rewritten (`benchmarks.onnx_rewrite`), so
that they take uint8 pictures, any number at a time. The same files come out each time. TensorFlow
goes with few other packages, so it gets an environment to be thrown away:

    python3.11 -m venv convert
    convert/bin/pip install tensorflow-cpu==2.21.0 tf2onnx==1.17.0 onnx onnxruntime \
        ai-edge-litert pillow
    convert/bin/python -m benchmarks.make_face_models mediapipe-0.10.21-*.whl

The card gets the largest difference from TensorFlow Lite's own outputs on the bundled portrait and
on noise; more than a 100th of a pixel of the 192 px crop is an error.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from benchmarks.onnx_rewrite import Builder, Rewriter

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "streamer" / "faces" / "weights"
DETECTOR = "mediapipe/modules/face_detection/face_detection_short_range.tflite"
MESH = "mediapipe/modules/face_landmark/face_landmark.tflite"
SHA256 = {
    DETECTOR: "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    MESH: "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
}
LARGEST_DIFFERENCE = 0.01  # of a raw output; those of both models are in pixels but for the scores


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("wheel", type=Path, help="mediapipe-0.10.21-*.whl")
    card: dict[str, Any] = {
        "name": "mediapipe_face",
        "source": "mediapipe 0.10.21, Apache-2.0",
        "source_sha256": {Path(name).name: value for name, value in SHA256.items()},
        "sha256": {},
        "largest_difference": {},
    }
    with tempfile.TemporaryDirectory() as place:
        _unpack(parser.parse_args().wheel, Path(place))
        for name, make, target in (
            (DETECTOR, make_detector, "face_detector.onnx"),
            (MESH, make_mesh, "face_mesh.onnx"),
        ):
            source = Path(place) / name
            data = make(_converted(source)).SerializeToString(deterministic=True)
            card["sha256"][target] = hashlib.sha256(data).hexdigest()
            card["largest_difference"][target] = largest_difference(source, data)
            (WEIGHTS / target).write_bytes(data)
    (WEIGHTS / "model_card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(card, indent=2))


def make_detector(graph: Any) -> Any:
    """Pictures [N, 128, 128, 3] to [N, 896, 17]: 4 of a box, 12 of keypoints, the score's logit.

    Anchors as in the published graph: 2 for each of 16 x 16 places, then 6 for each of 8 x 8. Where
    a convolution of the original is padded by 0 it means grey, so 127.5 is taken off first.
    """
    build = Builder()
    picture = _planar(build)
    centred = build.add("Sub", [picture, build.constant(np.float32([127.5]))])
    net = Rewriter(graph, build, centred, 1 / 127.5)
    net.walk()
    heads = net.heads()
    levels = []
    for size, anchors in ((8, 2), (16, 6)):
        boxes, scores = heads[f"regressor_{size}"], heads[f"classificator_{size}"]
        weight, bias = _interleaved(net.weight_bias(boxes), net.weight_bias(scores), anchors)
        maps = build.conv(net.names[boxes.input[0]], weight, bias)
        last = build.add("Transpose", [maps], perm=[0, 2, 3, 1])
        shape = build.constant(np.array([-1, (128 // size) ** 2 * anchors, 17]))
        levels.append(build.add("Reshape", [last, shape]))
    build.add("Concat", levels, "predictions", axis=1)
    return build.model("face_detector", [_input(128)], [_output("predictions", 896, 17)])


def make_mesh(graph: Any) -> Any:
    """Crops [N, 192, 192, 3] to landmarks [N, 468, 3] in pixels of the crop and a logit [N, 1]."""
    build = Builder()
    net = Rewriter(graph, build, _planar(build), 1 / 255)
    net.walk()
    heads = net.heads()
    outputs = (("landmarks", 1404, [-1, 468, 3]), ("presence", 1, [-1, 1]))
    for name, channels, shape in outputs:
        (node,) = (node for node in heads.values() if _width(graph, node) == channels)
        weight, bias = net.weight_bias(node)
        raw = build.conv(net.names[node.input[0]], weight, bias, strides=[3, 3])
        build.add("Reshape", [raw, build.constant(np.array(shape))], name)
    return build.model(
        "face_mesh", [_input(192)], [_output("landmarks", 468, 3), _output("presence", 1)]
    )


def largest_difference(source: Path, data: bytes) -> float:
    """Largest difference of any output of the model from those of the original.

    Raises:
        SystemExit: it is too large.
    """
    import onnxruntime
    from ai_edge_litert.interpreter import Interpreter

    original = Interpreter(str(source), num_threads=1)
    original.allocate_tensors()
    (taken,) = original.get_input_details()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    low = -1.0 if taken["shape"][1] == 128 else 0.0
    worst = 0.0
    for picture in _pictures(int(taken["shape"][1])):
        original.set_tensor(taken["index"], np.float32(picture / 255 * (1 - low) + low))
        original.invoke()
        theirs = [original.get_tensor(item["index"]) for item in original.get_output_details()]
        ours = session.run(None, {"images": picture})
        if low:
            ours = [ours[0][..., :16], ours[0][..., 16:]]
        for mine in ours:
            (same,) = (one for one in theirs if one.size == mine.size)
            worst = max(worst, float(np.abs(same.ravel() - mine.ravel()).max()))
    if worst > LARGEST_DIFFERENCE:
        sys.exit(f"{source.name}: outputs differ by {worst:.4f}")
    return worst


def _pictures(size: int) -> list[NDArray[np.uint8]]:
    """Test pictures [1, size, size, 3]: the bundled portrait, and noise."""
    from PIL import Image

    with Image.open(ROOT / "streamer" / "assets" / "known_face.jpg") as opened:
        portrait = np.asarray(opened.convert("RGB").resize((size, size)))
    noise = np.random.default_rng(0).integers(0, 256, (4, size, size, 3), dtype=np.uint8)
    return [portrait[None], *noise[:, None]]


def _unpack(wheel: Path, place: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name, expected in SHA256.items():
            found = hashlib.sha256(Path(archive.extract(name, place)).read_bytes()).hexdigest()
            if found != expected:
                sys.exit(f"{name} has sha256 {found}, not {expected}: another release of the wheel")


def _converted(source: Path) -> Any:
    """The graph that tf2onnx makes of a TensorFlow Lite file."""
    target = source.with_suffix(".onnx")
    command = ["--tflite", str(source), "--output", str(target), "--opset", "17"]
    subprocess.run([sys.executable, "-m", "tf2onnx.convert", *command], check=True)
    return onnx.load(target).graph


def _planar(build: Builder) -> str:
    """The input as [N, 3, H, W] float32, 0 to 255; bytes are turned over faster than floats."""
    turned = build.add("Transpose", ["images"], perm=[0, 3, 1, 2])
    return build.add("Cast", [turned], to=TensorProto.FLOAT)


def _interleaved(boxes: Any, scores: Any, anchors: int) -> tuple[Any, Any]:
    """One convolution of two heads: for each anchor its 16 numbers, then its score."""
    parts = zip(boxes, scores, strict=True)
    return tuple(
        np.concatenate(
            [box.reshape(anchors, 16, *box.shape[1:]), score.reshape(anchors, 1, *score.shape[1:])],
            axis=1,
        ).reshape(anchors * 17, *box.shape[1:])
        for box, score in parts
    )


def _width(graph: Any, node: Any) -> int:
    return next(int(i.dims[0]) for i in graph.initializer if i.name == node.input[1])


def _input(size: int) -> Any:
    return helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", size, size, 3])


def _output(name: str, *shape: int) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape])


if __name__ == "__main__":
    main()
