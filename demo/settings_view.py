"""What a visitor can set, named as on the command line, and the command that does the same."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from streamer.cli.options import overrides
from streamer.core.errors import UsageError
from streamer.run.config import StreamConfig, load_config

Spotter = Literal["rule", "learned"]
Motion = Literal["auto", "dis", "farneback", "selfme", "frl-dgt"]
Emotions = Literal["classes", "facs"]


@dataclass(frozen=True, slots=True)
class Choices:
    """Options of `mer-stream`; the defaults are those of the command line.

    Raises UsageError (in `config`) for a value that the command line would refuse.
    """

    sensitivity: float = 1.0
    spotter: Spotter = "rule"
    low_latency: bool = False
    baseline: float = 0.0  # seconds
    max_faces: int = 4
    micro_only: bool = False
    no_recognition: bool = False
    motion: Motion = "auto"
    emotions: Emotions = "classes"

    def config(self) -> StreamConfig:
        """The settings of the run, as the command line makes them."""
        if self.spotter not in get_args(Spotter):
            raise UsageError(
                f"--spotter {self.spotter}: choose from {', '.join(get_args(Spotter))}."
            )
        return load_config(None, overrides(**self._changed()).items())

    def _changed(self) -> dict[str, Any]:
        """The options that are not at their defaults and have an effect beside the others."""
        values = ((one.name, getattr(self, one.name), one.default) for one in fields(self))
        changed = {name: value for name, value, default in values if value != default}
        if self.no_recognition:
            changed.pop("motion", None)
            changed.pop("emotions", None)
        if self.spotter == "learned":  # it answers sooner anyway
            changed.pop("low_latency", None)
        return changed

    def command(self, source: str, output: str = "events.jsonl") -> str:
        """The `mer-stream` line that gives the same events."""
        words = ["mer-stream", *_argument(source)]
        for name, value in self._changed().items():
            words.append("--" + name.replace("_", "-"))
            if not isinstance(value, bool):
                words.append(
                    repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
                )
        if output:
            words += ["--output", output]
        return shlex.join(words)


def _argument(source: str) -> list[str]:
    """A source as a word of the command; a name that looks like an option needs `--source=`."""
    return [f"--source={source}"] if source.startswith("-") else [source]
