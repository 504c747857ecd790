"""The labels of the gates, and how gates are counted against them."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.gates import (
    GATES,
    LABELS,
    MACROS,
    Interval,
    Seen,
    gate_facts,
    judged,
    macro_facts,
    read_labels,
    section,
)
from streamer.core.records import Gate, Spot

TIME_S = np.arange(100) / 10.0


def macro(onset_s, offset_s):
    return Spot(0, "macro", onset_s, onset_s, offset_s, 0, 0, 0, 1.0, ())


def test_the_labels_can_be_read():
    labels = read_labels(LABELS)
    assert len(labels) == 18
    kinds = {kind for own in labels.values() for kind in own}
    assert kinds <= {*GATES.values(), *MACROS}
    for own in labels.values():
        for parts in own.values():
            ends = [0.0, *(part.end_s for part in parts)]
            assert all(p.start_s >= end for p, end in zip(parts, ends, strict=False))
            assert all(0 <= part.start_s < part.end_s <= 20.1 for part in parts)
    assert all(Path(name).name == name for name in labels)


def test_borders_and_doubts_do_not_count():
    counts, inside = judged(TIME_S, [Interval(2.0, 4.0, True), Interval(6.0, 7.0, False)])
    assert inside.sum() == 21 and inside[20] and inside[40]
    assert not counts[[20, 40]].any() and counts[[18, 22, 38, 42]].all()
    assert not counts[60:71].any() and counts[[59, 71]].all()
    counts, _ = judged(TIME_S, [Interval(2.94, 3.16, True)])  # a blink keeps its middle
    assert counts[30] and counts[31] and not counts[29]


def test_counts_by_hand():
    # on from 3.0 to 4.9: ten frames within the label, eight after it, two at its border
    gates = tuple((Gate.BLINK,) if 3.0 <= t < 4.95 else () for t in TIME_S)
    labels = {"a": {"blink": [Interval(2.05, 4.05, True)]}, "b": {"turn": []}}
    seen = {"a": Seen(TIME_S, gates, ()), "b": Seen(TIME_S, gates, ())}
    facts = gate_facts(Gate.BLINK, "blink", labels, seen)
    assert (facts["labelled"], facts["labelled_hit"]) == (1, 1)
    assert facts["frames"] == 96  # 2.0, 2.1, 4.0, 4.1 are borders; b judges no blinks
    assert facts["precision"] == pytest.approx(10 / 18, abs=1e-4)  # 3.0-3.9 of 3.0-4.9
    assert facts["recall"] == pytest.approx(10 / 18, abs=1e-4)  # 2.2-3.9 is labelled
    none = gate_facts(Gate.HEAD_TURN, "turn", labels, seen)
    assert none["precision"] is None and none["recall"] is None and none["frames"] == 100


def test_macro_expressions_by_hand():
    labels = {
        "a": {"smile": [Interval(2.0, 4.0, True), Interval(8.0, 9.0, False)], "frown": []},
        "b": {"blink": []},
    }
    spots = (macro(2.1, 4.2), macro(3.9, 4.3), macro(5.0, 6.0), macro(8.5, 9.5))
    seen = {name: Seen(TIME_S, (), spots) for name in "ab"}
    assert macro_facts(labels, seen) == {
        "labelled": 1, "found": 1, "touched": 1, "events": 4, "outside": 1,
    }  # fmt: skip


def test_the_text():
    gates = {
        "blink": {
            "labelled": 3, "labelled_hit": 2, "labelled_share": 0.1, "on_share": 0.25,
            "precision": 0.5, "recall": None,
        }
    }  # fmt: skip
    macros = {"labelled": 4, "found": 1, "touched": 2, "events": 9, "outside": 5}
    halves = {"gates": {"others": gates}, "macro": {"others": macros}}
    text = section({"date": "d", "machine": "m", "minutes": 2.0, **halves})
    assert "| blink | others | 3 | 2 | 10 % | 25 % | .50 | - |" in text
    assert "others: of 4 labelled 1 found at IoU 0.5 (2 touched by an event), 5 of 9" in text
