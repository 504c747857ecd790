"""Speech by the opening of the lips, at the few moments at which a mesh is measured."""

import numpy as np
import pytest

from spotting.config import GateConfig
from spotting.motion.speech import SpeechWatcher
from streamer.core.records import MeshReading

RATE = 10
NOWHERE = np.zeros((15, 2), dtype=np.float32)


def speaking_at(lips_iod, config=None):
    """The numbers of the readings at which a mouth with these openings is taken to speak."""
    watcher, found = SpeechWatcher(config or GateConfig()), []
    for k, open_iod in enumerate(lips_iod):
        lids, turn = np.full(2, 0.15, dtype=np.float32), np.zeros(3)
        watcher.push(MeshReading(k, k / RATE, NOWHERE, lids, open_iod, turn))
        if watcher.is_speaking(k / RATE):
            found.append(k)
    return found


def test_a_mouth_speaks_from_its_third_step_until_the_first_is_two_seconds_old():
    """Steps at 0.5 (opens), 0.7 (closes) and 0.9 s (opens): until 2.5 s."""
    lips = [0.01] * 5 + [0.06] * 2 + [0.01] * 2 + [0.06] * 30
    assert speaking_at(lips) == list(range(9, 26))
    assert speaking_at(lips, GateConfig(speech_turns=4)) == []


@pytest.mark.parametrize(
    "lips",
    [
        [0.01] * 5 + [0.2] * 10 + [0.01] * 5,  # opened once, and closed
        [0.01 + 0.02 * (k % 2) for k in range(30)],  # too little
        [0.01 + 0.01 * k for k in range(30)],  # opens steadily: one step
    ],
)
def test_what_is_no_speech(lips):
    assert speaking_at(lips) == []


def test_a_mesh_that_is_known_says_nothing_new():
    watcher = SpeechWatcher(GateConfig(speech_turns=1))
    readings = [
        MeshReading(0, 0.0, NOWHERE, np.full(2, 0.15, dtype=np.float32), open_iod, np.zeros(3))
        for open_iod in (0.01, 0.2)
    ]
    for reading in readings:
        watcher.push(reading)
    assert not watcher.is_speaking(0.1)
