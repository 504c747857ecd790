"""Which recordings a batch is about, and what they are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamer.batch.inputs import find_inputs
from streamer.batch.names import folder_names, hashed_name, shown_name, without_name
from streamer.core.errors import SourceNotFoundError, UsageError
from streamer.core.files.inside import is_safe_name


@pytest.fixture
def study(tmp_path: Path) -> Path:
    for name in ("p2/talk.mp4", "p10/talk.MP4", "p2/notes.txt", ".hidden/x.mp4", "p2/.y.mp4"):
        path = tmp_path / "study" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
    (tmp_path / "study" / "frames").mkdir()
    (tmp_path / "study" / "frames" / "img1.png").write_bytes(b"x")
    return tmp_path / "study"


def sources(*specs: object, fps: float | None = None) -> list[str]:
    return [item.source for item in find_inputs([str(s) for s in specs], fps)]


def test_a_folder_gives_its_recordings_in_natural_order(study: Path) -> None:
    assert sources(study) == [str(study / "p2/talk.mp4"), str(study / "p10/talk.MP4")]
    assert find_inputs([str(study)])[0].size_bytes == 5


def test_the_output_is_not_read(study: Path) -> None:
    (study / "results" / "talk").mkdir(parents=True)
    (study / "results" / "talk" / "annotated.mp4").write_bytes(b"x")
    found = find_inputs([str(study)], output=study / "p2" / ".." / "results")
    assert [Path(item.source).name for item in found] == ["talk.mp4", "talk.MP4"]


def test_folders_of_images_count_where_their_rate_is_given(study: Path) -> None:
    assert sources(study, fps=25.0)[0] == str(study / "frames")


def test_patterns_lists_and_repeats(study: Path, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("# comment\n\nstudy/p2/talk.mp4\nsample\nstudy/missing.mp4\n")
    assert sources(f"@{listed}", study / "p*" / "*.mp4") == [
        str(study / "p2/talk.mp4"),
        "sample",
        str(study / "missing.mp4"),  # fails when its turn comes, not before
    ]


@pytest.mark.parametrize("live", ["-", "webcam", "webcam:1", "rtsp://me:secret@cam/1"])
def test_live_sources_are_refused_without_their_password(live: str) -> None:
    with pytest.raises(UsageError, match="live source") as caught:
        find_inputs([live])
    assert "secret" not in str(caught.value)


def test_nothing_is_an_error(study: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match="holds no recordings"):
        find_inputs([str(study / "frames")])
    with pytest.raises(SourceNotFoundError, match="cannot be read"):
        find_inputs([f"@{tmp_path}/none.txt"])


def test_the_same_name_in_two_folders_gives_two_folders() -> None:
    names = folder_names(["a/talk.mp4", "b/talk.mp4", "c/TALK.avi", "a/other one.mp4"], {})
    assert names[0] == "talk" and names[3] == "other-one"
    assert len({name.lower() for name in names}) == 4
    # Whatever came first before keeps its folder, also where the order is another.
    known = dict(zip(["a/talk.mp4", "b/talk.mp4"], names[:2], strict=True))
    assert folder_names(["b/talk.mp4", "a/talk.mp4"], known) == [names[1], names[0]]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "...", "/", "manifest.mp4", "s3://b/.partial"]
)
def test_a_folder_stays_in_the_output(name: str) -> None:
    (folder,) = folder_names([name], {})
    assert "/" not in folder and not folder.startswith(".") and folder not in ("", "manifest")


def test_hashed_names_depend_on_the_key() -> None:
    assert hashed_name("a/anna.mp4", "") == "rec-5c538a5d3caf"  # printf a/anna.mp4 | sha256sum
    # printf a/anna.mp4 | openssl dgst -sha256 -hmac k
    assert hashed_name("a/anna.mp4", "k") == "rec-3cb860a3c767"
    assert (
        shown_name("s3://u:secret@b/x.mp4", hashed=False, key="") == "s3://b/~fcf4520a"
    )  # printf /x.mp4 | sha256sum


def test_messages_lose_the_name() -> None:
    said = without_name("a/anna.mp4: no such file", "a/anna.mp4", "/data/a/anna.mp4", "rec-1")
    assert said == "rec-1: no such file"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lists_as_windows_writes_them(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "list.txt").write_bytes("Gespräch.mp4\r\nb.mp4\r\n".encode(encoding))
    found = [Path(item.source).name for item in find_inputs([f"@{tmp_path / 'list.txt'}"])]
    assert found == ["Gespräch.mp4", "b.mp4"]


@pytest.mark.parametrize("content", [b"a\0b\n", b"\xff\xfea\0\0\0", b"\xff\xfea"])
def test_a_list_that_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "list.txt").write_bytes(content)
    with pytest.raises(UsageError, match="no list of names"):
        find_inputs([f"@{tmp_path / 'list.txt'}"])


def test_a_name_that_no_folder_may_have_gets_another() -> None:
    for name in ("nul.tar.mp4", "CON.x.mp4"):
        (folder,) = folder_names([name], {})
        assert is_safe_name(folder)
