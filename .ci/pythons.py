"""Builds an environment for every Python that it finds, runs the fast tests there, and records it.

    python .ci/pythons.py                             every Python of pyenv and on the path
    python .ci/pythons.py --python /opt/py/bin/python3.14 --tests tests/spotting
    python .ci/pythons.py --oldest --python ...       with numpy 1.26, OpenCV 4.9 and the like

What was found is kept in docs/install.json, by Python, and shown in docs/install.md. Uses uv where
there is one, else the venv and pip of that Python.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "docs" / "install.json", ROOT / "docs" / "install.md"
MINORS = range(10, 16)
SHOWN = ("numpy", "opencv-python", "onnxruntime", "av", "torch", "pyarrow", "gradio")
OLDEST = (
    "numpy==1.26.*",
    "opencv-python==4.9.*",
    "av==17.0.*",
    "onnxruntime==1.20.*",
    "pyarrow==15.*",
)
_VERSIONS = "import json; from importlib.metadata import distributions as d;\
print(json.dumps({x.metadata['Name'].lower().replace('_', '-'): x.version for x in d()}))"
_NUMBER = "import platform; print(platform.python_version())"


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python", action="append", help="only this one; may be given again")
    parser.add_argument("--extras", default="test", help="of pyproject.toml, with commas")
    parser.add_argument("--tests", nargs="*", default=[], help="default: all fast ones")
    parser.add_argument("--jobs", default="2", help="of pytest -n")
    parser.add_argument("--oldest", action="store_true", help=f"with {', '.join(OLDEST)}")
    parser.add_argument("--as-is", action="store_true", help="install nothing: it is all there")
    parser.add_argument("--keep", type=Path, help="folder for the environments; they stay there")
    options = parser.parse_args()
    failed = False
    for python, version in pythons(options.python):
        print(f"== Python {version}: {python}", flush=True)
        entry = try_out(python, version, options)
        failed = failed or entry["failed"] > 0 or entry["passed"] == 0
        print(json.dumps(entry, indent=1), flush=True)
        record(version + (" oldest" if options.oldest else ""), entry)
    show()
    sys.exit(failed)


def pythons(wanted: list[str] | None) -> Iterator[tuple[str, str]]:
    """Path and version of each; of one version the first that was found."""
    seen: set[str] = set()
    for path in wanted or _found():
        done = subprocess.run([path, "-c", _NUMBER], capture_output=True, text=True)
        version = done.stdout.strip()
        if done.returncode == 0 and version not in seen and _fits(version):
            seen.add(version)
            yield path, version


def _found() -> Iterator[str]:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from (str(path) for path in sorted(pyenv.glob("versions/3.*/bin/python")))
    names = (shutil.which(f"python3.{minor}") for minor in MINORS)
    yield from (name for name in names if name and "shims" not in name)


def _fits(version: str) -> bool:
    return int(version.split(".")[1]) in MINORS


def try_out(python: str, version: str, options: argparse.Namespace) -> dict[str, Any]:
    """Installs and tests; what came of it."""
    with tempfile.TemporaryDirectory(prefix="mer-python-") as folder:
        place = (options.keep or Path(folder)) / f"python-{version}"
        own = python if options.as_is else install(python, place, options)
        versions = json.loads(_output([own, "-c", _VERSIONS]))
        xml, start_s = Path(folder) / "tests.xml", time.monotonic()
        command = ["-m", "pytest", "-n", options.jobs, "--dist", "loadfile", *options.tests]
        subprocess.run(
            [own, *command, f"--junitxml={xml}", "-p", "no:cacheprovider"], cwd=ROOT, check=False
        )
        return {
            "date": datetime.now(timezone.utc).date().isoformat(),
            "machine": f"{platform.system()}, {platform.machine()}, {os.cpu_count()} cores",
            "command": " ".join(["python", *command]),
            "minutes": round((time.monotonic() - start_s) / 60, 1),
            **_counts(xml),
            "versions": {name: versions[name] for name in SHOWN if name in versions},
        }


def install(python: str, place: Path, options: argparse.Namespace) -> str:
    """An environment with this package; its interpreter."""
    own = str(place / "bin" / "python")
    what = ["-e", f"{ROOT}[{options.extras}]", *(OLDEST if options.oldest else ())]
    if uv := shutil.which("uv"):
        subprocess.run([uv, "venv", "-q", "--clear", "-p", python, str(place)], check=True)
        subprocess.run([uv, "pip", "install", "-q", "-p", own, *what], check=True, cwd=ROOT)
    else:
        subprocess.run([python, "-m", "venv", "--clear", str(place)], check=True)
        subprocess.run([own, "-m", "pip", "install", "-q", *what], check=True, cwd=ROOT)
    return own


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _counts(xml: Path) -> dict[str, Any]:
    """Tests by outcome, with the names of those that failed and the reasons of those skipped."""
    if not xml.is_file():
        return {"passed": 0, "failed": 1, "skipped": 0, "failures": ["pytest did not start"]}
    cases = list(ElementTree.parse(xml).iter("testcase"))
    bad = [c for c in cases if c.find("failure") is not None or c.find("error") is not None]
    reasons = [str(s.get("message")) for c in cases if (s := c.find("skipped")) is not None]
    return {
        "passed": len(cases) - len(bad) - len(reasons),
        "failed": len(bad),
        "skipped": len(reasons),
        "failures": sorted(f"{c.get('classname')}.{c.get('name')}" for c in bad),
        "reasons": {r: reasons.count(r) for r in sorted(set(reasons))},
    }


def record(name: str, entry: dict[str, Any]) -> None:
    """Beside what other Pythons gave."""
    facts = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    facts.setdefault("pythons", {})[name] = entry
    RESULTS.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def show() -> None:
    """The table of docs/install.md."""
    facts = json.loads(RESULTS.read_text(encoding="utf-8"))["pythons"]
    rows = [
        "| Python | with | tests | passed | failed | skipped | on |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in sorted(facts, key=_order):
        one = facts[name]
        packages = ", ".join(f"{p} {v}" for p, v in one["versions"].items())
        tests = one["command"].partition("loadfile")[2].strip() or "all fast"
        counts = " | ".join(str(one[key]) for key in ("passed", "failed", "skipped"))
        rows.append(f"| {name} | {packages} | {tests} | {counts} | {one['date']} |")
    begin, end = "<!-- pythons:begin -->", "<!-- pythons:end -->"
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    body = "\n".join(rows)
    PAGE.write_text(f"{before}{begin}\n{body}\n{end}{after}", encoding="utf-8")


def _order(name: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", name)]


if __name__ == "__main__":
    main()
