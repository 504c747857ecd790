import logging

import numpy as np
import pytest

from streamer.faces.roll import Roll


def after(*pairs):
    roll = Roll()
    for angle, first in pairs:
        roll.add(np.radians(angle), np.radians(first))
    return roll.quarters


@pytest.mark.parametrize(
    ("pairs", "quarters"),
    [
        ([(178, -175)] * 4, 2),
        ([(178, -175)] * 3, 0),  # not yet
        ([(95, 80)] * 4, 1),
        ([(-85, -92)] * 4, 3),
        ([(62, 5)] * 50, 0),  # a head that was tilted while it was watched
        ([(58, 58)] * 50, 0),  # and one that came so
        ([(0, 0)] * 4 + [(180, 180)] * 7, 0),  # one of two people, the other is upright
        ([(0, 0)] * 4 + [(180, 180)] * 8, 2),
    ],
)
def test_the_roll_is_found_by_evidence_that_agrees(pairs, quarters):
    assert after(*pairs) == quarters


def test_a_roll_is_kept_and_said_once(caplog):
    roll = Roll()
    with caplog.at_level(logging.WARNING):
        for _ in range(30):
            roll.add(np.pi, np.pi)
        for _ in range(100):
            roll.add(0.0, 0.0)
    assert roll.quarters == 2
    assert roll.angle_rad == pytest.approx(np.pi)
    assert [record.getMessage() for record in caplog.records] == [
        "The faces are upside down in the picture; they are followed so. --rotate 180 turns the "
        "picture itself."
    ]


@pytest.mark.parametrize(("angle", "rotate"), [(90, 270), (-90, 90)])
def test_the_cure_turns_the_other_way(caplog, angle, rotate):
    with caplog.at_level(logging.WARNING):
        after(*[(angle, angle)] * 4)
    assert f"--rotate {rotate} " in caplog.text
