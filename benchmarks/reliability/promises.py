"""What every run of a command line promises, whatever it was given."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MEMORY_MB = 1500.0  # the most that one run may hold
_CODE_ROW = re.compile(r"^\| (\d+) \|", re.MULTILINE)
_TRACEBACKS = (b"Traceback (most recent call last)", b"Fatal Python error")
# C0 without tab, newline and the carriage return of progress bars; DEL; C1, as UTF-8 writes it.
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]")
# Marks that turn the direction of the text around and can make a name look like another.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]".encode("unicode-escape").decode())


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended. `code` is negative for a signal, as in subprocess."""

    code: int
    stdout: bytes
    stderr: bytes
    wall_s: float
    peak_mb: float = 0.0
    timed_out: bool = False

    @property
    def complaint(self) -> str:
        """The last line of standard error."""
        lines = self.stderr.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""


@lru_cache(maxsize=1)
def documented_codes() -> frozenset[int]:
    """The exit codes of docs/events.md, without 1, which stands for a defect."""
    text = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    table = text.partition("## Exit codes")[2]
    return frozenset(int(code) for code in _CODE_ROW.findall(table)) - {1}


def broken_promises(
    ended: Ended, codes: Collection[int] | None = None, memory_mb: float = MEMORY_MB
) -> tuple[str, ...]:
    """What this run broke; `codes`: the exit codes that are right here (default: documented)."""
    broken = []
    if ended.timed_out:
        broken.append(f"did not end within {ended.wall_s:.0f} s")
    elif ended.code < 0:
        broken.append(f"ended by signal {-ended.code}")
    elif ended.code not in (documented_codes() if codes is None else codes):
        broken.append(f"exit code {ended.code}: {ended.complaint[:200]}")
    if any(mark in text for mark in _TRACEBACKS for text in (ended.stdout, ended.stderr)):
        broken.append(f"traceback: {ended.complaint[:200]}")
    if ended.peak_mb > memory_mb:
        broken.append(f"{ended.peak_mb:.0f} MB of memory, more than {memory_mb:.0f}")
    return tuple(broken)


def raw_on_terminal(shown: bytes, allowed: bytes = b"") -> tuple[str, ...]:
    """Control characters and direction marks in what a terminal was given.

    allowed: sequences of the program itself, such as those of a progress bar.
    """
    if allowed:
        shown = shown.replace(allowed, b"")
    found = sorted({bytes(match) for match in _CONTROL.findall(shown)})
    marks = sorted(set(_BIDI.findall(shown.decode("utf-8", "ignore"))))
    broken = [f"raw {found!r} on the terminal"] if found else []
    broken += [f"raw direction marks {[f'U+{ord(m):04X}' for m in marks]}"] if marks else []
    return tuple(broken)
