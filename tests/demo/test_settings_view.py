"""What the page sets is what its command sets, by the command line's own parser."""

from __future__ import annotations

import shlex

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from demo.settings_tab import NAMES, choices_of
from demo.settings_view import Choices
from streamer.cli.stream import app
from streamer.core.errors import UsageError
from streamer.core.settings import to_mapping

CHANGED = {
    "sensitivity": (2.0, 0.05, 20.0, 1.35),
    "spotter": ("learned",),
    "low_latency": (True,),
    "baseline": (3.0, 0.5, 60.0),
    "max_faces": (1, 8),
    "micro_only": (True,),
    "no_recognition": (True,),
    "motion": ("dis", "farneback", "selfme", "frl-dgt"),
    "emotions": ("facs",),
}


def printed(choices: Choices, source: str = "a.mp4") -> dict[str, object]:
    """The settings that the command line makes of the command."""
    words = shlex.split(choices.command(source))
    assert words[0] == "mer-stream"
    told = CliRunner().invoke(app, [*words[1:], "--print-config"])
    assert told.exit_code == 0, told.output
    found: dict[str, object] = yaml.safe_load(told.stdout)
    return found


def meant(choices: Choices) -> object:
    """Its own settings, as the same plain data."""
    return yaml.safe_load(yaml.safe_dump(_plain(to_mapping(choices.config()))))


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return list(value) if isinstance(value, tuple) else value


def test_every_setting_is_tried_here() -> None:
    assert tuple(CHANGED) == NAMES == Choices.__slots__


def test_the_defaults_are_those_of_the_command_line() -> None:
    assert Choices().command("a.mp4", "") == "mer-stream a.mp4"
    assert Choices().command("a.mp4") == "mer-stream a.mp4 --output events.jsonl"
    assert printed(Choices()) == meant(Choices())


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in CHANGED.items() for value in values]
)
def test_one_setting_by_the_command_and_by_the_page(name: str, value: object) -> None:
    changed = Choices(**{name: value})  # type: ignore[arg-type]
    assert f"--{name.replace('_', '-')}" in shlex.split(changed.command("a.mp4"))
    assert meant(changed) != meant(Choices())
    assert printed(changed) == meant(changed)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.builds(
        Choices,
        sensitivity=st.floats(0.05, 20.0),
        spotter=st.sampled_from(["rule", "learned"]),
        low_latency=st.booleans(),
        baseline=st.floats(0.0, 3600.0),
        max_faces=st.integers(1, 50),
        micro_only=st.booleans(),
        no_recognition=st.booleans(),
        motion=st.sampled_from(["auto", "dis", "farneback", "selfme", "frl-dgt"]),
        emotions=st.sampled_from(["classes", "facs"]),
    )
)
def test_all_settings_together(choices: Choices) -> None:
    assert printed(choices) == meant(choices)


@pytest.mark.parametrize(
    "choices", [Choices(sensitivity=1.2345678), Choices(baseline=1234.5678)], ids=str
)
def test_no_digit_is_lost_on_the_way(choices: Choices) -> None:
    assert printed(choices) == meant(choices)


@pytest.mark.parametrize(
    "source",
    [
        "two words.mp4",
        'it\'s "me".mp4',
        "$(reboot) `x` & ; | > *.mp4",
        "-x.mp4",
        "--overwrite",
        "ü 人.mkv",
        "new\nline.mp4",
        "a=b.mp4",
    ],
)
def test_a_name_is_one_word_and_never_an_option(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr("streamer.cli.stream._run", lambda *given: seen.append(given[2]) or 0)
    words = shlex.split(Choices(micro_only=True).command(source))
    told = CliRunner().invoke(app, words[1:])
    assert (told.exit_code, seen) == (0, [[source]])


@pytest.mark.parametrize(
    "wrong",
    [
        {"sensitivity": 0.01},
        {"sensitivity": 20.5},
        {"sensitivity": float("nan")},
        {"baseline": -1.0},
        {"baseline": float("inf")},
        {"max_faces": 0},
        {"motion": "guess"},
        {"spotter": "guess"},
    ],
    ids=str,
)
def test_what_the_command_line_refuses_is_refused(wrong: dict[str, object]) -> None:
    choices = Choices(**wrong)  # type: ignore[arg-type]
    words = shlex.split(choices.command("a.mp4"))
    assert CliRunner().invoke(app, [*words[1:], "--print-config"]).exit_code == 2
    with pytest.raises(UsageError):
        choices.config()


def test_emptied_numbers_are_their_defaults() -> None:
    emptied = (None, "rule", False, None, None, False, False, "auto", "classes")
    assert choices_of(emptied) == Choices()
    held = (2, "learned", True, 3, 2.0, True, True, "dis", "facs")
    assert choices_of(held) == Choices(2.0, "learned", True, 3.0, 2, True, True, "dis", "facs")


def test_what_has_no_effect_beside_another_choice_is_left_out() -> None:
    spots_only = Choices(no_recognition=True, motion="selfme")
    assert spots_only.command("a.mp4", "") == "mer-stream a.mp4 --no-recognition"
    learned = Choices(spotter="learned", low_latency=True)
    assert learned.command("a.mp4", "") == "mer-stream a.mp4 --spotter learned"
    assert learned.config() == Choices(spotter="learned").config()
