"""Settings of the spotter. Light: no heavy imports.

Every length of time is in seconds and every length in inter-ocular distances (IOD), so the same
settings serve 25 to 200 frames a second and any distance from the camera.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Annotated

from streamer.core.ranges import Baseline, Range, Sensitivity, Share, check_ranges

# Moments closer than this are the same: times are sums of fractions, and a tie must not depend on
# the last bit of how they were added up.
TIE_S = 1e-6


@dataclass(frozen=True, slots=True)
class GateConfig:
    """When a stretch of video cannot be trusted, and why."""

    # of the eyes' picture (1 - correlation) over its usual level
    blink_change: Annotated[float, Range(0.0, 1000.0)] = 0.13
    # lids that travel farther than this and back have blinked
    blink_lid_iod: Annotated[float, Range(0.0, 1000.0)] = 0.055
    # of both irises to the same side within 0.12 s
    gaze_shift_iod: Annotated[float, Range(0.0, 1000.0)] = 0.008
    # lids and irises are left alone this long before and after
    eyes_margin_s: Annotated[float, Range(0.0, 10.0)] = 0.10
    # head turn: within this time the head moves farther than ...
    head_window_s: Annotated[float, Range(0.01, 10.0)] = 0.5
    head_shift_iod: Annotated[float, Range(0.0, 1000.0)] = 0.16
    head_turn_rad: Annotated[float, Range(0.0, 1000.0)] = 0.08  # yaw, pitch or roll
    head_grow: Annotated[float, Range(0.0, 1000.0)] = 0.04  # towards the camera or away
    # of the face's brightness within 0.15 s
    light_change: Annotated[float, Range(0.0, 1000.0)] = 0.10
    # of patches that no expression moves (1 - correlation)
    covered_change: Annotated[float, Range(0.0, 1000.0)] = 0.35
    least_visible: Share = 0.99  # share of the face mesh inside the picture
    # an event this near to any of these is rejected
    margin_s: Annotated[float, Range(0.0, 10.0)] = 0.15
    speech_bumps: Annotated[int, Range(1, 1000)] = 3  # of the mouth within 2 s: speech or chewing

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class SpotterConfig:
    """How motion is measured and when it counts as a micro- or macro-expression."""

    # 1 = as calibrated. 2 halves all thresholds: more events, more false ones; 0.5 doubles them.
    sensitivity: Sensitivity = 1.0
    # A person asked to look neutral for this long at the start: no events then, and the noise of
    # that time sets the thresholds for the rest. 0: the noise is learned on the way.
    baseline_s: Baseline = 0.0
    # Report as soon as the peak is certain, without waiting whether the mouth goes on moving.
    low_latency: bool = False

    # Motion measurement
    # the quiet reference is renewed when it is older
    reference_age_s: Annotated[float, Range(0.05, 3600.0)] = 1.0
    # temporal pooling; one frame up to 30 fps, seven at 200 fps
    smooth_s: Annotated[float, Range(0.0, 1.0)] = 0.034

    # Micro-expressions: a bump that rises and falls back within 0.5 s
    micro_min_s: Annotated[float, Range(0.0, 10.0)] = 0.04
    micro_max_s: Annotated[float, Range(0.01, 10.0)] = 0.5
    # smallest height of a bump, whatever the noise
    micro_min_iod: Annotated[float, Range(1e-6, 10.0)] = 0.006
    # ... and at least this multiple of the region's own noise
    micro_noise_factor: Annotated[float, Range(0.0, 1000.0)] = 4.5
    # ... and of any other bump in that half of the face close in time
    activity_factor: Annotated[float, Range(0.0, 1000.0)] = 2.0
    activity_before_s: Annotated[float, Range(0.0, 60.0)] = 1.1
    activity_after_s: Annotated[float, Range(0.0, 60.0)] = 0.6
    # a larger bump is no micro-expression, or the tracking slipped
    micro_max_iod: Annotated[float, Range(1e-6, 1000.0)] = 0.09
    head_leak: Share = 0.15  # share of the head's own motion that is taken off every bump
    noise_memory_s: Annotated[float, Range(0.1, 3600.0)] = 12.0

    # Macro-expressions: a departure that lasts
    macro_open_iod: Annotated[float, Range(1e-6, 1000.0)] = 0.06
    macro_close_fraction: Share = 0.33
    macro_max_s: Annotated[float, Range(0.1, 3600.0)] = 4.0

    gates: GateConfig = field(default_factory=GateConfig)

    def __post_init__(self) -> None:
        check_ranges(self)


# What only the rule asks for; the rest of its settings serve the gates and macro-expressions too.
_RULE_ONLY = ("low_latency", "activity_factor", "activity_before_s", "activity_after_s")


def check_learned(config: SpotterConfig) -> None:
    """Raise ValueError for a setting that has no effect on a learned spotter."""
    defaults = {field.name: field.default for field in fields(SpotterConfig)}
    for name in _RULE_ONLY:
        if getattr(config, name) != defaults[name]:
            raise ValueError(
                f"spotter.{name} has no effect on a learned spotter, whose delay and judgement are "
                "those it was trained with: leave it out, or use the rule (no spotter_model, "
                "--spotter rule)."
            )
    if config.gates.blink_lid_iod != GateConfig().blink_lid_iod:
        raise ValueError(
            "spotter.gates.blink_lid_iod has no effect on a learned spotter, which sees the lids "
            "itself: leave it out, or use the rule (no spotter_model, --spotter rule)."
        )
