"""Fills frozen configuration dataclasses from YAML, with errors that name the key and the cure.

Each room keeps its own config dataclass next to the code that reads it; this module knows none of
them. A mapping with an unknown key, a wrong type or a value the dataclass refuses is a
`UsageError`; nothing is accepted and then ignored. `REMOVED` of a class tells what to do
about a setting that it had once.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import yaml

from streamer.core.errors import SourceRefusedError, UsageError
from streamer.core.files.regular import open_regular
from streamer.core.files.strict_yaml import MOST_CHARACTERS, parse_yaml
from streamer.core.ranges import hints_of, problem_of, show

T = TypeVar("T")


def load_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML file whose top level is a mapping; an empty file is an empty mapping.

    Raises UsageError (with the line, where YAML knows it) for a missing or malformed file.
    """
    path = Path(path)
    loaded = parse_yaml(_read_text(path), where=str(path))
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise UsageError(
            f"{path}: a configuration is a mapping of `key: value` lines, not {_name(loaded)}."
        )
    return loaded


def _read_text(path: Path) -> str:
    try:
        with open_regular(path, str(path), "give a YAML file of settings") as file:
            return file.read(4 * MOST_CHARACTERS + 1).decode("utf-8")
    except FileNotFoundError:
        raise UsageError(f"{path}: no such configuration file.") from None
    except SourceRefusedError as error:
        raise UsageError(str(error)) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: the configuration is not UTF-8 text.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{path}: the configuration cannot be read: {reason}.") from None


def set_key(mapping: dict[str, Any], dotted: str, value: Any) -> None:
    """Set `a.b.c` in nested mappings, in place, making the mappings on the way."""
    *parents, last = dotted.split(".")
    for part in parents:
        child = mapping.get(part)
        if child is None:
            child = mapping[part] = {}
        elif not isinstance(child, dict):
            raise UsageError(f"{show(dotted)}: {show(part)} holds {_name(child)}, not a section.")
        mapping = child
    mapping[last] = value


def fill(cls: type[T], mapping: Mapping[str, Any], where: str = "configuration") -> T:
    """Build the (nested) dataclass `cls` from `mapping`; keys left out keep their defaults.

    `where` names the file or option in error messages. Raises UsageError.
    """
    return _fill(cls, mapping, where, "")


def to_mapping(config: Any) -> dict[str, Any]:
    """The plain data of a configuration: what `fill` takes and YAML can hold."""
    return {
        field.name: _plain(getattr(config, field.name))
        for field in dataclasses.fields(config)
        if field.init
    }


def dump_yaml(config: Any) -> str:
    """The configuration as YAML that `load_yaml` and `fill` read back to an equal one."""
    return yaml.safe_dump(to_mapping(config), sort_keys=False, allow_unicode=True)


def _fill(cls: type[T], mapping: Any, where: str, prefix: str) -> T:
    if not isinstance(mapping, Mapping):
        section = prefix.rstrip(".") or "the top level"
        raise UsageError(f"{where}: {section} must be a mapping of keys, not {_name(mapping)}.")
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
        return value if isinstance(value, hint) else _fill(hint, value, where, key + ".")
    try:
        converted = _by_type(value, hint, where, key)
    except _Mismatch:
        got = f"{_name(value)} ({show(value)})"
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


def _name(value: Any) -> str:
    names = {bool: "true/false", int: "a whole number", float: "a number", str: "text"}
    names |= {list: "a list", dict: "a mapping", type(None): "nothing"}
    return names.get(type(value), type(value).__name__)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_mapping(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value
