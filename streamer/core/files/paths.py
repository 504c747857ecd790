"""Names of files as users write them."""

from __future__ import annotations

from pathlib import Path

from streamer.core.errors import UsageError


def is_folder(path: Path) -> bool:
    """Whether there is such a folder; a name that no file can have is none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def expand_home(name: str | Path) -> Path:
    """`name` as a path, with `~` and `~user` replaced; `~x` of no known user is a name like any.

    Raises UsageError where the system knows no home folder, as for a user without an account.
    """
    path = Path(name)
    try:
        return path.expanduser()
    except RuntimeError:
        if path.parts[0] != "~":
            return path
        raise UsageError(
            f"{name}: ~ stands for a home folder, and none is known here; give the full path."
        ) from None
