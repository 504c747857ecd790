"""The one place that joins the rooms: configuration in, a pipeline or a stream of events out.

The rooms are imported when something is built, not before, so that `mer-stream --help` is quick.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamer.core.records import EmotionEvent
from streamer.run.config import StreamConfig, with_sections

if TYPE_CHECKING:
    from streamer.run.pipeline import Pipeline
    from streamer.run.pipeline import Spotter as PipelineSpotter

_LOG = logging.getLogger(__name__)


def build_pipeline(config: StreamConfig | None = None, *, source_name: str = "") -> Pipeline:
    """A pipeline with its models loaded: `push` frames into it, `flush` at the end.

    Raises InstallError or ModelError where a library or a model is missing or broken.
    """
    from streamer.core.process.libraries import import_cv2

    import_cv2()  # a broken installation is reported here, before the rooms import cv2
    from streamer.faces.alignment import Aligner
    from streamer.faces.backends import open_finder
    from streamer.faces.tracker import FaceTracker
    from streamer.run.pipeline import Pipeline

    config = config or StreamConfig()
    recognizer = None
    if config.recognise:
        from recognition.loading import load_recognizer

        recognizer = load_recognizer(config.model, config.recognizer)
    return Pipeline(
        FaceTracker(open_finder(config.faces), config.faces),
        Aligner(config.faces),
        make_spotter(config),
        recognizer,
        source_name=source_name,
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
        from recognition.loading import find_model

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
    /,
    config: StreamConfig | str | Path | None = None,
    *,
    max_seconds: float | None = None,
    **sections: Any,
) -> Iterator[EmotionEvent]:
    """Events of a source, lazily, each as soon as it is known.

    `source` is what `mer-stream --source` takes: "sample", a file, "webcam", a URL. `config` is a
    StreamConfig or a YAML file; `sections` override it, as in
    `stream("clip.mp4", spotter={"sensitivity": 2.0}, recognise=False)`,
    `stream("slow.mp4", source={"capture_fps": 240})`, or for a part of it
    `stream("clip.mp4", source={"start_s": 60.0, "end_s": 90.0})`.

    What was odd about the recording (an assumed rate, damage) is logged as warnings at its end.

    Raises a subclass of MerError whose message names the cure.
    """
    from streamer.run.recording import run_recording
    from streamer.sources import check_source, may_be_live, open_source

    settings = with_sections(config, sections)
    with contextlib.ExitStack() as on_failure:
        pipeline: Pipeline | None = None
        if may_be_live(str(source)):  # a camera does not wait while the models are loaded
            check_source(str(source), settings.source)
            pipeline = build_pipeline(settings)
            on_failure.callback(pipeline.close)
            warm_up(pipeline)
        opened = open_source(str(source), settings.source)
        on_failure.callback(opened.close)
        pipeline = pipeline or build_pipeline(settings)
        pipeline.source_name = opened.info.name
        on_failure.pop_all()
    results = run_recording(opened, pipeline, kinds=settings.kinds, max_seconds=max_seconds)
    with contextlib.closing(pipeline), contextlib.closing(results):
        for result in results:
            yield from result.events
    for sentence in opened.report.errors:
        _LOG.warning("%s: %s", opened.info.name, sentence)
