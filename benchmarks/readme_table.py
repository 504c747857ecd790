"""The short table of figures in the README, from the result files of the other scripts.

    python -m benchmarks.readme_table

Writes the section "figures" of README.md. A test fails where the README says anything else.
"""

from __future__ import annotations

import json
from typing import Any

from benchmarks.page_section import ROOT, write_section
from training.common.markdown import short

FIGURES = ROOT / "demo" / "figures"


def main() -> None:
    """Writes the section."""
    write_section(ROOT / "README.md", "figures", section())


def section() -> str:
    """One row a figure, with where it is told in full."""
    spotting, loso, page, units = (_read(name) for name in ("spotting", "loso", "demo", "units"))
    rows = [_spotter(spotting, "rule", "rule (default)"), _spotter(spotting, "learned", "learned")]
    rows += [_recognition(loso["models"]["zero-shot"]), _trained(loso["models"]["kernel-blend"])]
    rows.append(_units(units))
    late = page["live"]["learned"]
    rows.append(
        "| live event on the page, shown after its end | "
        f"median {late['late_median_s']:.2f} s, at most {late['late_max_s']:.2f} s | "
        "[page](docs/demo.md#measured) |"
    )
    dates = sorted({facts["date"] for facts in (spotting, loso, page, units)})
    return (
        "| what | measured | in full |\n|---|---|---|\n"
        + "\n".join(rows)
        + f"\n\nFrom `demo/figures` ({', '.join(dates)}; two x86-64 cores, no GPU) by "
        "`python -m benchmarks.readme_table`."
    )


def _read(name: str) -> Any:
    return json.loads((FIGURES / f"{name}.json").read_text(encoding="utf-8"))


def _spotter(facts: Any, name: str, title: str) -> str:
    row = facts["rates"]["30"][name]
    return (
        f"| spotting, {title}: rendered recordings, 30 fps, {row['true']} movements | "
        f"F1 {short(row['f1'])}, {row['false_per_minute']:.1f} false a minute, apex off by "
        f"{row['apex_median_ms']:.0f} ms | "
        "[spotting](docs/benchmarks.md#spotting-on-synthetic-recordings-of-known-truth) |"
    )


def _recognition(row: Any) -> str:
    parts = row["per_dataset"]
    return (
        f"| recognition, zero-shot on {row['n']} real clips | "
        f"UF1 {short(row['uf1'])} (CASME II {short(parts['casme2']['uf1'])}, SMIC "
        f"{short(parts['smic']['uf1'])}, SAMM {short(parts['samm']['uf1'])}) | "
        "[recognition](docs/benchmarks.md#recognition-of-real-micro-expressions-zero-shot) |"
    )


def _units(facts: Any) -> str:
    return (
        f"| action units with side, {facts['pairs']} pairs of {facts['people']} rendered people | "
        f"F1 {short(facts['unit_f1'])} over 15 units, {facts['cpu_ms']:.0f} ms a pair | "
        "[units](docs/action-units.md#how-well-on-rendered-people) |"
    )


def _trained(row: Any) -> str:
    best = row["ensemble"]
    return (
        f"| recognition, leave one subject out, {row['subjects']} subjects, `kernel-blend` | "
        f"UF1 {short(best['uf1'])}, UAR {short(best['uar'])} | "
        "[protocol](docs/benchmarks.md#leave-one-subject-out-protocol-clean) |"
    )


if __name__ == "__main__":
    main()
