import numpy as np
import pytest

from streamer.core.records import Frame, MissingFace, NoFace
from streamer.core.snapshot import capture, restore, set_state, state_of
from streamer.faces.alignment import Aligner
from streamer.faces.config import FaceConfig
from streamer.faces.finder import Sighting
from streamer.faces.landmarks import Mesh, roll_rad
from streamer.faces.tracker import VIEWS_PER_SEARCH, FaceTracker
from streamer.faces.views import further_views, whole
from tests.streamer.faces.meshes import mesh_at

RED, BLUE = (200, 60, 40), (30, 80, 210)
STEP_S = 0.3  # longer than the mesh interval: every frame is measured


class ScriptedFinder:
    """Knows prepared meshes, one list a measurement; the last list stays."""

    is_resumable = True

    def __init__(self, script):
        self.script = list(script)
        self.searched = []  # views of each measurement, None where it was not searched
        self.forgot = 0
        self.upside_down = False

    def follow(self, image, known):
        self.searched.append(None)
        return [self._nearest(one) for one in known]

    def search(self, image, views, known, expected_rad):
        self.searched[-1] = views
        return Sighting([one for one in self._now() if all(_away(one, at) > 10 for at in known)])

    def evidence(self, image, mesh):
        return -0.5 if self.upside_down else 0.5

    def upended(self, image, mesh):
        turned = mesh.landmarks_px.copy()
        turned[:, :2] = 2 * turned[:, :2].mean(axis=0) - turned[:, :2]
        self.upside_down = False
        return Mesh(turned, 0.9)

    def forget(self):
        self.forgot += 1

    def close(self):
        pass

    @property
    def calls(self):
        return len(self.searched)

    def _now(self):
        meshes = self.script[min(self.calls - 1, len(self.script) - 1)]
        return [Mesh(mesh, 0.75) for mesh in meshes]

    def _nearest(self, known):
        """A region that is measured holds the face that is nearest to its middle, if any."""

        near = min(self._now(), key=lambda one: _away(one, known), default=None)
        return near if near is not None and _away(near, known) < 150.0 else None


def _away(one, other):
    return np.hypot(*(one.landmarks_px - other.landmarks_px).mean(axis=0)[:2])


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
        ScriptedFinder([[left, right], [right, left], [left, right]]), FaceConfig()
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
    tracker = FaceTracker(ScriptedFinder(script), FaceConfig())
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
    tracker = FaceTracker(ScriptedFinder([[mesh], [], [mesh]]), FaceConfig(id_memory_s=3.0))
    image = paint((300, RED))
    tracker.push(Frame(0, 0.0, image))
    assert tracker.push(Frame(1, 0.5, image)) == []
    assert tracker.push(Frame(2, 0.5 + gap, image))[0].face_id == expected


def test_the_mesh_is_measured_by_time_and_carried_in_between():
    finder = ScriptedFinder([[mesh_at(300.0, 180.0)]])
    tracker = FaceTracker(finder, FaceConfig(mesh_interval_s=0.1))
    measured = [tracker.push(Frame(i, i / 200, paint((300, RED))))[0].measured for i in range(41)]
    assert [i for i, m in enumerate(measured) if m] == [0, 20, 40]
    assert finder.calls == 3


def test_others_are_looked_for_now_and_then():
    for people in ([150.0], [150.0, 450.0]):
        finder = ScriptedFinder([[mesh_at(x, 180.0) for x in people]])
        tracker = FaceTracker(finder, FaceConfig(mesh_interval_s=0.3, search_interval_s=0.9))
        for i in range(9):
            tracker.push(Frame(i, i * STEP_S, paint((150, RED), (450, BLUE))))
        searched = [views is not None for views in finder.searched]
        assert searched == [True] * 3 + [True, False, False] * 2  # at once beside who has just come


def test_nobody_or_a_loss_is_searched_for_at_once():
    two = [mesh_at(150.0, 180.0), mesh_at(450.0, 180.0)]
    finder = ScriptedFinder([[], [], two, two, [two[0]], two, two])
    tracker = FaceTracker(finder, FaceConfig(mesh_interval_s=0.3, search_interval_s=0.9))
    for i in range(7):
        tracker.push(Frame(i, i * STEP_S, paint((150, RED), (450, BLUE))))
    assert [views is not None for views in finder.searched] == [
        True, True, True, True, True, True, False,
    ]  # fmt: skip


