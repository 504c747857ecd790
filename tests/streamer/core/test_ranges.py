"""Every number of every settings class and of every command-line option has a range that holds."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import pytest
from typer.testing import CliRunner

from demo.cli import app as demo_app
from streamer.cli.batch import app as batch_app
from streamer.cli.stream import app as stream_app
from streamer.core.errors import SettingError, UsageError
from streamer.core.ranges import Range, check_ranges, hints_of, problem_of, show
from streamer.core.settings import fill, to_mapping
from streamer.run.config import StreamConfig, load_config
from training.cli import app as train_app

ROOT = Path(__file__).parents[3]
PACKAGES = ("streamer", "spotting", "recognition", "training", "demo")
SETTINGS = re.compile(r"(Config|Settings|Options|Limits|Training|Tuning|Choice|Request|Jitter)$")
MORE = {"SelfmeRun", "PairsRun", "RunPlace", "Timing", "Optimiser", "LinearModel", "SvmModel"}
CALCULATED = {("training.datasets.prepared", "Settings")}  # a record of what was done, no numbers
APPS = (stream_app, batch_app, demo_app, train_app)
HUGE = 10**5000
ODD = (0, -1, 1e308, -1e308, math.nan, math.inf, -math.inf, HUGE, -HUGE)


def settings_classes() -> list[tuple[str, str]]:
    """Module and name of every dataclass whose name says that it holds settings."""
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if not isinstance(node, ast.ClassDef) or not node.decorator_list:
                    continue
                if SETTINGS.search(node.name) or node.name in MORE:
                    found.append((module, node.name))
    return [pair for pair in found if pair not in CALCULATED]


def numbers_in(hint: Any, ranges: tuple[Range, ...] = ()) -> Iterator[tuple[type, Range | None]]:
    """The number types inside a type hint, each with its range."""
    if get_origin(hint) is Annotated:
        base, *limits = get_args(hint)
        yield from numbers_in(base, tuple(limit for limit in limits if isinstance(limit, Range)))
    elif hint in (int, float):
        yield hint, ranges[0] if ranges else None
    elif get_origin(hint) is not Literal:
        for member in get_args(hint):
            yield from numbers_in(member, ranges)


def numbers_of(cls: type) -> list[tuple[str, type, Range | None]]:
    hints = hints_of(cls)
    names = [field.name for field in dataclasses.fields(cls) if field.init]
    # A model's own name, its kind and whether it has epochs are no settings.
    names = [name for name in names if name != "default_epochs"]
    return [(name, *number) for name in names for number in numbers_in(hints[name])]


def load(module: str, name: str) -> type:
    if module.startswith("training") or any(
        name in module for name in ("selfme", "scvit", "frl_dgt")
    ):
        pytest.importorskip("torch")
    cls: type = getattr(importlib.import_module(module), name)
    return cls


def test_the_walk_finds_the_settings() -> None:
    found = {name for _, name in settings_classes()}
    assert {"SourceConfig", "FaceConfig", "GateConfig", "SpotterConfig", "MapConfig"} <= found
    assert {"BatchSettings", "BatchOptions", "Limits", "LosoConfig", "MotionTraining"} <= found
    assert len(found) > 35


@pytest.mark.parametrize(("module", "name"), settings_classes())
def test_every_number_has_a_range_and_keeps_to_it(module: str, name: str) -> None:
    cls = load(module, name)
    for field, kind, span in numbers_of(cls):
        assert span is not None, f"{name}.{field} has no range"
        assert math.isfinite(span.low) and math.isfinite(span.high) and span.low < span.high
        hint = hints_of(cls)[field]
        many = _is_list(hint)
        assert not problem_of((kind(span.low), kind(span.high)) if many else kind(span.low), hint)
        past = [span.low - 1, span.high + 1, *(value for value in ODD if not span.holds(value))]
        for value in past:
            problem = problem_of((value,) if many else value, hint)
            assert problem and len(problem) < 300, (field, value)
        if kind is int:
            assert problem_of((0.5,) if many else span.low + 0.5, hint)
            assert problem_of((True,) if many else True, hint)


@pytest.mark.parametrize(("module", "name"), settings_classes())
def test_the_class_checks_itself(module: str, name: str) -> None:
    cls = load(module, name)
    if not numbers_of(cls):
        return
    fields = [field for field in dataclasses.fields(cls) if field.init]
    if cls.__name__ == "GeneratorConfig" or any(_lacks_default(field) for field in fields):
        given = {
            field.name: _some(hints_of(cls)[field.name])
            for field in fields
            if _lacks_default(field)
        }
    else:
        given = {}
    for field, _, span in numbers_of(cls):
        assert span is not None
        for value in (math.nan, math.inf, span.high * 2 + 1, HUGE):
            many = _is_list(hints_of(cls)[field])
            with pytest.raises((SettingError, UsageError), match=field):
                cls(**{**given, field: (value,) if many else value})


def _is_list(hint: Any) -> bool:
    """Whether a setting holds several numbers, or none at all."""
    return get_origin(hint) is tuple or any(map(_is_list, get_args(hint)))


def _lacks_default(field: Any) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _some(hint: Any) -> Any:
    spans = [span for _, span in numbers_in(hint)]
    if spans and spans[0] is not None:
        return next(kind(spans[0].low) for kind, _ in numbers_in(hint))
    return {str: "x", Path: Path("x")}.get(hint, ())


def leaves(mapping: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in mapping.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield prefix + key


@pytest.mark.parametrize("key", list(leaves(to_mapping(StreamConfig()))))
@pytest.mark.parametrize(
    "value", [1e308, -1e308, HUGE, math.nan, math.inf, "x", [1], {}, True], ids=show
)
def test_options_name_key_and_value(key: str, value: Any) -> None:
    with pytest.raises(UsageError, match=key.split(".")[-1]) as caught:
        load_config(None, [(key, value)])
    assert str(caught.value).startswith(f"options: '{key}' must be ") or isinstance(value, dict)
    assert len(str(caught.value)) < 400


def test_the_example_of_the_issue() -> None:
    with pytest.raises(UsageError) as caught:
        load_config(None, [("source.decode_threads", 100_000)])
    assert str(caught.value) == "options: 'source.decode_threads' must be 0 to 64, not 100000."


@dataclasses.dataclass(frozen=True)
class Texts:
    name: str = ""
    path: Path | None = None
    names: tuple[str, ...] = ()
    several: dict[str, Annotated[int, Range(0, 9)]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        check_ranges(self)


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"name": "a\0b"}, "'name' must not hold a null character"),
        ({"path": "a\0b"}, "'path' must not hold a null character"),
        ({"name": "x" * 5000}, "'name' must be at most 4096 characters long, not 5000"),
        ({"names": ["a"] * 2000}, "'names' must have at most 1024 entries, not 2000"),
        ({"several": {"a": 10}}, "'several.a' must be 0 to 9, not 10"),
        ({"several": {1: 2}}, "'several' must be a mapping"),
    ],
)
def test_texts_and_lists_are_bounded(values: dict[str, Any], part: str) -> None:
    with pytest.raises(UsageError) as caught:
        fill(Texts, values, where="options")
    assert part in str(caught.value)
    if "a" not in values.get("several", ()) and 1 not in values.get("several", ()):
        with pytest.raises(SettingError):
            Texts(**values)


def test_a_value_is_shown_short() -> None:
    assert show(HUGE) == "a number of 5000 digits"
    assert len(show([HUGE] * 100)) < 300
    assert len(show("x" * 10_000)) < 100
    assert len(show({"a": {"b": {"c": ["x" * 1000] * 50}}})) < 400


def options() -> list[tuple[str, str, Any]]:
    """Command, parameter and typer's facts of all options and arguments with a number."""
    found = []
    for app in APPS:
        for command in app.registered_commands:
            hints = get_type_hints(command.callback, include_extras=True)
            for name, hint in hints.items():
                base, *facts = get_args(hint) if get_origin(hint) is Annotated else (hint,)
                if any(True for _ in numbers_in(base)):
                    found.append((command.callback.__name__, name, facts[0]))  # type: ignore[union-attr]
    return found


def test_the_options_are_found() -> None:
    names = {(command, name) for command, name, _ in options()}
    assert {("stream", "fps"), ("batch", "workers"), ("demo", "port")} <= names
    assert ("loso", "seeds") in names and ("spot_set", "size") in names and len(names) > 35


@pytest.mark.parametrize(("command", "name", "facts"), options())
def test_every_numeric_option_has_a_range(command: str, name: str, facts: Any) -> None:
    assert facts.min is not None and facts.max is not None, f"{command} {name} has no range"
    assert math.isfinite(facts.min) and math.isfinite(facts.max) and facts.min < facts.max
    assert facts.callback is not None  # NaN


@pytest.mark.parametrize("text", ["-1e9", "1e308", "1e400", "nan", "inf", "-inf", "9" * 5000, "x"])
@pytest.mark.parametrize(
    "option", ["--fps", "--max-seconds", "--sensitivity", "--baseline", "--max-faces"]
)
def test_no_option_takes_a_number_out_of_range(option: str, text: str) -> None:
    done = CliRunner().invoke(stream_app, ["sample", "--print-config", f"{option}={text}"])
    assert done.exit_code == 2, done.output
