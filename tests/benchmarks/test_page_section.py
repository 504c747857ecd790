"""The generated sections of the documents: only what stands between the markers changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.page_section import replace_section, write_section

TEXT = "# A\n<!-- x:begin -->\nold\n<!-- x:end -->\ntail\n<!-- y:begin --><!-- y:end -->\n"


def test_only_the_named_section_changes(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(TEXT)
    assert write_section(path, "x", "\n| new |\n\n")
    new = path.read_text()
    assert new == TEXT.replace("old", "| new |")
    assert not write_section(path, "x", "| new |")
    assert write_section(path, "y", "one\ntwo")
    assert path.read_text().endswith("<!-- y:begin -->\none\ntwo\n<!-- y:end -->\n")
    assert [file.name for file in tmp_path.iterdir()] == ["page.md"]


@pytest.mark.parametrize(
    ("text", "body", "words"),
    [
        ("no markers", "new", "x:begin --> 0 times"),
        (TEXT + "<!-- x:end -->", "new", "x:end --> 2 times"),
        ("<!-- x:end --> <!-- x:begin -->", "new", "before .*swap"),
        (TEXT, "a <!-- x:end --> b", "leave the markers out"),
    ],
)
def test_bad_markers_are_named(text: str, body: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace_section(text, "x", body)
