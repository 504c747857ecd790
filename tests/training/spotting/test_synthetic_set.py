import csv

import pytest

from streamer.core.errors import SourceFormatError, SourceNotFoundError, UsageError
from training.spotting.sets import load_set
from training.spotting.synthetic_set import SpotSetConfig, takes, write_set
from training.synthetic.video import find_portraits


def rows(path):
    return list(csv.DictReader(path.open()))


def test_a_set_and_its_tables(small_set):
    videos = rows(small_set / "videos.csv")
    assert [v["content"] for v in videos] == ["expressions", "talking", "disturbed"]
    assert {v["fps"] for v in videos} == {"30"}
    truth = rows(small_set / "truth.csv")
    assert truth and {t["video"] for t in truth} <= {v["video"] for v in videos}
    assert not any("talking" in t["video"] for t in truth)
    assert {t["strength_iod"] for t in truth} == {"0.05"}
    loaded = load_set("synthetic", small_set)
    assert [r.name for r in loaded.recordings] == [v["video"] for v in videos]
    assert len(loaded.truth) == len(truth)
    assert loaded.truth[0].apex_s == float(truth[0]["apex_s"])
    assert sum(1 for _ in loaded.recordings[0].frames()) == 270


def test_a_stopped_run_goes_on(small_set, portraits):
    config = SpotSetConfig(
        fps=(30.0,),
        seconds=(9.0,),
        strengths_iod=(0.05,),
        contents=("expressions", "talking", "disturbed"),
        size_px=200,
        seed=3,
    )
    before = {p.name: p.read_bytes() for p in small_set.glob("*.csv")}
    assert write_set(find_portraits(portraits), config, small_set) == 0
    lost = small_set / "someone_30fps_talking.mp4.truth.csv"
    lost.unlink()
    assert write_set(find_portraits(portraits), config, small_set) == 1
    assert {p.name: p.read_bytes() for p in small_set.glob("*.csv")} == before
    with pytest.raises(UsageError, match="another contents, size_px, seed"):
        write_set(find_portraits(portraits), SpotSetConfig((30.0,), (9.0,), (0.05,)), small_set)


def test_scenes_follow_from_their_names(tmp_path):
    faces = [tmp_path / "a.png", tmp_path / "b.png"]
    config = SpotSetConfig()
    both, alone = list(takes(faces, config)), list(takes(faces[1:], config))
    assert len(both) == 2 * len(alone) == 8
    assert both[4:] == alone
    assert len({take.scene.seed for take in both}) == 8


def test_portraits_that_are_not_there(tmp_path, portraits):
    with pytest.raises(SourceNotFoundError, match="is not a folder"):
        find_portraits(tmp_path / "none")
    with pytest.raises(SourceNotFoundError, match=r"holds no picture \(.bmp"):
        find_portraits(tmp_path)
    with pytest.raises(SourceNotFoundError, match="holds no nobody"):
        find_portraits(portraits, ["someone", "nobody"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seconds": (1.0,)}, "2 frame rates and 1 lengths"),
        ({"fps": (0.0, 30.0)}, "fps must be"),
        ({"size_px": 201}, "even number"),
    ],
)
def test_settings_that_cannot_be(options, message):
    with pytest.raises(UsageError, match=message):
        SpotSetConfig(**options)


@pytest.mark.parametrize(
    ("videos", "truth", "message"),
    [
        ("video,fps\nx.mp4,\n", "", "x.mp4 has no fps"),
        ("video,fps\n../x.mp4,30\n", "", r"../x.mp4 is not below"),
        ("video,fps\ny.mp4,30\n", "", "y.mp4 is not below"),
        ("video,fps\nx.mp4,30\n", "z.mp4,1,2\n", "row 2: video 'z.mp4' is not in videos.csv"),
    ],
)
def test_a_set_that_does_not_fit_together(tmp_path, videos, truth, message):
    (tmp_path / "x.mp4").touch()
    (tmp_path / "videos.csv").write_text(videos)
    (tmp_path / "truth.csv").write_text("video,onset,offset\n" + truth)
    with pytest.raises(SourceFormatError, match=message):
        load_set("synthetic", tmp_path)
    with pytest.raises(UsageError, match="choose among casme-sq"):
        load_set("casme9", tmp_path)
