"""Calls carry plain values; whatever could name a file is refused before Gradio sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.calls import Call, PayloadError, is_session, read_call

# As the page sends them.
GENUINE: list[dict[str, Any]] = [
    {"data": [1, "rule", False, 0, 4, False, False, "auto"], "fn_index": 4, "trigger_id": 39},
    {"data": [], "event_data": {"id": "DAY0k1F6Gp5hLROtJycA8sPTyiQyRdu0"}, "fn_index": 3},
    {"data": [], "event_data": {"result": "result-2", "event": "clip-ff-face0-micro-26"}},
    {"data": ["result-2/clip-ffabf9-face0-micro-26", 8], "event_data": None, "fn_index": 1},
    {"data": [None, 0.25, "rule"], "event_data": True, "fn_index": 12, "trigger_id": None},
    {"data": ["learned"], "event_data": {"value": "Look inside", "index": 2}, "fn_index": 0},
]
FILE = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}


def call(**more: Any) -> bytes:
    return json.dumps({"session_hash": "abc123", **more}).encode()


@pytest.mark.parametrize("body", GENUINE)
def test_what_the_page_sends_passes(body: dict[str, Any]) -> None:
    assert read_call(call(**body)) == Call("abc123")


@pytest.mark.parametrize(
    "file",
    [
        FILE,
        {"path": "x"},
        {"url": "http://127.0.0.1:1/x", "meta": {"_type": "gradio.FileData"}},
        {"url": "file:///etc/passwd"},
        {**FILE, "path": "../../etc/passwd"},
        {**FILE, "path": None, "url": "http://10.0.0.1/"},
        {"_type": "gradio.FileData"},
        {"video": FILE, "subtitles": None},
        [FILE],
        [[[FILE]]],
        {"a": {"b": [FILE]}},
    ],
)
def test_a_file_is_refused_wherever_it_stands(file: Any) -> None:
    for body in (
        {"data": [file]},
        {"data": [1, [file]]},
        {"data": file},
        {"data": [], "event_data": file},
        {"data": [], "event_data": {"result": file}},
        {"data": [], "session_state": file},
        {"data": [], "request": file},
    ):
        with pytest.raises(PayloadError):
            read_call(call(**body))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"7", b'"x"', b"\xff\xfe", b"{}", call(fn_index=-1),
        call(fn_index="0"), call(fn_index=True), call(fn_index=10**9), call(trigger_id=1.5),
        call(data=["x" * 1001]), call(data=[1] * 25), call(data={"0": 1}), call(data=[10**40]),
        call(event_data={"path": "x"}), call(event_data=[1]), call(api_name="predict"),
        call(batched=True), call(data=["\ud800"]), b'{"session_hash": "a", "data": [NaN]}',
        b'{"session_hash": "a", "data": [1e999]}', b'{"session_hash": "a", "data": [Infinity]}',
        b'{"session_hash": "a", "session_hash": "b"}', b"[" * 60_000, b'{"a":' * 10_000,
        b'{"session_hash": "a", "data": [' + b"9" * 5000 + b"]}",
        json.dumps({"session_hash": "a/b"}).encode(),
        json.dumps({"session_hash": "x" * 65}).encode(),
        json.dumps({"session_hash": ["a"]}).encode(), json.dumps({"session_hash": None}).encode(),
    ],
)  # fmt: skip
def test_nonsense_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError):
        read_call(body)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("path"), inner),
    max_leaves=12,
)


@given(_JSON, _JSON)
def test_nothing_nested_ever_passes(data: Any, event: Any) -> None:
    body = call(data=data, event_data=event)
    try:
        read_call(body)
    except PayloadError:
        return
    assert isinstance(data, list)
    assert not any(isinstance(one, list | dict) for one in data)
    if isinstance(event, dict):
        assert "path" not in event and "url" not in event
        assert not any(isinstance(one, list | dict) for one in event.values())


@given(st.binary())
def test_no_bytes_are_a_crash(body: bytes) -> None:
    with pytest.raises(PayloadError):
        read_call(body)


@pytest.mark.parametrize(
    ("name", "fits"),
    [("abc", True), ("a" * 64, True), ("", False), ("a/b", False), ("a\n", False), ("ü", False)],
)
def test_names_of_sessions(name: str, fits: bool) -> None:
    assert is_session(name) is fits
