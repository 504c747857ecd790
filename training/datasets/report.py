"""What a loader found, for the terminal: counts, repairs, rows left out and why."""

from __future__ import annotations

from pathlib import Path

from streamer.core.errors import UsageError
from training.datasets.assemble import counts, repaired
from training.datasets.classes import Classes
from training.datasets.registry import load_dataset
from training.records import DataSet

_CHOICES: dict[str, Classes] = {"3": 3, "5": 5, "native": "native"}


def check_dataset(name: str, root: Path, classes: str) -> str:
    """Load a data set and say what is there.

    Raises:
        UsageError: an unknown choice of classes; else what the loader raises.
    """
    if classes not in _CHOICES:
        raise UsageError(f"--classes {classes!r}: choose {', '.join(_CHOICES)}")
    return format_report(load_dataset(name, root, _CHOICES[classes]))


def format_report(data_set: DataSet) -> str:
    """Clips per data set and emotion, then every repaired and every rejected row."""
    subjects = len({clip.group for clip in data_set.clips})
    lines = [f"{data_set.name}: {len(data_set.clips)} clips, {subjects} subjects"]
    for dataset, emotions in counts(data_set).items():
        named = ", ".join(f"{count} {emotion}" for emotion, count in emotions.items())
        lines.append(f"  {dataset}: {sum(emotions.values())} ({named})")
    notes = repaired(data_set)
    if notes:
        lines += [f"{len(notes)} clips repaired:", *(f"  {note}" for note in notes)]
    if data_set.rejected:
        lines.append(f"{len(data_set.rejected)} rows not used:")
        lines += [f"  {row.source}: {row.reason}" for row in data_set.rejected]
    return "\n".join(lines)
