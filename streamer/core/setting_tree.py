"""The settings as a list: key, type, default, unit, range and help of every field of a tree."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from streamer.core.ranges import Help, Range, hints_of

_UNITS = {
    "s": "s",
    "px": "px",
    "iod": "IOD",
    "deg": "degrees",
    "rad": "rad",
    "mb": "MB",
    "fps": "frames/s",
}
_TYPES = {int: "whole number", float: "number", bool: "true or false", str: "text"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One field, by its full key as in `--set spotter.sensitivity=2`."""

    key: str
    kind: str  # its type in words, or its choices
    default: Any
    range: Range | None
    help: str

    @property
    def unit(self) -> str:
        """By the ending of its name; empty where it has none."""
        return _UNITS.get(re.split(r"[._]", self.key)[-1], "")


def settings_in(tree: type, prefix: str = "") -> Iterator[Setting]:
    """All settings of a dataclass and of the sections in it, in order."""
    hints = hints_of(tree)
    for field in fields(tree):
        hint = hints[field.name]
        if is_dataclass(hint) and isinstance(hint, type):
            yield from settings_in(hint, f"{prefix}{field.name}.")
        elif field.init:
            found = list(_marks(hint))
            span = next((mark for mark in found if isinstance(mark, Range)), None)
            text = next((mark.text for mark in found if isinstance(mark, Help)), "")
            yield Setting(prefix + field.name, _kind(hint), _default(field), span, text)


def find_setting(tree: type, key: str) -> Setting:
    """The setting of that key; KeyError where there is none."""
    for setting in settings_in(tree):
        if setting.key == key:
            return setting
    raise KeyError(key)


def settings_table(tree: type) -> str:
    """All settings as a Markdown table."""
    rows = ["| key | default | unit | allowed | |", "|---|---|---|---|---|"]
    for one in settings_in(tree):
        allowed = str(one.range) if one.range is not None else one.kind
        cells = (f"`{one.key}`", f"`{_written(one.default)}`", one.unit, allowed, one.help)
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def _marks(hint: Any) -> Iterator[Any]:
    """What stands in the type beside the type."""
    if get_origin(hint) is Annotated:
        yield from hint.__metadata__
    if get_origin(hint) in (Annotated, Union, types.UnionType, tuple):
        for part in get_args(hint):
            yield from _marks(part)


def _kind(hint: Any) -> str:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _kind(parts[0])
    if origin is Literal:
        return ", ".join(map(str, parts))
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(part) for part in parts)
    if origin is tuple:
        return f"list of {_kind(parts[0])}"
    return "null" if hint is type(None) else _TYPES.get(hint, getattr(hint, "__name__", str(hint)))


def _default(field: Field[Any]) -> Any:
    return field.default if field.default is not MISSING else None


def _written(value: Any) -> str:
    """As in YAML."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
