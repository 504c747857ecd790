"""Names inside a folder, and what may be deleted."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.core.errors import OutputError
from streamer.core.files.inside import (
    has_links,
    is_plain_file,
    is_safe_name,
    is_safe_path,
    read_inside,
    remove_folder,
)

UNSAFE = [
    *("", ".", "..", "...", ".partial", ".hidden", "a/b", "/a", "a/", "a\\b", "..\\a", "C:"),
    *("C:\\a", "a\0b", "a\nb", "a\x1bb", "a.", "a ", "con", "CON.txt", "lpt1", "nul.mp4"),
    *("a:b", "a*b", "a?b"),
    *("x" * 256, "ä" * 128, None, 5, ["a"], b"a"),
]  # fmt: skip


@pytest.mark.parametrize("name", UNSAFE, ids=repr)
def test_names_that_lead_elsewhere_or_nowhere(name: object) -> None:
    assert not is_safe_name(name)
    if isinstance(name, str) and "/" not in name:
        assert not is_safe_path(f"a/{name}")


@pytest.mark.parametrize(
    "name", ["a", "talk-5d030bf7", "Gespräch", "a.b_c", "interview 3", "x" * 255]
)
def test_usual_names(name: str) -> None:
    assert is_safe_name(name) and is_safe_path(f"{name}/{name}")


@given(st.text())
def test_a_safe_name_is_one_part_of_a_path_inside(name: str) -> None:
    if is_safe_name(name):
        place = Path(os.path.normpath(Path("/root") / name))
        assert place.parent == Path("/root") and place.name == name


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
class TestLinks:
    @pytest.fixture
    def victim(self, tmp_path: Path) -> Path:
        victim = tmp_path / "victim"
        victim.mkdir()
        (victim / "file").write_text("precious")
        (tmp_path / "root").mkdir()
        return victim

    def test_nothing_is_read_through_a_link(self, tmp_path: Path, victim: Path) -> None:
        root = tmp_path / "root"
        (root / "link").symlink_to(victim)
        (root / "file").symlink_to(victim / "file")
        for name in ("link/file", "file"):
            assert not is_plain_file(root, name)
            with pytest.raises(ValueError, match="is a link"):
                read_inside(root, name, 100)
        with pytest.raises(ValueError, match="no name inside"):
            read_inside(root, "../victim/file", 100)
        assert has_links(root) and not has_links(victim)
        os.mkfifo(victim / "pipe")
        assert has_links(victim)

    def test_only_a_real_folder_goes(self, tmp_path: Path, victim: Path) -> None:
        root = tmp_path / "root"
        (root / "link").symlink_to(victim)
        (root / "text").write_text("x")
        for name in ("link", "text", "..", ".", "", "../victim", "a/../../victim", "a\0"):
            with pytest.raises(OutputError):
                remove_folder(root, name)
        (root / "real").mkdir()
        (root / "real" / "inner").symlink_to(victim)
        remove_folder(root, "real")
        remove_folder(root, "real")  # not there any more
        assert (victim / "file").read_text() == "precious"
        assert sorted(p.name for p in root.iterdir()) == ["link", "text"]

    def test_no_more_than_the_limit_is_read(self, victim: Path) -> None:
        assert read_inside(victim, "file", 8) == b"precious"
        assert read_inside(victim, "none", 8) is None
        with pytest.raises(ValueError, match="more than 7 bytes"):
            read_inside(victim, "file", 7)
