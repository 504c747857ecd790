import numpy as np
import pytest

from streamer.core.errors import InstallError
from streamer.faces import detector as room
from streamer.faces.config import FaceConfig
from streamer.faces.landmarks import inter_ocular_px


def test_a_face_is_found_and_forgotten_on_reset():
    with room.MeshDetector(FaceConfig()) as mesh:
        picture = room.known_face()
        found = mesh.detect(picture)
        assert len(found) == 1
        assert found[0].landmarks_px.shape == (468, 3)
        assert 20 < inter_ocular_px(found[0].landmarks_px) < 80
        mesh.reset()
        assert mesh.detect(np.zeros((120, 160, 3), dtype=np.uint8)) == []


def test_no_face_is_an_answer_not_an_error():
    with room.MeshDetector(FaceConfig()) as mesh:
        assert mesh.detect(np.full((90, 160, 3), 127, dtype=np.uint8)) == []


def test_a_detector_that_misses_its_test_picture_is_a_broken_install(monkeypatch):
    monkeypatch.setattr(room, "known_face", lambda: np.zeros((64, 64, 3), dtype=np.uint8))
    with pytest.raises(InstallError, match=r"broken installation.*reinstall mer-stream"):
        room.MeshDetector(FaceConfig())


@pytest.mark.parametrize("search", [True, False])
def test_what_is_found_after_forgetting_is_what_a_new_detector_finds(search):
    """On it hangs that a recording which is gone on with finds the same faces."""
    picture = room.known_face()
    moved = np.ascontiguousarray(np.roll(picture, (3, 5), axis=(0, 1)))
    with room.MeshDetector(FaceConfig()) as mesh:
        (fresh,) = mesh.detect(picture, search)
        mesh.reset()
        for _ in range(4):
            mesh.detect(moved, search)
        (followed,) = mesh.detect(picture, search)
        assert not np.array_equal(
            followed.landmarks_px, fresh.landmarks_px
        )  # or there were nothing to forget
        mesh.forget()
        (found,) = mesh.detect(picture, search)
        assert np.array_equal(found.landmarks_px, fresh.landmarks_px)


@pytest.mark.parametrize("clear_first", [True, False])
def test_the_score_is_that_of_the_network_for_each_face(clear_first):
    """The same face twice, once behind a veil of noise."""
    clear = room.known_face()
    noise = np.random.default_rng(0).normal(0.0, 45.0, clear.shape)
    veiled = np.clip(clear + noise, 0, 255).astype(np.uint8)
    pair = np.hstack([clear, veiled] if clear_first else [veiled, clear])
    with room.MeshDetector(FaceConfig(min_detection=0.3, min_tracking=0.05)) as mesh:
        found = sorted(mesh.detect(pair), key=lambda one: one.landmarks_px[:, 0].mean())
    left, right = (one.score for one in found)
    sure, unsure = (left, right) if clear_first else (right, left)
    assert 0.05 < unsure < 0.95 < sure <= 1.0


def test_what_fails_at_one_frame_is_no_broken_install():
    with room.MeshDetector(FaceConfig(max_faces=1)) as mesh:
        with pytest.raises(ValueError, match="three channels"):
            mesh.detect(np.zeros((64, 64, 4), dtype=np.uint8))
        assert len(mesh.detect(room.known_face())) == 1
