import numpy as np

from streamer.faces.landmarks import Mesh, without_doubles


def test_two_meshes_on_one_face_become_one():
    mesh = np.random.default_rng(0).uniform(100, 200, (468, 3)).astype(np.float32)
    kept = without_doubles([Mesh(mesh + by, 1.0) for by in (0.0, 3.0, 150.0)])
    assert [found.landmarks_px[0, 0] for found in kept] == [mesh[0, 0], mesh[0, 0] + 150.0]
