"""The settings in plain words, with the names of the command line."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import gradio as gr

from demo.settings_view import Choices
from streamer.cli.options import KEYS
from streamer.core.setting_tree import find_setting
from streamer.run.config import StreamConfig

_DEFAULT = Choices()
NAMES = tuple(one.name for one in fields(Choices))


def settings_tab() -> list[Any]:
    """The components, in the order of NAMES."""
    gr.Markdown(
        "These settings hold for the next recording and for the live camera. Each has the name of "
        "the option of the command line in brackets. What is set here changes nothing on results "
        "that are shown already."
    )
    with gr.Row():
        with gr.Column():
            sensitivity = gr.Slider(
                0.25, 4.0, _DEFAULT.sensitivity, step=0.05, label="Sensitivity (--sensitivity)",
                info=_help("sensitivity"),
            )  # fmt: skip
            spotter = gr.Radio(
                [
                    ("Rule: every verdict can be traced to a reason", "rule"),
                    ("Learned: a small network, finds more and answers sooner", "learned"),
                ],
                value=_DEFAULT.spotter, label="How movements are found (--spotter)",
                info="The network has seen synthetic motion only.",
            )  # fmt: skip
            motion = gr.Radio(
                [
                    ("As the model was trained", "auto"),
                    ("DIS optical flow", "dis"),
                    ("Farneback optical flow", "farneback"),
                    ("SelfME: learned motion", "selfme"),
                    ("FRL-DGT: generated displacement", "frl-dgt"),
                ],
                value=_DEFAULT.motion, label="Motion for recognition (--motion)",
                info=_help("motion"),
            )  # fmt: skip
            emotions = gr.Radio(
                [
                    ("Classes: negative, positive, surprise, other", "classes"),
                    ("And what the action units read as: happiness, disgust, ...", "facs"),
                ],
                value=_DEFAULT.emotions, label="Emotions (--emotions)", info=_help("emotions"),
            )  # fmt: skip
        with gr.Column():
            low_latency = gr.Checkbox(
                _DEFAULT.low_latency, label="Report sooner (--low-latency)",
                info=_help("low_latency"),
            )  # fmt: skip
            micro_only = gr.Checkbox(
                _DEFAULT.micro_only, label="Micro-expressions only (--micro-only)",
                info="Leaves out movements that last longer than half a second.",
            )  # fmt: skip
            no_recognition = gr.Checkbox(
                _DEFAULT.no_recognition, label="Find movements only (--no-recognition)",
                info="Says when and where the face moved, and names no emotion.",
            )  # fmt: skip
            baseline = gr.Number(
                _DEFAULT.baseline, minimum=0.0, maximum=60.0, step=1.0,
                label="Seconds of neutral face at the start (--baseline)",
                info=_help("baseline"),
            )  # fmt: skip
            max_faces = gr.Slider(
                1,
                8,
                _DEFAULT.max_faces,
                step=1,
                label="Faces (--max-faces)",
                info=_help("max_faces"),
            )
    return [
        sensitivity, spotter, low_latency, baseline, max_faces, micro_only, no_recognition, motion,
        emotions,
    ]  # fmt: skip


def _help(name: str) -> str:
    """What the field of the setting says."""
    return find_setting(StreamConfig, KEYS[name]).help


def choices_of(values: tuple[Any, ...]) -> Choices:
    """What the components hold; an emptied number is its default."""
    named = dict(zip(NAMES, values, strict=True))
    named["baseline"] = float(named["baseline"] or 0.0)
    named["max_faces"] = int(named["max_faces"] or _DEFAULT.max_faces)
    named["sensitivity"] = float(named["sensitivity"] or _DEFAULT.sensitivity)
    return Choices(**named)