def test_while_nobody_is_there_all_views_are_looked_at_in_turn():
    finder = ScriptedFinder([[]])
    tracker = FaceTracker(finder, FaceConfig())
    image = np.full((1080, 1920, 3), 90, dtype=np.uint8)
    all_of_it = whole(1920, 1080)
    further = further_views(1920, 1080, 0)
    searches = -(-len(further) // VIEWS_PER_SEARCH)
    for i in range(searches):
        tracker.push(Frame(i, i * STEP_S, image))
    assert all(views[0] == all_of_it for views in finder.searched)
    assert all(len(views) == 1 + VIEWS_PER_SEARCH for views in finder.searched)
    assert {view for views in finder.searched for view in views} == {all_of_it, *further}


def test_a_lost_face_is_looked_for_where_it_was():
    mesh = mesh_at(300.0, 180.0)
    finder = ScriptedFinder([[mesh], []])
    tracker = FaceTracker(finder, FaceConfig())
    image = paint((300, RED))
    tracker.push(Frame(0, 0.0, image))
    tracker.push(Frame(1, 0.3, image))
    first, second = finder.searched[1][:2]
    x, y = mesh[:, :2].mean(axis=0)
    assert first.left_px < x < first.left_px + first.width_px
    assert first.top_px < y < first.top_px + first.height_px
    assert first.width_px < 640 and second == whole(640, 360)


def test_a_mesh_that_no_head_can_have_reached_is_not_followed():
    """Twice as large within 0.3 s: it is somebody else's, or nobody's."""
    near, far = mesh_at(300.0, 180.0, iod_px=30.0), mesh_at(300.0, 180.0, iod_px=90.0)
    finder = ScriptedFinder([[near], [far], [far]])
    tracker = FaceTracker(finder, FaceConfig())
    image = paint((300, RED))
    for i in range(2):
        tracker.push(Frame(i, i * 0.3, image))
    assert finder.searched[1] is not None  # it was looked for again


def test_a_face_that_turns_out_to_be_upside_down_is_turned():
    finder = ScriptedFinder([[mesh_at(300.0, 180.0)]])
    tracker = FaceTracker(finder, FaceConfig(search_interval_s=0.3))
    image = paint((300, RED))
    (before,) = tracker.push(Frame(0, 0.0, image))
    finder.upside_down = True
    (after,) = tracker.push(Frame(1, 0.3, image))
    assert (before.face_id, after.face_id) == (0, 0)
    assert abs(roll_rad(before.landmarks_px)) < 0.01
    assert abs(roll_rad(after.landmarks_px)) == pytest.approx(np.pi, abs=0.01)
    assert abs(tracker.state_dict()["_tracks"][0].first_roll_rad) == pytest.approx(np.pi, abs=0.01)


def test_a_frame_without_a_face_says_why():
    mesh = mesh_at(300.0, 180.0)
    tracker = FaceTracker(ScriptedFinder([[mesh], []]), FaceConfig())
    tracker.push(Frame(0, 0.0, paint((300, RED))))
    assert tracker.missing is None
    black = np.zeros((360, 640, 3), dtype=np.uint8)
    for time_s in (0.3, 0.4):  # measured, carried over
        assert tracker.push(Frame(1, time_s, black)) == []
        assert tracker.missing == MissingFace(NoFace.DARK, 0.0)


def test_reset_starts_ids_anew():
    finder = ScriptedFinder([[mesh_at(300.0, 180.0)]])
    tracker = FaceTracker(finder, FaceConfig())
    image = paint((300, RED))
    tracker.push(Frame(0, 0.0, image))
    tracker.reset()
    assert finder.forgot == 1
    assert tracker.push(Frame(0, 0.0, image))[0].face_id == 0


def test_more_faces_than_are_matched_exhaustively():
    meshes = [mesh_at(60.0 + 110.0 * i, 180.0, iod_px=30.0) for i in range(6)]
    tracker = FaceTracker(ScriptedFinder([meshes, meshes[::-1]]), FaceConfig(max_faces=6))
    image = paint()
    first = tracker.push(Frame(0, 0.0, image))
    second = tracker.push(Frame(1, STEP_S, image))
    assert [f.face_id for f in second] == list(range(6))
    for a, b in zip(first, second, strict=True):
        assert a.box_px == b.box_px


def test_a_state_taken_at_any_frame_goes_on_alike():
    people = [[mesh_at(100, 200), mesh_at(400, 200)], [mesh_at(402, 200), mesh_at(104, 200)]] * 3
    image = paint((100, (200, 0, 0)), (400, (0, 0, 200)))
    frames = [Frame(i, i * 0.2, image) for i in range(8)]
    whole_run = FaceTracker(ScriptedFinder(people), FaceConfig())
    for at in range(8):
        finder = ScriptedFinder(people)
        other = FaceTracker(finder, FaceConfig())
        set_state(other, restore(capture(state_of(whole_run))))
        finder.searched = list(whole_run._finder.searched)
        first, second = (t.push(frames[at]) for t in (whole_run, other))
        assert [f.face_id for f in first] == [f.face_id for f in second] == [0, 1]
        assert [f.box_px for f in first] == [f.box_px for f in second]
        assert [f.measured for f in first] == [f.measured for f in second]


@pytest.mark.parametrize("state", [{}, {"_tracks": {}}])
def test_the_state_of_something_else_is_refused(state):
    with pytest.raises(ValueError, match="not the state of a face tracker"):
        FaceTracker(ScriptedFinder([[]]), FaceConfig()).load_state_dict(state)


def test_a_face_has_the_score_of_its_last_mesh():
    tracker = FaceTracker(ScriptedFinder([[mesh_at(300.0, 180.0)]]), FaceConfig())
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
    tracker = FaceTracker(ScriptedFinder([[good, other], [good, bad], [good, other]]), FaceConfig())
    aligner = Aligner(FaceConfig())
    image = paint((150, RED), (450, BLUE))
    seen = []
    for i in range(3):
        frame = Frame(i, i * STEP_S, image)
        seen.append([one.face.face_id for one in aligner.push(frame, tracker.push(frame))])
    assert seen == [[0, 1], [0], [0, 1]]
