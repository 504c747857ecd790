"""Whether every dependency has a wheel for each Python, asked of the package index.

    python .ci/wheels.py
    python .ci/wheels.py --python 3.14 --extras demo

uv (pip install uv) resolves the newest set of packages for each Python; pip then looks each one up
by `pip install --dry-run --only-binary=:all: --python-version`, which takes what `pip download`
would and downloads no wheel. Linux x86-64. Kept in docs/install.json, shown in docs/install.md.
Exit code 1 where a wheel is missing.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "docs" / "install.json", ROOT / "docs" / "install.md"
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
EXTRAS = "train,demo,batch,hub,ray,test"
# Published as source only; pure Python, which every pip can build.
SOURCE = {"srt"}
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in range(5, 40)]
PLATFORMS += ["manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64"]
_LINE = re.compile(r"^[A-Za-z0-9._-]+==[^\s;]+", re.MULTILINE)


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python", action="append", help=f"default: {', '.join(PYTHONS)}")
    parser.add_argument("--extras", default=EXTRAS, help="of pyproject.toml, with commas")
    options = parser.parse_args()
    found = {}
    for python in options.python or PYTHONS:
        entry = {"date": datetime.now(timezone.utc).date().isoformat(), "extras": options.extras}
        entry.update(look_up(python, options.extras.split(",")))
        found[python] = entry
        print(f"Python {python}: {len(entry['wheels'])} wheels, missing: {entry['missing']}")
    facts = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    facts["wheels"] = {**facts.get("wheels", {}), **found}
    RESULTS.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    show(facts["wheels"])
    sys.exit(1 if any(entry["missing"] for entry in found.values()) else 0)


def look_up(python: str, extras: list[str]) -> dict[str, Any]:
    """The wheel of every package, and what has none."""
    command = ["uv", "pip", "compile", "pyproject.toml", "-q", "--no-header", "--no-annotate"]
    command += ["--python-version", python, "--python-platform", "x86_64-manylinux_2_28"]
    command += [part for extra in extras for part in ("--extra", extra)]
    resolved = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if resolved.returncode:
        return {"wheels": {}, "missing": [" ".join(resolved.stderr.split())]}
    wanted = [one for one in _LINE.findall(resolved.stdout) if one.split("==")[0] not in SOURCE]
    wheels = _of_pip(wanted, python)
    if wheels is None:  # one has none: which?
        each = {one: _of_pip([one], python) for one in wanted}
        wheels = {name: file for files in each.values() for name, file in (files or {}).items()}
        return {"wheels": wheels, "missing": [one for one, files in each.items() if files is None]}
    return {"wheels": wheels, "missing": []}


def _of_pip(wanted: list[str], python: str) -> dict[str, str] | None:
    """File names of the wheels by package, or None where pip finds not all."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "-q"]
    command += ["--report", "-", "--no-deps", "--only-binary=:all:", "--target", "unused"]
    command += ["--ignore-requires-python", "--implementation", "cp", "--python-version", python]
    command += [part for name in PLATFORMS for part in ("--platform", name)]
    done = subprocess.run([*command, *wanted], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        return None
    report = json.loads(done.stdout)["install"]
    files = {one["metadata"]["name"]: one["download_info"]["url"] for one in report}
    return {name: url.rpartition("/")[2] for name, url in sorted(files.items())}


def show(found: dict[str, Any]) -> None:
    """The table of docs/install.md: what is not pure Python, by its newest version for each."""
    names = sorted({n for one in found.values() for n, f in one["wheels"].items() if _compiled(f)})
    pythons = sorted(found, key=lambda python: int(python.split(".")[1]))
    rows = ["| compiled package | " + " | ".join(pythons) + " |", "|---|" + "---|" * len(pythons)]
    for name in names:
        cells = [_version(found[python]["wheels"].get(name, "")) for python in pythons]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    counts = [f"{len(found[p]['wheels'])}, {len(found[p]['missing'])} missing" for p in pythons]
    rows.append("| **all, with those in pure Python** | " + " | ".join(counts) + " |")
    first = found[pythons[0]]
    extras, source = first["extras"].replace(",", ", "), ", ".join(sorted(SOURCE))
    made = f"By `python .ci/wheels.py` on {first['date']}: the plain package with {extras}."
    body = "\n".join([*rows, "", f"{made} {source} (pure Python) is published as source only."])
    begin, end = "<!-- wheels:begin -->", "<!-- wheels:end -->"
    before, rest = PAGE.read_text(encoding="utf-8").split(begin)
    PAGE.write_text(f"{before}{begin}\n{body}\n{end}{rest.split(end)[1]}", encoding="utf-8")


def _compiled(file: str) -> bool:
    return not file.endswith("-none-any.whl")


def _version(file: str) -> str:
    return file.split("-")[1].replace("%2B", "+") if file else "not needed"


if __name__ == "__main__":
    main()
