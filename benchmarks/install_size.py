"""How many megabytes a fresh installation takes, what the interpreter itself brings left out.

    python -m benchmarks.install_size [--before OLD_TREE] [--gpu]

Each row is an environment of its own, made by the venv and pip of the running Python: the plain
install; with ONNX Runtime's CUDA package in place of the plain one; with MediaPipe; with --gpu also
the CUDA libraries. --before adds the plain install of another tree. Counts the bytes of the files,
compiled bytecode included, and the blocks they take on disk (MB of 10^6 bytes). Kept in
docs/install.json, shown in docs/install.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.page_section import ROOT, made_on, write_section

RESULTS, PAGE = ROOT / "docs" / "install.json", ROOT / "docs" / "install.md"
_SWAP = [["uninstall", "-q", "-y", "onnxruntime"], ["install", "-q", "--no-deps"]]
_LARGEST = 6


def main() -> None:
    """Measures, writes, prints."""
    options = read_options()
    rows = {}
    for name, steps in plans(options).items():
        rows[name] = measure(steps)
        print(name, json.dumps(rows[name]), flush=True)
    facts = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    facts["sizes"] = {
        **made_on(),
        "python": platform.python_version(),
        "rows": {**facts.get("sizes", {}).get("rows", {}), **rows},
    }
    RESULTS.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    write_section(PAGE, "sizes", section(facts["sizes"]))


def plans(options: argparse.Namespace) -> dict[str, list[list[str]]]:
    """Row -> what pip is told, one command after the other."""
    tree = str(ROOT)
    cuda = [_SWAP[0], [*_SWAP[1], "onnxruntime-gpu"]]
    rows = {
        "plain": [["install", "-q", tree]],
        "with onnxruntime-gpu for onnxruntime": [["install", "-q", tree], *cuda],
        "with MediaPipe": [["install", "-q", f"{tree}[mediapipe]"]],
    }
    if options.gpu:
        forced = [*_SWAP[1], "--force-reinstall", "onnxruntime-gpu"]
        rows["with CUDA and its libraries"] = [["install", "-q", f"{tree}[gpu]"], _SWAP[0], forced]
    if options.before:
        rows["before, plain"] = [["install", "-q", str(options.before)]]
    wanted = [name.strip() for name in options.rows.split(",")] if options.rows else list(rows)
    return {name: rows[name] for name in wanted}


def measure(steps: list[list[str]]) -> dict[str, Any]:
    """Megabytes in all, and of the largest packages, after the commands."""
    with tempfile.TemporaryDirectory(prefix="mer-size-") as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        empty, empty_disk = sizes(Path(folder))
        for step in steps:
            command = [str(Path(folder) / "bin" / "python"), "-m", "pip", *step]
            subprocess.run(command, check=True, cwd=folder)
        parts, disk = sizes(Path(folder))
    return {
        "mb": round((parts.total() - empty.total()) / 1e6),
        "mb_on_disk": round((disk - empty_disk) / 1e6),
        "largest": {name: round(size / 1e6) for name, size in parts.most_common(_LARGEST)},
    }


def sizes(place: Path) -> tuple[Counter[str], int]:
    """Bytes by the entry of site-packages, libraries beside a package as its own; and on disk."""
    parts: Counter[str] = Counter()
    disk = 0
    for folder, _, files in os.walk(place):
        inside = Path(folder).as_posix().partition("/site-packages/")[2]
        top = inside.split("/")[0].removesuffix(".libs") or "commands"
        for file in files:
            facts = (Path(folder) / file).lstat()
            parts[top] += facts.st_size
            disk += facts.st_blocks * 512  # what is rounded up to whole blocks
    return parts, disk


def section(facts: dict[str, Any]) -> str:
    """The table."""
    lines = ["| installed | MB | on disk | of which |", "|---|---|---|---|"]
    for name, row in facts["rows"].items():
        largest = ", ".join(f"{part} {mb}" for part, mb in row["largest"].items())
        lines.append(f"| {name} | {row['mb']} | {row['mb_on_disk']} | {largest} |")
    made = f"{facts['date']} ({facts['machine']}, Python {facts['python']})"
    return "\n".join([*lines, "", f"By `python -m benchmarks.install_size` on {made}."])


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--before", type=Path, help="another tree of this repository")
    parser.add_argument("--gpu", action="store_true", help="the CUDA libraries too: several GB")
    parser.add_argument("--rows", default="", help="only these, with commas")
    return parser.parse_args()


if __name__ == "__main__":
    main()
