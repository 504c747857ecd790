import shutil

import numpy as np
import pytest

from streamer.core.errors import InstallError
from streamer.faces import networks


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A copy of the bundled weights that may be spoilt."""
    shutil.copytree(networks.WEIGHTS, tmp_path / "weights")
    monkeypatch.setattr(networks, "WEIGHTS", tmp_path / "weights")
    return tmp_path / "weights"


def test_the_bundled_files_are_those_of_the_card():
    for name in ("face_detector.onnx", "face_mesh.onnx"):
        assert len(networks.read_weights(name)) > 400_000


def test_a_damaged_file_is_a_broken_install(weights):
    data = bytearray((weights / "face_mesh.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (weights / "face_mesh.onnx").write_bytes(data)
    with pytest.raises(InstallError, match=r"face_mesh.onnx has sha256 .*force-reinstall"):
        networks.read_weights("face_mesh.onnx")


@pytest.mark.parametrize("name", ["face_detector.onnx", networks.CARD])
def test_a_missing_file_is_a_broken_install(weights, name):
    (weights / name).unlink()
    with pytest.raises(InstallError, match="not a video without faces"):
        networks.read_weights("face_detector.onnx")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sha256": {"face_mesh.onnx": 1}}', "\xff"])
def test_a_card_that_is_none_is_a_broken_install(weights, text):
    (weights / networks.CARD).write_bytes(text.encode("latin-1"))
    with pytest.raises(InstallError, match="broken installation"):
        networks.read_weights("face_mesh.onnx")


def test_pictures_in_a_batch_give_what_they_give_alone():
    mesh = networks.Network("face_mesh.onnx", ("landmarks", "presence"), "cpu")
    pictures = np.random.default_rng(0).integers(0, 256, (3, 192, 192, 3), dtype=np.uint8)
    together = mesh(pictures)
    assert [array.shape for array in together] == [(3, 468, 3), (3, 1)]
    for row in range(3):
        for all_three, alone in zip(together, mesh(pictures[row : row + 1]), strict=True):
            np.testing.assert_allclose(all_three[row], alone[0], atol=1e-3)


def test_cuda_by_name_must_work(monkeypatch):
    monkeypatch.setattr("streamer.core.process.onnx_sessions.cuda_device_there", lambda: False)
    with pytest.raises(InstallError, match=r"CUDA cannot be used .*pip install"):
        networks.Network("face_mesh.onnx", ("landmarks",), "cuda")


def test_no_room_for_a_network_is_no_broken_installation(monkeypatch):
    def no_room(*_):
        raise RuntimeError("Exception during initialization: std::bad_alloc")

    monkeypatch.setattr("streamer.faces.networks.open_session", no_room)
    with pytest.raises(MemoryError, match="bad_alloc"):
        networks.Network("face_detector.onnx", ("boxes",))
