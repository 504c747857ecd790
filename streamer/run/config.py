"""The tree of settings: a section per room, each field with default, range and help. Light.

Command-line options, YAML, `--set`, the page's settings and docs/settings.md are made from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from recognition.config import MapConfig, RecognizerConfig
from spotting.config import SpotterConfig, check_learned, check_rule
from streamer.core.errors import UsageError
from streamer.core.ranges import Help, check_ranges
from streamer.core.settings import fill, load_yaml, set_key, to_mapping
from streamer.core.urls import display_name, is_like_url
from streamer.faces.config import FaceConfig
from streamer.sources.config import SourceConfig


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """All settings of a run, one section per room; what a YAML file fills.

    Raises ValueError or UsageError for a value that cannot be used, and for one without effect.
    """

    source: SourceConfig = field(default_factory=SourceConfig)
    faces: FaceConfig = field(default_factory=FaceConfig)
    spotter: SpotterConfig = field(default_factory=SpotterConfig)
    recognizer: RecognizerConfig = field(default_factory=RecognizerConfig)
    model: Annotated[
        str | None,
        Help("Another recognition model: a file, a folder, or owner/name@commit of a hub."),
    ] = None
    spotter_model: Annotated[
        str | None,
        Help(
            'A learned spotter for micro-expressions: "bundled", or weights (.npz); null: the rule.'
        ),
    ] = None
    recognise: Annotated[bool, Help("false: only spot, events carry no emotion.")] = True
    kinds: Annotated[
        tuple[Literal["micro", "macro"], ...], Help("Events of other kinds are left out.")
    ] = ("micro", "macro")

    def __post_init__(self) -> None:
        _refuse_urls(to_mapping(self))
        check_ranges(self)
        object.__setattr__(self, "recognizer", self._with_one_size())
        self._refuse_what_has_no_effect()

    def _with_one_size(self) -> RecognizerConfig:
        """The recogniser's settings with the size of the aligned face that `faces` gives."""
        ours, theirs = self.faces.aligned_size_px, self.recognizer.map.aligned_size_px
        if ours == theirs:
            return self.recognizer
        if theirs != MapConfig().aligned_size_px:
            raise ValueError(
                f"recognizer.map.aligned_size_px ({theirs}) is not faces.aligned_size_px ({ours}): "
                "leave it out, faces.aligned_size_px sets both."
            )
        return replace(self.recognizer, map=replace(self.recognizer.map, aligned_size_px=ours))

    def _refuse_what_has_no_effect(self) -> None:
        if self.spotter_model is not None:
            check_learned(self.spotter)
        else:
            check_rule(self.spotter)
        if self.recognise:
            return
        for name, is_set in (
            ("model", self.model is not None),
            ("recognizer.motion", self.recognizer.motion != "auto"),
            ("recognizer.emotions", self.recognizer.emotions != "classes"),
            ("recognizer.keep_motion", self.recognizer.keep_motion),
        ):
            if is_set:
                raise ValueError(
                    f"{name} has no effect where nothing is recognised: leave it out, or leave out "
                    "recognise: false (--no-recognition)."
                )


def load_config(
    path: str | Path | None = None, overrides: Iterable[tuple[str, Any]] = ()
) -> StreamConfig:
    """Settings from a YAML file (or the defaults) with `("spotter.sensitivity", 2.0)` pairs on top.

    Raises UsageError that names an unknown key or a wrong value.
    """
    mapping = load_yaml(path) if path is not None else {}
    fill(StreamConfig, mapping, where=str(path))  # errors in the file name the file
    for dotted, value in overrides:
        set_key(mapping, dotted, value)
    return fill(StreamConfig, mapping, where="options")


def with_sections(
    config: StreamConfig | str | Path | None, sections: Mapping[str, Any]
) -> StreamConfig:
    """Settings, or those of a YAML file, with `spotter={"sensitivity": 2.0}` and such on top."""
    mapping = to_mapping(config if isinstance(config, StreamConfig) else load_config(config))
    for name, value in sections.items():
        if isinstance(value, Mapping):
            for key, setting in value.items():
                set_key(mapping, f"{name}.{key}", setting)
        else:
            set_key(mapping, name, value)
    return fill(StreamConfig, mapping, where="stream()")


def _refuse_urls(settings: Mapping[str, Any], section: str = "") -> None:
    """Settings name files; a URL would fail later, and its secrets would be printed with them."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            _refuse_urls(value, f"{section}{name}.")
        elif isinstance(value, str) and is_like_url(value):
            raise UsageError(
                f"{section}{name}: {display_name(value)} is a URL. Give a file or a folder; a "
                "model may be owner/name@commit of a hub too."
            )


def settings_page() -> str:
    """docs/settings.md."""
    from streamer.core.setting_tree import settings_table

    return _PAGE + settings_table(StreamConfig)


_PAGE = """\
# Settings

Made from the settings' own fields by `python -m streamer.run.config > docs/settings.md`.

`mer-stream --print-config > my.yaml` writes all settings, `--config my.yaml` reads them, and
`--set spotter.sensitivity=2` sets one; in Python,
`stream("clip.mp4", spotter={"sensitivity": 2.0})`. Options such as `--sensitivity` beat `--set`,
which beats the file. An unknown key, a value out of its range and a setting without effect beside
the others are errors. Times are in seconds, lengths in distances between the eyes (IOD). The
environment variable `MER_VERBOSE=1` is `--verbose`: it lets native libraries speak and shows the
details of an internal error.

"""

if __name__ == "__main__":
    print(settings_page(), end="")
