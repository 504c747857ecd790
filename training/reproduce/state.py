"""What was finished in the output folder, and under which settings: `reproduce.json`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from streamer.core.errors import OutputError
from streamer.core.files.atomic import is_temporary
from streamer.core.files.inside import read_json
from streamer.core.files.strict_json import Each
from training.common.files import write_json

FILE = "reproduce.json"
_STEP = {"seconds": float, "finished": str}


@dataclass(slots=True)
class State:
    """Seconds of every step over all sessions, and when it was finished ("": not yet)."""

    folder: Path
    facts: Mapping[str, Any]
    seconds: dict[str, float]
    finished: dict[str, str]

    @contextmanager
    def timing(self, step: str) -> Iterator[None]:
        """A step is done inside; it is finished when that ends well. Ctrl-C keeps the seconds."""
        began = time.monotonic()
        try:
            yield
            self.finished[step] = datetime.now(timezone.utc).isoformat(timespec="seconds")
        finally:
            self.seconds[step] = self.seconds.get(step, 0.0) + time.monotonic() - began
            self.write()

    def write(self) -> None:
        """Raises OutputError: it cannot be written."""
        steps = {
            name: {"seconds": round(spent, 2), "finished": self.finished.get(name, "")}
            for name, spent in self.seconds.items()
        }
        write_json(self.folder / FILE, {"facts": self.facts, "steps": steps})


def open_state(folder: Path, facts: Mapping[str, Any]) -> State:
    """What an earlier run left in `folder`, if one did.

    Raises:
        OutputError: it was a run of other settings or data, or holds something else.
    """
    facts = json.loads(json.dumps(facts))
    path = folder / FILE
    if not path.is_file():
        if not _is_free(folder):
            raise OutputError(f"{folder} holds other files: choose a new or empty --output")
        return State(folder, facts, {}, {})
    try:
        held = read_json(path, {"facts": dict, "steps": Each(_STEP)})
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{path} cannot be read ({error}): delete {folder}, or choose another --output"
        ) from error
    if changed := [key for key, value in facts.items() if held["facts"].get(key) != value]:
        raise OutputError(
            f"{folder} holds a reproduction with other {', '.join(changed)}: choose another "
            "--output, or repeat the options it was started with"
        )
    steps = held["steps"]
    return State(
        folder,
        facts,
        {name: step["seconds"] for name, step in steps.items()},
        {name: step["finished"] for name, step in steps.items() if step["finished"]},
    )


def _is_free(folder: Path) -> bool:
    """Not there, empty, or left by a run that was killed before it had written anything."""
    if not folder.exists():
        return True
    return folder.is_dir() and all(is_temporary(path.name) for path in folder.iterdir())
