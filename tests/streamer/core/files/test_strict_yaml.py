"""YAML of strangers: plain data or one sentence, whatever is in it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.cli.common import settings_of
from streamer.core.errors import UsageError
from streamer.core.files.strict_yaml import MOST_CHARACTERS, parse_yaml
from streamer.core.settings import load_yaml
from streamer.run.config import load_config

CASES = Path(__file__).parents[5] / "shared" / "cases"
LAUGHS = "\n".join(
    ["a: &a [x,x,x,x,x,x,x,x,x]", *(f"{n}: &{n} [{', '.join(['*' + m] * 9)}]" for m, n in
     zip("abcdefgh", "bcdefghi", strict=True))]
)  # fmt: skip
ODD = {
    "list key": "? [a, b]\n: 1",
    "mapping key": "{{a: 1}: 2}",
    "number key": "1: 2",
    "null key": "~: 2",
    "long number": "a: " + "9" * 5000,
    "long negative number": "a: -" + "9" * 5000,
    "long float": "a: " + "9" * 5000 + ".0",
    "long key": "? " + "9" * 5000 + "\n: 1",
    "deep list": "[" * 10_000,
    "deep mapping": "{a: " * 5000,
    "deep block": "\n".join(" " * n + "- " for n in range(200)),
    "billion laughs": LAUGHS,
    "alias of itself": "&a [*a]",
    "merge key": "base: &b {x: 1}\nmine:\n  <<: *b",
    "merge key without alias": "<<: {x: 1}",
    "python tag": "!!python/object/apply:os.system ['true']",
    "python name": "a: !!python/name:os.system",
    "set": "a: !!set {x, y}",
    "ordered map": "a: !!omap [x: 1]",
    "pairs": "a: !!pairs [x: 1]",
    "binary": "a: !!binary aGVsbG8=",
    "bad binary": "a: !!binary '?'",
    "timestamp": "a: !!timestamp 2001-01-01",
    "bad timestamp": "a: !!timestamp x",
    "own tag": "a: !mine x",
    "no number": "a: !!int x",
    "empty number": "a: !!int ''",
    "empty float": "a: !!float ''",
    "a list as number": "a: !!int [1]",
    "no truth": "a: !!bool maybe",
    "null character": "a: \0",
    "bell": "a: \x07",
    "surrogate": "a: \udcff",
    "character out of range": 'a: "\\UFFFFFFFF"',
    "twice": "a: 1\na: 2",
    "two documents": "a: 1\n---\nb: 2",
    "version": "%YAML " + "9" * 5000 + ".1\n---\na: 1",
    "tag directive": "%TAG ! tag:x,2000:\n---\n!a b",
    "unfinished": "a: [1, 2",
    "tab": "a:\n\t- 1",
    "too long": "a: " + "x" * MOST_CHARACTERS,
}


@pytest.mark.parametrize("name", ODD)
def test_odd_documents_end_in_one_sentence(name: str) -> None:
    with pytest.raises(UsageError, match=r"my\.yaml") as caught:
        parse_yaml(ODD[name], where="my.yaml")
    assert len(str(caught.value)) < 500 and "\n" not in str(caught.value)


def test_what_yaml_11_guesses_stays_text() -> None:
    text = "a: 010\nb: 1:30\nc: 2001-01-01\nd: 0b11\ne: 1:30.5"
    assert parse_yaml(text, "x") == {
        "a": "010", "b": "1:30", "c": "2001-01-01", "d": "0b11", "e": "1:30.5",
    }  # fmt: skip
    with pytest.raises(UsageError, match=r"'source\.fps' must be .* not text \('1:30'\)"):
        settings_of(None, ["source.fps=1:30"], {})


def test_plain_values_are_read_as_before() -> None:
    text = "a: 1\nb: -2.5\nc: true\nd: off\ne: null\nf: [1, x]\ng: 1.0e-05\nh: 0x10\ni: 1_000\nj: ~"
    assert parse_yaml(text, "x") == {
        "a": 1, "b": -2.5, "c": True, "d": False, "e": None, "f": [1, "x"], "g": 1e-05, "h": 16,
        "i": 1000, "j": None,
    }  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_data_or_a_sentence(text: str) -> None:
    with contextlib.suppress(UsageError):
        parse_yaml(text, where="x")


_SYNTAX = st.sampled_from(
    [*"[]{},:-?&*!|>%@`'\"#~=<.0123456789abcxe+_ \n\t", "!!", "<<", "\\U", "0x", "inf", "nan"]
)
_KEYS = st.one_of(
    st.sampled_from(
        ["", ".", "..", "a..b", "spotter", "spotter.", ".spotter", "kinds.0", "model.x", "=", "\0",
         "spotter.gates.blink_change", "source.fps", "recognizer.map", "\x1b[31m", "k" * 9999]
    ),
    st.text(max_size=12),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(_KEYS, st.one_of(st.text(max_size=30), st.lists(_SYNTAX, max_size=25).map("".join)))
def test_any_set_option_is_a_setting_or_a_sentence(key: str, value: str) -> None:
    try:
        settings_of(None, [f"{key}={value}"], {})
    except UsageError as error:
        assert len(str(error)) < 1500


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
            st.none().map(lambda _: 10**5000), st.binary(max_size=3), st.dates(),
        ),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.one_of(st.text(max_size=8), st.integers(), st.none()), inner, max_size=3
            ),
        ),
        max_leaves=8,
    ),
    st.sampled_from(
        ["source", "spotter.gates", "kinds", "model", "faces.max_faces", "recognizer.map", "x"]
    ),
)  # fmt: skip
def test_any_value_from_python_is_a_setting_or_a_sentence(value: object, key: str) -> None:
    try:
        load_config(None, [(key, value)])
    except UsageError as error:
        assert len(str(error)) < 1500


@pytest.mark.skipif(not CASES.is_dir(), reason="needs the shared cases")
@pytest.mark.parametrize("name", ["deep.yaml", "dictkey.yaml", "bigint.yaml"])
def test_the_cases_of_the_issue(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        load_config(CASES / name)


@pytest.fixture
def fuse() -> object:
    """Ends a test that waits for ever."""
    before = signal.signal(signal.SIGALRM, _blown)
    signal.alarm(20)
    yield None
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def _blown(*_: object) -> None:
    raise TimeoutError("it waits for ever")


def test_only_regular_files_hold_settings(tmp_path: Path, fuse: object) -> None:
    pipe, sock = tmp_path / "pipe", tmp_path / "sock"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(sock))
        odd = [pipe, sock, tmp_path / "link", tmp_path, Path("/dev/zero"), Path("/proc/self/maps")]
        for path in odd:
            with pytest.raises(UsageError, match="is not a regular file"):
                load_yaml(path)


def test_a_file_with_too_much_or_a_null_in_its_name(tmp_path: Path) -> None:
    big = tmp_path / "big.yaml"
    with big.open("wb") as file:
        file.truncate(3 * 2**30)  # a hole: no bytes on the disk
    with pytest.raises(UsageError, match="too many for a configuration"):
        load_yaml(big)
    with pytest.raises(UsageError, match="cannot be read"):
        load_yaml("a\0b.yaml")
