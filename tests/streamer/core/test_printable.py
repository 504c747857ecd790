"""Nothing that a terminal or a log would obey."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.core.printable import printable, printable_lines, to_json

OBEYED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
ANY = st.text(
    st.one_of(
        st.characters(), st.sampled_from("\x1b\x07\n\r\t\x7f\x9b\u2028\u202e\u2066\ufeff\udcff")
    )
)


@settings(deadline=None)
@given(ANY)
def test_no_character_is_left_that_a_terminal_obeys(text: str) -> None:
    shown = printable(text)
    assert not OBEYED & {unicodedata.category(c) for c in shown}
    assert printable(shown) == shown
    assert printable_lines(text).count("\n") == text.count("\n")


@settings(deadline=None)
@given(st.dictionaries(ANY, ANY | st.integers()), st.sampled_from([None, 1]))
def test_json_reads_back_the_same_without_such_a_character(value: dict, indent: int | None) -> None:
    text = to_json(value, indent)
    assert json.loads(text) == value
    assert not OBEYED & {unicodedata.category(c) for c in text.replace("\n", "")}
    if indent is None:
        assert "\n" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x07.mp4", r"\x1b[2J\x07.mp4"),
        ("a\nb\rc\td", r"a\nb\rc\td"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("\u202egpm.exe", r"\u202egpm.exe"),
        ("\u2028\u2029\ufeff\udce9\U000e0001", r"\u2028\u2029\ufeff\udce9\U000e0001"),
        ("Café 日本 \u202f3.15 😀.mp4", "Café 日本 \u202f3.15 😀.mp4"),
        ("C:\\clips\\a.mp4", "C:\\clips\\a.mp4"),
    ],
)
def test_examples(text: str, shown: str) -> None:
    assert printable(text) == shown
