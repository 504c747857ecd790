"""Settings of the spotter. Light: no heavy imports.

Every length of time is in seconds and every length in inter-ocular distances (IOD), so the same
settings serve 25 to 200 frames a second and any distance from the camera.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Annotated

from streamer.core.ranges import (
    Baseline,
    FalsePerMinute,
    Help,
    Range,
    Sensitivity,
    Share,
    check_ranges,
)

# Moments closer than this are the same: times are sums of fractions, and a tie must not depend on
# the last bit of how they were added up.
TIE_S = 1e-6


@dataclass(frozen=True, slots=True)
class GateConfig:
    """When a stretch of video cannot be trusted, and why."""

    blink_change: Annotated[
        float,
        Range(0.0, 1000.0),
        Help(
            "A blink: the share by which the eyes have closed, by the mesh, and a quarter of the "
            "change of their picture (1 - correlation) together."
        ),
    ] = 0.13
    blink_lid_iod: Annotated[
        float, Range(0.0, 1000.0), Help("Lids that travel farther than this and back have blinked.")
    ] = 0.055
    gaze_shift_iod: Annotated[
        float,
        Range(0.0, 1000.0),
        Help("A shift of both irises to the same side within 0.12 s that is a change of gaze."),
    ] = 0.008
    eyes_margin_s: Annotated[
        float, Range(0.0, 10.0), Help("Lids and irises are left alone this long before and after.")
    ] = 0.10
    head_window_s: Annotated[
        float,
        Range(0.01, 10.0),
        Help("The head turns where it moves farther than the next two say within this time."),
    ] = 0.3
    head_shift_iod: Annotated[
        float, Range(0.0, 1000.0), Help("Head turn: sideways, up or down.")
    ] = 0.5
    head_turn_rad: Annotated[
        float, Range(0.0, 1000.0), Help("Head turn: yaw, pitch and roll together, by the mesh.")
    ] = 0.1
    light_change: Annotated[
        float,
        Range(0.0, 1000.0),
        Help("Change of the face's brightness within 0.15 s, as a share."),
    ] = 0.10
    covered_change: Annotated[
        float,
        Range(0.0, 1000.0),
        Help(
            "Change of patches that no expression moves (1 - correlation), while the head does "
            "not turn: a hand, a cup."
        ),
    ] = 0.35
    least_visible: Annotated[
        Share, Help("Share of the face mesh that must lie inside the picture.")
    ] = 0.99
    margin_s: Annotated[
        float,
        Range(0.0, 10.0),
        Help("An event this near to a blink, gaze, turn, light or cover is rejected."),
    ] = 0.15
    speech_lips_iod: Annotated[
        float, Range(1e-6, 1000.0), Help("Lips that open or close by so much have made a step.")
    ] = 0.03
    speech_turns: Annotated[
        int, Range(1, 1000), Help("Steps of the lips to and fro in 2 s: speech or chewing.")
    ] = 3

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class SpotterConfig:
    """How motion is measured and when it counts as a micro- or macro-expression."""

    sensitivity: Annotated[
        Sensitivity, Help("1 as calibrated; 2 finds more, with more false events.")
    ] = 1.0
    false_per_minute: Annotated[
        FalsePerMinute | None,
        Help(
            "Of a learned spotter: so many false events a minute are allowed, as measured on "
            "people who talk, listen and nod; null: as trained."
        ),
    ] = None
    baseline_s: Annotated[
        Baseline,
        Help(
            "The person looks neutral for so many seconds at the start: nothing is reported then, "
            "and the noise of that time sets the thresholds."
        ),
    ] = 0.0
    low_latency: Annotated[
        bool,
        Help(
            "The rule reports 0.45 s sooner, without waiting to see whether the mouth keeps moving."
        ),
    ] = False

    reference_age_s: Annotated[
        float, Range(0.05, 3600.0), Help("The quiet reference is renewed when it is older.")
    ] = 1.0
    smooth_s: Annotated[
        float, Range(0.0, 1.0), Help("Temporal pooling: one frame up to 30 fps, seven at 200 fps.")
    ] = 0.034

    micro_min_s: Annotated[float, Range(0.0, 10.0), Help("Shortest micro-expression.")] = 0.04
    micro_max_s: Annotated[float, Range(0.01, 10.0), Help("Longest micro-expression.")] = 0.5
    micro_min_iod: Annotated[
        float, Range(1e-6, 10.0), Help("Smallest height of a bump, whatever the noise.")
    ] = 0.006
    micro_noise_factor: Annotated[
        float,
        Range(0.0, 1000.0),
        Help("Smallest height of a bump, as a multiple of the region's own noise."),
    ] = 4.5
    activity_factor: Annotated[
        float,
        Range(0.0, 1000.0),
        Help(
            "Smallest height, as a multiple of other bumps in that part of the face close in time."
        ),
    ] = 2.3
    activity_before_s: Annotated[
        float, Range(0.0, 60.0), Help("Close in time: this long before the bump.")
    ] = 1.1
    activity_after_s: Annotated[
        float, Range(0.0, 60.0), Help("Close in time: this long after the bump.")
    ] = 0.6
    micro_max_iod: Annotated[
        float,
        Range(1e-6, 1000.0),
        Help("A larger bump is no micro-expression, or the tracking slipped."),
    ] = 0.09
    head_leak: Annotated[
        Share, Help("Share of the head's own motion that is taken off every bump.")
    ] = 0.15
    head_noise_iod_per_rad: Annotated[
        float,
        Range(0.0, 1000.0),
        Help("Smallest height of a bump while the head turns, for each radian within 0.3 s."),
    ] = 0.15
    speech_factor: Annotated[
        float,
        Range(0.0, 1000.0),
        Help(
            "While the mouth speaks, a bump of the brows, lids, nose or cheeks is so much higher."
        ),
    ] = 1.5
    noise_memory_s: Annotated[
        float, Range(0.1, 3600.0), Help("Over this time the noise of a region is learned.")
    ] = 12.0

    macro_open_iod: Annotated[
        float, Range(1e-6, 1000.0), Help("Smallest height of a smile, by the mesh.")
    ] = 0.04
    macro_brow_iod: Annotated[
        float, Range(1e-6, 1000.0), Help("Smallest height of raised or lowered brows, by the mesh.")
    ] = 0.025
    macro_noise_factor: Annotated[
        float,
        Range(0.0, 1000.0),
        Help("And as a multiple of how restless that movement of the face usually is."),
    ] = 2.0
    macro_clear_factor: Annotated[
        float,
        Range(1.0, 1000.0),
        Help("So many times the smallest height is enough, however restless a face is."),
    ] = 2.0
    macro_side_factor: Annotated[
        float, Range(1.0, 1000.0), Help("One side alone must move so many times as far.")
    ] = 1.3
    macro_speech_factor: Annotated[
        float,
        Range(1.0, 1000.0),
        Help("While somebody speaks, a smile must be so many times as high."),
    ] = 1.3
    macro_cut_factor: Annotated[
        float,
        Range(1.0, 1000.0),
        Help("What is there when the face comes or goes must be so many times as high."),
    ] = 1.5
    macro_turn_leak: Annotated[
        float,
        Range(0.0, 1000.0),
        Help("So much (IOD) of each radian that the head turns to and fro is taken off."),
    ] = 0.05
    macro_max_s: Annotated[
        float, Range(0.1, 6.0), Help("Longest macro-expression, at most 6 s.")
    ] = 4.0

    gates: GateConfig = field(default_factory=GateConfig)

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.false_per_minute is not None and self.sensitivity != 1.0:
            raise ValueError(
                f"spotter.sensitivity ({self.sensitivity:g}) and spotter.false_per_minute "
                f"({self.false_per_minute:g}) both say how much is enough: give one of them"
            )


# What only the rule asks for; the rest of its settings serve the gates and macro-expressions too.
_RULE_ONLY = (
    *("low_latency", "activity_factor", "activity_before_s", "activity_after_s"),
    *("head_noise_iod_per_rad", "speech_factor"),
)


def check_rule(config: SpotterConfig) -> None:
    """Raise ValueError for a setting that has no effect on the rule."""
    if config.false_per_minute is not None:
        raise ValueError(
            "spotter.false_per_minute has no effect on the rule, whose thresholds are no rate: "
            "leave it out, or take a learned spotter (--spotter learned)."
        )


def check_learned(config: SpotterConfig) -> None:
    """Raise ValueError for a setting that has no effect on a learned spotter."""
    defaults = {field.name: field.default for field in fields(SpotterConfig)}
    changed = [name for name in _RULE_ONLY if getattr(config, name) != defaults[name]]
    if config.gates.blink_lid_iod != GateConfig().blink_lid_iod:
        changed.append("gates.blink_lid_iod")
    if changed:
        raise ValueError(
            f"spotter.{changed[0]} has no effect on a learned spotter, whose delay and judgement "
            "are those it was trained with: leave it out, or use the rule (no spotter_model, "
            "--spotter rule)."
        )
