import numpy as np
import pytest

from streamer.core.records import Frame
from streamer.core.snapshot import capture, restore, set_state, state_of
from streamer.faces.alignment import Aligner
from streamer.faces.config import FaceConfig
from streamer.faces.landmarks import Mesh
from streamer.faces.tracker import FaceTracker
from tests.streamer.faces.meshes import mesh_at

RED, BLUE = (200, 60, 40), (30, 80, 210)
STEP_S = 0.3  # longer than the mesh interval: every frame is measured


class ScriptedDetector:
    """Returns prepared meshes, one list a call."""

    def __init__(self, script):
        self.script = list(script)
        self.searched = []
        self.calls = 0
        self.forgot = 0

    def detect(self, image, search=True):
        self.searched.append(search)
        self.calls += 1
        meshes = self.script[min(self.calls - 1, len(self.script) - 1)]
        return [Mesh(mesh, 0.75) for mesh in meshes]

    def forget(self):
        self.forgot += 1

    def reset(self):
        self.calls = 0

    def close(self):
        pass


def paint(*people):
    """A frame with a coloured patch where each (x, colour) person stands."""
    image = np.full((360, 640, 3), 90, dtype=np.uint8)
    for x, colour in people:
        image[100:320, max(0, x - 70) : x + 70] = colour
    return image


def ids(tracker, images):
    return [
        [f.face_id for f in tracker.push(Frame(i, i * STEP_S, image))]
        for i, image in enumerate(images)
    ]


def test_ids_do_not_follow_the_order_of_the_detector():
    left, right = mesh_at(150.0, 180.0), mesh_at(450.0, 180.0)
    tracker = FaceTracker(
        ScriptedDetector([[left, right], [right, left], [left, right]]), FaceConfig()
    )
    image = paint((150, RED), (450, BLUE))
    for i in range(3):
        faces = tracker.push(Frame(i, i * STEP_S, image))
        assert [f.face_id for f in faces] == [0, 1]
        assert faces[0].box_px[0] < faces[1].box_px[0]


def test_two_people_cross_and_keep_their_ids():
    """They meet in the middle, where only the front one is seen for two measurements."""
    way = [(150, 450), (210, 390), (270, 330), (300, None), (330, None), (390, 210), (450, 150)]
    script, images = [], []
    for a, b in way:
        script.append([mesh_at(float(a), 180.0)] + ([mesh_at(float(b), 180.0)] if b else []))
        images.append(paint(*([(b, BLUE)] if b else []), (a, RED)))
    tracker = FaceTracker(ScriptedDetector(script), FaceConfig())
    where = []
    for i, image in enumerate(images):
        faces = tracker.push(Frame(i, i * STEP_S, image))
        where.append({f.face_id: f.landmarks_px[:, 0].mean() for f in faces})
    assert set(where[0]) == set(where[-1]) == {0, 1}
    assert where[0][0] < where[0][1]
    assert where[-1][0] > where[-1][1]


@pytest.mark.parametrize(("gap", "expected"), [(1.0, 0), (5.0, 1)])
def test_a_lost_face_keeps_its_id_only_for_the_memory(gap, expected):
    mesh = mesh_at(300.0, 180.0)
    tracker = FaceTracker(ScriptedDetector([[mesh], [], [mesh]]), FaceConfig(id_memory_s=3.0))
    image = paint((300, RED))
    tracker.push(Frame(0, 0.0, image))
    assert tracker.push(Frame(1, 0.5, image)) == []
    assert tracker.push(Frame(2, 0.5 + gap, image))[0].face_id == expected


def test_the_mesh_is_measured_by_time_and_carried_in_between():
    detector = ScriptedDetector([[mesh_at(300.0, 180.0)]])
    tracker = FaceTracker(detector, FaceConfig(mesh_interval_s=0.1))
    measured = [tracker.push(Frame(i, i / 200, paint((300, RED))))[0].measured for i in range(41)]
    assert [i for i, m in enumerate(measured) if m] == [0, 20, 40]
    assert detector.calls == 3


def test_a_single_face_is_looked_around_for_others_now_and_then():
    detector = ScriptedDetector([[mesh_at(300.0, 180.0)]])
    tracker = FaceTracker(detector, FaceConfig(mesh_interval_s=0.3, search_interval_s=0.9))
    for i in range(9):
        tracker.push(Frame(i, i * STEP_S, paint((300, RED))))
    assert detector.searched == [True, False, False] * 3


