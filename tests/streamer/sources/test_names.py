"""Names of sources: patterns, natural order, sniffing."""

from __future__ import annotations

import pytest

from streamer.core.errors import SourceNotFoundError
from streamer.sources import expand_sources
from streamer.sources.naming import natural_key, url_scheme, webcam_number
from streamer.sources.sniff import looks_like


def test_pattern_gives_its_files_in_natural_order(tmp_path):
    for name in ("c10.mp4", "c9.mp4", "C1.mp4", "d.txt"):
        (tmp_path / name).touch()
    found = expand_sources([f"{tmp_path}/*.mp4"])
    assert [path.rsplit("/")[-1] for path in found] == ["C1.mp4", "c9.mp4", "c10.mp4"]


def test_other_sources_pass_through_once_each():
    specs = ["sample", "-", "webcam:1", "rtsp://h/x?a=[1]", "missing.mp4", "sample"]
    assert expand_sources(specs) == specs[:-1]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path):
    (tmp_path / "clip[1].mp4").touch()
    spec = str(tmp_path / "clip[1].mp4")
    assert expand_sources([spec]) == [spec]


def test_pattern_without_a_match_is_an_error(tmp_path):
    with pytest.raises(SourceNotFoundError, match=r"\*\.mp4: no file matches"):
        expand_sources([f"{tmp_path}/*.mp4"])


def test_natural_order():
    names = ["img10.png", "img9.png", "img09b.png", "2.png", "a.png"]
    assert sorted(names, key=natural_key) == [
        "2.png",
        "a.png",
        "img9.png",
        "img09b.png",
        "img10.png",
    ]


@pytest.mark.parametrize(
    ("spec", "scheme", "number"),
    [
        ("RTSP://host/x", "rtsp", None),
        ("http://h", "http", None),
        ("C:\\clips\\a.mp4", None, None),
        ("webcam", None, 0),
        ("webcam:12", None, 12),
        ("webcam:x", None, None),
        ("webcams/clip.mp4", None, None),
    ],
)
def test_kinds_of_specification(spec, scheme, number):
    assert url_scheme(spec) == scheme
    assert webcam_number(spec) == number


@pytest.mark.parametrize(
    ("head", "looks"),
    [
        (b"#EXTM3U\n", "playlist"),
        (b"\xef\xbb\xbf#EXTM3U\n", "playlist"),
        (b"ffconcat version 1.0\n", "playlist"),
        (b'<?xml version="1.0"?>\n<MPD xmlns=""', "playlist"),
        (b"v=0\r\no=- 0 0", "playlist"),
        (b"\xff\xd8\xff\xe0", "image"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8", "image"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt", "audio"),
        (b"caf\xc3\xa9\n", "text"),
        (b"\x00\x00\x00\x20ftypisom", "unknown"),
        (b"", "unknown"),
    ],
)
def test_first_bytes(head, looks):
    assert looks_like(head) == looks
