"""Configuration: what fits is converted, what does not names the key and the cure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.core.errors import UsageError
from streamer.core.files.strict_yaml import parse_yaml
from streamer.core.settings import dump_yaml, fill, load_yaml, set_key, to_mapping


@dataclass(frozen=True, slots=True)
class Inner:
    threshold: float = 0.5
    count: int = 3
    name: str = "x"
    active: bool = False
    limit: float | None = None
    mode: Literal["a", "b"] = "a"
    pair: tuple[float, float] = (0.0, 1.0)
    names: tuple[str, ...] = ()
    path: Path | None = None
    weights: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError(f"count must be 0 or more, not {self.count}.")


@dataclass(frozen=True, slots=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    active: bool = True


def test_empty_mapping_gives_the_defaults() -> None:
    assert fill(Outer, {}) == Outer()


def test_every_kind_of_value_is_converted() -> None:
    given_values = {
        "threshold": 1,
        "count": 7,
        "name": "y",
        "active": True,
        "limit": 2,
        "mode": "b",
        "pair": [1, 2.5],
        "names": ["p", "q"],
        "path": "a/b",
        "weights": {"w": 1},
    }
    got = fill(Outer, {"inner": given_values}).inner
    want = Inner(1.0, 7, "y", True, 2.0, "b", (1.0, 2.5), ("p", "q"), Path("a/b"), {"w": 1.0})
    assert got == want
    assert type(got.threshold) is float and type(got.limit) is float


@pytest.mark.parametrize(
    ("mapping", "parts"),
    [
        ({"iner": {}}, ["'iner'", "Did you mean 'inner'", "inner, active"]),
        ({"inner": {"treshold": 1}}, ["'inner.treshold'", "Did you mean 'inner.threshold'"]),
        ({"inner": {"zzz": 1}}, ["'inner.zzz'", "threshold, count, name"]),
        ({"inner": {"threshold": "high"}}, ["'inner.threshold'", "finite number", "'high'"]),
        ({"inner": {"threshold": True}}, ["'inner.threshold'", "finite number"]),
        ({"inner": {"threshold": float("nan")}}, ["finite number"]),
        ({"inner": {"threshold": None}}, ["finite number", "nothing"]),
        ({"inner": {"count": 1.5}}, ["'inner.count'", "whole number", "1.5"]),
        ({"inner": {"count": True}}, ["whole number"]),
        ({"inner": {"count": -1}}, ["inner: count must be 0 or more, not -1."]),
        ({"inner": {"active": 1}}, ["true or false"]),
        ({"inner": {"name": 3}}, ["text"]),
        ({"inner": {"limit": "x"}}, ["finite number or null"]),
        ({"inner": {"mode": "c"}}, ["one of 'a', 'b'"]),
        ({"inner": {"pair": [1]}}, ["'inner.pair'", "list"]),
        ({"inner": {"names": "p"}}, ["list"]),
        ({"inner": {"names": ["p", 3]}}, ["'inner.names[1]'"]),
        ({"inner": {"weights": {"w": "x"}}}, ["'inner.weights.w'"]),
        ({"inner": 3}, ["inner must be a mapping", "whole number"]),
        ({1: 2}, ["unknown key '1'"]),
    ],
)
def test_what_does_not_fit_is_named(mapping: dict, parts: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        fill(Outer, mapping, where="my.yaml")
    message = str(caught.value)
    assert message.startswith("my.yaml: ")
    for part in parts:
        assert part in message


def test_scientific_notation_without_a_point_is_a_number() -> None:
    # PyYAML reads 1e-3 as text; a user means 0.001.
    assert fill(Inner, parse_yaml("threshold: 1e-3", "x")).threshold == 0.001


def test_yaml_round_trip() -> None:
    config = Outer(
        Inner(0.25, 1, "é: #", True, None, "b", (1.0, 2.0), ("p",), Path("q"), {"w": 2.0})
    )
    assert fill(Outer, parse_yaml(dump_yaml(config), "dump")) == config


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])),
    st.lists(st.text(alphabet="abc: -#'\"", max_size=5)),
)
def test_any_value_survives_the_round_trip(number: float, name: str, names: list[str]) -> None:
    config = Outer(Inner(threshold=number, name=name, names=tuple(names)))
    assert fill(Outer, parse_yaml(dump_yaml(config), "dump")) == config


def test_load_yaml_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("active: true\ninner: [1,\n")
    with pytest.raises(UsageError, match=r"c\.yaml, line \d: not valid YAML"):
        load_yaml(path)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("- 1\n- 2\n", "a list"),
        ("just words", "text"),
        (
            "active: true\nactive: false\n",
            "line 2: not valid YAML: the key 'active' is given twice",
        ),
        ("x: !!python/object/apply:os.system ['true']", "not valid YAML"),
    ],
)
def test_load_yaml_refuses(tmp_path: Path, text: str, part: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_yaml(path)
    assert part in str(caught.value)


def test_load_yaml_of_missing_binary_and_empty_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such configuration file"):
        load_yaml(tmp_path / "none.yaml")
    binary = tmp_path / "b.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not UTF-8"):
        load_yaml(binary)
    empty = tmp_path / "e.yaml"
    empty.write_text("# nothing\n")
    assert load_yaml(empty) == {}


def test_set_key_makes_sections_and_refuses_values_as_sections() -> None:
    mapping = {"active": True}
    set_key(mapping, "inner.count", 4)
    assert mapping == {"active": True, "inner": {"count": 4}}
    with pytest.raises(UsageError, match="'active' holds true/false"):
        set_key(mapping, "active.deep", 1)


def test_to_mapping_holds_plain_data_only() -> None:
    assert to_mapping(Inner(path=Path("p")))["path"] == "p"
    assert to_mapping(Outer())["inner"]["pair"] == [0.0, 1.0]


@dataclass(frozen=True, slots=True)
class Later:
    REMOVED: ClassVar[Mapping[str, str]] = {"old": "use 'new'"}

    new: int = 0


def test_a_setting_that_was_removed_names_the_cure() -> None:
    with pytest.raises(UsageError) as caught:
        fill(Later, {"old": 3}, where="my.yaml")
    assert str(caught.value) == "my.yaml: 'old' was removed: use 'new'."
