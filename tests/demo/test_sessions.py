"""A cookie says which browser asks; a session belongs to the browser that used it first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.sessions import Sessions, cookie_name, set_cookie

HOST = "127.0.0.1:7860"


def header(value: str, host: str = HOST) -> str:
    return f"{cookie_name(host)}={value}"


def test_a_cookie_is_known_again() -> None:
    sessions = Sessions()
    first, second = sessions.issue(), sessions.issue()
    one, other = sessions.owner_of(header(first), HOST), sessions.owner_of(header(second), HOST)
    assert one and other and one != other
    assert sessions.owner_of(f"a=b; {header(first)}; c", HOST) == one
    assert sessions.owner_of(header("forged.abc") + "; " + header(first), HOST) == one


def test_a_cookie_of_another_server_or_port_is_none() -> None:
    sessions = Sessions()
    value = sessions.issue()
    assert Sessions().owner_of(header(value), HOST) is None
    assert sessions.owner_of(header(value), "127.0.0.1:7861") is None
    assert sessions.owner_of(header(value, "lab.example"), "lab.example") is not None


@given(st.text())
def test_nobody_forges_one(text: str) -> None:
    assert Sessions().owner_of(text, HOST) is None
    assert Sessions().owner_of(header(text), HOST) is None


def test_every_changed_letter_spoils_it() -> None:
    sessions = Sessions()
    value = sessions.issue()
    for at in range(len(value)):
        changed = value[:at] + ("A" if value[at] != "A" else "B") + value[at + 1 :]
        assert sessions.owner_of(header(changed), HOST) is None


def test_the_first_to_use_a_session_owns_it() -> None:
    sessions = Sessions()
    assert sessions.owner("abc") == ""
    assert sessions.claim("abc", "ann") and sessions.claim("abc", "ann")
    assert not sessions.claim("abc", "bob")
    assert sessions.owner("abc") == "ann"


def test_made_up_sessions_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.sessions._REMEMBERED", 10)
    sessions = Sessions()
    for number in range(100):
        sessions.claim("genuine", "ann")
        sessions.claim(f"made up {number}", "bob")
    assert len(sessions._owners) == 10 and not sessions.claim("genuine", "bob")


def test_a_page_is_open_while_any_of_its_heartbeats_is() -> None:
    sessions = Sessions()
    assert not sessions.is_open("abc")
    with sessions.page_open("abc"):
        with sessions.page_open("abc"):
            assert sessions.is_open("abc")
        assert sessions.is_open("abc") and not sessions.is_open("other")
    assert not sessions.is_open("abc") and len(sessions._open) == 0


def test_how_a_cookie_is_set() -> None:
    text = set_cookie("v", HOST, secure=False).decode()
    assert text == "mer-visitor-7860=v; Path=/; HttpOnly; SameSite=Lax"
    assert set_cookie("v", "lab.example", secure=True) == (
        b"mer-visitor=v; Path=/; HttpOnly; SameSite=Lax; Secure"
    )
