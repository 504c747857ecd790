import numpy as np
import pytest

from streamer.core.records import Face, Frame
from streamer.faces.alignment import Aligner
from streamer.faces.config import EYES_Y_FRACTION, IOD_FRACTION, FaceConfig
from streamer.faces.landmarks import eye_centres
from streamer.faces.transforms import (
    canonical_transform,
    compose,
    fit_similarity,
    invert,
    transform_points,
)
from streamer.faces.warp import plan_warp
from tests.streamer.faces.meshes import mesh_at

IMAGE = np.zeros((360, 640, 3), dtype=np.uint8)


def face(mesh, measured=True):
    return Face(0, (0.0, 0.0, 1.0, 1.0), mesh, 1.0, measured)


@pytest.mark.parametrize("roll_deg", [0.0, 20.0, -35.0])
@pytest.mark.parametrize("iod_px", [24.0, 150.0])
def test_eyes_come_to_their_places(roll_deg, iod_px):
    mesh = mesh_at(320.0, 150.0, iod_px, roll_deg)
    eyes = eye_centres(transform_points(canonical_transform(mesh, 128), mesh))
    half = IOD_FRACTION * 128 / 2
    expected = [[64 - half, EYES_Y_FRACTION * 128], [64 + half, EYES_Y_FRACTION * 128]]
    np.testing.assert_allclose(eyes, expected, atol=1e-3)


def test_a_mesh_without_extent_is_refused():
    with pytest.raises(ValueError, match="degenerate"):
        canonical_transform(np.zeros((468, 3), dtype=np.float32), 128)


def test_similarity_fit_finds_the_known_one():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(16, 2))
    angle, scale = np.radians(12.0), 1.3
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found, rms = fit_similarity(points, points @ linear.T + (3.0, -2.0))
    np.testing.assert_allclose(found, np.hstack([linear, [[3.0], [-2.0]]]), atol=1e-9)
    assert rms < 1e-9


def test_compose_and_invert_undo_each_other():
    matrix = canonical_transform(mesh_at(300.0, 200.0, 70.0, 11.0), 128)
    np.testing.assert_allclose(compose(invert(matrix), matrix), [[1, 0, 0], [0, 1, 0]], atol=1e-4)


def test_large_faces_are_averaged_not_sampled():
    """A fine chequerboard becomes grey; plain bilinear sampling would leave a pattern."""
    board = (np.indices((1200, 1200)).sum(axis=0) % 2 * 255).astype(np.uint8)
    image = np.repeat(board[..., None], 3, axis=2)
    matrix = canonical_transform(mesh_at(600.0, 500.0, 400.0), 128)
    inner = plan_warp(matrix, 128, image.shape).apply(image)[32:96, 32:96]
    assert inner.std() < 12
    assert abs(float(inner.mean()) - 127.5) < 3


@pytest.mark.parametrize("iod_px", [30.0, 60.0, 100.0, 210.0])
def test_warping_puts_pixels_where_the_matrix_says(iod_px):
    """A bright dot comes out at the transformed place, with and without halving."""
    matrix = canonical_transform(mesh_at(400.0, 250.0, iod_px, 10.0), 128)
    spot = np.array([400.0 + 0.4 * iod_px, 250.0 + 0.9 * iod_px])
    y, x = np.mgrid[0:640, 0:900]
    blob = np.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / (2 * (0.08 * iod_px) ** 2))
    image = np.repeat((250 * blob).astype(np.uint8)[..., None], 3, axis=2)
    aligned = plan_warp(matrix, 128, image.shape).apply(image)[..., 0].astype(float)
    y, x = np.mgrid[0:128, 0:128]
    centre = [(aligned * x).sum() / aligned.sum(), (aligned * y).sum() / aligned.sum()]
    np.testing.assert_allclose(centre, matrix[:, :2] @ spot + matrix[:, 2], atol=0.06)


def test_a_face_at_the_border_and_one_that_has_left():
    image = np.full((360, 640, 3), 77, dtype=np.uint8)
    for x in (5.0, 630.0, 5000.0):
        matrix = canonical_transform(mesh_at(x, 180.0, 120.0), 128)
        aligned = plan_warp(matrix, 128, image.shape).apply(image)
        assert aligned.shape == (128, 128, 3)
        assert (aligned == 77).all()


def test_a_frame_of_another_size_renews_the_anchor():
    aligner = Aligner(FaceConfig())
    mesh = mesh_at(120.0, 90.0, 40.0)
    aligner.push(Frame(0, 0.0, IMAGE), [face(mesh)])
    smaller = np.zeros((180, 320, 3), dtype=np.uint8)
    assert aligner.push(Frame(1, 0.03, smaller), [face(mesh)])[0].anchor == 1


def run(aligner, meshes, step_s=0.1):
    found = []
    for index, mesh in enumerate(meshes):
        frame = Frame(index, index * step_s, IMAGE)
        found += aligner.push(frame, [face(mesh)])
    return found


def test_landmark_noise_does_not_move_the_transform():
    rng = np.random.default_rng(1)
    still = mesh_at(320.0, 180.0, 60.0)
    noisy = [still + rng.normal(0, 0.5, still.shape).astype(np.float32) for _ in range(50)]
    aligned = run(Aligner(FaceConfig()), noisy)
    assert {a.anchor for a in aligned} == {0}
    assert all(np.array_equal(a.frame_to_face, aligned[0].frame_to_face) for a in aligned)


@pytest.mark.parametrize(
    "moved",
    [
        mesh_at(340.0, 180.0, 60.0),  # a third of the inter-ocular distance to the side
        mesh_at(320.0, 180.0, 68.0),  # nearer
        mesh_at(320.0, 180.0, 60.0, roll_deg=12.0),
    ],
)
def test_a_head_that_left_gets_a_new_anchor(moved):
    aligned = run(Aligner(FaceConfig()), [mesh_at(320.0, 180.0, 60.0)] * 3 + [moved] * 4)
    assert aligned[2].anchor == 0
    assert aligned[-1].anchor == 1


def test_a_carried_face_never_renews_the_anchor():
    aligner = Aligner(FaceConfig())
    aligner.push(Frame(0, 0.0, IMAGE), [face(mesh_at(320.0, 180.0))])
    far = face(mesh_at(420.0, 180.0), measured=False)
    assert aligner.push(Frame(1, 0.03, IMAGE), [far])[0].anchor == 0


def test_a_face_that_was_away_comes_back_with_a_new_anchor():
    aligner = Aligner(FaceConfig())
    mesh = mesh_at(320.0, 180.0)
    aligner.push(Frame(0, 0.0, IMAGE), [face(mesh)])
    aligner.push(Frame(1, 0.1, IMAGE), [])
    assert aligner.push(Frame(2, 0.2, IMAGE), [face(mesh)])[0].anchor == 1
