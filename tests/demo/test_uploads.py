"""Uploads go from Gradio's folder to their visitor, and to nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.uploads import Uploads, _safe_name
from demo.visitors import Visitor, Visitors
from streamer.errors import UsageError


@pytest.fixture
def uploads(visitors: Visitors) -> Uploads:
    return Uploads(visitors.upload_folder)


def arrive(visitors: Visitors, name: str = "film.mp4", content: bytes = b"film") -> dict[str, Any]:
    """As Gradio keeps it: in a folder named after the content."""
    folder = visitors.upload_folder / content.hex()
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return {"path": str(folder / name), "orig_name": name}


def test_an_upload_is_moved(visitors: Visitors, visitor: Visitor, uploads: Uploads) -> None:
    assert uploads.take(visitor, arrive(visitors)) == "film.mp4"
    assert visitor.pending is not None
    path, name = visitor.pending
    assert name == "film.mp4" and path.read_bytes() == b"film"
    assert path.is_relative_to(visitor.folder)
    assert list(visitors.upload_folder.iterdir()) == []


def test_the_next_takes_its_place(visitors: Visitors, visitor: Visitor, uploads: Uploads) -> None:
    uploads.take(visitor, arrive(visitors))
    assert visitor.pending is not None
    first = visitor.pending[0]
    assert uploads.take(visitor, arrive(visitors, "b.mkv", b"other")) == "b.mkv"
    assert not first.parent.exists() and visitor.pending[0].read_bytes() == b"other"


def test_two_who_send_the_same_have_one_each(visitors: Visitors, uploads: Uploads) -> None:
    one, other = visitors.of("one"), visitors.of("other")
    sent = arrive(visitors)
    uploads.take(one, sent)
    uploads.take(other, sent)  # Gradio kept one file for both
    visitors.forget("one")
    assert other.pending is not None and other.pending[0].read_bytes() == b"film"
    visitors.forget("other")
    with pytest.raises(UsageError):  # and nothing is left to link to
        uploads.take(visitors.of("third"), sent)


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "", "film.mp4", "../../etc/passwd", "{uploads}/film.mp4", "{uploads}",
     "{uploads}/a/../../x/y", "{other}/upload-1/film.mp4", "{uploads}/a/missing.mp4", None, 7],
)  # fmt: skip
def test_only_uploads_are_taken(
    visitors: Visitors, visitor: Visitor, uploads: Uploads, path: Any
) -> None:
    other = visitors.of("other")
    uploads.take(other, arrive(visitors))
    if isinstance(path, str):
        path = path.format(uploads=visitors.upload_folder, other=other.folder)
    with pytest.raises(UsageError, match="No recording has arrived"):
        uploads.take(visitor, {"path": path, "orig_name": "x.mp4"})
    assert visitor.pending is None and list(visitor.folder.iterdir()) == []
    assert other.pending is not None and other.pending[0].is_file()


def test_a_link_out_of_the_folder_is_not_followed(
    visitors: Visitors, visitor: Visitor, uploads: Uploads, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    (visitors.upload_folder / "a").mkdir()
    link = visitors.upload_folder / "a" / "film.mp4"
    link.symlink_to(tmp_path / "secret")
    with pytest.raises(UsageError):
        uploads.take(visitor, {"path": str(link), "orig_name": "film.mp4"})
    assert (tmp_path / "secret").is_file()


@pytest.mark.parametrize("sent", [None, {}, {"orig_name": "a.mp4"}])
def test_nothing_is_no_recording(visitor: Visitor, uploads: Uploads, sent: Any) -> None:
    with pytest.raises(UsageError, match="Choose it again"):
        uploads.take(visitor, sent)


def test_who_has_left_leaves_no_upload_behind(
    visitors: Visitors, visitor: Visitor, uploads: Uploads
) -> None:
    visitor.leave()
    sent = arrive(visitors)
    with pytest.raises(UsageError, match="Reload"):
        uploads.take(visitor, sent)
    assert not visitor.folder.exists()
    assert not Path(sent["path"]).exists()


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("film.mp4", "film.mp4"), ("../../film.mp4", "film.mp4"), ("C:\\films\\a.avi", "a.avi"),
        ("two words 人.mkv", "two words 人.mkv"), ("", "recording"), ("..", "recording"),
        (" . ", "recording"), ("a/", "recording"), ("-x.mp4", "-x.mp4"),
        ("noname", "recording noname"),
        ("sample", "recording sample"), ("-", "recording -"),
        ("x" * 300 + ".mp4", "x" * 146 + ".mp4"),
    ],
)  # fmt: skip
def test_names_are_made_safe(name: str, safe: str) -> None:
    assert _safe_name(name) == safe


@given(st.text())
def test_every_name_is_one_short_part_of_a_path(name: str) -> None:
    safe = _safe_name(name)
    assert safe and safe not in (".", "..") and not set(safe) & set("/\\\0")
    assert len(safe.encode()) <= 200 and Path(safe).name == safe


def test_half_a_letter_in_a_name_is_no_crash() -> None:
    assert _safe_name("film\ud800.mp4").endswith(".mp4")
