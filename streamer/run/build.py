"""The one place that joins the rooms: configuration in, a pipeline or a stream of events out.

The rooms are imported when something is built, not before, so that `mer-stream --help` is quick.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recognition.config import RecognizerConfig
from spotting.config import SpotterConfig, check_learned
from streamer.core.errors import UsageError
from streamer.core.ranges import check_ranges
from streamer.core.records import EmotionEvent, FrameSignals, Kind
from streamer.core.settings import fill, load_yaml, set_key, to_mapping
from streamer.core.urls import display_name, is_like_url
from streamer.faces.config import FaceConfig
from streamer.sources.config import SourceConfig

if TYPE_CHECKING:
    from streamer.run.pipeline import Pipeline
    from streamer.run.pipeline import Spotter as PipelineSpotter


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """All settings of a run, one section per room; what a YAML file fills."""

    source: SourceConfig = field(default_factory=SourceConfig)
    faces: FaceConfig = field(default_factory=FaceConfig)
    spotter: SpotterConfig = field(default_factory=SpotterConfig)
    recognizer: RecognizerConfig = field(default_factory=RecognizerConfig)
    model: str | None = None  # another recognition model; None: the bundled one
    # A learned spotter for micro-expressions: "bundled", or weights (.npz). None: the rule.
    spotter_model: str | None = None
    recognise: bool = True  # False: spot only, events carry no emotion
    kinds: tuple[Kind, ...] = ("micro", "macro")  # events of other kinds are left out

    def __post_init__(self) -> None:
        _refuse_urls(to_mapping(self))
        check_ranges(self)
        if self.spotter_model is not None:
            check_learned(self.spotter)
        ours, theirs = self.faces.aligned_size_px, self.recognizer.map.aligned_size_px
        if self.recognise and ours != theirs:
            raise ValueError(
                f"faces.aligned_size_px ({ours}) and recognizer.map.aligned_size_px ({theirs}) "
                "must be the same."
            )


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


def load_config(
    path: str | Path | None = None, overrides: Iterable[tuple[str, Any]] = ()
) -> StreamConfig:
    """Settings from a YAML file (or the defaults) with `("spotter.sensitivity", 2.0)` pairs on top.

    Raises UsageError that names an unknown key or a wrong value.
    """
    mapping = load_yaml(path) if path is not None else {}
    config = fill(StreamConfig, mapping, where=str(path))  # errors in the file name the file
    mapping = to_mapping(config)
    for dotted, value in overrides:
        set_key(mapping, dotted, value)
    return fill(StreamConfig, mapping, where="options")


def build_pipeline(
    config: StreamConfig | None = None,
    *,
    source_name: str = "",
    on_signals: Callable[[FrameSignals], None] | None = None,
) -> Pipeline:
    """A pipeline with its models loaded: `push` frames into it, `flush` at the end.

    Raises InstallError or ModelError where a library or a model is missing or broken.
    """
    from streamer.core.process.libraries import import_cv2

    import_cv2()  # a broken installation is told here, before the rooms import cv2
    from streamer.faces.alignment import Aligner
    from streamer.faces.detector import MeshDetector
    from streamer.faces.tracker import FaceTracker
    from streamer.run.pipeline import Pipeline

    config = config or StreamConfig()
    recognizer = None
    if config.recognise:
        from recognition.loading.open import open_recognizer

        recognizer = open_recognizer(config.model, config.recognizer)
    return Pipeline(
        FaceTracker(MeshDetector(config.faces), config.faces),
        Aligner(config.faces),
        make_spotter(config),
        recognizer,
        source_name=source_name,
        on_signals=on_signals,
    )


def warm_up(pipeline: Pipeline) -> None:
    """Show a new pipeline a face, so that a live source, opened after it, finds it at full speed.

    Leaves it as new.
    """
    from streamer.faces.detector import known_face

    pipeline.warm_up(known_face())


def model_files(config: StreamConfig) -> dict[str, Path]:
    """The files that `build_pipeline` loads: `recogniser` and `spotter`, where there are such.

    Raises as `build_pipeline`.
    """
    found = {}
    if config.recognise:
        from recognition.loading.open import find_model

        found["recogniser"] = find_model(config.model, config.recognizer)
    if config.spotter_model is not None:
        found["spotter"] = _spotter_weights(config.spotter_model)
    return found


def _spotter_weights(name: str) -> Path:
    from spotting.micro.learned import BUNDLED

    return BUNDLED if name == "bundled" else Path(name)


def make_spotter(config: StreamConfig) -> PipelineSpotter:
    """The rule, or a learned spotter where the settings name its weights.

    Raises ModelError where they cannot be used.
    """
    from spotting.spotter import Spotter

    if config.spotter_model is None:
        return Spotter(config.spotter)
    return Spotter(config.spotter, "learned", _spotter_weights(config.spotter_model))


def stream(
    source: str | Path,
    config: StreamConfig | str | Path | None = None,
    *,
    max_seconds: float | None = None,
    **sections: Any,
) -> Iterator[EmotionEvent]:
    """Events of a source, lazily, each as soon as it is known.

    `source` is what `mer-stream --source` takes: "sample", a file, "webcam", a URL. `config` is a
    StreamConfig or a YAML file; `sections` go on top, as in
    `stream("clip.mp4", spotter={"sensitivity": 2.0}, recognise=False)`.

    Raises a subclass of MerError whose message names the cure.
    """
    from streamer.run.recording import steps
    from streamer.sources import check_source, may_be_live, open_source

    settings = _with_sections(config, sections)
    signals: list[FrameSignals] = []
    with contextlib.ExitStack() as on_failure:
        pipeline: Pipeline | None = None
        if may_be_live(str(source)):  # a camera does not wait while the models are loaded
            check_source(str(source), settings.source)
            pipeline = build_pipeline(settings, on_signals=signals.append)
            on_failure.callback(pipeline.close)
            warm_up(pipeline)
        opened = open_source(str(source), settings.source)
        on_failure.callback(opened.close)
        pipeline = pipeline or build_pipeline(settings, on_signals=signals.append)
        pipeline.source_name = opened.info.name
        on_failure.pop_all()
    walk = steps(opened, pipeline, signals, kinds=settings.kinds, max_seconds=max_seconds)
    with contextlib.closing(pipeline), contextlib.closing(walk):
        for step in walk:
            yield from step.events


def _with_sections(
    config: StreamConfig | str | Path | None, sections: Mapping[str, Any]
) -> StreamConfig:
    if isinstance(config, StreamConfig):
        mapping = to_mapping(config)
    else:
        mapping = to_mapping(load_config(config))
    for name, value in sections.items():
        if isinstance(value, Mapping):
            for key, setting in value.items():
                set_key(mapping, f"{name}.{key}", setting)
        else:
            set_key(mapping, name, value)
    return fill(StreamConfig, mapping, where="stream()")
