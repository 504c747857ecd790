"""The tracker and the real models: a state taken at any frame goes on with the same bits."""

import numpy as np
import pytest

from streamer.core.snapshot import capture, from_bytes, restore, set_state, state_of, to_bytes
from streamer.faces.backends import GraphFinder, open_finder
from streamer.faces.config import FaceConfig
from streamer.faces.landmarks import Mesh
from streamer.faces.tracker import FaceTracker
from streamer.sources import open_source

CONFIG = FaceConfig(mesh_interval_s=0.1, search_interval_s=0.4, device="cpu")


@pytest.fixture(scope="module")
def frames():
    with open_source("sample") as source:
        found = [frame for frame, _ in zip(source, range(40), strict=False)]
    black = np.zeros_like(found[0].image)
    for index in range(12, 18):  # a loss in between
        found[index] = type(found[index])(index, found[index].time_s, black)
    return found


def seen(faces):
    return [(f.face_id, f.box_px, f.landmarks_px.tobytes(), f.score, f.measured) for f in faces]


@pytest.mark.parametrize("at", [1, 7, 13, 16, 19, 30])
def test_a_resumed_tracker_finds_the_very_same_faces(frames, at):
    plain = FaceTracker(open_finder(CONFIG), CONFIG)
    expected = [seen(plain.push(frame)) for frame in frames]
    assert any(expected[at:]) and not expected[14]
    first = FaceTracker(open_finder(CONFIG), CONFIG)
    for frame in frames[:at]:
        first.push(frame)
    snapshot, _ = from_bytes(to_bytes(capture(state_of(first)), {}))
    second = FaceTracker(open_finder(CONFIG), CONFIG)
    set_state(second, restore(snapshot))
    assert [seen(second.push(frame)) for frame in frames[at:]] == expected[at:]
    assert second.is_resumable


class Graph:
    """Stands in for MediaPipe's: sees the same faces in every picture."""

    def __init__(self, meshes):
        self.meshes, self.searches, self.forgot = meshes, [], 0

    def detect(self, image, search=True):
        self.searches.append(search)
        return self.meshes

    def forget(self):
        self.forgot += 1

    def close(self):
        pass


def test_a_graph_with_a_memory_of_its_own_is_followed_and_not_resumable():
    points = np.random.default_rng(0).uniform(100, 200, (468, 3)).astype(np.float32)
    one, other = Mesh(points, 0.9), Mesh(points + 300.0, 0.8)
    graph = Graph([other, one])
    finder = GraphFinder(graph)
    image = np.zeros((640, 640, 3), dtype=np.uint8)
    assert not finder.is_resumable
    assert finder.follow(image, []) == []
    assert finder.follow(image, [one]) == [one]
    assert finder.follow(image, [one, other]) == [one, other]
    assert graph.searches == [False, True]
    assert finder.search(image, [], [one], 0.0).meshes == [other]
    gone = Mesh(points + 2000.0, 0.9)
    assert finder.follow(image, [gone]) == [None]
