import numpy as np
import pytest

from streamer.core.errors import SourceFormatError, SourceNotFoundError, UsageError
from training.people.bases import read_bases
from training.people.film import Framing, frame_face
from training.people.meshes import MeshTrack
from training.people.variants import VARIANTS, parse_variants, show, through_camera

HEAD = "file,person,train,motion,repeated_picture_share\n"


def folder_of(tmp_path, rows):
    for row in rows.splitlines():
        (tmp_path / row.split(",")[0]).touch()
    (tmp_path / "index.csv").write_text(HEAD + rows)
    return tmp_path


def test_people_are_split(tmp_path):
    rows = "a.mp4,P1,yes,calm,0\nb.mp4,P2,no,talking,0.2\nAsixa_c.mp4,P3,no,calm,\n"
    folder = folder_of(tmp_path, rows)
    assert [base.person for base in read_bases(folder)] == ["P1", "P2", "P3"]
    assert [base.person for base in read_bases(folder, "train")] == ["P1"]
    test = read_bases(folder, "test")
    assert [(b.person, b.converted, b.negative) for b in test] == [
        ("P2", True, True),
        ("P3", False, False),
    ]
    assert [b.person for b in read_bases(folder, people=["P2"])] == ["P2"]
    with pytest.raises(SourceNotFoundError, match="no person P9"):
        read_bases(folder, people=["P9"])
    with pytest.raises(SourceNotFoundError, match="nobody for --split train"):
        read_bases(folder, "train", ["P2"])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a.mp4,P1,yes,,0\nb.mp4,P1,no,,0\n", "P1 with train yes and no"),
        ("a.mp4,P1,maybe,,0\n", "row 2: person 'P1', train 'maybe'"),
        ("a.mp4,P-1,yes,,0\n", "person 'P-1'"),
        ("a.mp4,P1,yes,,2\n", "repeated_picture_share '2'"),
    ],
)
def test_an_index_that_cannot_be(tmp_path, rows, message):
    with pytest.raises(SourceFormatError, match=message):
        read_bases(folder_of(tmp_path, rows))


def test_files_that_are_not_there_or_elsewhere(tmp_path):
    with pytest.raises(SourceNotFoundError, match="No index"):
        read_bases(tmp_path)
    (tmp_path / "index.csv").write_text(HEAD + "a.mp4,P1,yes,,\n")
    with pytest.raises(SourceNotFoundError, match=r"row 2: no recording .*a\.mp4"):
        read_bases(tmp_path)
    (tmp_path / "index.csv").write_text(HEAD + "../a.mp4,P1,yes,,\n")
    with pytest.raises(SourceFormatError, match="not the name of a file"):
        read_bases(tmp_path)
    (tmp_path / "index.csv").write_text("file,person\na.mp4,P1\n")
    with pytest.raises(SourceFormatError, match="no column 'train'"):
        read_bases(tmp_path)


def test_rates_that_a_base_allows():
    time_s = np.arange(300) / 30.0
    shown = show("15fps", time_s, 29.97, [0])
    assert shown is not None and shown.fps == pytest.approx(14.985)
    assert shown.frames.tolist() == list(range(0, 300, 2))
    assert show("25fps", time_s, 30.0, [0]) is None
    assert show("60fps", time_s, 30.0, [0]) is None
    assert show("15fps", np.arange(300) / 25.0, 25.0, [0]) is None


def test_dropped_and_jittered_frames():
    time_s = 5.0 + np.arange(1000) / 25.0
    shown = show("dropped", time_s, 25.0, [1])
    again = show("dropped", time_s, 25.0, [1])
    assert shown is not None and again is not None
    assert np.array_equal(shown.stamp_s, again.stamp_s)
    assert 0.82 < len(shown.frames) / 1000 < 0.95
    assert (np.diff(shown.stamp_s) > 0).all() and shown.true_s[0] == shown.stamp_s[0] == 0.0
    assert 0.003 < np.std(shown.stamp_s - shown.true_s) < 0.009
    assert (np.diff(shown.frames) >= 4).any()  # several in a row


def test_words_and_cameras():
    assert parse_variants("mjpeg, native") == ("native", "mjpeg")
    assert len(VARIANTS) == 8
    with pytest.raises(UsageError, match="choose among native"):
        parse_variants("native,vhs")
    image = np.random.default_rng(0).integers(0, 255, (16, 16, 3)).astype(np.uint8)
    assert through_camera(image, "native") is image
    assert not np.array_equal(through_camera(image, "mjpeg"), image)


def test_large_pictures_are_cut_and_scaled():
    mesh = np.zeros((468, 3), dtype=np.float32)
    mesh[:, 0], mesh[:, 1] = np.linspace(800, 1300, 468), 1000
    mesh[[33, 133]] = (900, 1000, 0)
    mesh[[362, 263]] = (1200, 1000, 0)  # 300 px between the eyes
    framing = frame_face(MeshTrack(np.zeros(1), mesh[None], (2400, 2000)))
    assert framing.scale == pytest.approx(0.4)
    assert framing.columns == (350, 1750) and framing.rows == (550, 1450)
    picture = framing.apply(np.zeros((2000, 2400, 3), dtype=np.uint8))
    assert picture.shape[1::-1] == framing.size_px == (560, 360)
    # a pixel's middle stays its middle
    assert framing.points(mesh)[33] == pytest.approx((550.5 * 0.4 - 0.5, 450.5 * 0.4 - 0.5, 0))
    small = Framing((0, 640), (0, 360), 1.0)
    image = np.zeros((361, 641, 3), dtype=np.uint8)
    assert small.apply(image).shape == (360, 640, 3)
