"""JSON that was read back from a disk: plain, finite, of the expected shape, or a ValueError.

A shape is a type, `None`, a tuple of alternatives, `[shape]` for a list, `Each(shape)` for an
object with any names, or a dictionary of names and shapes. A name that ends with "?" may be
missing; names beyond those are left as they are, so newer files read too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_BYTES = 256 * 2**20  # of one file of records; the manifest of 100,000 recordings has 50 MB
_MAX_WHOLE = 2**63  # what a file format, a database or numpy can hold


@dataclass(frozen=True, slots=True)
class Each:
    """The shape of every value of an object, whatever its name."""

    shape: Any


@dataclass(frozen=True, slots=True)
class OneOf:
    """Some texts."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A list of two."""

    first: Any
    second: Any


class Whole:
    """A whole number, 0 or more."""


class Share:
    """A number from 0 to 1."""


def parse_json(data: bytes | str) -> Any:
    """The value of one JSON document; bytes are UTF-8.

    Raises ValueError for anything else, for a name given twice, for NaN, infinity and numbers that
    cannot be held, and for nesting too deep to be followed.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(f"it has {len(data)} bytes, more than {MAX_BYTES}")
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        return json.loads(
            text,
            object_pairs_hook=_once,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_whole,
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def check_shape(value: Any, shape: Any, where: str = "the top level") -> Any:
    """`value`, if it has the shape. Raises ValueError that names the place."""
    if isinstance(shape, tuple):
        return _one_of(value, shape, where)
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise _mismatch(value, "a list", where)
        for number, item in enumerate(value):
            check_shape(item, shape[0], f"{where}[{number}]")
    elif isinstance(shape, Pair):
        if not isinstance(value, list) or len(value) != 2:
            raise _mismatch(value, "a list of two", where)
        check_shape(value[0], shape.first, f"{where}[0]")
        check_shape(value[1], shape.second, f"{where}[1]")
    elif isinstance(shape, Each):
        for name, item in _object(value, where).items():
            check_shape(item, shape.shape, f"{where}.{name}")
    elif isinstance(shape, Mapping):
        _check_names(_object(value, where), shape, where)
    elif not _is(value, shape):
        raise _mismatch(value, _word(shape), where)
    return value


def _one_of(value: Any, shapes: tuple[Any, ...], where: str) -> Any:
    for shape in shapes[:-1]:
        try:
            return check_shape(value, shape, where)
        except ValueError:
            continue
    return check_shape(value, shapes[-1], where)


def _check_names(value: Mapping[str, Any], shape: Mapping[str, Any], where: str) -> None:
    for name, inner in shape.items():
        plain = name.removesuffix("?")
        if plain in value:
            check_shape(value[plain], inner, f"{where}.{plain}")
        elif plain == name:
            raise ValueError(f"{where} lacks {plain}")


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _mismatch(value, "an object", where)
    return value


def _is(value: Any, kind: Any) -> bool:
    if kind is None:
        return value is None
    if isinstance(kind, OneOf):
        return isinstance(value, str) and value in kind.texts
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is Whole:
        return type(value) is int and 0 <= value < _MAX_WHOLE
    if kind is Share:
        return number and 0.0 <= value <= 1.0
    if kind is float:
        return number and math.isfinite(value)
    return value is not None and type(value) is kind


def _word(kind: Any) -> str:
    if isinstance(kind, OneOf):
        return "one of " + ", ".join(kind.texts)
    words: dict[Any, str] = {
        **{None: "nothing", str: "text", bool: "true or false", int: "a whole number"},
        **{Whole: "a whole number from 0", Share: "a number from 0 to 1", float: "a number"},
        **{dict: "an object", list: "a list"},
    }
    return words[kind]


def _mismatch(value: Any, wanted: str, where: str) -> ValueError:
    if isinstance(value, str):
        found = repr(value[:40])
    elif isinstance(value, dict | list):
        found = "an object" if isinstance(value, dict) else "a list"
    else:
        found = json.dumps(value)
    return ValueError(f"{where} is {found}, not {wanted}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice[:40]!r} is given twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is too large")
    return value


def _whole(text: str) -> int:
    if len(text) > 20:
        raise ValueError(f"the number {text[:20]}... is too large")
    return int(text)
