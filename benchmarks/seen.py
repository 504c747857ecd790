"""Where observations of spotters are kept: another place after any change of the code."""

from __future__ import annotations

import hashlib
from pathlib import Path

from benchmarks.page_section import ROOT


def seen_folder(work: Path) -> Path:
    """A folder below `work` for observations made by this very code with these weights."""
    digest = hashlib.sha256()
    for part in ("spotting", "streamer", "recognition", "training/spotting"):
        for path in sorted((ROOT / part).rglob("*")):
            if path.suffix in (".py", ".onnx", ".npz"):
                digest.update(path.read_bytes())
    return work / f"seen_{digest.hexdigest()[:12]}"
