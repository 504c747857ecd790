"""The pipeline of a worker process, loaded once, of the very model files the batch began with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from streamer.batch.settings import model_facts
from streamer.core.errors import InstallError, MerError, ModelError
from streamer.core.records import JsonObject
from streamer.run.build import build_pipeline
from streamer.run.config import StreamConfig
from streamer.run.pipeline import Pipeline


class Pipelines:
    """The pipeline of this process, built when it is first needed and used again."""

    def __init__(self) -> None:
        self._pipeline: Pipeline | None = None
        self._config: StreamConfig | None = None
        self._models: JsonObject = {}
        self.is_spoilt = False  # something unexpected happened: nobody knows what is left behind
        self._broken = False

    def models(self, config: StreamConfig) -> JsonObject:
        """`model_facts` of what is loaded for these settings, or of what would be. Raises them."""
        if self._pipeline is not None and self._config == config:
            return self._models
        return model_facts(config)

    def fresh(self, config: StreamConfig, name: str, models: JsonObject) -> Pipeline:
        """A pipeline at the start of a stream, of weights files that are those of `models`.

        Raises ModelError, also for files that were replaced since, and InstallError.
        """
        if self._pipeline is None or self._config != config or self._models != models:
            self.close()
            try:
                self._pipeline = _build(config, models)
            except (InstallError, ModelError):
                self._broken = True
                raise
            self._config, self._models = config, models
        else:
            self._pipeline.reset()
        self._pipeline.source_name = name
        return self._pipeline

    def is_fatal(self, error: MerError) -> bool:
        """Whether the next recording would meet the error as well."""
        return self._broken or isinstance(error, ModelError | InstallError)

    def close(self) -> None:
        """Free the models."""
        if self._pipeline is not None:
            self._pipeline.close()
            self._pipeline = None


def _build(config: StreamConfig, models: JsonObject) -> Pipeline:
    """The pipeline, if what it loaded are the expected files.

    The recogniser states the hash of what it loaded; the spotter's file is hashed before and after.
    """
    spotter = replace(config, recognise=False)
    before = model_facts(spotter)["spotter"]
    pipeline = build_pipeline(config)
    found = [("spotter", before), ("spotter", model_facts(spotter)["spotter"])]
    if models["recogniser"] is not None:
        loaded: Any = pipeline.recognizer
        found.append(("recogniser", {"sha256": loaded.sha256}))
    for part, facts in found:
        expected, now = models[part].get("sha256", ""), facts.get("sha256", "")
        if now != expected:
            pipeline.close()
            raise ModelError(
                f"the {part}'s file {models[part]['file']} was replaced while the batch ran "
                f"(sha256 {expected[:16]}..., now {now[:16]}...): nothing was stamped with the "
                "wrong one. Run again with --resume; what was done with the other file is done "
                "again."
            )
    return pipeline
