import pytest

from training.spotting.matching import SpotScore, match_intervals, overlap, score_intervals


@pytest.mark.parametrize(
    ("a", "b", "extra", "expected"),
    [
        ((0, 10), (0, 10), 0, 1.0),
        ((0, 10), (5, 15), 0, 5 / 15),
        ((0, 10), (10, 20), 0, 0.0),  # they touch
        ((0, 9), (9, 19), 1, 1 / 20),  # inclusive frames share frame 9
        ((0, 10), (20, 30), 0, 0.0),
        ((0, 10), (2, 4), 0, 0.2),
    ],
)
def test_overlap_by_hand(a, b, extra, expected):
    assert overlap([a], [b], extra)[0, 0] == pytest.approx(expected)


def test_a_truth_is_matched_once():
    truth, spotted = [(0.0, 1.0)], [(0.0, 1.0), (0.1, 1.0), (0.0, 0.9)]
    assert match_intervals(truth, spotted) == [(0, 0)]
    assert score_intervals(truth, spotted) == SpotScore(tp=1, fp=2, fn=0)


def test_as_many_pairs_as_possible_even_if_one_overlaps_less():
    """Greedy by overlap would pair truth 0 with spot 0 and leave truth 1 alone."""
    truth = [(0.0, 10.0), (6.0, 16.0)]
    spotted = [(2.0, 12.0), (-4.0, 8.0)]
    assert overlap(truth, spotted)[0, 0] > overlap(truth, spotted)[0, 1] >= 0.5
    assert sorted(match_intervals(truth, spotted, 0.4)) == [(0, 1), (1, 0)]


def test_exactly_half_counts():
    assert score_intervals([(0.0, 2.0)], [(0.0, 1.0)]).tp == 1


def test_empty_lists():
    assert score_intervals([], []) == SpotScore(0, 0, 0)
    assert score_intervals([], [(0.0, 1.0)]) == SpotScore(0, 1, 0)
    assert score_intervals([(0.0, 1.0)], []) == SpotScore(0, 0, 1)
    assert SpotScore(0, 0, 0).f1 == 0.0


def test_counts_are_summed_before_rates():
    total = SpotScore(1, 0, 0) + SpotScore(0, 3, 2)
    assert total == SpotScore(1, 3, 2)
    assert total.precision == 0.25
    assert total.recall == pytest.approx(1 / 3)
    assert total.f1 == pytest.approx(2 / 7)


def test_a_long_recording_is_matched_group_by_group():
    """Two thousand of each would fill a matrix of 32 MB and take seconds; groups take none."""
    truth = [(10.0 * i, 10.0 * i + 5) for i in range(20_000)]
    spotted = [(a + 1, b + 1) for a, b in truth]
    assert match_intervals(truth, spotted) == [(i, i) for i in range(20_000)]


def test_more_matches_beat_better_ones_however_many():
    """A chain in which every shifted pair overlaps fully and every straight one by half."""
    n = 1500
    truth = [(10.0 * i, 10.0 * i + 10) for i in range(n)]
    spotted = [(10.0 * i + 5, 10.0 * i + 15) for i in range(n)]
    assert len(match_intervals(truth, spotted, 1 / 3)) == n
