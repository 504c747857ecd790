"""Fills frozen configuration dataclasses from YAML, with errors that name the key and the cure.

Each room keeps its own config dataclass next to the code that reads it; this module knows none of
them. A mapping with an unknown key, a wrong type or a value the dataclass refuses is a
`UsageError`; nothing is accepted and then ignored. `REMOVED` of a class tells what to do
about a setting that it had once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from streamer.core.errors import SourceRefusedError, UsageError
from streamer.core.files.regular import open_regular
from streamer.core.files.strict_yaml import MOST_CHARACTERS, parse_yaml
from streamer.core.ranges import show
from streamer.core.setting_values import fill_class, type_word

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
            f"{path}: a configuration is a mapping of `key: value` lines, not {type_word(loaded)}."
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
            raise UsageError(
                f"{show(dotted)}: {show(part)} holds {type_word(child)}, not a section."
            )
        mapping = child
    mapping[last] = value


def fill(cls: type[T], mapping: Mapping[str, Any], where: str = "configuration") -> T:
    """Build the (nested) dataclass `cls` from `mapping`; keys left out keep their defaults.

    `where` names the file or option in error messages. Raises UsageError.
    """
    return fill_class(cls, mapping, where, "")


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
