"""A recording arrives whole, belongs to the browser that sent it, and does not stay for long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.limits import Limits
from demo.uploads import Uploads, safe_name
from demo.visitors import Visitor, Visitors
from streamer.core.errors import MerError, UsageError

LIMITS = Limits(uploads=2, silent_s=0.3, wait_s=1.0)


@pytest.fixture
def visitors() -> Any:
    made = Visitors(LIMITS)
    for session in ("a page", "one", "other", "third"):
        made.sessions.claim(session, f"owner of {session}")
    yield made
    made.close()


@pytest.fixture
def uploads(visitors: Visitors) -> Uploads:
    return Uploads(visitors.upload_folder, LIMITS)


def parts(content: Iterable[bytes]) -> Callable[[], Awaitable[bytes]]:
    rest = iter(content)

    async def read() -> bytes:
        return next(rest, b"")

    return read


def arrive(
    uploads: Uploads, content: bytes = b"film", name: str = "film.mp4", of: str = "a page"
) -> str:
    """A recording that was sent whole; returns its id."""
    sending = uploads.receive(f"owner of {of}", "", name, len(content), parts([content]))
    return asyncio.run(sending)


def left(visitors: Visitors) -> list[Path]:
    return list(visitors.upload_folder.iterdir())


def test_an_upload_goes_to_its_visitor(
    visitors: Visitors, visitor: Visitor, uploads: Uploads
) -> None:
    assert uploads.take(visitor, arrive(uploads)) == "film.mp4"
    assert visitor.pending is not None
    path, name = visitor.pending
    assert name == "film.mp4" and path.read_bytes() == b"film"
    assert path.is_relative_to(visitor.folder) and path.stat().st_mode & 0o077 == 0
    assert left(visitors) == []


def test_many_parts_are_one_file(visitor: Visitor, uploads: Uploads) -> None:
    content = [bytes([n]) * 700_000 for n in range(5)]
    sending = uploads.receive("owner of a page", "", "a.mp4", 3_500_000, parts(content))
    uploads.take(visitor, asyncio.run(sending))
    assert visitor.pending is not None
    assert visitor.pending[0].read_bytes() == b"".join(content)


def test_the_next_takes_its_place(visitor: Visitor, uploads: Uploads) -> None:
    uploads.take(visitor, arrive(uploads))
    assert visitor.pending is not None
    first = visitor.pending[0]
    assert uploads.take(visitor, arrive(uploads, b"other", "b.mkv")) == "b.mkv"
    assert not first.parent.exists() and visitor.pending[0].read_bytes() == b"other"


def test_two_who_send_the_same_have_one_each(visitors: Visitors, uploads: Uploads) -> None:
    one, other = visitors.of("one"), visitors.of("other")
    uploads.take(one, arrive(uploads, of="one"))
    uploads.take(other, arrive(uploads, of="other"))
    visitors.forget("one")
    assert other.pending is not None and other.pending[0].read_bytes() == b"film"


def test_nobody_takes_what_another_browser_sent(
    visitors: Visitors, visitor: Visitor, uploads: Uploads
) -> None:
    sent = arrive(uploads, of="other")
    with pytest.raises(UsageError, match="No recording has arrived"):
        uploads.take(visitor, sent)
    assert visitor.pending is None
    assert uploads.take(visitors.of("other"), sent) == "film.mp4"
    with pytest.raises(UsageError):  # once is once
        uploads.take(visitors.of("other"), sent)


def test_a_visitor_without_a_browser_takes_nothing(visitors: Visitors, uploads: Uploads) -> None:
    sent = asyncio.run(uploads.receive("", "", "a.mp4", 1, parts([b"x"])))
    with pytest.raises(UsageError):
        uploads.take(visitors.of("nobody claimed this session"), sent)


@pytest.mark.parametrize(
    "claimed",
    [
        None, 7, True, [], {}, "", "x", "/etc/passwd", "../uploads/x", "file:///etc/passwd",
        {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, "{folder}",
    ],
)  # fmt: skip
def test_only_ids_are_taken(visitor: Visitor, uploads: Uploads, claimed: Any) -> None:
    sent = arrive(uploads)
    if claimed == "{folder}":
        claimed = str(uploads._folder / sent)
    with pytest.raises(UsageError, match="No recording has arrived"):
        uploads.take(visitor, claimed)
    assert visitor.pending is None and list(visitor.folder.iterdir()) == []


def test_a_link_in_place_of_an_upload_is_not_followed(
    visitor: Visitor, uploads: Uploads, tmp_path: Path
) -> None:
    """Nobody but the server can write there; still, a link is moved as a link and not read."""
    sent = arrive(uploads)
    (tmp_path / "secret").write_text("secret")
    (uploads._folder / sent).unlink()
    (uploads._folder / sent).symlink_to(tmp_path / "secret")
    with pytest.raises(UsageError):
        uploads.take(visitor, sent)
    assert visitor.pending is None and (tmp_path / "secret").read_text() == "secret"


@pytest.mark.parametrize(
    ("size", "content"), [(5, [b"film"]), (3, [b"film"]), (4, []), (8, [b"film", b"long enough"])]
)
def test_half_an_upload_is_none(
    visitors: Visitors, uploads: Uploads, size: int, content: list[bytes]
) -> None:
    with pytest.raises(MerError):
        asyncio.run(uploads.receive("me", "", "a.mp4", size, parts(content)))
    assert left(visitors) == []


def test_an_upload_that_stalls_ends_within_seconds(visitors: Visitors, uploads: Uploads) -> None:
    async def silent() -> bytes:
        await asyncio.sleep(60)
        return b""

    with pytest.raises(UsageError, match="stopped arriving"):
        asyncio.run(uploads.receive("me", "", "a.mp4", 4, silent))
    assert left(visitors) == []


def test_half_uploads_do_not_keep_a_genuine_one_out(visitors: Visitors) -> None:
    async def crowd() -> str:
        uploads = Uploads(visitors.upload_folder, Limits(uploads=2, silent_s=0.3, wait_s=5.0))

        async def silent() -> bytes:
            await asyncio.sleep(60)
            return b""

        dishonest = [
            asyncio.create_task(uploads.receive(f"bad {n}", "", "a.mp4", 10**6, silent))
            for n in range(100)
        ]
        await asyncio.sleep(0)
        sent = await uploads.receive("me", "", "mine.mp4", 4, parts([b"film"]))
        for task in dishonest:
            task.cancel()
        await asyncio.gather(*dishonest, return_exceptions=True)
        return sent

    assert (visitors.upload_folder / asyncio.run(crowd())).read_bytes() == b"film"


def test_what_nobody_claims_is_deleted(visitors: Visitors, visitor: Visitor) -> None:
    now_s = [0.0]
    uploads = Uploads(visitors.upload_folder, Limits(unclaimed_s=60.0), lambda: now_s[0])
    sent = arrive(uploads)
    now_s[0] = 59.0
    uploads.forget_the_unclaimed()
    assert len(left(visitors)) == 1
    now_s[0] = 61.0
    uploads.forget_the_unclaimed()
    assert left(visitors) == []
    with pytest.raises(UsageError):
        uploads.take(visitor, sent)


def test_one_browser_has_one_unclaimed_upload(visitors: Visitors, uploads: Uploads) -> None:
    for number in range(5):
        arrive(uploads, b"film %d" % number)
    assert [path.read_bytes() for path in left(visitors)] == [b"film 4"]


def test_a_full_disk_is_a_sentence(
    uploads: Uploads, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("demo.uploads._SPARE_BYTES", 2**70)
    with pytest.raises(MerError, match="no room"):
        arrive(uploads)
    assert left(visitors) == []


def test_who_has_left_leaves_no_upload_behind(
    visitors: Visitors, visitor: Visitor, uploads: Uploads
) -> None:
    visitor.leave()
    with pytest.raises(UsageError, match="Reload"):
        uploads.take(visitor, arrive(uploads))
    assert not visitor.folder.exists() and left(visitors) == []


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("film.mp4", "film.mp4"), ("../../film.mp4", "film.mp4"), ("C:\\films\\a.avi", "a.avi"),
        ("two words 人.mkv", "two words 人.mkv"), ("", "recording"), ("..", "recording"),
        (" . ", "recording"), ("a/", "recording"), ("-x.mp4", "-x.mp4"),
        ("noname", "recording noname"), ("bell\a esc\x1b[31m\n.mp4", "bell esc[31m.mp4"),
        ("sample", "recording sample"), ("-", "recording -"), ("fdp\u202e4pm.exe", "fdp4pm.exe"),
        ("x" * 300 + ".mp4", "x" * 146 + ".mp4"), ("film\ud800.mp4", "film.mp4"),
    ],
)  # fmt: skip
def test_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text())
def test_every_name_is_one_short_part_of_a_path(name: str) -> None:
    safe = safe_name(name)
    assert safe and safe not in (".", "..") and not set(safe) & set("/\\\0")
    assert len(safe.encode()) <= 200 and Path(safe).name == safe
