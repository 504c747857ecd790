"""Licences and bill of materials of what CI installs (constraints.txt).

python .ci/materials.py            writes docs/licences.md and sbom.json; for an environment
                                   of `pip install --require-hashes -r constraints.txt`, with
                                   cyclonedx-py (pip install cyclonedx-bom) on the path
python .ci/materials.py --check    whether both still speak of the versions in constraints.txt
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import tomllib
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK, SBOM = ROOT / "constraints.txt", ROOT / "sbom.json"
LICENCES = ROOT / "docs" / "licences.md"
MARK = "<!-- made by .ci/materials.py: everything below this line -->"
GROUPS = ("batch", "serve", "lsl", "ray", "demo", "train", "hub", "docs", "ci")
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)", re.MULTILINE)
_ROW = re.compile(r"^\| `([^`]+)` \| (\S+) \|", re.MULTILINE)


def locked() -> dict[str, str]:
    """Versions by name."""
    found = _LOCKED.findall(LOCK.read_text(encoding="utf-8"))
    return {str(canonicalize_name(name)): version for name, version in found}


def licence_of(name: str) -> str:
    """As the package's own metadata says it, in short."""
    facts = metadata.metadata(name)
    if expression := facts.get("License-Expression"):
        return expression
    classifiers = [c for c in facts.get_all("Classifier", []) if c.startswith("License ::")]
    spoken = [c.split("::")[-1].strip() for c in classifiers if c.count("::") > 1]
    if spoken:
        return " and ".join(spoken)
    text = (facts.get("License") or "").strip().splitlines()
    return text[0][:60] if text else "not stated in its metadata"


def needs(name: str, extras: set[str]) -> list[Requirement]:
    """What a package requires here."""
    if name == "mer-stream":
        facts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        lines = [*facts["dependencies"]]
        lines += [line for e in extras for line in facts["optional-dependencies"][e]]
    else:
        lines = metadata.requires(name) or []
    asked = [Requirement(line) for line in lines]
    return [
        one
        for one in asked
        if one.marker is None or any(one.marker.evaluate({"extra": e}) for e in (extras or {""}))
    ]


def closure(extra: str, known: set[str]) -> set[str]:
    """All packages behind `mer-stream[extra]`; "" is the plain install."""
    done: set[tuple[str, frozenset[str]]] = set()
    todo = [("mer-stream", frozenset({extra} - {""}))]
    while todo:
        name, extras = todo.pop()
        if (name, extras) in done or (name != "mer-stream" and name not in known):
            continue
        done.add((name, extras))
        for one in needs(name, set(extras)):
            todo.append((str(canonicalize_name(one.name)), frozenset(one.extras)))
    return {name for name, _ in done}


def table(versions: dict[str, str]) -> str:
    """One row a package: who needs it first, and its licence."""
    known = set(versions)
    first = dict.fromkeys(closure("", known), "mer-stream")
    for group in GROUPS:
        for name in closure(group, known):
            first.setdefault(name, f"[{group}]")
    rows = [
        f"| `{name}` | {version} | {first.get(name, '[ci]')} | {licence_of(name)} |"
        for name, version in sorted(versions.items())
    ]
    head = "| package | version | needed by | licence, as its metadata says |\n|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


def write() -> None:
    """Both files."""
    versions = locked()
    above = LICENCES.read_text(encoding="utf-8").split(MARK)[0]
    LICENCES.write_text(f"{above}{MARK}\n\n{table(versions)}", encoding="utf-8")
    subprocess.run(
        ["cyclonedx-py", "environment", "--pyproject", str(ROOT / "pyproject.toml"),
         "--output-reproducible", "--output-format", "JSON", "--output-file", str(SBOM),
         sys.executable],
        check=True,
    )  # fmt: skip
    bill = json.loads(SBOM.read_text(encoding="utf-8"))
    bill["components"] = [c for c in bill["components"] if canonicalize_name(c["name"]) in versions]
    # Links to homepages and downloads say nothing of what is installed.
    for part in (*bill["components"], *_tools(bill)):
        part.pop("externalReferences", None)
    kept = {c["bom-ref"] for c in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    bill["dependencies"] = [
        {**d, "dependsOn": [r for r in d.get("dependsOn", []) if r in kept]}
        for d in bill.get("dependencies", ())
        if d["ref"] in kept
    ]
    SBOM.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _tools(bill: dict[str, Any]) -> list[dict[str, Any]]:
    tools = bill["metadata"].get("tools", {})
    return list(tools.get("components", ())) if isinstance(tools, dict) else list(tools)


def check() -> list[str]:
    """What differs from constraints.txt."""
    versions = locked()
    bill = json.loads(SBOM.read_text(encoding="utf-8"))["components"]
    sbom = {str(canonicalize_name(c["name"])): c["version"] for c in bill}
    rows = dict(_ROW.findall(LICENCES.read_text(encoding="utf-8")))
    return [
        f"{file.name}: {name} is {other.get(name)}, constraints.txt has {versions.get(name)}"
        for file, other in ((SBOM, sbom), (LICENCES, rows))
        for name in sorted(set(versions) | set(other))
        if other.get(name) != versions.get(name)
    ]


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        differences = check()
        print("\n".join(differences) or "licences and bill of materials are up to date")
        sys.exit(1 if differences else 0)
    write()
