"""One tree of settings: every field says what it means, and the docs and options say the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest

from streamer.cli.options import KEYS
from streamer.core.ranges import Help, Range
from streamer.core.setting_tree import Setting, find_setting, settings_in, settings_table
from streamer.run.config import StreamConfig

DOCUMENT = Path(__file__).parents[3] / "docs" / "settings.md"


@dataclass(frozen=True)
class Inner:
    wait_s: Annotated[float, Range(0.0, 2.0), Help("How long.")] = 1.0
    name: Annotated[str | None, Help("Whose.")] = None


@dataclass(frozen=True)
class Tree:
    inner: Inner = field(default_factory=Inner)
    rate: Annotated[Annotated[int, Range(1, 9)] | None, Help("How often.")] = None
    mode: Annotated[Literal["a", "b"], Help("Which.")] = "a"
    on: bool = True


def test_every_kind_of_field() -> None:
    assert list(settings_in(Tree)) == [
        Setting("inner.wait_s", "number", 1.0, Range(0.0, 2.0), "How long."),
        Setting("inner.name", "text or null", None, None, "Whose."),
        Setting("rate", "whole number or null", None, Range(1, 9), "How often."),
        Setting("mode", "a, b", "a", None, "Which."),
        Setting("on", "true or false", True, None, ""),
    ]
    assert find_setting(Tree, "inner.wait_s").unit == "s"
    with pytest.raises(KeyError):
        find_setting(Tree, "inner")


def test_the_table() -> None:
    rows = settings_table(Tree).splitlines()[2:]
    assert rows[0] == "| `inner.wait_s` | `1.0` | s | 0.0 to 2.0 | How long. |"
    assert rows[1] == "| `inner.name` | `null` |  | text or null | Whose. |"
    assert rows[4] == "| `on` | `true` |  | true or false |  |"


@pytest.mark.parametrize("setting", list(settings_in(StreamConfig)), ids=lambda one: one.key)
def test_every_setting_says_what_it_means(setting: Setting) -> None:
    assert setting.help[-1:] == "." and setting.help[:1].strip()
    assert setting.range is not None or "number" not in setting.kind


def test_every_option_is_a_setting() -> None:
    keys = {one.key for one in settings_in(StreamConfig)}
    assert set(KEYS.values()) <= keys


def test_the_page_of_the_docs_is_current() -> None:
    """Otherwise: python -m streamer.run.config > docs/settings.md"""
    from streamer.run.config import settings_page

    assert DOCUMENT.read_text(encoding="utf-8") == settings_page()
