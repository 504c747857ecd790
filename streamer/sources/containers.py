"""Opens containers with a whitelist of protocols and formats, and says what went wrong.

FFmpeg opens whatever a file claims to be. A text file named `.mp4` that is an ffconcat script or an
HLS playlist would make it read other files, so local sources may only be real containers and may
only be read through the protocol they were opened with.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import av
from av.container import InputContainer

from streamer.core.errors import MerError, SourceFormatError, SourceRefusedError
from streamer.sources.limits import check_size, decoder_limit
from streamer.sources.sniff import looks_like

# Containers that hold their own data. Audio containers are here so that "there is no video in it"
# can be said. Never to be added: concat, hls, dash, sdp, imf, image2, tty, lavfi, any device.
FORMATS = (
    "3g2,3gp,aac,ac3,aiff,apng,asf,av1,avi,caf,dv,flac,flv,gif,h264,hevc,ivf,m4a,m4v,"
    "matroska,mjpeg,mov,mp3,mp4,mpeg,mpegts,mpegvideo,mxf,nut,obu,ogg,rm,wav,webm,y4m,yuv4mpegpipe"
)
PLAYLIST_REFUSED = (
    "{name} is a playlist and not a recording: it would make other files be read. Refused; give "
    "the recordings themselves."
)
_FORMAT_REFUSED = (
    "{name} is of a container format that is not accepted. Accepted are MP4, MOV, MKV, WebM, AVI, "
    "MPEG-TS, GIF and other plain containers; convert it with: ffmpeg -i INPUT OUTPUT.mkv"
)
_LOOKS = {
    "image": "{name} is a single image and not a video. Give the folder that holds the images, "
    "together with their rate (--fps).",
    "audio": "{name} holds audio only, no video stream. Give a video file.",
    "text": "{name} is a text file and not a video. Give a video file.",
}


def open_container(
    target: Any,
    protocols: str,
    extra_formats: str = "",
    streams: dict[str, str] | None = None,
    **arguments: Any,
) -> InputContainer:
    """Open a path, URL or file object for reading, within the whitelists.

    protocols: FFmpeg's names, comma-separated. extra_formats: accepted beside FORMATS.
    streams: options of the decoders that look at the streams.
    arguments: for `av.open` (`options` are kept beside the whitelists).
    Raises av.FFmpegError.
    """
    formats = f"{FORMATS},{extra_formats}" if extra_formats else FORMATS
    options = arguments.pop("options", {}) | {
        "protocol_whitelist": protocols,
        "format_whitelist": formats,
    }
    return av.open(
        target,
        mode="r",
        options=streams or {},
        container_options=options,
        metadata_errors="ignore",
        **arguments,
    )


def open_within(
    target: Any,
    protocols: str,
    max_megapixels: float,
    name: str,
    again: Callable[[], Any] | None = None,
    **arguments: Any,
) -> InputContainer:
    """As `open_container`, without decoding a picture of more than `max_megapixels`.

    again: what to open to look at the header alone; None: `target` once more.
    Raises SourceRefusedError for larger pictures, as far as the header says so, and av.FFmpegError.
    """
    container = open_container(
        target, protocols, streams=decoder_limit(max_megapixels), **arguments
    )
    try:
        if not _known_size(container):  # a decoder that refused has forgotten the size
            with (
                contextlib.suppress(av.FFmpegError),
                open_container(
                    target if again is None else again(),
                    protocols,
                    streams={"skip_frame": "all"},
                    **arguments,
                ) as header,
            ):
                _check_sizes(header, max_megapixels, name)
        _check_sizes(container, max_megapixels, name)
    except BaseException:
        container.close()
        raise
    return container


def _known_size(container: InputContainer) -> bool:
    return all(s.codec_context is None or s.codec_context.width for s in container.streams.video)


def _check_sizes(container: InputContainer, max_megapixels: float, name: str) -> None:
    for stream in container.streams.video:
        if stream.codec_context is not None:
            width, height = stream.codec_context.width, stream.codec_context.height
            check_size(width, height, max_megapixels, name)


def explain_open_failure(error: av.FFmpegError, name: str, head: bytes) -> MerError:
    """The error to raise where `open_container` failed on local data that starts with `head`."""
    looks = looks_like(head)
    if looks == "playlist":
        return SourceRefusedError(PLAYLIST_REFUSED.format(name=name))
    if looks in _LOOKS:
        return SourceFormatError(_LOOKS[looks].format(name=name))
    if isinstance(error, av.ArgumentError):  # what FFmpeg answers to a format not on the whitelist
        return SourceRefusedError(_FORMAT_REFUSED.format(name=name))
    return SourceFormatError(
        f"{name} cannot be opened as a video ({error.strerror}). It is damaged, cut off before "
        "its index, or no video; try to play it, or repair it with: ffmpeg -i INPUT -c copy "
        "OUTPUT.mkv"
    )
