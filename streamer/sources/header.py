"""Compares what a header declares with what was found: was the recording cut short?

FFmpeg ends a cut file without an error, and headers lie or are silent. A recording counts as cut
only where every claim of its header says so.
"""

from __future__ import annotations

# Found and declared lengths may differ by this much: headers round, and the last frame may have no
# duration of its own.
TOLERANCE_S = 0.1
TOLERANCE_FRAMES = 3
TOLERANCE_SHARE = 0.002


def missing_end(
    found_s: float, declared_s: float | None, found_frames: int, declared_frames: int | None
) -> str:
    """A sentence where the recording ends before its declared end; empty where it is whole.

    None: the header does not say. A header without any claim is never contradicted.
    """
    claims = []
    if declared_s is not None:
        slack_s = max(TOLERANCE_S, TOLERANCE_SHARE * declared_s)
        claims.append((found_s + slack_s < declared_s, f"{found_s:.2f} of {declared_s:.2f} s"))
    if declared_frames is not None:
        slack = max(TOLERANCE_FRAMES, TOLERANCE_SHARE * declared_frames)
        text = f"{found_frames} of {declared_frames} frames"
        claims.append((found_frames + slack < declared_frames, text))
    if not claims or not all(short for short, _ in claims):
        return ""
    found = ", ".join(text for _, text in claims)
    return f"The recording ends before its declared end: {found} found."
