"""A value from YAML as the type that a setting has, or an error that names the setting.

Nothing is accepted and then ignored: an unknown key, a wrong type, or a value that its class
refuses is a `UsageError`.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from streamer.core.errors import UsageError
from streamer.core.ranges import hints_of, problem_of, show

T = TypeVar("T")


def fill_class(cls: type[T], mapping: Any, where: str, prefix: str) -> T:
    """An instance of a configuration class; `prefix` is the dotted path to it.

    Raises UsageError, which names the key and the cure.
    """
    if not isinstance(mapping, Mapping):
        section = prefix.rstrip(".") or "the top level"
        raise UsageError(f"{where}: {section} must be a mapping of keys, not {type_word(mapping)}.")
    hints = hints_of(cls)
    known = [field.name for field in dataclasses.fields(cls) if field.init]  # type: ignore[arg-type]
    values = {}
    removed: Mapping[str, str] = getattr(cls, "REMOVED", {})
    for key, value in mapping.items():
        if isinstance(key, str) and key in removed:
            raise UsageError(f"{where}: '{prefix}{key}' was removed: {removed[key]}.")
        if key not in known:
            raise UsageError(_unknown(where, prefix, key, known))
        values[key] = _convert(value, hints[key], where, prefix + key)
    try:
        return cls(**values)
    except (TypeError, ValueError) as error:
        section = f"{prefix.rstrip('.')}: " if prefix else ""
        raise UsageError(f"{where}: {section}{error}") from None


def _unknown(where: str, prefix: str, key: object, known: list[str]) -> str:
    near = difflib.get_close_matches(key[:80], known, n=1) if isinstance(key, str) else []
    hint = f" Did you mean '{prefix}{near[0]}'?" if near else ""
    section = f" of '{prefix.rstrip('.')}'" if prefix else ""
    name = show(f"{prefix}{key if isinstance(key, str) else show(key)}")
    return f"{where}: unknown key {name}.{hint} Keys{section}: {', '.join(known)}."


def _convert(value: Any, hint: Any, where: str, key: str) -> Any:
    """`value` as the type `hint`, or a UsageError that names `key`."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return value if isinstance(value, hint) else fill_class(hint, value, where, key + ".")
    try:
        converted = _by_type(value, hint, where, key)
    except _Mismatch:
        got = f"{type_word(value)} ({show(value)})"
        raise UsageError(f"{where}: '{key}' must be {_describe(hint)}, not {got}.") from None
    if problem := problem_of(converted, hint):
        raise UsageError(f"{where}: '{key}' {problem}.")
    return converted


def _by_type(value: Any, hint: Any, where: str, key: str) -> Any:
    hint = _bare(hint)
    return _CONVERTERS.get(get_origin(hint) or hint, _as_is)(value, hint, where, key)


def _bare(hint: Any) -> Any:
    """The type without its range."""
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


class _Mismatch(Exception):  # noqa: N818  it never leaves this module
    """The value does not fit the type hint."""


def _as_is(value: Any, hint: Any, where: str, key: str) -> Any:
    if hint is Any or (isinstance(hint, type) and isinstance(value, hint)):
        return value
    raise _Mismatch


def _as_int(value: Any, hint: Any, where: str, key: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Mismatch
    return value


def _as_float(value: Any, hint: Any, where: str, key: str) -> float:
    if isinstance(value, str):  # YAML 1.1 reads 1e-3, a number to everyone else, as text
        try:
            value = float(value)
        except ValueError:
            raise _Mismatch from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Mismatch
    try:
        value = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        raise _Mismatch from None
    if not math.isfinite(value):
        raise _Mismatch
    return value


def _as_path(value: Any, hint: Any, where: str, key: str) -> Path:
    if not isinstance(value, str | Path):
        raise _Mismatch
    return Path(value)


def _as_literal(value: Any, hint: Any, where: str, key: str) -> Any:
    for choice in get_args(hint):
        if value == choice and type(value) is type(choice):
            return choice
    raise _Mismatch


def _as_union(value: Any, hint: Any, where: str, key: str) -> Any:
    members = get_args(hint)
    if value is None and type(None) in members:
        return None
    for member in members:
        if dataclasses.is_dataclass(member) and isinstance(value, Mapping):
            return _convert(value, member, where, key)
    exact = [m for m in members if _bare(m) is type(value)]
    for member in exact or [m for m in members if m is not type(None)]:
        try:
            return _by_type(value, member, where, key)
        except _Mismatch:
            continue
    raise _Mismatch


def _as_tuple(value: Any, hint: Any, where: str, key: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _Mismatch
    members = get_args(hint)
    if not members:
        return tuple(value)
    if members[-1] is Ellipsis:
        members = (members[0],) * len(value)
    if len(members) != len(value):
        raise _Mismatch
    pairs = enumerate(zip(value, members, strict=True))
    return tuple(_convert(item, member, where, f"{key}[{i}]") for i, (item, member) in pairs)


def _as_mapping(value: Any, hint: Any, where: str, key: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _Mismatch
    _, member = get_args(hint) or (Any, Any)
    if not all(isinstance(name, str) for name in value):
        raise _Mismatch
    return {name: _convert(item, member, where, f"{key}.{name}") for name, item in value.items()}


_CONVERTERS = {
    int: _as_int,
    float: _as_float,
    Path: _as_path,
    Literal: _as_literal,
    Union: _as_union,
    types.UnionType: _as_union,
    tuple: _as_tuple,
    dict: _as_mapping,
    Mapping: _as_mapping,
}
_WORDS = {int: "a whole number", float: "a finite number", str: "text", bool: "true or false"}


def _describe(hint: Any) -> str:
    hint = _bare(hint)
    origin = get_origin(hint)
    if origin is Literal:
        return "one of " + ", ".join(map(repr, get_args(hint)))
    if origin in (Union, types.UnionType):
        return " or ".join(_describe(member) for member in get_args(hint))
    if origin is tuple:
        members = get_args(hint)
        count = "" if members[-1] is Ellipsis else f"{len(members)} of "
        return f"a list ({count}{_describe(members[0])} each)"
    if hint is type(None):
        return "null"
    if hint is Path:
        return "a path"
    if origin in (dict, Mapping):
        return "a mapping"
    return _WORDS.get(hint, getattr(hint, "__name__", str(hint)))


def type_word(value: Any) -> str:
    """What a value is, in the words of an error."""
    names = {bool: "true/false", int: "a whole number", float: "a number", str: "text"}
    names |= {list: "a list", dict: "a mapping", type(None): "nothing"}
    return names.get(type(value), type(value).__name__)
