"""Synthetic clip sets: times, classes, jittered rows; rendered where portraits are at hand."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from streamer.core.errors import SourceNotFoundError, UsageError
from streamer.core.records import EMOTIONS
from training.datasets.folder import load
from training.synthetic import clip_set
from training.synthetic.clip_set import ClipSetConfig, draw_clip, write_clip_set
from training.synthetic.video import find_portraits

PORTRAITS = Path(__file__).parents[4] / "shared" / "portraits"


def test_a_clip_has_one_expression_after_its_margin() -> None:
    config = ClipSetConfig(fps=50.0, margin_frames=5)
    scene = draw_clip([0, 1, 2], "surprise", config)
    (injection,) = scene.injections
    assert injection.emotion == "surprise" and injection.onset_s == pytest.approx(0.1)
    assert 0.16 <= injection.offset_s - injection.onset_s <= 0.5
    assert scene.config.duration_s == pytest.approx(injection.offset_s + 0.1)
    strongest = max(max(a.left, a.right) for a in injection.activations)
    assert 0.5 * config.strength_iod[0] < strongest < 2.5 * config.strength_iod[1]
    again = draw_clip([0, 1, 2], "surprise", config)
    assert again.injections == scene.injections and np.array_equal(
        again.head_waves, scene.head_waves
    )


def test_jittered_rows_stay_inside_the_clip_and_near_the_truth() -> None:
    config = ClipSetConfig(jittered=6, jitter_frames=3)
    for index in range(20):
        scene = draw_clip([1, 0, index], EMOTIONS[index % 3], config)
        true, *wrong = clip_set._rows("ann", index, scene, config)
        assert true[1] == f"clip{index:03d}" and len(wrong) == 6
        last = round(scene.config.duration_s * scene.config.fps) - 1
        for row in wrong:
            onset, apex, offset = (int(str(row[i])) for i in (4, 5, 6))
            assert 0 <= onset < apex <= offset <= last
            assert abs(onset - int(str(true[4]))) <= 3
            assert abs(apex - int(str(true[5]))) <= 3 or apex == onset + 1


def test_wrong_settings_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="only 8 are rendered"):
        ClipSetConfig(jitter_frames=9)
    with pytest.raises(SourceNotFoundError, match="is not a folder"):
        find_portraits(tmp_path / "absent")
    (tmp_path / "ann.png").write_bytes(b"")
    assert find_portraits(tmp_path) == [tmp_path / "ann.png"]
    with pytest.raises(SourceNotFoundError, match="holds no ben"):
        find_portraits(tmp_path, ["ben"])


@pytest.mark.skipif(not PORTRAITS.is_dir(), reason="the portraits are not here")
def test_it_is_a_data_set_that_the_folder_loader_reads(tmp_path: Path) -> None:
    portraits = find_portraits(PORTRAITS, ["sadtalker_art_10"])
    config = ClipSetConfig(clips=1, fps=20.0, margin_frames=2, jitter_frames=1, jittered=1)
    table = write_clip_set(portraits, tmp_path, config)
    data_set = load(tmp_path, 3)
    assert [clip.emotion for clip in data_set.clips] == ["negative", "negative"]
    assert not data_set.rejected
    frames = sorted((tmp_path / "sadtalker_art_10" / "clip000").glob("*.png"))
    before = [frame.stat().st_mtime_ns for frame in frames]
    rows = list(csv.reader(table.open()))
    write_clip_set(portraits, tmp_path, config)
    assert [frame.stat().st_mtime_ns for frame in frames] == before  # nothing is rendered twice
    assert list(csv.reader(table.open())) == rows and len(frames) >= 7
