"""Flow maps: the public repository as published, from three roots, and our own index."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streamer.core.errors import SourceFormatError, SourceNotFoundError, UsageError
from tests.training.datasets.trees import flow_map
from tests.training.fake_maps import FakeConfig, make_fake
from training.datasets import counts, load_dataset
from training.datasets.arrays import load_map, load_maps

TABLE = "combined_3_class2_for_optical_flow.csv"
MAPS = Path("datasets") / "STSNet_whole_norm_u_v_os"
HEAD = "dataset,sub,filename_o,label,apex,imagename,sub_filename"
LINES = [
    "casme2,sub01,EP02_01f,1,,sub01_EP02_01f.jpg,",
    "smic,s01,s01_ne_01,0,,s01_s1_ne_01.jpg,",
    "samm,006,006_1_2,0,,006_006_1_2.jpg,",
    "samm,7,007_3_1,2,,007_007_3_1.jpg,",  # a spreadsheet dropped the zeros
]
REAL = Path(__file__).parents[4] / "shared" / "data" / "megc2019_flow"


def public(root: Path, lines: list[str] = LINES) -> Path:
    names = ("sub01_EP02_01f", "s01_s01_ne_01", "006_006_1_2", "007_007_3_1")
    for value, name in enumerate(names):
        flow_map(root / MAPS / f"{name} .png", 10 * value)  # a space before the dot
    (root / TABLE).write_text("\n".join([HEAD, *lines]) + "\n")
    return root


@pytest.mark.parametrize("below", [".", "datasets", str(MAPS)])
def test_as_published(tmp_path: Path, below: str) -> None:
    data = load_dataset("megc2019-flow", public(tmp_path) / below, 3)
    assert [(clip.id, clip.emotion) for clip in data.clips] == [
        ("casme2/sub01/EP02_01f", "positive"),
        ("smic/s01/s01_ne_01", "negative"),
        ("samm/006/006_1_2", "negative"),
        ("samm/007/007_3_1", "surprise"),
    ]
    assert not data.rejected
    maps = load_maps(data.clips)
    assert maps.shape == (4, 28, 28, 3)
    assert maps[:, 0, 0].tolist() == [[10 * n, 0, 255 - 10 * n] for n in range(4)]  # u, v, strain


def test_parts_can_be_chosen(tmp_path: Path) -> None:
    data = load_dataset("casme2,smic", public(tmp_path), 3)
    assert counts(data) == {"casme2": {"positive": 1}, "smic": {"negative": 1}}
    with pytest.raises(UsageError, match="no clips of smic, only of casme2"):
        load_dataset("smic", public(tmp_path, LINES[:1]), 3)
    with pytest.raises(UsageError, match="three classes only"):
        load_dataset("casme2", tmp_path, 5)


def test_rows_and_maps_that_do_not_match(tmp_path: Path) -> None:
    lines = [*LINES[:2], "samm,006,006_9_9,0,,,", "samm,006,006_1_2,5,,,", LINES[0]]
    data = load_dataset("flow_maps", public(tmp_path, lines), 3)
    assert len(data.clips) == 2
    reasons = [row.reason for row in data.rejected]
    assert "006_006_9_9 .png' not found" in reasons[0]
    assert "label '5' is none of 0, 1, 2" in reasons[1]
    assert "stands already in" in reasons[2]
    assert "names this map" in reasons[3] and "007_007_3_1" in data.rejected[3].source
    assert "row 4" in data.rejected[0].source


def test_roots_without_maps(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match="holds no flow maps"):
        load_dataset("megc2019-flow", tmp_path, 3)
    public(tmp_path)
    (tmp_path / TABLE).write_text("dataset,sub\n")
    with pytest.raises(SourceFormatError, match=r"'filename_o', 'label'"):
        load_dataset("megc2019-flow", tmp_path, 3)


def test_bad_maps_name_file_and_row(tmp_path: Path) -> None:
    rows = [f"m{n}.npy,x,s1,c{n},negative" for n in range(4)] + ["m4.png,x,s1,c4,positive"]
    (tmp_path / "index.csv").write_text("file,dataset,subject,clip,emotion\n" + "\n".join(rows))
    good = np.full((28, 28, 3), 7.4)
    bad = good.copy()
    bad[3, 3, 0] = np.nan
    for n, values in enumerate((good, bad, good[:27], good * 99)):
        np.save(tmp_path / f"m{n}.npy", values)
    (tmp_path / "m4.png").write_bytes(b"no image")
    clips = load_dataset("megc2019-flow", tmp_path, 3).clips
    assert load_map(clips[0]).dtype == np.uint8 and load_map(clips[0])[0, 0, 0] == 7
    for clip, words in zip(
        clips[1:], ("NaN", r"shape \(27, 28, 3\)", "outside 0..255", "not a readable"), strict=True
    ):
        with pytest.raises(SourceFormatError, match=rf"{clip.path.name}.*row \d.*{words}"):
            load_map(clip)
    (tmp_path / "m0.npy").unlink()
    again = load_dataset("megc2019-flow", tmp_path, 3)
    assert "m0.npy not found" in again.rejected[0].reason


def test_unknown_emotions_are_listed(tmp_path: Path) -> None:
    flow_map(tmp_path / "a.png")
    flow_map(tmp_path / "b.png")
    (tmp_path / "index.csv").write_text(
        "file,dataset,subject,clip,emotion\na.png,x,s1,c1,bored\nb.png,x,s1,c2,positive\n"
    )
    data = load_dataset("megc2019-flow", tmp_path, 3)
    assert "'bored'" in data.rejected[0].reason and "row 2" in data.rejected[0].source


@pytest.mark.skipif(not REAL.is_dir(), reason="the public flow maps are not on this machine")
@pytest.mark.parametrize("below", [".", "flow"])
def test_the_real_maps(below: str) -> None:
    data = load_dataset("casme2,smic", REAL / below, 3)
    assert counts(data) == {
        "casme2": {"negative": 88, "positive": 32, "surprise": 25},
        "smic": {"negative": 70, "positive": 51, "surprise": 43},
    }
    assert len({clip.group for clip in data.clips}) == 24 + 16
    assert load_maps(data.clips).shape == (309, 28, 28, 3)


def test_the_fake_is_seeded_learnable_and_collides(tmp_path: Path) -> None:
    config = FakeConfig(subjects=3, clips_per_class=2)
    one, two = make_fake(tmp_path / "a", config), make_fake(tmp_path / "b", config)
    assert len(one.clips) == 2 * 3 * 3 * 2
    assert np.array_equal(load_maps(one.clips), load_maps(two.clips))
    other = make_fake(tmp_path / "c", FakeConfig(subjects=3, clips_per_class=2, seed=1))
    assert not np.array_equal(load_maps(one.clips), load_maps(other.clips))
    # The same subject in two data sets is two groups.
    assert len({c.subject for c in one.clips}) == 3 and len({c.group for c in one.clips}) == 6
    # Nearest class mean, leaving one subject out: far above chance (1/3).
    maps = load_maps(one.clips).reshape(len(one.clips), -1).astype(float)
    hits = 0
    for n, clip in enumerate(one.clips):
        means = {}
        for emotion in ("negative", "positive", "surprise"):
            rows = [
                i for i, c in enumerate(one.clips) if c.group != clip.group and c.emotion == emotion
            ]
            means[emotion] = maps[rows].mean(axis=0)
        hits += clip.emotion == min(means, key=lambda e: float(np.abs(maps[n] - means[e]).sum()))
    assert hits / len(one.clips) > 0.8
