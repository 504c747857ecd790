"""What a file of events says of the recording it belongs to."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from pathlib import PurePosixPath

from streamer.core.files.paths import expand_home
from streamer.sources.naming import url_scheme


@dataclass(frozen=True, slots=True)
class Media:
    """The recording: its name as shown, and where it is (None: not to be told)."""

    name: str
    location: str | None = None  # a file or a URL without secrets

    @property
    def url(self) -> str | None:
        """The location as a URL."""
        if self.location is None or url_scheme(self.location):
            return self.location
        return expand_home(self.location).absolute().as_uri()

    @property
    def mime_type(self) -> str:
        """By the suffix; `video/*` where it says nothing."""
        file_name = PurePosixPath(self.location or self.name).name
        return mimetypes.guess_type(file_name)[0] or "video/*"
