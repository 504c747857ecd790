"""Style and scripts of the page."""

from __future__ import annotations

from importlib import resources


def read_asset(name: str) -> str:
    """The text of a file of this folder."""
    return (resources.files(__name__) / name).read_text(encoding="utf-8")
