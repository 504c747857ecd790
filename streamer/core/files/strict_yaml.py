"""YAML that is plain data and says where it is wrong.

Only texts, numbers, true and false, null, lists and mappings with texts as keys are read. Whatever
else YAML has is an error with its line: a repeated key, a key that is no text, an alias (a few of
them can stand for billions of values), a merge key, a tag, a date, deep nesting, a number of
thousands of digits. `010` and `1:30`, which YAML 1.1 takes for 8 and 90, stay texts.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

from streamer.core.errors import UsageError
from streamer.core.ranges import show

MOST_CHARACTERS = 256_000  # a file with all settings has about 5,000
DEEPEST = 32  # lists and mappings inside each other
LONGEST_NUMBER = 64  # characters
_TAG = "tag:yaml.org,2002:"


def parse_yaml(text: str, where: str) -> Any:
    """Parse one YAML document safely. Raises UsageError, with `where` and the line."""
    if len(text) > MOST_CHARACTERS:
        raise UsageError(
            f"{where}: {len(text)} characters are too many for a configuration: at most "
            f"{MOST_CHARACTERS} are read."
        )
    try:
        # A SafeLoader with more checks: it builds plain data only.
        return yaml.load(text, Loader=_StrictLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise UsageError(f"{where}{line}: not valid YAML: {problem}.") from None
    except (ValueError, OverflowError) as error:  # PyYAML's own, as for the escape \UFFFFFFFF
        raise UsageError(f"{where}: not valid YAML: {error}.") from None


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader that refuses what it would otherwise resolve, guess or fail at."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise _problem("an alias (*name) is not read here: write the value", self.peek_event())
        self._depth += 1
        if self._depth > DEEPEST:
            problem = f"more than {DEEPEST} lists and mappings inside each other"
            raise _problem(problem, self.peek_event())
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if key_node.tag == _TAG + "merge":
                raise _problem("a merge key (<<) is not read here: write the keys", key_node)
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                problem = f"the key {show(key)} is no text: put it in quotes, or correct it"
                raise _problem(problem, key_node)
            if key in seen:
                raise _problem(f"the key {show(key)} is given twice", key_node)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def read_number(self, node: yaml.ScalarNode) -> int | float:
        """A number in plain decimal or hexadecimal notation."""
        kind = int if node.tag == _TAG + "int" else float
        text = self.construct_scalar(node)
        resolver = _INT if kind is int else _FLOAT
        if len(text) > LONGEST_NUMBER:
            raise _problem(f"a number of {len(text)} characters is too long", node)
        if not resolver.match(text):
            raise _problem(f"{show(text)} is not a number in plain notation", node)
        if kind is int:
            return self.construct_yaml_int(node)
        return self.construct_yaml_float(node)

    def read_truth(self, node: yaml.ScalarNode) -> bool:
        """True or false in the words of YAML 1.1."""
        text = self.construct_scalar(node)
        if text.lower() not in self.bool_values:
            raise _problem(f"{show(text)} is neither true nor false", node)
        return self.bool_values[text.lower()]


def _problem(text: str, place: Any) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, text, place.start_mark)


_INT = re.compile(r"[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F][0-9a-fA-F_]*)\Z")
_FLOAT = re.compile(
    r"(?:[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
    r"|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN))\Z"
)
_NUMBERS = {_TAG + "int": _INT, _TAG + "float": _FLOAT}
_DROPPED = {_TAG + "timestamp", _TAG + "value"}


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """What a text without quotes may be: as in PyYAML, less octal, base 60, dates."""
    return {
        first: [(tag, _NUMBERS.get(tag, known)) for tag, known in rows if tag not in _DROPPED]
        for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_StrictLoader.yaml_implicit_resolvers = _resolvers()
_StrictLoader.yaml_constructors = {
    None: yaml.SafeLoader.construct_undefined,
    _TAG + "null": yaml.SafeLoader.construct_yaml_null,
    _TAG + "str": yaml.SafeLoader.construct_yaml_str,
    _TAG + "seq": yaml.SafeLoader.construct_yaml_seq,
    _TAG + "map": yaml.SafeLoader.construct_yaml_map,
    _TAG + "bool": _StrictLoader.read_truth,
    _TAG + "int": _StrictLoader.read_number,
    _TAG + "float": _StrictLoader.read_number,
}
