"""What is shown of a URL: scheme, host, port and a hash, whatever the URL looks like."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamer.core.errors import CameraError
from streamer.core.url_text import remember, strip_credentials
from streamer.core.urls import display_name, is_like_url, key_name

MARK = "Zq7Xk9"
SHOWN = re.compile(
    r"[a-z][a-z0-9+.\-]*://(?:cam\.example(?::554)?|~[0-9a-f]{8}|cam\.example(?::554)?/~[0-9a-f]{8})"
)
ODD = st.text(
    st.one_of(
        st.sampled_from("@#?/:&= %;,!$'\"()[]{}<>|\\^`~+*-_.\t\n\x1b\u202e\udce9é"), st.characters()
    ),
    max_size=8,
)
RESERVED = ":/?#[]@!$&'()*+,;=%~"
SECRET = st.builds(lambda before, after: f"{before}{MARK}{after}", ODD, ODD)


@st.composite
def urls(draw: st.DrawFn) -> str:
    """A URL of cam.example in which every part but scheme, host and port may be secret."""
    scheme = draw(st.sampled_from(["rtsp", "RTSP", "http", "https", "s3", "x-odd+1.0", "udp"]))
    user = draw(st.sampled_from(["", "ann", "ann:", ":"]))
    secrets = st.one_of(SECRET, SECRET.map(lambda s: quote(s, safe="", errors="replace")))
    userinfo = draw(st.one_of(st.just(""), secrets.map(lambda s: f"{user}{s}@")))
    port = draw(st.sampled_from(["", ":554"]))
    tail = draw(
        st.lists(
            st.tuples(st.sampled_from("/?#&;"), secrets), min_size=0 if userinfo else 1, max_size=3
        )
    )
    rest = "".join(mark + text for mark, text in tail)
    if rest and rest[0] not in "/?#":
        rest = "/" + rest
    return f"{scheme}://{userinfo}cam.example{port}{rest}"


@settings(deadline=None)
@given(urls())
def test_no_part_of_a_secret_is_in_the_display_name(url: str) -> None:
    assert SHOWN.fullmatch(display_name(url)), display_name(url)


@settings(deadline=None)
@given(urls(), st.sampled_from(["%s: refused", "cannot open '%s'", "(%s) and %s.", "%s"]))
@example("rtsp://cam.example/Zq7Xk9 /Zq7Xk9/00Zq7Xk9\ue000", "%s: refused")
@example('rtsp://Zq7Xk9"@cam.example', "cannot open '%s'")
def test_nor_in_a_sentence_about_a_known_url(url: str, sentence: str) -> None:
    remember(url)
    text = sentence.replace("%s", url)
    encoded = quote(url, safe=RESERVED, errors="replace")
    quoted = sentence.replace("%s", encoded)
    for spelling in (text, repr(text), repr({"url": url}), quoted):
        shown = strip_credentials(spelling)
        assert MARK not in shown, shown
        assert strip_credentials(shown) == shown


@settings(deadline=None)
@given(urls().filter(lambda url: not re.search(r"\s", url)))
@example("rtsp://ann:a bZq7Xk9@cam.example/x")
@example("http://ann:a\"Zq7Xk9'@cam.example/x")
def test_nor_in_a_sentence_about_an_unknown_url(url: str) -> None:
    shown = strip_credentials(f"open {url}: refused")
    assert MARK not in shown and shown.startswith("open ")


@settings(deadline=None)
@given(urls())
def test_nor_in_an_error_of_ours(url: str) -> None:
    remember(url)
    error = CameraError(f"{url} cannot be reached.")
    assert MARK not in str(error) and MARK not in repr(error) and MARK not in str(error.args)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_at_all_gives_a_name(spec: str) -> None:
    name = display_name(spec)
    assert name == spec or re.fullmatch(r"[^\s/]+://\S*", name)
    assert (name == spec) or is_like_url(spec)
    strip_credentials(spec)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        # printf '/live?token=abc' | sha256sum
        ("rtsp://ann:secret@10.0.0.5:554/live?token=abc", "rtsp://10.0.0.5:554/~68910b75"),
        ("RTSP://10.0.0.5/live", "rtsp://10.0.0.5/~b82f9d7d"),
        ("rtsp://ann:secret@10.0.0.5", "rtsp://10.0.0.5"),
        ("http://host:80/", "http://host:80"),
        ("http://[::1]:9/x", "http://[::1]:9/~b3d1db31"),
        ("http://token@host/x", "http://host/~b3d1db31"),
        # which part is the host is not certain
        ("rtsp://ann:p/w@10.0.0.5/x", None),
        ("rtsp://ann:p#w@10.0.0.5/x", None),
        ("rtsp://ann:p?w@10.0.0.5/x", None),
        ("rtsp://ann%3Asecret%4010.0.0.5/x", None),
        ("rtsp://ann:secret/10.0.0.5/x", None),
        ("http://host/img@2x.mp4", None),
        ("http:///secret", None),
        # misspelt, or hidden in something else
        (" rtsp://ann:p@host/x", "rtsp://host/~b3d1db31"),
        ("rtsp:/ann:secret@host/x", None),
        ("http:\\\\ann:secret@host\\x", None),
        ("concat:http://ann:secret@host/x", None),
        ("://secret", None),
        # nothing to hide
        ("clip.mp4", "clip.mp4"),
        ("C:\\clips\\a.mp4", "C:\\clips\\a.mp4"),
        ("webcam:1", "webcam:1"),
        ("clip 10:30.mp4", "clip 10:30.mp4"),
    ],
)  # fmt: skip
def test_display_names(url: str, shown: str | None) -> None:
    name = display_name(url)
    if shown is None:
        assert re.fullmatch(r"[a-z0-9+.\-]+://~[0-9a-f]{8}", name)
    else:
        assert name == shown
    assert display_name(url) == name


def test_the_same_place_has_the_same_name_whoever_asks() -> None:
    assert display_name("rtsp://a:x@h/live") == display_name("rtsp://b:y@h/live")
    assert display_name("rtsp://h/live") != display_name("rtsp://h/live2")


def test_keys_of_a_store_are_names_and_links_of_a_server_are_not() -> None:
    assert key_name("s3://bucket/study/", "a/clip 1.mp4").endswith("/a/clip 1.mp4")
    assert "study" not in key_name("s3://bucket/study/", "a.mp4")
    for prefix, key in (
        ("https://host/list/", f"{MARK}.mp4"),
        ("s3://bucket/x", f"a.mp4?versionId={MARK}"),
        (f"s3://key:{MARK}@bucket/x", "a.mp4"),
    ):
        assert MARK not in key_name(prefix, key)
    assert key_name("https://host/list/", "a.mp4").startswith("https://host/~")


def test_of_a_known_url_no_piece_is_shown_alone() -> None:
    remember(f"rtsp://ann:pa{MARK}ss@cam.example/live{MARK}?quality=high&k={MARK}9")
    sentence = f"unknown port 'pa{MARK}ss', path /live{MARK}, key {MARK}9; quality high"
    shown = strip_credentials(sentence)
    assert MARK not in shown and shown.endswith("quality high")


def test_sentences_of_our_own_stay_readable() -> None:
    for sentence in (
        "Give rtsp://..., http(s)://..., or - for standard input.",
        "Accepted are rtsp://, rtsps://, http://, https://; for a local file give its path.",
        "s3://bucket/~86121fea/a/clip.mp4: no such file",
        "no URL here, only ann@example.org",
    ):
        assert strip_credentials(sentence) == sentence


def test_long_texts_take_no_time() -> None:
    strip_credentials("a" * 200_000 + "://" + "b@" * 20_000)
