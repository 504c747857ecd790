"""The state of a running pipeline as plain data: arrays and JSON, and back. No pickle.

`capture` walks objects of this program (and containers, numbers, arrays) and returns a `Snapshot`;
`restore` builds equal objects. What is shared stays shared: two places that hold one object hold
one object afterwards. Only classes that `snapshot_check` knows are made anew, without calling them;
anything else in the state is an error when it is captured, not when it is needed.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.core.files.strict_json import parse_json
from streamer.core.files.strict_npz import DAMAGE, read_member
from streamer.core.snapshot_check import (
    check_fields,
    check_names,
    class_of,
    is_alike,
    is_state_class,
)

_NAME_OF_TREE = "tree.json"
# What data of another form meets on its way to objects; a chain of references may be endless.
_ODD = (
    *(KeyError, IndexError, TypeError, AttributeError, ImportError, ValueError),
    *(OverflowError, RecursionError),
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`tree` is JSON data in which {"ref": n} stands for object n of `objects`."""

    tree: Any
    objects: list[Any]
    arrays: list[NDArray]


def state_of(part: Any) -> dict[str, Any]:
    """The attributes that say where a part of the pipeline is in its stream.

    All of them, or those that the class names in `STATE`: what holds native resources or weights
    names some. A part made of parts says it in `state_dict`. The attributes are not copied: capture
    them before the next frame.
    """
    if hasattr(part, "state_dict"):
        return dict(part.state_dict())
    names = getattr(part, "STATE", None) or tuple(vars(part))
    return {name: getattr(part, name) for name in names}


def set_state(part: Any, state: Mapping[str, Any]) -> None:
    """Go on from a state that `state_of` returned. Raises ValueError for that of another class."""
    if hasattr(part, "load_state_dict"):
        part.load_state_dict(state)
        return
    if set(state) != set(state_of(part)):
        raise ValueError(f"not the state of a {type(part).__name__}: it holds {', '.join(state)}")
    for name, value in state.items():
        if not is_alike(getattr(part, name), value):
            raise ValueError(f"{name} is no {name} of a {type(part).__name__}")
    for name, value in state.items():
        setattr(part, name, value)


def capture(value: Any) -> Snapshot:
    """The state as it is now; arrays are copied. Raises ValueError for what cannot be kept."""
    taker = _Taker()
    return Snapshot(taker.take(value), taker.objects, taker.arrays)


def restore(snapshot: Snapshot) -> Any:
    """Objects equal to those captured. Raises ValueError for a snapshot that is not whole."""
    try:
        return _Giver(snapshot).give_all()
    except _ODD as error:
        raise ValueError(f"not a snapshot of this version ({error!r})") from error


