from dataclasses import replace

import numpy as np
import pytest

from spotting.config import SpotterConfig
from spotting.micro.rule import latency_s
from spotting.motion.regions import REGION_NAMES
from spotting.spotter import MICRO_DETECTORS, FaceSpotter, Spotter
from streamer.core.records import Frame
from streamer.faces.alignment import Aligner
from streamer.faces.config import FaceConfig
from streamer.faces.tracker import FaceTracker
from tests.streamer.faces.meshes import mesh_at
from tests.streamer.faces.test_tracker import ScriptedFinder


@pytest.fixture(scope="module")
def aligned():
    """Aligned faces of the bundled sample: a list a frame."""
    from streamer.faces.backends import open_finder
    from streamer.sources import open_source

    config = FaceConfig(max_faces=1)
    tracker, aligner = FaceTracker(open_finder(config), config), Aligner(config)
    with open_source("sample") as source:
        return [aligner.push(frame, tracker.push(frame)) for frame in source]


def spots_of(frames):
    spotter = Spotter()
    found = [spot for faces in frames for spot in spotter.push(faces)[1]]
    return found + spotter.flush()


def test_the_three_expressions_of_the_sample_and_nothing_else(aligned):
    spots = spots_of(aligned)
    assert [spot.kind for spot in spots] == ["micro"] * 3
    for spot, apex_s in zip(spots, (1.716, 7.140, 10.767), strict=True):
        assert spot.apex_s == pytest.approx(apex_s, abs=0.04)
        assert spot.onset_s < spot.apex_s < spot.offset_s
        assert spot.score >= 1.0
    assert spots[0].regions[0].startswith(("brow", "eye"))
    assert spots[2].regions[0].startswith(("mouth", "cheek"))


def test_reset_makes_it_as_new(aligned):
    spotter = Spotter()
    for faces in aligned[:200]:
        spotter.push(faces)
    spotter.reset()
    found = [spot for faces in aligned for spot in spotter.push(faces)[1]]
    assert found + spotter.flush() == spots_of(aligned)


def test_an_event_is_known_within_the_stated_latency(aligned):
    spotter = Spotter()
    delays = []
    for faces in aligned:
        now_s = faces[0].time_s
        delays += [now_s - s.apex_s for s in spotter.push(faces)[1] if s.kind == "micro"]
    assert len(delays) == 3
    # The sharpened apex may lie a little before the bump's own peak.
    assert max(delays) <= latency_s(SpotterConfig()) + 1 / 30 + 0.1


def test_two_faces_are_spotted_independently(aligned):
    def with_twin(faces, shift):
        twins = [replace(a, face=replace(a.face, face_id=7)) for a in aligned[shift]]
        now = faces[0]
        return [*faces, *(replace(t, index=now.index, time_s=now.time_s) for t in twins)]

    frames = [with_twin(faces, 0) for faces in aligned]  # the twin never moves
    spots = spots_of(frames)
    assert {spot.face_id for spot in spots} == {0}
    assert spots == spots_of(aligned)


@pytest.mark.parametrize("detector", MICRO_DETECTORS)
def test_a_face_that_leaves_closes_what_it_had_open(aligned, detector):
    spotter = Spotter(detector=detector)
    found = [s for faces in aligned[:58] for s in spotter.push(faces)[1]]
    assert found == []  # the first expression has ended, but is not certain yet
    _, found = spotter.push([])
    assert len(found) == 1
    assert spotter.flush() == []


def still_faces(n, moving_row=None):
    """A textured head that stands still, seen by a noisy camera."""
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 255, (90, 160, 3)).astype(np.uint8)
    image = np.kron(texture, np.ones((4, 4, 1), dtype=np.uint8))
    config = FaceConfig()
    mesh = mesh_at(320.0, 150.0, 70.0)
    tracker = FaceTracker(ScriptedFinder([[mesh]]), config)
    aligner = Aligner(config)
    for i in range(n):
        noise = rng.normal(0, 2, image.shape)
        frame = Frame(i, i / 30, np.clip(image + noise, 0, 255).astype(np.uint8))
        yield aligner.push(frame, tracker.push(frame))


