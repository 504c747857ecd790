"""Files that are missing, damaged, no video, or an attack: the right error, a clear sentence."""

from __future__ import annotations

import os
import random
import struct

import av
import pytest

from streamer.core.errors import (
    CameraError,
    SourceFormatError,
    SourceNotFoundError,
    SourceRefusedError,
    UsageError,
)
from streamer.sources import SourceConfig, containers, open_source
from tests.streamer.sources import make

HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nsecret.mp4\n#EXT-X-ENDLIST\n"
PLAYLISTS = {
    "concat.mp4": "ffconcat version 1.0\nfile secret.mp4\n",
    "hls.mp4": HLS,
    "hls.m3u8": HLS,
    "hls.gif": "\ufeff" + HLS,
    "list.pls": "[playlist]\nFile1=secret.mp4\n",
    "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
}


@pytest.mark.parametrize("name", PLAYLISTS)
@pytest.mark.parametrize("recognised", [True, False])
def test_playlist_is_refused_and_its_neighbour_not_read(
    tmp_path, monkeypatch, clip, name, recognised
):
    neighbour = clip.rename(tmp_path / "secret.mp4")
    (tmp_path / name).write_text(PLAYLISTS[name], encoding="utf-8")
    os.utime(neighbour, (1, 1))
    if not recognised:  # the whitelist holds without the look at the first bytes
        monkeypatch.setattr(containers, "looks_like", lambda head: "unknown")
    expected = SourceRefusedError if recognised else (SourceRefusedError, SourceFormatError)
    with pytest.raises(expected):
        open_source(str(tmp_path / name))
    assert neighbour.stat().st_atime == 1


def test_the_attack_would_work_without_the_whitelist(tmp_path, clip):
    """So that the test above can fail: FFmpeg does follow such a file, and the time shows it."""
    neighbour = clip.rename(tmp_path / "secret.mp4")
    os.utime(neighbour, (1, 1))
    (tmp_path / "concat.mp4").write_text(PLAYLISTS["concat.mp4"])
    with av.open(str(tmp_path / "concat.mp4")) as container:
        assert len(list(container.decode(video=0))) == 50
    if neighbour.stat().st_atime == 1:
        pytest.skip("this file system keeps no access times")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://h/v.mp4", "udp://0.0.0.0:1", "s3://b/k"]
)
def test_other_protocols_are_refused(url):
    with pytest.raises(SourceRefusedError, match="not accepted"):
        open_source(url)


@pytest.mark.parametrize(
    "spec", ["concat:a.mp4|b.mp4", "subfile,,start,0,end,9,,:/etc/passwd", "pipe:0"]
)
def test_protocol_prefixes_are_just_names_of_files(spec):
    with pytest.raises(SourceNotFoundError, match="no such file"):
        open_source(spec)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.mp4", b"", r"empty.mp4 is empty \(0 bytes\)"),
        ("notes.mp4", b"just some text\n" * 9, "is a text file"),
        ("one.jpg", b"\xff\xd8\xff\xe0" + bytes(50), "is a single image"),
        ("song.mp3", b"ID3\x04\x00\x00" + bytes(500), "holds audio only"),
        ("zeros.mkv", bytes(9000), "cannot be opened as a video"),
        ("noise.mp4", random.Random(5).randbytes(9000), "cannot be opened as a video"),
    ],
)
def test_no_video(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceFormatError, match=sentence):
        open_source(str(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.wav", "pcm_s16le"), ("a.m4a", "aac"), ("a.mp4", "aac"), ("a.mkv", "flac")],
)
def test_audio_file_has_no_video_stream(tmp_path, name, codec):
    path = make.write_audio(tmp_path / name, codec)
    with pytest.raises(SourceFormatError, match=r"no video stream \(it holds only: audio\)"):
        open_source(str(path))


def test_missing_file(tmp_path):
    with pytest.raises(SourceNotFoundError, match=r"nothing\.mp4: no such file"):
        open_source(str(tmp_path / "nothing.mp4"))
    with pytest.raises(UsageError, match="empty"):
        open_source("")


@pytest.mark.parametrize("spec", ["x" * 400, "a\0b"])
def test_impossible_names(spec):
    with pytest.raises(SourceNotFoundError, match="cannot be read"):
        open_source(spec)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_forbidden_file(clip):
    clip.chmod(0)
    with pytest.raises(SourceNotFoundError, match="Permission denied"):
        open_source(str(clip))


def test_forbidden_file_as_root(clip, monkeypatch):
    def forbid(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", forbid)
    with pytest.raises(SourceNotFoundError, match=r"Permission denied\. Check the path"):
        open_source(str(clip))


def test_device_is_no_file():
    with pytest.raises(SourceRefusedError, match=r"not a regular file \(a device\).*webcam:0"):
        open_source("/dev/zero")


def test_unknown_codec(clip):
    content = clip.read_bytes()
    assert content.count(b"avc1") >= 1
    clip.write_bytes(content.replace(b"avc1", b"zzz9").replace(b"avcC", b"zzzC"))
    with pytest.raises(SourceFormatError, match="codec that is unknown"):
        open_source(str(clip))


def test_container_with_a_video_stream_and_no_frame(clip):
    """The header is whole and every byte of picture data is gone."""
    content = clip.read_bytes()
    clip.write_bytes(content[: content.index(b"mdat") + 4])
    with pytest.raises(SourceFormatError, match="not one frame of its h264 video"):
        open_source(str(clip))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "gif"])
def test_cut_file_keeps_what_it_has(tmp_path, read, clip, suffix, share):
    path = clip
    if suffix != "mp4":
        codec, pix_fmt = {"gif": ("gif", "rgb8"), "avi": ("mpeg4", "yuv420p")}.get(
            suffix, ("libx264", "yuv420p")
        )
        path = make.write_video(
            tmp_path / f"c.{suffix}", make.noisy(50), codec=codec, pix_fmt=pix_fmt, gop_size=10
        )
    whole, report = read(path)
    assert (len(whole), report.truncated) == (50, False)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    frames, report = read(path)
    assert report.truncated and report.errors
    assert 50 * share - 12 < len(frames) < 50
    kept = [frame.time_s for frame in whole][: len(frames) - 1]
    assert [frame.time_s for frame in frames][:-1] == pytest.approx(kept)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("seed", range(4))
def test_flipped_bits_are_reported_and_survived(tmp_path, read, clip, suffix, seed):
    path = clip
    if suffix != "mp4":
        path = make.write_video(tmp_path / f"c.{suffix}", make.noisy(50), gop_size=10)
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") if suffix == "mp4" else len(content) // 4
    chance = random.Random(seed)
    for _ in range(40):
        content[chance.randrange(start, len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    frames, report = read(path)
    times = [frame.time_s for frame in frames]
    assert len(times) >= 20 and times == sorted(set(times))
    assert report.truncated and report.errors and report.repairs


def test_folder_without_images(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(SourceFormatError, match="holds no images"):
        open_source(str(tmp_path), SourceConfig(fps=25))


def test_absent_camera_is_said_at_once():
    with pytest.raises(CameraError, match=r"webcam:97"):
        open_source("webcam:97")


def test_header_that_claims_a_later_end(clip, read):
    """A file whose claims all say more than there is counts as cut."""
    content = clip.read_bytes()
    half = content.index(b"mdat") + (len(content) - content.index(b"mdat")) // 2
    clip.write_bytes(content[:half])
    _, report = read(clip)
    assert any("before its declared end" in sentence for sentence in report.errors)
    assert struct.unpack(">I", content[content.index(b"mdat") - 4 :][:4])[0] > 0
