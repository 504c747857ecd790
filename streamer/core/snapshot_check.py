"""Checks what a snapshot claims about objects, as anybody may have changed the file.

Only classes that hold the state of a pipeline are made; with the attributes that the class has, and
no others; the fields of a dataclass are of the types that it declares.
"""

from __future__ import annotations

import dataclasses
import dis
import functools
import importlib
import types
from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

_PARTS = ("streamer.faces.", "spotting.", "streamer.core.records.")
_MODULES = ("streamer.core.pictures",)
_NUMBERS = (int, float, np.integer, np.floating)


def is_state_class(name: str) -> bool:
    """Whether `module:qualname` is in a module whose objects are part of a pipeline's state."""
    module = name.partition(":")[0]
    return module.startswith(_PARTS) or module in _MODULES


def class_of(name: Any) -> Any:
    """The class that `module:qualname` names. Raises ValueError for any other."""
    if not isinstance(name, str) or not is_state_class(name):
        raise ValueError(f"{name!r} is no class of a pipeline's state")
    module, _, qualname = name.partition(":")
    kind: Any = importlib.import_module(module)
    for part in qualname.split("."):
        kind = getattr(kind, part)
    if not isinstance(kind, type) or (kind.__module__, kind.__qualname__) != (module, qualname):
        raise ValueError(f"{name!r} is no class of a pipeline's state")
    return kind


def check_names(kind: type, names: Collection[str]) -> None:
    """Raise ValueError unless these are the attributes that objects of the class have."""
    if dataclasses.is_dataclass(kind):
        good = set(names) == {field.name for field in dataclasses.fields(kind)}
    else:
        made = _assigned_by(kind, ("__init__",))
        good = made <= set(names) <= _assigned_by(kind, None)
    if not good:
        raise ValueError(f"{kind.__name__} does not have the attributes {', '.join(names)[:200]}")


def check_fields(made: Any) -> None:
    """Raise ValueError for a field of a dataclass that is not of its declared type."""
    if not dataclasses.is_dataclass(made):
        return
    kind: type = type(made)
    hints = _hints(kind)
    for field in dataclasses.fields(made):
        if not fits(getattr(made, field.name), hints.get(field.name, Any)):
            raise ValueError(f"{type(made).__name__}.{field.name} has the wrong type")


def is_alike(present: Any, other: Any) -> bool:
    """Whether `other` may take the place of `present` as an attribute of a part."""
    if present is None or other is None:
        return True
    if isinstance(present, _NUMBERS) and isinstance(other, _NUMBERS):
        return isinstance(present, bool) == isinstance(other, bool)
    return type(present) is type(other)


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a declared type; what cannot be checked fits."""
    hint = _without_alias(hint)
    origin, inner = get_origin(hint) or hint, get_args(hint)
    if origin in (Union, types.UnionType):
        return any(fits(value, member) for member in inner)
    if origin is Literal:
        return value in inner
    check = _CHECKS.get(origin)
    if check is not None:
        return check(value, inner)
    return not isinstance(origin, type) or isinstance(value, origin)


def _without_alias(hint: Any) -> Any:
    """What a `type` alias stands for: since numpy 2.5 its NDArray is one."""
    while hasattr(alias := get_origin(hint) or hint, "__value__"):
        inner = get_args(hint)
        hint = alias.__value__[inner] if inner else alias.__value__
    return hint


def _is_number(value: Any, inner: Any) -> bool:
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


def _is_whole(value: Any, inner: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_tuple(value: Any, inner: tuple[Any, ...]) -> bool:
    if not isinstance(value, tuple):
        return False
    if len(inner) == 2 and inner[1] is Ellipsis:
        return all(fits(item, inner[0]) for item in value)
    return not inner or (
        len(inner) == len(value) and all(fits(v, h) for v, h in zip(value, inner, strict=True))
    )


def _is_row(kind: Any) -> Callable[[Any, Any], bool]:
    return lambda value, inner: (
        isinstance(value, kind) and all(fits(item, inner[0] if inner else Any) for item in value)
    )


def _is_mapping(value: Any, inner: tuple[Any, ...]) -> bool:
    key, item = inner or (Any, Any)
    return isinstance(value, dict) and all(fits(k, key) and fits(v, item) for k, v in value.items())


def _is_array(value: Any, inner: tuple[Any, ...]) -> bool:
    if not isinstance(value, np.ndarray):
        return False
    wanted = get_args(inner[1])[:1] if len(inner) == 2 else ()
    if not wanted or not isinstance(wanted[0], type) or not issubclass(wanted[0], np.generic):
        return True
    return value.dtype.kind == np.dtype(wanted[0]).kind


_CHECKS: Mapping[Any, Callable[[Any, Any], bool]] = {
    Any: lambda value, inner: True,
    None: lambda value, inner: value is None,
    type(None): lambda value, inner: value is None,
    bool: lambda value, inner: isinstance(value, bool | np.bool_),
    int: _is_whole,
    float: _is_number,
    tuple: _is_tuple,
    list: _is_row(list),
    deque: _is_row(deque),
    set: _is_row(set),
    dict: _is_mapping,
    Mapping: _is_mapping,
    np.ndarray: _is_array,
}


@functools.lru_cache(maxsize=256)
def _hints(kind: type) -> dict[str, Any]:
    try:
        return get_type_hints(kind)
    except NameError:  # a name that is imported for type checkers only
        return {}


@functools.lru_cache(maxsize=256)
def _assigned_by(kind: type, methods: tuple[str, ...] | None) -> frozenset[str]:
    """Attributes that the class's methods (None: all of them) assign."""
    found: set[str] = set()
    for base in kind.__mro__:
        for name, value in vars(base).items():
            function = getattr(value, "fget", value) if isinstance(value, property) else value
            if isinstance(function, types.FunctionType) and (methods is None or name in methods):
                found.update(
                    str(step.argval)
                    for step in dis.get_instructions(function)
                    if step.opname == "STORE_ATTR"
                )
    return frozenset(found)
