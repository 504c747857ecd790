"""Holds the outputs of two source trees against each other, byte for byte.

    git worktree add ../before v0.1.0
    python -m benchmarks.same_outputs ../before . clip.mp4 more.mkv

For every recording (the bundled one comes first) both trees write events, signals, subtitles, a
summary and the results of `mer-batch`. Files that differ are listed; of a table the columns and how
many rows, of JSON the keys. Numbers that measure the run itself (dates, seconds, versions) are left
out. Ends with 1 where anything differs that `--expect` does not name.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

STREAM = ("--signals", "signals.csv", "--summary", "summary.json", "--quiet")
# What measures the run and not the recording.
RUN_KEYS = {
    "timing", "created", "started", "finished", "wall_s", "speed", "seconds", "versions",
    "realtime_factor", "version", "machine", "batch", "sha256", "key", "outputs", "host",
    "platform",
}  # fmt: skip
UNLIKE = (".html", ".png", ".mp4")  # hold dates or are compressed; compared by eye


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("before", type=Path, help="a source tree")
    parser.add_argument("after", type=Path, help="another one")
    parser.add_argument("recordings", nargs="*", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
    parser.add_argument(
        "--expect", action="append", default=[], metavar="NAME",
        help="a column or key that may differ: its reason belongs into the changelog",
    )  # fmt: skip
    options = parser.parse_intermixed_args()
    settings = [word for pair in options.settings for word in ("--set", pair)]
    unexpected = 0
    for recording in ["sample", *(str(path.resolve()) for path in options.recordings)]:
        outputs = [
            written(tree.resolve(), recording, settings) for tree in (options.before, options.after)
        ]
        lines = list(differences(*outputs))
        left = [
            line for line in lines if line.rpartition(": ")[2].split(" ")[0] not in options.expect
        ]
        unexpected += len(left)
        same = len(outputs[0].keys() & outputs[1].keys())
        print(
            f"{Path(recording).name}: {same} files compared, {len(lines)} differences", flush=True
        )
        for line in lines:
            print(f"  {line}" + ("" if line in left else " (expected)"), flush=True)
    sys.exit(1 if unexpected else 0)


def written(tree: Path, recording: str, settings: list[str]) -> dict[str, bytes]:
    """Every file that `mer-stream` and `mer-batch` of a tree write of a recording."""
    with tempfile.TemporaryDirectory() as place:
        for suffix in ("jsonl", "csv", "srt", "eaf", "tsv"):
            extra = STREAM if suffix == "jsonl" else ("--quiet",)
            run(tree, place, "streamer", recording, "-o", f"events.{suffix}", *extra, *settings)
        batch = "streamer.cli.batch" if (tree / "streamer" / "cli" / "batch.py").exists() else None
        run(tree, place, batch or "streamer.batch_cli", recording, "-o", "batch", *settings)
        return {
            str(path.relative_to(place)): path.read_bytes().replace(
                place.encode(), b""
            )  # ELAN names the folder
            for path in sorted(Path(place).rglob("*"))
            if path.is_file()
        }


def run(tree: Path, place: str, module: str, *arguments: str) -> None:
    """Run a command of a tree; what it prints is shown where it fails."""
    code = f"from {module} import main; main()" if "." in module else None
    start = ("-c", code) if code else ("-m", module)
    environment = os.environ | {"PYTHONPATH": str(tree)}
    ended = subprocess.run(
        [sys.executable, *start, *arguments],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
    )
    if ended.returncode:
        print(
            f"{module} {' '.join(arguments)} ended with {ended.returncode}: {ended.stderr[-2000:]}"
        )


def differences(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Iterator[str]:
    """A line for each file, column or key in which two sets of outputs differ."""
    for name in sorted(before.keys() ^ after.keys()):
        yield f"{name}: only {'before' if name in before else 'after'}"
    for name in sorted(before.keys() & after.keys()):
        if name.endswith(UNLIKE) or before[name] == after[name]:
            continue
        if name.endswith(".json"):
            found = keys(json.loads(before[name]), json.loads(after[name]))
        elif name.endswith(".csv"):
            found = columns(before[name], after[name])
        else:
            found = iter(["contents"])
        for what in found:
            yield f"{name}: {what}"


def keys(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """Keys of two JSON values that differ, without those that measure the run."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            if name not in RUN_KEYS:
                yield from keys(before.get(name), after.get(name), f"{where}.{name}".strip("."))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            yield from keys(one, other, where)
    elif before != after:
        yield f"{where} {before!r:.80} -> {after!r:.80}"


def columns(before: bytes, after: bytes) -> Iterator[str]:
    """Columns of two tables that differ, with the number of rows."""
    tables = [list(csv.DictReader(io.StringIO(text.decode()))) for text in (before, after)]
    names = [list(table[0]) if table else [] for table in tables]
    if names[0] != names[1] or len(tables[0]) != len(tables[1]):
        yield f"columns {names[0]} -> {names[1]}, rows {len(tables[0])} -> {len(tables[1])}"
        return
    for name in names[0]:
        unlike = sum(a[name] != b[name] for a, b in zip(*tables, strict=True))
        if unlike:
            yield f"{name} in {unlike} of {len(tables[0])} rows"


if __name__ == "__main__":
    main()
