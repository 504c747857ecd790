"""Settings of the spotter. Light: no heavy imports.

Every length of time is in seconds and every length in inter-ocular distances (IOD), so the same
settings serve 25 to 200 frames a second and any distance from the camera.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# Moments closer than this are the same: times are sums of fractions, and a tie must not depend on
# the last bit of how they were added up.
TIE_S = 1e-6


@dataclass(frozen=True, slots=True)
class GateConfig:
    """When a stretch of video cannot be trusted, and why."""

    blink_change: float = 0.13  # of the eyes' picture (1 - correlation) over its usual level
    blink_lid_iod: float = 0.055  # lids that travel farther than this and back have blinked
    gaze_shift_iod: float = 0.008  # of both irises to the same side within 0.12 s
    eyes_margin_s: float = 0.10  # lids and irises are left alone this long before and after
    head_window_s: float = 0.5  # head turn: within this time the head moves farther than ...
    head_shift_iod: float = 0.16
    head_turn_rad: float = 0.08  # yaw, pitch or roll
    head_grow: float = 0.04  # towards the camera or away
    light_change: float = 0.10  # of the face's brightness within 0.15 s
    covered_change: float = 0.35  # of patches that no expression moves (1 - correlation)
    least_visible: float = 0.99  # share of the face mesh inside the picture
    margin_s: float = 0.15  # an event this near to any of these is rejected
    speech_bumps: int = 3  # of the mouth within 2 s: speech or chewing


@dataclass(frozen=True, slots=True)
class SpotterConfig:
    """How motion is measured and when it counts as a micro- or macro-expression."""

    # 1 = as calibrated. 2 halves all thresholds: more events, more false ones; 0.5 doubles them.
    sensitivity: float = 1.0
    # A person asked to look neutral for this long at the start: no events then, and the noise of
    # that time sets the thresholds for the rest. 0: the noise is learned on the way.
    baseline_s: float = 0.0
    # Report as soon as the peak is certain, without waiting whether the mouth goes on moving.
    low_latency: bool = False

    # Motion measurement
    reference_age_s: float = 1.0  # the quiet reference is renewed when it is older
    smooth_s: float = 0.034  # temporal pooling; one frame up to 30 fps, seven at 200 fps

    # Micro-expressions: a bump that rises and falls back within 0.5 s
    micro_min_s: float = 0.04
    micro_max_s: float = 0.5
    micro_min_iod: float = 0.006  # smallest height of a bump, whatever the noise
    micro_noise_factor: float = 4.5  # ... and at least this multiple of the region's own noise
    unrest_factor: float = 2.0  # ... and of any other bump in that half of the face close in time
    unrest_before_s: float = 1.1
    unrest_after_s: float = 0.6
    micro_max_iod: float = 0.09  # a larger bump is no micro-expression, or the tracking slipped
    head_leak: float = 0.15  # share of the head's own motion that is taken off every bump
    noise_memory_s: float = 12.0

    # Macro-expressions: a departure that lasts
    macro_open_iod: float = 0.06
    macro_close_fraction: float = 0.33
    macro_max_s: float = 4.0

    gates: GateConfig = field(default_factory=GateConfig)

    def __post_init__(self) -> None:
        if not 0.05 <= self.sensitivity <= 20.0:
            raise ValueError(f"sensitivity is {self.sensitivity}: choose from 0.05 to 20")
        if self.baseline_s < 0.0:
            raise ValueError(f"baseline_s is {self.baseline_s}: choose 0 (none) or more seconds")
        for name in ("reference_age_s", "micro_min_iod", "micro_max_s", "macro_open_iod"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be greater than 0")
