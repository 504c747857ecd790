"""The figures of the benchmarks tab are those of the result files."""

from __future__ import annotations

import json
from importlib import resources

import gradio as gr
import pytest

from demo.benchmarks_tab import benchmarks_tab, loso_rows, read_figures, spotting_rows

FOLDER = resources.files("demo") / "figures"
LOSO = json.loads((FOLDER / "loso.json").read_text())
SPOTTING = json.loads((FOLDER / "spotting.json").read_text())


def test_the_files_are_read() -> None:
    assert read_figures("loso.json") == LOSO and read_figures("spotting.json") == SPOTTING


def test_a_row_per_model_and_part() -> None:
    rows = loso_rows(LOSO)
    expected = [
        (part, scores["ensemble"]["uf1"], scores["ensemble"]["uar"])
        for found in LOSO["models"].values()
        for part, scores in (("pooled", found), *found["per_dataset"].items())
    ]
    told = [(row.part, row.UF1, row.UAR) for row in rows.itertuples()]
    assert sorted(told) == sorted(expected) and len(told) > len(LOSO["models"])
    assert rows.model.nunique() == len(LOSO["models"])
    assert rows[["UF1", "UAR"]].stack().between(0, 1).all()


def test_a_part_that_is_missing_makes_no_row() -> None:
    scores = {"ensemble": {"uf1": 0.5, "uar": 0.6}}
    found = loso_rows({"models": {"new": {**scores, "per_dataset": {"smic": scores}}}})
    assert found.to_dict("records") == [
        {"model": "new", "part": "pooled", "UF1": 0.5, "UAR": 0.6},
        {"model": "new", "part": "smic", "UF1": 0.5, "UAR": 0.6},
    ]


@pytest.mark.parametrize("fps", list(SPOTTING["rates"]))
def test_a_row_per_spotter(fps: str) -> None:
    rows = spotting_rows(SPOTTING, fps)
    found = SPOTTING["rates"][fps]
    assert len(rows) == len(found) == rows.spotter.nunique()
    for row, (name, true) in zip(rows.itertuples(index=False), found.items(), strict=True):
        recalls = [true["recall"][strength]["recall"] for strength in ("0.015", "0.03", "0.05")]
        assert list(row[1:6]) == [true["f1"], *recalls, true["false_per_minute"]]
        assert row[6] == SPOTTING["clips"]["false_per_minute"][name]


def test_the_tab_shows_every_number() -> None:
    with gr.Blocks() as page:
        benchmarks_tab()
    tables = [one.value for one in page.blocks.values() if isinstance(one, gr.HTML)]
    assert len(tables) == 2
    for found in LOSO["models"].values():
        assert f"{found['ensemble']['uf1']:.3f}" in tables[0]
    for found in SPOTTING["rates"]["30"].values():
        assert f"{found['f1']:.2f}" in tables[1]
    assert "nan" not in "".join(tables)
    said = " ".join(one.value for one in page.blocks.values() if isinstance(one, gr.Markdown))
    assert LOSO["date"] in said and SPOTTING["date"] in said
