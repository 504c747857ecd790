"""Where the figures of docs/performance.md go: one result file, one section, one picture each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.page_section import ROOT, made_on, versions, write_section
from training.common.files import write_json

PAGE = ROOT / "docs" / "performance.md"
_FIGURES = ROOT / "demo" / "figures"


def heading(command: str) -> dict[str, Any]:
    """What stands above every result: command, date, machine, its load before, versions.

    The load is the mean number of processes at work in the minute before (None: not known here).
    """
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    return {"command": command, **made_on(), "load_before": load, "versions": versions()}


def made_by(facts: Mapping[str, Any]) -> str:
    """The sentence that begins every section."""
    used = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    load = facts.get("load_before")
    busy = "" if load is None else f", {load:g} processes at work in the minute before"
    return f"Made by `{facts['command']}` on {facts['date']} ({facts['machine']}{busy}; {used})."


def result_path(name: str) -> Path:
    """The result file of a section."""
    return _FIGURES / f"{name}.json"


def picture_path(name: str) -> Path:
    """The picture of a section."""
    return PAGE.with_name(f"performance-{name}.png")


def publish(name: str, facts: Mapping[str, Any], section: str) -> None:
    """Write result file and section."""
    write_json(result_path(name), facts)
    write_section(PAGE, name, section)
