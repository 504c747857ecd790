"""One user, one password, and no hurry for those who guess."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from demo.account import VARIABLE, Account, read_account
from streamer.core.errors import UsageError


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("authorization", "admitted"),
    [
        (basic("ann:pass:word ü"), True), (basic("ann:wrong"), False),
        (basic("bob:pass:word ü"), False),
        ("", False), ("Basic", False), ("Basic !!!", False), ("Bearer x", False),
        (basic("ann:pass:word ü").replace("Basic", "basic"), True), (basic(""), False),
    ],
)  # fmt: skip
def test_who_is_admitted(authorization: str, admitted: bool) -> None:
    assert Account("ann", "pass:word ü").admits(authorization, "10.0.0.1") is admitted


def test_ten_wrong_passwords_and_an_address_waits_a_minute() -> None:
    now_s = [0.0]
    account = Account("ann", "password", lambda: now_s[0])
    for _ in range(10):
        assert not account.admits(basic("ann:guess"), "10.0.0.1")
    assert account.must_wait("10.0.0.1")
    assert not account.admits(basic("ann:password"), "10.0.0.1")
    assert account.admits(basic("ann:password"), "10.0.0.2")
    now_s[0] = 61.0
    assert account.admits(basic("ann:password"), "10.0.0.1")
    assert not account.must_wait("10.0.0.1")


def test_asking_without_a_password_is_no_guess() -> None:
    account = Account("ann", "password")
    for _ in range(30):
        account.admits("", "10.0.0.1")
    assert not account.must_wait("10.0.0.1")


def test_the_password_is_not_shown() -> None:
    assert "password1" not in repr(Account("ann", "password1"))


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "from outside")
    assert read_account("ann", None).password == "from outside"


def test_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "not this one")
    (tmp_path / "password").write_text("a long one \n")
    assert read_account("ann", tmp_path / "password").password == "a long one "


@pytest.mark.parametrize("user", ["", "a:b", "a\nb"])
def test_names_that_cannot_be(user: str) -> None:
    with pytest.raises(UsageError, match="user name"):
        read_account(user, None)


def test_no_password_or_a_short_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(UsageError, match=VARIABLE):
        read_account("ann", None)
    (tmp_path / "short").write_text("secret7\n")
    with pytest.raises(UsageError) as refused:
        read_account("ann", tmp_path / "short")
    assert "secret7" not in str(refused.value)
    for file in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError, match="cannot be read"):
            read_account("ann", file)
