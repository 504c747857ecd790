"""Every number of the settings has a range, stated in the type of its field and checked when built.

    decode_threads: Annotated[int, Range(0, 64), Help("Threads of the decoder.")] = 0

`check_ranges` belongs into `__post_init__` of a settings class; `streamer.core.settings.fill`
checks each value on its own, so that its error names the full key. Texts and paths have a length.
"""

from __future__ import annotations

import functools
import numbers
import reprlib
import types
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from streamer.core.errors import SettingError

LONGEST_TEXT = 4096  # characters; the longest path of Linux
MOST_ITEMS = 1024  # of a list


@dataclass(frozen=True, slots=True)
class Range:
    """The smallest and the largest value; both are allowed, NaN and the infinities never are."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low} to {self.high}"

    def holds(self, value: float) -> bool:
        """Whether `value` lies inside; also for whole numbers that are too large for a float."""
        return bool(self.low <= value <= self.high)


@dataclass(frozen=True, slots=True)
class Help:
    """What a setting means, for `--help`, on the page and in docs/settings.md."""

    text: str


FrameRate = Annotated[float, Range(0.01, 10_000.0)]  # a second
Sensitivity = Annotated[float, Range(0.05, 20.0)]
Baseline = Annotated[float, Range(0.0, 3600.0)]  # seconds
Faces = Annotated[int, Range(1, 64)]
Checkpoint = Annotated[float, Range(0.0, 86_400.0)]  # seconds
Megabytes = Annotated[int, Range(256, 4_000_000)]  # of memory of a process
Threads = Annotated[int, Range(1, 2)]  # of one recording
Port = Annotated[int, Range(0, 65_535)]  # of a server
Share = Annotated[float, Range(0.0, 1.0)]
Seed = Annotated[int, Range(0, 2**32 - 1)]
Workers = Annotated[int, Range(1, 256)]  # processes or threads
Epochs = Annotated[int, Range(1, 100_000)]
BatchSize = Annotated[int, Range(1, 65_536)]
LearningRate = Annotated[float, Range(1e-12, 10.0)]
Weight = Annotated[float, Range(0.0, 1e6)]  # of a loss


def check_ranges(settings: Any) -> None:
    """Check all fields of a settings dataclass, for its `__post_init__`.

    Raises SettingError that names the field, its range and the value.
    """
    hints = hints_of(type(settings))
    for field in fields(settings):
        if problem := problem_of(getattr(settings, field.name), hints[field.name]):
            raise SettingError(f"{field.name} {problem}.")


def problem_of(value: Any, hint: Any) -> str | None:
    """Why `value` does not fit the ranges in `hint`, as in "must be 1 to 64, not 100"; or None."""
    if isinstance(value, str | Path):
        return _problem_of_text(str(value))
    if get_origin(hint) is Annotated:
        base, *limits = get_args(hint)
        for limit in limits:
            if isinstance(limit, Range) and (problem := _problem_of_number(value, base, limit)):
                return problem
        return problem_of(value, base)
    if get_origin(hint) in (Union, types.UnionType):
        return _problem_of_union(value, get_args(hint))
    if isinstance(value, tuple | list):
        return _problem_of_items(value, get_args(hint))
    if isinstance(value, Mapping):
        member = (get_args(hint) or (Any, Any))[-1]
        return next(filter(None, (problem_of(item, member) for item in value.values())), None)
    return None


def hints_of(cls: type) -> dict[str, Any]:
    """The types of a dataclass's fields, with their ranges."""
    return _hints_of(cast("Hashable", cls))


@functools.cache
def _hints_of(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls, include_extras=True)


def range_of(number: Any) -> Range:
    """The range of a type such as `Seed`."""
    found: Range = next(limit for limit in get_args(number) if isinstance(limit, Range))
    return found


def show(value: Any) -> str:
    """`value` as a message may print it: short, and never a number of 5,000 digits."""
    return clip(_SHORT.repr(value))


def clip(text: str, most: int = 200) -> str:
    """`text`, cut off where it is too long for a message."""
    return text if len(text) <= most else text[:most] + "..."


def _problem_of_number(value: Any, base: Any, limit: Range) -> str | None:
    fits = isinstance(value, numbers.Integral) if base is int else isinstance(value, numbers.Real)
    if fits and not isinstance(value, bool) and limit.holds(value):
        return None
    word = "a whole number from " if base is int and not isinstance(value, int) else ""
    return f"must be {word}{limit}, not {show(value)}"


def _problem_of_union(value: Any, members: tuple[Any, ...]) -> str | None:
    if value is None and type(None) in members:
        return None
    literal = [choice for m in members if get_origin(m) is Literal for choice in get_args(m)]
    if any(value is choice for choice in literal):
        return None
    problems = [problem_of(value, m) for m in members if m is not type(None)]
    return (
        None
        if None in problems and not isinstance(value, numbers.Real)
        else next(filter(None, problems), None)
    )


def _problem_of_items(value: tuple[Any, ...] | list[Any], hints: tuple[Any, ...]) -> str | None:
    if len(value) > MOST_ITEMS:
        return f"must have at most {MOST_ITEMS} entries, not {len(value)}"
    if len(hints) == 2 and hints[1] is Ellipsis:
        hints = (hints[0],) * len(value)
    pairs = zip(value, hints, strict=False)
    return next(filter(None, (problem_of(item, hint) for item, hint in pairs)), None)


def _problem_of_text(text: str) -> str | None:
    if "\0" in text:
        return f"must not hold a null character, as {show(text)} does"
    if len(text) > LONGEST_TEXT:
        return f"must be at most {LONGEST_TEXT} characters long, not {len(text)}"
    return None


class _Short(reprlib.Repr):
    """`repr` of at most some 80 characters that does not fail for a very large number."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = 80

    def repr_int(self, x: int, level: int) -> str:
        if x.bit_length() > 256:
            return f"a number of {round(x.bit_length() * 0.30103)} digits"
        return super().repr_int(x, level)


_SHORT = _Short()
