"""The pipeline of a worker process, loaded once, of the very model files the batch began with."""

from __future__ import annotations

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
    """The pipeline, if its files were the expected ones before and after they were loaded."""
    before = model_facts(config)
    pipeline = build_pipeline(config)
    after = model_facts(config)
    for part, facts in models.items():
        for found in (before[part], after[part]):
            if found != facts:
                pipeline.close()
                raise ModelError(
                    f"the {part}'s file {facts['file']} was replaced while the batch ran (sha256 "
                    f"{facts['sha256'][:16]}..., now {found['sha256'][:16]}...): nothing was "
                    "stamped with the wrong one. Run again with --resume; what was done with the "
                    "other file is done again."
                )
    return pipeline
