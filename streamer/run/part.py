"""What of a result belongs to the part of a recording that is asked for.

The pipeline sees more than the part: what comes before warms it up, what comes after shows how
events end that began in it. Of both, nothing but what concerns the part is handed on.
"""

from __future__ import annotations

from dataclasses import replace

from streamer.core.records import EmotionEvent, FaceMotion, FrameResult, Part


def within(result: FrameResult, part: Part) -> FrameResult | None:
    """The result as the part has it; None where nothing of it belongs there.

    Frames are those of the part, events those whose apex is in it. After the part there is no
    frame, only what is still learned of frames in it.
    """
    frame = result.frame
    place = 0 if frame is None else part.place(frame.time_s)
    if place < 0:
        return None
    events = tuple(event for event in result.events if _is_inside(event, part))
    motions = tuple(_told(motion, part) for motion in result.motions)
    if place == 0:
        return replace(result, events=events, motions=motions)
    if not events and not any(motion.judged for motion in motions):
        return None
    return FrameResult(None, motions=motions, events=events)


def _is_inside(event: EmotionEvent, part: Part) -> bool:
    return part.place(event.spot.apex_s) == 0


def _told(motion: FaceMotion, part: Part) -> FaceMotion:
    """With what it tells of earlier frames where they are in the part."""
    judged = tuple(one for one in motion.judged if part.place(one.time_s) == 0)
    return motion if len(judged) == len(motion.judged) else replace(motion, judged=judged)
