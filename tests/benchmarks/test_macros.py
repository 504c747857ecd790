"""What `benchmarks.macros` counts."""

import pytest

from benchmarks.macros import Truth, group_of, read_truth, scores, section
from streamer.core.records import Spot


def spot(onset_s, apex_s, offset_s):
    return Spot(0, "macro", onset_s, apex_s, offset_s, 0, 0, 0, 1.0, ())


@pytest.mark.parametrize(
    ("units", "group"),
    [("6+12", "smile"), ("1+2+25", "raised brows"), ("4+15", "frown"), ("9", "others")],
)
def test_group_of_units(units, group):
    assert group_of(units) == group


def test_scores_by_hand():
    truth = [Truth("smile", 0.1, 1.0, 2.0, 3.0), Truth("smile", 0.2, 6.0, 7.0, 8.0)]
    spots = [spot(1.2, 2.3, 3.0), spot(6.0, 6.5, 6.9), spot(10.0, 11.0, 12.0)]
    facts = scores([(truth, spots), ([Truth("frown", 0.1, 1.0, 2.0, 3.0)], [])])
    assert facts["counts"] == {
        "smile": {"0.1": [1, 1], "0.2": [0, 1]},
        "frown": {"0.1": [0, 1]},
    }
    assert facts["other"] == 2 and facts["apex_s"] == pytest.approx(0.3)


def test_truth_is_read_by_recording_and_shown(tmp_path):
    path = tmp_path / "truth.csv"
    path.write_text(
        "video,aus,strength_iod,onset_s,apex_s,offset_s\na.mp4,6+12,0.15,1.0,1.5,3.0\n",
        encoding="utf-8",
    )
    truth = read_truth(path)
    assert truth == {"a.mp4": [Truth("smile", 0.15, 1.0, 1.5, 3.0)]}
    facts = {"date": "d", "machine": "m", "people": 1, "train": False, "own": 2, "minutes": 1.0}
    text = section({**facts, **scores([(truth["a.mp4"], [spot(1.0, 1.6, 3.0)])])})
    assert "| smile | 1 of 1 |" in text and ".10 s" in text
