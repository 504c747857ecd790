"""How long a run took: every session that trained something, those that were killed included."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from streamer.core.files.inside import read_json
from streamer.core.files.strict_json import Whole
from training.loso.store import write_json

FILE = "sessions.json"
_ROW = {"began": str, "wall_s": float, "folds": Whole}


@dataclass(frozen=True, slots=True)
class Session:
    """This process's part of a run; its row is written anew whenever folds are finished."""

    folder: Path
    earlier: tuple[dict[str, object], ...]
    began: str  # UTC
    clock_s: float

    def note(self, folds: int) -> None:
        """`folds` are finished in this session so far."""
        spent = round(time.monotonic() - self.clock_s, 2)
        row = {"began": self.began, "wall_s": spent, "folds": folds}
        write_json(self.folder / FILE, {"sessions": [*self.earlier, row]})


def start_session(folder: Path) -> Session:
    """A session after those in the folder."""
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Session(folder, tuple(load_sessions(folder)), now, time.monotonic())


def load_sessions(folder: Path) -> list[dict[str, object]]:
    """The rows in the folder; none where the file is missing or damaged."""
    try:
        table = read_json(folder / FILE, {"sessions": [_ROW]})
    except (OSError, ValueError):
        return []
    return list(table["sessions"])


def wall_s(folder: Path) -> float:
    """Seconds of all sessions together."""
    return round(sum(float(str(row["wall_s"])) for row in load_sessions(folder)), 2)
