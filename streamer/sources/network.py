"""Opens rtsp:// and http(s):// sources: endless ones live, finite ones like a file."""

from __future__ import annotations

from collections.abc import Iterator

import av

from streamer.core.errors import (
    CameraError,
    MerError,
    SourceFormatError,
    SourceNotFoundError,
    SourceRefusedError,
)
from streamer.core.pictures import Picture
from streamer.core.url_text import remember
from streamer.sources.base import Source
from streamer.sources.config import SourceConfig
from streamer.sources.containers import PLAYLIST_REFUSED, open_within
from streamer.sources.counters import SourceCounters
from streamer.sources.live import LiveSource
from streamer.sources.naming import url_scheme
from streamer.sources.part import Cut, refuse_part
from streamer.sources.recording import RecordingSource
from streamer.sources.timing import MAX_GAP_S
from streamer.sources.video import VideoReader
from streamer.sources.web import explain_answer, look_at

# Per scheme, what FFmpeg may use on the way. Never `file`: a playlist from the network must not
# read this machine.
PROTOCOLS = {
    "rtsp": "rtsp,rtp,udp,tcp",
    "rtsps": "rtsp,rtsps,rtp,srtp,udp,tcp,tls",
    "http": "http,https,httpproxy,tcp,tls,crypto",
    "https": "http,https,httpproxy,tcp,tls,crypto",
}
_FORMATS = "rtsp,hls,mpjpeg,live_flv"
_OPTIONS = {
    "rtsp": {"rtsp_transport": "tcp"},  # lost UDP packets would show as motion in the face
    "rtsps": {"rtsp_transport": "tcp"},
    "http": {"reconnect": "1", "reconnect_delay_max": "5"},
    "https": {"reconnect": "1", "reconnect_delay_max": "5"},
}
# How long FFmpeg may look at a stream before it gives the first frame; 5 s unless told. Some
# formats always use all of it, so it has to be well below the time limit of a read.
_PROBE_S = 2.0
_START_S = 10.0  # what came while a stream was looked at is taken within this time, or dropped


def open_network(url: str, config: SourceConfig) -> Source:
    """A URL as a source: a finite recording is read whole, an endless stream live.

    Raises SourceRefusedError (scheme), CameraError (cannot be reached), SourceNotFoundError (the
    server says so), SourceFormatError (no video).
    """
    check_scheme(url)
    name = remember(url)
    counters = SourceCounters()
    reader = _connect(url, name, config, counters)
    try:
        refuse_part(config, reader.info)
    except MerError:
        reader.close()
        raise
    if not reader.info.live:
        return RecordingSource(reader, Cut.of(config))
    return LiveSource(
        NetworkCapture(reader),
        lambda: NetworkCapture(_connect(url, name, config, counters, again=True)),
        reader.info,
        config,
        counters,
        start_s=_START_S,
    )


def check_scheme(url: str) -> None:
    """Raise SourceRefusedError for a scheme that is not accepted."""
    scheme = url_scheme(url) or ""
    if scheme not in PROTOCOLS:
        raise SourceRefusedError(
            f"{remember(url)}: sources of the kind {scheme}:// are not accepted. Accepted are "
            f"{', '.join(f'{known}://' for known in PROTOCOLS)}; for a local file give its path."
        )


class NetworkCapture:
    """One connection to an endless stream."""

    def __init__(self, reader: VideoReader) -> None:
        self._reader = reader

    def __iter__(self) -> Iterator[tuple[float, Picture]]:
        """Raises CameraError where the connection is lost; ends where the server ends it."""
        for time_s, image, *_ in self._reader:
            yield time_s, image
        if self._reader.failure:
            raise CameraError(f"{self._reader.failure}.")

    def close(self) -> None:
        """End the connection."""
        self._reader.close()


def _connect(
    url: str, name: str, config: SourceConfig, counters: SourceCounters, again: bool = False
) -> VideoReader:
    """again: to a stream that is known to be live, whatever it declares this time."""
    failure: MerError
    scheme = url_scheme(url) or ""
    try:
        container = open_within(
            url,
            PROTOCOLS[scheme],
            config.max_megapixels,
            name,
            extra_formats=_FORMATS,
            options=_OPTIONS[scheme] | _probe(config),
            timeout=config.read_timeout_s,
        )
    except av.FFmpegError as error:
        failure = _explain(error, name, config)
    except ValueError:  # it cannot be handed to FFmpeg: a NUL, a byte that is no text
        failure = SourceRefusedError(
            f"{name}: the URL holds a character that no URL may hold. Write it percent-encoded."
        )
    else:
        live = again or not container.duration
        try:
            return VideoReader(
                container,
                name,
                "network",
                config,
                live=live,
                counters=counters,
                max_gap_s=config.read_timeout_s + 1 if live else MAX_GAP_S,
            )
        except MerError as error:
            container.close()
            failure = error
    if not again and scheme.startswith("http"):
        failure = _explain_answer(failure, url, name, config)
    # Outside of the `except`: FFmpeg's error holds the URL with its password, and must not be the
    # context of ours.
    raise failure


def _explain_answer(failure: MerError, url: str, name: str, config: SourceConfig) -> MerError:
    """A better error where the answer is no video at all; it is asked for once more."""
    if not isinstance(failure, SourceFormatError | SourceRefusedError):
        return failure
    answer = look_at(url, config.read_timeout_s)
    return failure if answer is None else explain_answer(answer, name) or failure


def _probe(config: SourceConfig) -> dict[str, str]:
    probe_s = min(_PROBE_S, config.read_timeout_s / 2)
    return {"analyzeduration": str(round(1e6 * probe_s))}


def _explain(error: av.FFmpegError, name: str, config: SourceConfig) -> MerError:
    reason = error.strerror
    if isinstance(error, av.HTTPNotFoundError):
        return SourceNotFoundError(f"{name}: the server answers 404, not found. Check the URL.")
    if isinstance(error, av.HTTPUnauthorizedError | av.HTTPForbiddenError):
        return CameraError(
            f"{name}: the server refuses access. Give user and password in the URL, as "
            "USER:PASSWORD@ before the host."
        )
    if isinstance(error, av.ExitError):
        reason = f"no answer within {config.read_timeout_s:g} s"
    if isinstance(error, av.ArgumentError):
        return SourceRefusedError(PLAYLIST_REFUSED.format(name=name))
    if isinstance(error, av.InvalidDataError):
        return SourceFormatError(f"{name} holds no video that can be read. Open it in a player.")
    return CameraError(
        f"{name} cannot be reached ({reason}). Check the address, the port and the network."
    )
