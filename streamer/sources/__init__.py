"""Where frames come from: files, image folders, cameras, network streams, standard input.

Importing this package is light; what a source needs is imported when it is opened.
"""

from __future__ import annotations

from pathlib import Path

from streamer.core.errors import SourceRefusedError, UsageError
from streamer.core.files.paths import expand_home, is_folder
from streamer.core.url_text import strip_credentials
from streamer.core.urls import display_name, is_like_url
from streamer.sources.base import Source
from streamer.sources.config import SourceConfig
from streamer.sources.naming import (
    expand_sources,
    is_sequence,
    url_scheme,
    webcam_number,
)

__all__ = [
    "Source",
    "SourceConfig",
    "check_source",
    "display_name",
    "expand_sources",
    "may_be_live",
    "open_source",
    "strip_credentials",
]


def may_be_live(spec: str) -> bool:
    """Whether a source may be a camera or an endless stream, which waits for nobody."""
    return webcam_number(spec) is not None or url_scheme(spec) is not None


def check_source(spec: str, config: SourceConfig) -> None:
    """Raise what `open_source` would, as far as that is known without opening or connecting."""
    number = webcam_number(spec)
    if number is not None:
        from streamer.sources.webcam import check_device

        _refuse_for_cameras(spec, config)
        check_device(number)
    elif url_scheme(spec) is not None:
        from streamer.sources.network import check_scheme

        _check_for_files(spec, config)
        check_scheme(spec)


def open_source(spec: str, config: SourceConfig | None = None) -> Source:
    """Open one source and decode its first frame.

    spec: `sample`; a video file; numbered images (with `config.fps`): a folder, `img%04d.png` or
    `*.png`; `webcam` or `webcam:1`; `rtsp://...`, `http(s)://...`; `-` for a container on standard
    input.

    Raises UsageError, SourceNotFoundError, SourceFormatError, SourceRefusedError, CameraError or
    InstallError; each says what was wrong and what to do.
    """
    config = config or SourceConfig()
    number = webcam_number(spec)
    if number is not None:
        from streamer.sources.webcam import open_webcam

        _refuse_for_cameras(spec, config)
        return open_webcam(number, config)
    path = expand_home(spec)
    if spec not in ("", "sample", "-") and url_scheme(spec) is None and is_folder(path):
        from streamer.sources.images import open_images

        return open_images(path, config.for_images())
    if is_sequence(spec):
        from streamer.sources.images import open_sequence

        return open_sequence(spec, config.for_images())
    _check_for_files(spec, config)
    if spec == "sample":
        from streamer.sources.files import open_sample

        return open_sample(config)
    if spec == "-":
        from streamer.sources.pipe import open_stdin

        return open_stdin(config)
    if url_scheme(spec) is not None:
        from streamer.sources.network import open_network

        return open_network(spec, config)
    if is_like_url(spec) and not _exists(path):
        raise SourceRefusedError(
            f"{display_name(spec)} is neither a file nor a URL that can be read. Write a URL as "
            "scheme://host/path, without anything before it."
        )
    from streamer.sources.files import open_file

    return open_file(path, config)


def _refuse_for_cameras(spec: str, config: SourceConfig) -> None:
    """Raise UsageError for what only a recording has."""
    for option, value in (
        ("--start", config.start_s), ("--end", config.end_s), ("--stream", config.stream),
        ("--deinterlace", config.deinterlace or None),
    ):  # fmt: skip
        if value is not None:
            raise UsageError(
                f"{spec}: {option} is for recordings, not for a camera. To stop after a time give "
                "--max-seconds."
            )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _check_for_files(spec: str, config: SourceConfig) -> None:
    if not spec:
        raise UsageError(
            "The name of the source is empty. Give a file, a folder of images, sample, webcam, "
            "rtsp://..., http(s)://..., or - for standard input."
        )
    if config.fps is not None and url_scheme(spec) is not None:
        raise UsageError(
            f"{display_name(spec)}: a rate ({config.fps:g} fps) is for image folders, webcams and "
            "raw streams. This source has its own times; leave the rate out."
        )
