"""The bundled motion weights: they are what their facts say, and beat Farneback on a new face."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

import streamer
from benchmarks.motion_errors import report_errors
from recognition.motion.methods import motion_method
from recognition.motion.selfme.weights import BUNDLED, load_motion
from training.synthetic.pair_face import PairFace
from training.synthetic.pairs import draw_pairs
from training.synthetic.video import read_portrait

KNOWN_FACE = Path(streamer.__file__).parent / "assets" / "known_face.jpg"
PORTRAITS = Path(__file__).parents[4] / "shared" / "portraits"
HELD_OUT = (
    *(f"liveportrait_{name}" for name in ("s3", "s7", "s10")),
    *(f"sadtalker_art_{number}" for number in (2, 3, 5, 6, 9)),
    "sadtalker_full3",
)


@pytest.fixture(scope="module")
def pairs():
    return draw_pairs([PairFace(read_portrait(KNOWN_FACE, 320), "known")], 12, 11)


def test_file_and_facts_agree():
    facts = json.loads(BUNDLED.with_suffix(".json").read_text())
    data = BUNDLED.read_bytes()
    assert hashlib.sha256(data).hexdigest() == facts["sha256"]
    assert len(data) < 6e6
    assert load_motion().config.image_size_px == 128


def test_less_error_than_farneback_on_people_never_seen():
    if not PORTRAITS.is_dir():
        pytest.skip("the portraits are not here")
    faces = [PairFace(read_portrait(PORTRAITS / f"{n}.jpg", 512), n) for n in HELD_OUT]
    report = report_errors(draw_pairs(faces, 36, 11), ["farneback", "selfme"])
    for key in ("whole_px", "expression_px"):
        assert report["selfme"][key] < report["farneback"][key] < report["nothing"]["whole_px"]


def test_most_of_the_motion_is_found_on_any_face(pairs):
    report = report_errors(pairs, ["selfme"])
    assert report["selfme"]["whole_px"] < 0.3 * report["nothing"]["whole_px"]


def test_equal_faces_do_not_move(pairs):
    still = motion_method("selfme")(pairs.onset[0], pairs.onset[0])
    assert still.shape == (128, 128, 2)
    assert np.abs(still).max() < 1e-4
