"""Model files of strangers end in a ModelError with a sentence, before anything is believed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recognition.classifiers.base import read_facts
from recognition.config import RecognizerConfig
from recognition.files import onnx_file
from recognition.files.model_file import BUNDLED, CARD, LARGEST_BYTES, read_model
from recognition.files.onnx_file import check_onnx
from recognition.loading import load_recognizer
from spotting.micro.learned import BUNDLED as SPOTTER
from spotting.spotter import Spotter
from streamer.core.errors import ModelError

WHOLE = BUNDLED.read_bytes()


def refused(path: Path, part: str, **config: Any) -> None:
    with pytest.raises(ModelError, match=part) as caught:
        load_recognizer(path, RecognizerConfig(device="cpu", **config))
    assert caught.value.exit_code == 7
    assert len(str(caught.value)) < 700 and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [WHOLE[: len(WHOLE) // 2], WHOLE[:-1], b"", b"hello" * 100, b"PK\3\4" + b"x" * 99, b"\x93NUMPY",
     b"{}", b"\xff" * 1000, b"\0" * 1000],
    ids=["half", "one byte less", "empty", "text", "zip", "npy", "json", "ones", "zeros"],
)  # fmt: skip
def test_what_is_no_model(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(data)
    refused(tmp_path / "net.onnx", "net.onnx")


def changed(tmp_path: Path, change: Callable[[Any], None]) -> Path:
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(WHOLE)
    change(model)
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def put_metadata(model: Any, **facts: str) -> None:
    for entry in model.metadata_props:
        if entry.key in facts:
            entry.value = facts[entry.key]


def set_opset(model: Any) -> None:
    model.opset_import[0].version = 99


def set_ir(model: Any) -> None:
    model.ir_version = 99


def point_outside(model: Any) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = 1
    for key, value in (("location", "../../../etc/passwd"), ("offset", "0"), ("length", "16")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value


def point_outside_in_a_node(model: Any) -> None:
    tensor = model.graph.node[0].attribute.add(name="hidden", type=4).t
    tensor.external_data.add(key="location", value="/etc/passwd")


def spoil_weights(model: Any) -> None:
    for tensor in model.graph.initializer:
        if tensor.data_type == 1 and tensor.raw_data:
            tensor.raw_data = b"\xff" * len(tensor.raw_data)  # NaN


def rename_operator(model: Any) -> None:
    model.graph.node[-1].op_type = "NoSuchOperator"


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (set_opset, "ONNX opset 99, IR .* cannot be opened by onnxruntime"),
        (set_ir, "IR 99"),
        (point_outside, "its weights lie in another file"),
        (point_outside_in_a_node, "its weights lie in another file"),
        (spoil_weights, "not finite"),
        (rename_operator, "cannot be opened"),
        (lambda m: put_metadata(m, temperature="nan"), "temperature"),
        (lambda m: put_metadata(m, temperature="inf"), "temperature"),
        (lambda m: put_metadata(m, temperature="9" * 5000), "temperature|metadata"),
        (lambda m: put_metadata(m, emotions="a,b"), "knows a, b"),
        (lambda m: m.ClearField("metadata_props"), "lacks the metadata"),
        (lambda m: m.graph.ClearField("node"), "net.onnx"),
        (lambda m: m.ClearField("graph"), "net.onnx"),
    ],
)
def test_a_model_that_is_not_ours(change: Callable[[Any], None], part: str, tmp_path: Path) -> None:
    refused(changed(tmp_path, change), part)


def test_a_model_with_more_parts_than_any_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_file, "MOST_NODES", 10)
    with pytest.raises(ModelError, match="more parts than any of ours"):
        check_onnx(WHOLE, Path("net.onnx"))
    deep = b"\x08\x01"
    for number in (6, 5, 1) * 20:  # a graph in an attribute in a node in a graph ...
        deep = bytes([number << 3 | 2, *_varint(len(deep))]) + deep
    with pytest.raises(ModelError):
        check_onnx(bytes([7 << 3 | 2, *_varint(len(deep))]) + deep, Path("net.onnx"))


def _varint(number: int) -> bytes:
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    with path.open("wb") as file:
        file.truncate(LARGEST_BYTES[".onnx"] + 1)  # a hole: no bytes on the disk
    refused(path, "larger than 512 MB")


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")
@pytest.mark.parametrize("suffix", [".onnx", ".safetensors", ".npz"])
def test_pipes_and_devices_are_no_models(suffix: str, tmp_path: Path) -> None:
    pipe, link = tmp_path / f"pipe{suffix}", tmp_path / f"link{suffix}"
    os.mkfifo(pipe)
    link.symlink_to("/dev/zero")
    for path in (pipe, link):
        if suffix == ".npz":
            with pytest.raises(ModelError, match="not a regular file"):
                Spotter(None, "learned", path)
            continue
        if suffix == ".safetensors":
            pytest.importorskip("torch")
        refused(
            path, "not.* regular file|not found", backend="torch" if "safe" in suffix else "onnx"
        )


@pytest.mark.parametrize(
    "card",
    [b"[]", b"null", b"3", b'{"sha256": []}', b'{"sha256": {"net.onnx": 3}}', b"[" * 100_000,
     b'{"sha256": ' + b"9" * 5000 + b"}", b"\xff\xfe", b"", b"{" * 9],
)  # fmt: skip
def test_odd_model_cards(card: bytes, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(WHOLE)
    (tmp_path / CARD).write_bytes(card)
    with pytest.raises(ModelError, match="not a readable model card"):
        read_model(tmp_path / "net.onnx")


def test_a_card_that_is_a_device_or_endless(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(WHOLE)
    (tmp_path / CARD).symlink_to("/dev/zero")
    with pytest.raises(ModelError, match="not a regular file"):
        read_model(tmp_path / "net.onnx")


@pytest.mark.parametrize(
    "facts",
    [{}, {"fingerprint": "x", "emotions": "a", "temperature": "x"},
     {"fingerprint": "x", "emotions": "a", "temperature": "-1"},
     {"fingerprint": "x", "emotions": "a", "temperature": "1e400"}],
)  # fmt: skip
def test_odd_facts(facts: dict[str, str]) -> None:
    with pytest.raises(ModelError):
        read_facts(facts, Path("net.onnx"))


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff" * 100, (10**9).to_bytes(8, "little") + b"{"])
def test_odd_safetensors(data: bytes, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "net.safetensors").write_bytes(data)
    refused(tmp_path / "net.safetensors", "cannot be read", backend="torch")


@pytest.mark.parametrize(
    "facts",
    [{}, {"selfme": "[" * 100_000}, {"selfme": "9" * 5000}, {"selfme": "{}", "temperature": "nan"},
     {"selfme": json.dumps({"learner": {"detector": {"expansion": 1, "max_features": 10**9,
                                                     "blocks": 4}}})}],
)  # fmt: skip
def test_odd_settings_inside_safetensors(facts: dict[str, str], tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    path = tmp_path / "net.safetensors"
    save_file({"a": torch.zeros(2)}, path, metadata=facts)
    refused(path, "net.safetensors", backend="torch")


def spotter_arrays() -> dict[str, np.ndarray]:
    with np.load(SPOTTER) as held:
        return dict(held)


def _nan(arrays: dict[str, np.ndarray]) -> None:
    arrays["first"] = np.full_like(arrays["first"], np.nan)


def _text(arrays: dict[str, np.ndarray]) -> None:
    arrays["first"] = np.array(["x"])


def _scalar(arrays: dict[str, np.ndarray]) -> None:
    arrays["dilations"] = np.array(3)


def _far(arrays: dict[str, np.ndarray]) -> None:
    arrays["dilations"] = np.array([10**15] * len(arrays["dilations"]))


def _shape(arrays: dict[str, np.ndarray]) -> None:
    arrays["taps_bias_0"] = np.zeros(1, dtype=np.float32)


def _format(arrays: dict[str, np.ndarray]) -> None:
    arrays["format"] = np.array([1, 2])


def _delay(arrays: dict[str, np.ndarray]) -> None:
    arrays["setting_delay_s"] = np.array(1e300)


@pytest.mark.parametrize("change", [_nan, _text, _scalar, _far, _shape, _format, _delay])
def test_odd_spotter_weights(
    change: Callable[[dict[str, np.ndarray]], None], tmp_path: Path
) -> None:
    arrays = spotter_arrays()
    change(arrays)
    np.savez(tmp_path / "odd.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="train it anew"):
        Spotter(None, "learned", tmp_path / "odd.npz")


@pytest.mark.parametrize("length", [0, 10, 1000, -1, -30])
def test_cut_spotter_weights(length: int, tmp_path: Path) -> None:
    (tmp_path / "cut.npz").write_bytes(SPOTTER.read_bytes()[:length])
    with pytest.raises(ModelError, match="holds no spotter weights"):
        Spotter(None, "learned", tmp_path / "cut.npz")


def test_the_bundled_files_still_open(tmp_path: Path) -> None:
    shutil.copy(SPOTTER, tmp_path / "mine.npz")
    assert Spotter(None, "learned", tmp_path / "mine.npz").lookback_s > 0.0
    assert load_recognizer().path == BUNDLED
