"""Lists as Windows writes them, and what folders leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamer.batch.inputs import LeftOut, find_inputs
from streamer.batch.name_lists import read_list
from streamer.core.errors import SourceNotFoundError


def listed(folder: Path, data: bytes) -> list[str]:
    (folder / "list.txt").write_bytes(data)
    return [str(Path(name).relative_to(folder)) for name in read_list(folder / "list.txt")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252", "cp850"])
def test_every_encoding_of_windows(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "Gespräch é.mp4").touch()
    text = 'b.mp4\r\n"Gespräch é.mp4"\r\n'
    assert listed(tmp_path, text.encode(encoding)) == ["b.mp4", "Gespräch é.mp4"]


def test_quotes_around_a_name_go_and_others_stay(tmp_path: Path) -> None:
    text = b'"a b.mp4"\r\n\'c.mp4\'\r\nit\'s.mp4\r\n"half.mp4\r\n""\r\n'
    assert listed(tmp_path, text) == ["a b.mp4", "c.mp4", "it's.mp4", '"half.mp4', '""']


def test_backslashes_of_a_list_from_windows(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.mp4").touch()
    (tmp_path / "odd\\name.mp4").touch()  # a name that is there byte for byte comes first
    assert listed(tmp_path, b"sub\\a.mp4\nodd\\name.mp4\n") == ["sub/a.mp4", "odd\\name.mp4"]


def test_bytes_that_are_no_text_stay(tmp_path: Path) -> None:
    assert listed(tmp_path, b"\xe9.mp4\n") == ["\udce9.mp4"]


def test_folders_say_what_they_leave_out(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.m2t", "tape7", "notes.txt", "sub/more.txt", ".hidden.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    left_out = LeftOut()
    found = find_inputs([str(tmp_path)], left_out=left_out)
    assert [Path(item.source).name for item in found] == ["a.mp4", "b.m2t"]
    sentence = left_out.sentence()
    assert sentence.startswith("3 files were left out")
    assert "(1 no suffix, 2 .txt)" in sentence or "(2 .txt, 1 no suffix)" in sentence
    assert sentence.index("tape7") < sentence.index("notes.txt")
    assert "tape7" not in left_out.sentence(hashed=True)
    assert LeftOut().sentence() == ""


def test_a_folder_without_recordings_names_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "tape7").touch()
    with pytest.raises(SourceNotFoundError, match=r"1 file was left out.*tape7"):
        find_inputs([str(tmp_path)])
