"""The README's figures are those of the result files."""

from __future__ import annotations

from benchmarks import readme_table
from benchmarks.page_section import ROOT, replace_section


def test_the_readme_says_what_was_measured() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert replace_section(text, "figures", readme_table.section()) == text
