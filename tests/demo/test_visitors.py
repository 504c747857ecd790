"""Each visitor's files are theirs, and gone when they leave."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.limits import Limits
from demo.visitors import FULL, GONE, Visitor, Visitors
from streamer.core.errors import UsageError


def test_a_page_is_known_again_and_alone(visitors: Visitors) -> None:
    one, other = visitors.of("one"), visitors.of("other")
    assert visitors.of("one") is one is not other
    assert one.token != other.token and len(one.token) >= 32
    assert one.folder.is_dir() and one.folder != other.folder
    assert one.folder.stat().st_mode & 0o077 == 0  # nobody else on the machine
    assert len(visitors) == 2


def test_a_thousand_tokens_are_different() -> None:
    assert len({Visitor(Path("x")).token for _ in range(1000)}) == 1000


@pytest.mark.parametrize("session", [None, ""])
def test_a_request_of_no_page_is_refused(visitors: Visitors, session: str | None) -> None:
    with pytest.raises(UsageError, match="no page"):
        visitors.of(session)
    assert len(visitors) == 0


def test_who_leaves_takes_everything_along(visitors: Visitors) -> None:
    visitor = visitors.of("a")
    (visitor.folder / "deep").mkdir()
    (visitor.folder / "deep" / "face.png").write_bytes(b"x")
    visitors.forget("a")
    assert not visitor.folder.exists() and visitor.gone
    assert visitors.by_token(visitor.token) is None
    with pytest.raises(UsageError) as late:
        visitors.of("a")
    assert str(late.value) == GONE
    assert not visitor.folder.exists() and len(visitors) == 0
    visitors.forget("a")  # twice is no error
    visitors.forget(None)


def test_an_event_after_the_end_of_its_page_opens_no_folder(visitors: Visitors) -> None:
    visitors.forget("closed before its first event arrived")
    with pytest.raises(UsageError):
        visitors.of("closed before its first event arrived")
    assert len(visitors) == 0


def test_who_has_left_begins_nothing_new(visitor: Visitor) -> None:
    assert [visitor.new_name("result"), visitor.new_name("live")] == ["result-1", "live-2"]
    visitor.leave()
    visitor.leave()
    with pytest.raises(UsageError, match="Reload"):
        visitor.new_name("result")


def test_the_oldest_result_goes_first(visitor: Visitor) -> None:
    for number in range(1, 6):
        name = visitor.new_name("result")
        (visitor.folder / name).mkdir()
        (visitor.folder / name / "events.jsonl").touch()
        visitor.keep(name, 3)
        assert visitor.results == [f"result-{n}" for n in range(max(1, number - 2), number + 1)]
        assert sorted(p.name for p in visitor.folder.iterdir()) == visitor.results


def test_goodbyes_are_said_once(visitor: Visitor) -> None:
    said: list[str] = []
    visitor.on_leaving(lambda: said.append("one"))
    take_back = visitor.on_leaving(lambda: said.append("two"))
    take_back()
    take_back()
    assert visitor.is_busy and said == []
    visitor.leave()
    visitor.leave()
    assert said == ["one"] and not visitor.is_busy
    visitor.on_leaving(lambda: said.append("at once"))()
    assert said == ["one", "at once"] and not visitor.is_busy


def test_files_are_deleted_after_the_goodbyes(visitor: Visitor) -> None:
    def writes_to_the_end() -> None:
        (visitor.folder / "last words").touch()

    visitor.on_leaving(writes_to_the_end)
    visitor.leave()
    assert not visitor.folder.exists()


@pytest.fixture
def few() -> Iterator[Visitors]:
    made = Visitors(Limits(visitors=2, idle_minutes=1.0))
    yield made
    made.close()


def test_no_more_than_there_is_room_for(few: Visitors) -> None:
    for session in ("a", "b"):
        few.of(session).new_name("result")
    with pytest.raises(UsageError) as full:
        few.of("c")
    assert str(full.value) == FULL
    few.of("a")  # who is there stays
    few.forget("a")
    assert few.of("c").folder.is_dir()


def test_the_idle_make_room_and_the_busy_do_not(few: Visitors) -> None:
    idle, busy = few.of("idle"), few.of("busy")
    busy.on_leaving(lambda: None)
    idle.touched_s -= 61.0
    busy.touched_s -= 61.0
    new = few.of("new")
    assert not idle.folder.exists() and busy.folder.is_dir() and new.folder.is_dir()
    with pytest.raises(UsageError, match="away for too long"):
        few.of("idle")
    assert few.of("busy") is busy


@pytest.mark.parametrize("how", ["page", "file"])
def test_a_sign_of_life_counts(few: Visitors, how: str) -> None:
    one = few.of("one")
    one.new_name("result")
    few.of("other").new_name("result")
    one.touched_s -= 61.0
    assert (few.of("one") if how == "page" else few.by_token(one.token)) is one
    with pytest.raises(UsageError):
        few.of("new")


def test_made_up_sessions_do_not_fill_the_page(few: Visitors) -> None:
    """Whoever has done something stays; of the others the one silent for longest goes."""
    genuine = few.of("genuine")
    genuine.new_name("upload")
    for number in range(70):
        few.of(f"made up {number}")
    assert len(few) == 2 and few.of("genuine") is genuine
    assert len(list(few.root.glob("visitor-*"))) == 2
    assert few.of("made up 3").folder.is_dir()  # a page that made room may come again


def test_a_page_that_no_browser_holds_open_is_closed() -> None:
    held = Visitors(Limits(absent_s=30.0))
    gone, there = held.of("gone"), held.of("there")
    for visitor in (gone, there):
        visitor.new_name("result")
        visitor.touched_s -= 31.0
    with held.sessions.page_open("there"):
        held.forget_the_idle()
        assert gone.gone and not gone.folder.exists()
        assert held.is_open(there) and there.folder.is_dir()
    assert not held.is_open(there)
    held.close()


def test_one_machine_does_not_hold_all_the_room() -> None:
    held = Visitors(Limits(visitors=8, visitors_per_address=3))
    for number in range(3):
        held.of(f"far {number}", "203.0.113.5").new_name("result")
    with pytest.raises(UsageError, match="Too many"):
        held.of("far 3", "203.0.113.5")
    for address in ("203.0.113.6", "127.0.0.1", "::1", ""):
        assert held.of(f"from {address}", address).folder.is_dir()
    held.close()


def test_deleting_files_holds_nobody_up(few: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    idle = few.of("idle")
    idle.touched_s -= 61.0
    free: list[bool] = []

    def leave(visitor: Visitor) -> None:
        free.append(few._lock.acquire(blocking=False))
        if free[-1]:
            few._lock.release()

    monkeypatch.setattr(Visitor, "leave", leave)
    few.forget_the_idle()
    few.of("other"), few.of("third"), few.of("fourth")
    assert free and all(free)


def test_closing_deletes_the_root(visitors: Visitors) -> None:
    one = visitors.of("a")
    (visitors.upload_folder / "half an upload").touch()
    root = one.folder.parent
    assert visitors.upload_folder.parent == root
    said: list[str] = []
    one.on_leaving(lambda: said.append("bye"))
    visitors.close()
    assert not root.exists() and said == ["bye"] and len(visitors) == 0


def test_a_guess_finds_nobody(visitors: Visitors) -> None:
    mine = visitors.of("somebody").token

    @settings(max_examples=200, deadline=None)
    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def guess(token: str) -> None:
        assert visitors.by_token(token) is None

    guess()
    assert visitors.by_token(mine) is visitors.of("somebody")


@pytest.mark.parametrize("guess", ["", "ü", "人" * 32, "\0", "x" * 10_000])
def test_strange_tokens_find_nobody(visitors: Visitors, guess: str) -> None:
    token = visitors.of("a").token
    assert visitors.by_token(guess) is None
    for near in (token[:-1], token + "a", token + "ü", token.swapcase()):
        assert visitors.by_token(near) is None


def test_many_threads_at_once() -> None:
    held = Visitors(Limits(visitors=40))
    start = threading.Barrier(8)

    def live(thread: int) -> list[tuple[str, str]]:
        start.wait()
        seen = []
        for number in range(20):
            session = f"{thread}-{number}"
            visitor = held.of(session)
            assert held.of(session) is visitor
            assert held.by_token(visitor.token) is visitor
            names = [visitor.new_name("result") for _ in range(3)]
            assert len(set(names)) == 3
            (visitor.folder / "mine").write_text(session)
            assert (visitor.folder / "mine").read_text() == session
            seen.append((visitor.token, str(visitor.folder)))
            held.forget(session)
            assert not visitor.folder.exists()
        return seen

    with ThreadPoolExecutor(8) as pool:
        seen = [one for found in pool.map(live, range(8)) for one in found]
    assert len({token for token, _ in seen}) == len({folder for _, folder in seen}) == 160
    assert len(held) == 0
    held.close()


def test_one_page_in_many_threads_is_one_visitor(visitors: Visitors) -> None:
    start = threading.Barrier(8)

    def come(_: int) -> tuple[Visitor, str]:
        start.wait()
        visitor = visitors.of("same")
        return visitor, visitor.new_name("result")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(come, range(8)))
    assert len({id(visitor) for visitor, _ in found}) == 1
    assert len({name for _, name in found}) == 8
