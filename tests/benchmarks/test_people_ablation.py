"""What `benchmarks.people_ablation` replaces is there, and its table can be read."""

from dataclasses import fields

import numpy as np

from benchmarks.motion_parts import MOTION_PARTS, Replacement
from benchmarks.people_ablation import CHANGES, LEARNED, section
from spotting.config import SpotterConfig
from spotting.motion import history, mesh_limit
from streamer.core.records import Gate


def test_every_change_replaces_something_that_is_there():
    names = {field.name for field in fields(SpotterConfig)}
    for change in CHANGES.values():
        if isinstance(change, Replacement):
            assert hasattr(change.module, change.name)
        else:
            assert set(change) <= names


def test_a_replacement_ends_with_its_block():
    change = MOTION_PARTS["flow free"]
    before = mesh_limit._LEAST_IOD
    with change.made():
        assert np.inf == mesh_limit._LEAST_IOD
    assert mesh_limit._LEAST_IOD is before


def test_gates_that_switch_off_void_what_else_they_only_weaken():
    module, name, log = CHANGES["gates: blink, speech, head turn void events"]
    assert getattr(module, name) is history.GateLog
    now, before = history.GateLog(0.1), log(0.1)
    for one in (now, before):
        one.push(1.0, (Gate.SPEECH,))
    assert now.voids(0.9, 1.1, eyes_only=False) is None
    assert before.voids(0.9, 1.1, eyes_only=False) is Gate.SPEECH


def test_held_by_nothing_keeps_the_other_rows():
    rows = CHANGES["gates: blinks hold nothing"].value
    assert not rows.blinked.any() and np.array_equal(rows.brows, history.FACE_ROWS.brows)


def test_section_has_a_row_for_each_change():
    score = {"f1": 0.5, "tp": 3, "fp": 1, "n": 6}
    group = {"visible": score, "false_per_minute": 1.25, "persons": 4}
    groups = {"all": group, "calm": group, "talking": group}
    rows = dict.fromkeys((*CHANGES, LEARNED), groups)
    text = section({"date": "d", "machine": "m", "rows": rows})
    assert "6 visible movements of 4 people" in text
    assert text.count("| .50 | .50 | .50 | 3 | 1 | 1.2 |") == len(rows)