def test_no_face_or_several_are_searched_for_every_time():
    two = [mesh_at(150.0, 180.0), mesh_at(450.0, 180.0)]
    detector = ScriptedDetector([[], [], two, two, [two[0]], [two[0]]])
    tracker = FaceTracker(detector, FaceConfig(mesh_interval_s=0.3, search_interval_s=0.9))
    for i in range(6):
        tracker.push(Frame(i, i * STEP_S, paint((150, RED), (450, BLUE))))
    assert detector.searched == [True, True, True, True, True, False]


def test_reset_starts_ids_anew():
    tracker = FaceTracker(ScriptedDetector([[mesh_at(300.0, 180.0)]]), FaceConfig())
    image = paint((300, RED))
    tracker.push(Frame(0, 0.0, image))
    tracker.reset()
    assert tracker.push(Frame(0, 0.0, image))[0].face_id == 0


def test_more_faces_than_are_matched_exhaustively():
    meshes = [mesh_at(60.0 + 110.0 * i, 180.0, iod_px=30.0) for i in range(6)]
    tracker = FaceTracker(ScriptedDetector([meshes, meshes[::-1]]), FaceConfig(max_faces=6))
    image = paint()
    first = tracker.push(Frame(0, 0.0, image))
    second = tracker.push(Frame(1, STEP_S, image))
    assert [f.face_id for f in second] == list(range(6))
    for a, b in zip(first, second, strict=True):
        assert a.box_px == b.box_px


def test_at_every_period_the_detector_forgets_and_measures_at_once():
    detector = ScriptedDetector([[]])
    tracker = FaceTracker(detector, FaceConfig(restart_s=1.0, mesh_interval_s=0.25))
    for index in range(31):  # 0 to 3 s: periods begin at 1, 2 and 3 s
        tracker.push(Frame(index, index * 0.1, paint()))
    assert detector.forgot == 3
    # Measured at 0, 0.3, 0.6, 0.9 | 1.0, 1.3, 1.6, 1.9 | 2.0, ... | 3.0
    assert detector.calls == 13


def test_a_state_taken_at_a_period_goes_on_alike():
    people = [[mesh_at(100, 200), mesh_at(400, 200)], [mesh_at(402, 200), mesh_at(104, 200)]]
    config = FaceConfig(restart_s=1.0)
    one, other = (FaceTracker(ScriptedDetector(people[::1]), config) for _ in range(2))
    image = paint((100, (200, 0, 0)), (400, (0, 0, 200)))
    one.push(Frame(0, 0.5, image))
    kept = capture(state_of(one))
    set_state(other, restore(kept))
    other._detector.calls = 1
    first, second = (t.push(Frame(1, 1.0, image)) for t in (one, other))
    assert [f.face_id for f in first] == [f.face_id for f in second] == [0, 1]
    assert [f.box_px for f in first] == [f.box_px for f in second]


def test_a_face_has_the_score_of_its_last_mesh():
    tracker = FaceTracker(ScriptedDetector([[mesh_at(300.0, 180.0)]]), FaceConfig())
    image = paint((300, RED))
    faces = [tracker.push(Frame(i, i / 30, image))[0] for i in range(3)]
    assert [(face.measured, face.score) for face in faces] == [
        (True, 0.75), (False, 0.75), (False, 0.75),
    ]  # fmt: skip


@pytest.mark.parametrize("harm", ["one point", "not a number"])
def test_a_degenerate_mesh_is_no_face_this_time(harm):
    """The other face goes on, and the one whose mesh was lost comes back with its id."""
    good, other = mesh_at(150.0, 180.0), mesh_at(450.0, 180.0)
    bad = np.full_like(other, np.nan)
    if harm == "one point":
        bad = np.broadcast_to(other.mean(axis=0), other.shape).copy()
    tracker = FaceTracker(
        ScriptedDetector([[good, other], [good, bad], [good, other]]), FaceConfig()
    )
    aligner = Aligner(FaceConfig())
    image = paint((150, RED), (450, BLUE))
    seen = []
    for i in range(3):
        frame = Frame(i, i * STEP_S, image)
        seen.append([one.face.face_id for one in aligner.push(frame, tracker.push(frame))])
    assert seen == [[0, 1], [0], [0, 1]]
