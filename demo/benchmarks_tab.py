"""The benchmark figures as plots, from the result files that the benchmark scripts wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

import gradio as gr
import pandas as pd

from streamer.outputs.report.templates import render_text

_MODELS = {
    "zero-shot": "bundled model, as it is",
    "svm": "linear SVM",
    "linear": "logistic regression",
    "kernel-blend": "kernel ridge and bundled model",
    "committee": "committee of three",
    "ststnet": "STSTNet",
    "scvit": "SCViT",
    "off-apexnet": "OFF-ApexNet",
}
_SPOTTERS = {
    "rule": "mer-stream, rule",
    "learned": "mer-stream, learned",
    "mdmd": "MDMD",
    "mdmd-relaxed": "MDMD, short ones too",
    "he2021": "He 2021",
    "he2021-relaxed": "He 2021, short ones too",
    "softnet-like": "SOFTNet-like",
}
_DRAWN = ("rule", "learned", "mdmd", "softnet-like")  # with a curve; the table has all
_PARTS = {"pooled": "All together", "casme2": "CASME II", "smic": "SMIC", "samm": "SAMM"}
_PLOT: dict[str, Any] = {"height": 280, "buttons": [], "y_lim": [0, 1]}


def benchmarks_tab() -> None:
    """Builds the tab."""
    _recognition(read_figures("loso.json"))
    _spotting(read_figures("spotting.json"))


def read_figures(name: str) -> Mapping[str, Any]:
    """A result file of this version."""
    file = resources.files("demo") / "figures" / name
    figures: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return figures


def loso_rows(figures: Mapping[str, Any]) -> pd.DataFrame:
    """One row per model and part: UF1 and UAR, of the ensemble where there are several seeds."""
    rows = []
    for model, found in figures["models"].items():
        for part in _PARTS:
            scores = found if part == "pooled" else found["per_dataset"].get(part)
            if scores is not None:
                best = scores["ensemble"]
                rows.append((_MODELS.get(model, model), part, best["uf1"], best["uar"]))
    return pd.DataFrame(rows, columns=["model", "part", "UF1", "UAR"])


def spotting_rows(figures: Mapping[str, Any], fps: str = "30") -> pd.DataFrame:
    """One row per spotter at one frame rate."""
    rows = [
        (
            _SPOTTERS.get(name, name),
            found["f1"],
            *(found["recall"][strength]["recall"] for strength in ("0.015", "0.03", "0.05")),
            found["false_per_minute"],
            figures["clips"]["false_per_minute"].get(name),
        )
        for name, found in figures["rates"][fps].items()
    ]
    strengths = ["recall 0.015", "recall 0.03", "recall 0.05"]
    return pd.DataFrame(rows, columns=["spotter", "F1", *strengths, "false", "false, real clips"])


def _recognition(figures: Mapping[str, Any]) -> None:
    rows = loso_rows(figures)
    parts = {part: title for part, title in _PARTS.items() if part in set(rows.part)}
    clips = next(iter(figures["models"].values()))
    gr.Markdown(
        "## Recognising: is it negative, positive or surprise?\n"
        f"Leave one subject out over {clips['n']} real micro-expressions of {clips['subjects']} "
        "people: a person is judged only by models that have never seen them. UF1 is the mean of "
        "the three classes' F1; 1 is perfect, guessing gives about a third. Higher is better."
    )
    with gr.Row():
        for part, title in parts.items():
            gr.BarPlot(
                rows[rows.part == part], x="model", y="UF1", title=title, sort="-y",
                x_label_angle=-35, x_title="", min_width=260, **_PLOT,
            )  # fmt: skip
    wide = rows.pivot(index="model", columns="part", values="UF1")
    cells = [
        [model, *(f"{wide.loc[model, part]:.3f}" for part in parts)]
        for model in rows.model.unique()
    ]
    _table("UF1", ["model", *parts.values()], cells)
    gr.Markdown(
        f"Measured on {figures['date']} ({figures['machine']}), protocol clean, by "
        "`python -m benchmarks.loso_table`."
    )


def _spotting(figures: Mapping[str, Any]) -> None:
    rows = spotting_rows(figures)
    strengths = [c for c in rows.columns if c.startswith("recall ")]
    drawn = rows[rows.spotter.isin([_SPOTTERS[name] for name in _DRAWN])]
    long = drawn.melt("spotter", strengths, var_name="strength", value_name="recall")
    long["strength"] = long.strength.str.removeprefix("recall ").astype(float)
    gr.Markdown(
        "## Spotting: when did the face move?\n"
        "On synthetic recordings (30 frames a second) in which every movement is known. *Recall*: "
        "the share of the movements that was found, by their strength in distances between the "
        "eyes (IOD). *F1*: found and false ones together. Expect less on real faces."
    )
    with gr.Row():
        gr.LinePlot(
            long, x="strength", y="recall", color="spotter", title="Recall by strength (IOD)",
            min_width=320, **_PLOT,
        )  # fmt: skip
        gr.BarPlot(
            rows, x="spotter", y="F1", title="F1", sort="-y", x_label_angle=-35, x_title="",
            min_width=320, **_PLOT,
        )  # fmt: skip
    cells = [
        [row[0], *(f"{v:.2f}" for v in row[1:5]), *(f"{v:.1f}" for v in row[5:])]
        for row in rows.itertuples(index=False)
    ]
    head = ["spotter", "F1", *strengths, "false a minute", "the same, real clips"]
    _table("Spotting", head, cells)
    gr.Markdown(
        f"Measured on {figures['date']}, on {len(figures['portraits'])} portraits that nothing was "
        "tuned or trained on, by `python -m benchmarks.spot_table`. The real clips hold no "
        "labelled micro-expressions, so every event in them counts as false."
    )


def _table(caption: str, head: list[str], cells: list[list[str]]) -> None:
    right = range(1, len(head))
    gr.HTML(render_text("table.html", "demo", caption=caption, head=head, rows=cells, right=right))
