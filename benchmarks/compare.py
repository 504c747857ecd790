"""Holds two results against each other and fails where a ratio got worse.

    python -m benchmarks.compare BEFORE.json AFTER.json [--loss 0.15] [--only NAME ...]

Only what stands under "ratios" is compared: numbers from within one run, such as the speed of the
pipeline over that of decoding alone, of which more is better. Seconds and frames a second differ
from machine to machine and are never compared. Exit code 1: a ratio lost more than `--loss` of its
value, or is gone; 2: a file holds nothing to compare.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LOSS = 0.15


@dataclass(frozen=True, slots=True)
class Change:
    """One ratio before and after; None: it is not there."""

    name: str
    before: float | None
    after: float | None

    @property
    def share(self) -> float | None:
        """Relative change: -0.2 is a loss of a fifth; None for a ratio that is new."""
        if self.before is None:
            return None
        return -1.0 if self.after is None else self.after / self.before - 1.0

    def is_lost(self, loss: float) -> bool:
        """Whether more than `loss` of the value was lost; exactly that much is not."""
        return self.share is not None and self.share < -loss - 1e-9

    def __str__(self) -> str:
        before, after = (
            "none" if value is None else f"{value:.3g}" for value in (self.before, self.after)
        )
        share = "new" if self.share is None else f"{100 * self.share:+.0f} %"
        return f"{self.name}: {before} -> {after} ({share})"


def compare(before: Mapping[str, float], after: Mapping[str, float]) -> list[Change]:
    """Every ratio of both, those of `before` first, in their order."""
    names = [*before, *(name for name in after if name not in before)]
    return [Change(name, before.get(name), after.get(name)) for name in names]


def read_ratios(path: Path, only: Sequence[str] = ()) -> dict[str, float]:
    """The ratios of a result; `only`: of these names, as far as they are there.

    Raises:
        ValueError: the file cannot be read, or holds no ratios, or one that is no number above 0.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as JSON: {error}") from None
    ratios = facts.get("ratios") if isinstance(facts, dict) else None
    if not isinstance(ratios, dict) or not ratios:
        raise ValueError(f'{path} holds no "ratios": give a result of a benchmark that has them')
    for name, value in ratios.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value <= 0:
            raise ValueError(f"{path}: ratio {name} is {value!r}, which is no number above 0")
    return {name: float(value) for name, value in ratios.items() if not only or name in only}


def main(words: Sequence[str] | None = None) -> int:
    """Compare, print every ratio, return the exit code."""
    options = _read_options(words)
    try:
        before, after = (read_ratios(p, options.only) for p in (options.before, options.after))
        absent = [name for name in options.only if name not in before]
        if absent:
            raise ValueError(f"{options.before} has no ratio {', '.join(absent)}")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    changes = compare(before, after)
    lost = [change for change in changes if change.is_lost(options.loss)]
    for change in changes:
        print(f"{change}{'  LOST' if change in lost else ''}")
    if lost:
        names = ", ".join(change.name for change in lost)
        print(f"more than {100 * options.loss:g} % was lost: {names}", file=sys.stderr)
    return 1 if lost else 0


def _read_options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--loss", type=_share, default=LOSS, help="share of a ratio; default .15")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    return parser.parse_args(words)


def _share(text: str) -> float:
    value = float(text)
    if not 0.0 <= value < 1.0:
        raise argparse.ArgumentTypeError(f"{text} is no share: give 0 to 1, such as 0.15")
    return value


if __name__ == "__main__":
    sys.exit(main())
