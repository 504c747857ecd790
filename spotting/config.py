"""Settings of the spotter. Light: no heavy imports.

Every length of time is in seconds and every length in inter-ocular distances (IOD), so the same
settings serve 25 to 200 frames a second and any distance from the camera.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpotterConfig:
    """How motion is measured and when it counts as a micro- or macro-expression."""

    # 1 = as calibrated. 2 halves all thresholds: more events, more false ones; 0.5 doubles them.
    sensitivity: float = 1.0

    # Motion measurement
    reference_age_s: float = 1.0  # the quiet reference is renewed when it is older
    smooth_s: float = 0.034  # temporal pooling; one frame up to 30 fps, seven at 200 fps

    # Micro-expressions: a bump that rises and falls back within 0.5 s
    micro_min_s: float = 0.04
    micro_max_s: float = 0.5
    micro_min_iod: float = 0.010  # smallest height of a bump, whatever the noise
    micro_noise_factor: float = 5.0  # ... and at least this multiple of the region's own noise
    unrest_factor: float = 1.2  # ... and of the region's largest bump shortly before
    micro_max_iod: float = 0.12  # a larger bump is no micro-expression, or the tracking slipped
    head_leak: float = 0.15  # share of the head's own motion that is taken off every bump
    noise_memory_s: float = 12.0

    # Macro-expressions: a departure that lasts
    macro_open_iod: float = 0.06
    macro_close_fraction: float = 0.33
    macro_max_s: float = 4.0

    # Gates
    blink_change: float = 0.13  # of the eyes' picture (1 - correlation) over its usual level
    blink_lid_iod: float = 0.055  # lids that travel farther than this and back have blinked
    blink_margin_s: float = 0.10

    def __post_init__(self) -> None:
        if not 0.05 <= self.sensitivity <= 20.0:
            raise ValueError(f"sensitivity is {self.sensitivity}: choose from 0.05 to 20")
        for name in ("reference_age_s", "micro_min_iod", "micro_max_s", "macro_open_iod"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be greater than 0")