def to_bytes(snapshot: Snapshot, facts: Mapping[str, Any]) -> bytes:
    """One file: the tree as JSON beside its arrays. `facts` is JSON data to find again."""
    head = {"facts": dict(facts), "tree": snapshot.tree, "objects": snapshot.objects}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_NAME_OF_TREE, json.dumps(head))
        for number, array in enumerate(snapshot.arrays):
            with archive.open(f"{number}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return written.getvalue()


def from_bytes(data: bytes) -> tuple[Snapshot, dict[str, Any]]:
    """(snapshot, facts). Raises ValueError for damaged data."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
                raise ValueError("a packed member")
            head = parse_json(archive.read(_NAME_OF_TREE))
            count = len(archive.namelist()) - 1
            arrays = [read_member(archive, f"{n}.npy", len(data)) for n in range(count)]
            snapshot, facts = Snapshot(head["tree"], head["objects"], arrays), head["facts"]
    except DAMAGE as error:
        raise ValueError(f"a damaged snapshot ({error})") from error
    if not isinstance(snapshot.objects, list) or not isinstance(facts, dict):
        raise ValueError("a damaged snapshot (no objects, or no facts)")
    return snapshot, facts


class _Taker:
    """Turns objects into data. Every object is taken once; its number is its identity."""

    def __init__(self) -> None:
        self.objects: list[Any] = []
        self.arrays: list[NDArray] = []
        self._numbers: dict[int, int] = {}
        self._alive: list[Any] = []  # an id is only good while its object lives

    def take(self, value: Any) -> Any:
        if value is None or isinstance(value, bool) or type(value) in (int, str):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": str(value)}
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self.objects)
            self._alive.append(value)
            self.objects.append(None)  # its place, as it may hold itself
            self.objects[self._numbers[id(value)]] = self._describe(value)
        return {"ref": self._numbers[id(value)]}

    def _describe(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, np.generic):
            self.arrays.append(np.asarray(value))
            return {"scalar": len(self.arrays) - 1}
        if isinstance(value, slice):
            return {"slice": [self.take(v) for v in (value.start, value.stop, value.step)]}
        if isinstance(value, deque):
            return {"deque": [self.take(v) for v in value], "maxlen": value.maxlen}
        for kind in (list, tuple, set):
            if type(value) is kind:
                return {kind.__name__: [self.take(v) for v in value]}
        if isinstance(value, dict):
            return {"dict": [[self.take(k), self.take(v)] for k, v in value.items()]}
        return self._ours(value)

    def _array(self, value: NDArray) -> Any:
        if value.dtype.hasobject:
            raise ValueError("an array of objects cannot be kept in a snapshot")
        # The order in memory is kept: sums over it may round differently otherwise.
        self.arrays.append(np.array(value, order="K", copy=True))
        return {"array": len(self.arrays) - 1}

    def _ours(self, value: Any) -> Any:
        kind = type(value)
        name = f"{kind.__module__}:{kind.__qualname__}"
        if not is_state_class(name):
            raise ValueError(f"a {name} cannot be kept in a snapshot")
        if isinstance(value, Enum):
            return {"object": name, "value": value.value}
        fields = {k: self.take(v) for k, v in _attributes(value).items()}
        return {"object": name, "fields": fields}


class _Giver:
    """Turns data into objects."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._made: dict[int, Any] = {}

    def give_all(self) -> Any:
        """What the tree stands for, with the fields of all objects checked."""
        given = self.give(self._snapshot.tree)
        for made in self._made.values():
            check_fields(made)
        return given

    def give(self, data: Any) -> Any:
        if data is None or isinstance(data, bool | int | float | str):
            return data
        if not isinstance(data, dict) or len(data) != 1:
            raise ValueError("not data of a snapshot")
        if "float" in data:
            return float(data["float"])
        number = data["ref"]
        if type(number) is not int or number < 0:
            raise ValueError(f"{number!r} is no number of an object")
        if number not in self._made:
            self._make(number, self._snapshot.objects[number])
        return self._made[number]

    def _make(self, number: int, data: dict[str, Any]) -> None:
        """What may hold itself is entered before it is filled."""
        if "object" in data:
            self._make_ours(number, data)
        elif "dict" in data:
            mapping: dict[Any, Any] = {}
            self._made[number] = mapping
            mapping.update((self.give(k), self.give(v)) for k, v in data["dict"])
        elif "list" in data or "deque" in data:
            empty: Any = [] if "list" in data else deque(maxlen=data["maxlen"])
            self._made[number] = empty
            empty.extend(self.give(v) for v in data["list" if "list" in data else "deque"])
        else:
            self._made[number] = self._value(data)

    def _value(self, data: dict[str, Any]) -> Any:
        arrays = self._snapshot.arrays
        if "array" in data:
            return arrays[data["array"]]
        if "scalar" in data:
            return arrays[data["scalar"]][()]
        if "slice" in data:
            return slice(*(self.give(v) for v in data["slice"]))
        kind = tuple if "tuple" in data else set
        return kind(self.give(v) for v in data[kind.__name__])

    def _make_ours(self, number: int, data: dict[str, Any]) -> None:
        kind = class_of(data["object"])
        if issubclass(kind, Enum):
            self._made[number] = kind(data["value"])
            return
        check_names(kind, data["fields"])
        made: Any = object.__new__(kind)
        self._made[number] = made
        for name, value in data["fields"].items():
            object.__setattr__(made, name, self.give(value))


def _attributes(value: Any) -> dict[str, Any]:
    """All attributes of an object, from its slots and its dictionary."""
    slots = [s for kind in type(value).__mro__ for s in getattr(kind, "__slots__", ())]
    found = {name: getattr(value, name) for name in slots if hasattr(value, name)}
    return found | getattr(value, "__dict__", {})
