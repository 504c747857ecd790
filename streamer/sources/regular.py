"""Only regular files are read; see `streamer.regular`, which lower floors use too."""

from streamer.regular import is_regular, open_regular, require_regular

__all__ = ["is_regular", "open_regular", "require_regular"]