def test_camera_noise_is_measured_as_almost_no_motion():
    spotter = Spotter()
    motions = [spotter.push(faces)[0][0] for faces in still_faces(60)]
    moved = np.array([m.displacement_iod for m in motions])
    assert moved.shape == (60, len(REGION_NAMES), 2)
    assert np.sqrt((moved**2).mean()) < 0.002
    assert spotter.flush() == []


def test_flicker_is_not_motion():
    spotter = Spotter()
    frames = list(still_faces(40))
    moved = []
    for k, (face,) in enumerate(frames):
        gain = 1.0 + 0.08 * np.sin(k)
        lit = np.clip(face.image * gain, 0, 255).astype(np.uint8)
        moved.append(spotter.push([replace(face, image=lit)])[0][0].displacement_iod)
    assert np.sqrt((np.array(moved) ** 2).mean()) < 0.003


@pytest.mark.parametrize("detector", MICRO_DETECTORS)
def test_a_stream_cut_in_two_with_its_state_carried_over(aligned, detector):
    from streamer.core.snapshot import capture, from_bytes, restore, set_state, state_of, to_bytes

    def play(spotter, frames):
        return [
            (motions[0].displacement_iod.tolist(), motions[0].gates, motions[0].rejected, spots)
            for motions, spots in map(spotter.push, frames)
        ]

    whole = Spotter(detector=detector)
    expected = play(whole, aligned)
    for cut in (52, 200):  # within the first expression, and between
        first, second = Spotter(detector=detector), Spotter(detector=detector)
        before = play(first, aligned[:cut])
        data = to_bytes(capture(state_of(first)), {})
        set_state(second, restore(from_bytes(data)[0]))
        assert before + play(second, aligned[cut:]) == expected


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"faces": 5},
        {"faces": {"0": {}}},
        {"faces": {0: {}}},
        {"faces": {0: {name: {} for name in FaceSpotter._PARTS}}},
        {"faces": {}, "more": 1},
    ],
    ids=repr,
)
def test_a_state_of_something_else_is_refused(state):
    with pytest.raises(ValueError):
        Spotter().load_state_dict(state)


def test_the_learned_detector_shares_everything_else_with_the_rule(aligned):
    """Motion, gates and macro-expressions are those of the rule."""
    made = [Spotter(detector=name) for name in ("rule", "learned")]
    for faces in aligned[:150]:
        (one, _), (other, _) = (spotter.push(faces) for spotter in made)
        assert one[0].gates == other[0].gates
        np.testing.assert_array_equal(one[0].displacement_iod, other[0].displacement_iod)


def test_with_a_baseline_nothing_is_reported_before_its_end(aligned):
    for detector in MICRO_DETECTORS:
        spotter = Spotter(SpotterConfig(baseline_s=5.0), detector)
        motions, spots = [], []
        for faces in aligned:
            shown, found = spotter.push(faces)
            motions, spots = motions + shown, spots + found
        assert [spot.apex_s > 5.0 for spot in spots] == [True, True]
        reasons = [(r.reason, r.apex_s < 5.0) for m in motions for r in m.rejected]
        assert ("baseline", True) in reasons


@pytest.mark.parametrize("detector", MICRO_DETECTORS)
def test_of_every_frame_but_the_last_is_said_once_whether_it_was_judged(aligned, detector):
    spotter = Spotter(detector=detector)
    judged = [j for faces in aligned for m in spotter.push(faces)[0] for j in m.judged]
    assert [j.index for j in judged] == list(range(len(aligned) - 5))  # 0.15 s
    first_s = aligned[0][0].time_s
    early = [j for j in judged if j.upper == "came or went"]
    assert len(early) == sum(j.time_s - first_s < 0.3 - 1e-6 for j in judged) * (detector == "rule")
    blinks = [j for j in judged if j.upper == "blink"]
    assert bool(blinks) == (detector == "rule") and all(j.lower == "" for j in blinks)
    void = {j.index for j in judged if j.upper or j.lower}
    for spot in spots_of(aligned):  # what the rule reported lies in what was judged
        assert not void & set(range(spot.onset_frame, spot.offset_frame + 1))
