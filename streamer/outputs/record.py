"""The event record: one flat, versioned JSON object per event. Described in docs/events.md."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from streamer.core.records import (
    CLASSES,
    OTHER,
    EmotionEvent,
    JsonObject,
    Moments,
    Recognition,
    Spot,
    facs_text,
)
from streamer.outputs.units import units_from_json, units_to_json

SCHEMA = "mer-stream/event/2"
OLD_SCHEMA = "mer-stream/event/1"  # without OTHER and without READINGS; it is read, never written
READINGS = ("facs", "units", "because", "prototype")
FIELDS = (
    "schema", "id", "source", "face_id", "kind",
    "onset_s", "apex_s", "offset_s", "onset_frame", "apex_frame", "offset_frame",
    "emotion", "probabilities", "confidence", *READINGS, "score", "emitted_s", "regions",
)  # fmt: skip
TIMES = ("onset_s", "apex_s", "offset_s")
MEDIA = ("onset_media_s", "apex_media_s", "offset_media_s")
DAY = ("onset_at", "apex_at", "offset_at")
# In JSON only where they hold: `cut` where it is true, the places where they differ from the times,
# the times of day where they were asked for.
OPTIONAL = ("cut", *MEDIA, *DAY)
_MAX_WHOLE = 2**63  # what tables hold
_LONGEST_DAY = 40  # characters of a time of day
_DIGITS = 6  # times to the microsecond, probabilities to one in a million


def event_id(event: EmotionEvent) -> str:
    """A name for the event that is the same in every run: file, face, first frame and kind.

    The six hexadecimal digits stand for the whole source name, so that files of the same name in
    two folders give different ids.
    """
    stem = re.sub(r"[^A-Za-z0-9_]+", "-", PurePath(event.source).stem).strip("-") or "source"
    digest = hashlib.sha256(event.source.encode("utf-8", "surrogateescape")).hexdigest()[:6]
    spot = event.spot
    return f"{stem}-{digest}-face{spot.face_id}-{spot.kind}-{spot.onset_frame}"


def event_to_record(event: EmotionEvent) -> JsonObject:
    """The event as plain data, keys in the order of `FIELDS`, then those of `OPTIONAL` that hold.

    Times are seconds of stream time; those of MEDIA are where a player of the file shows it.
    """
    spot, recognition = event.spot, event.recognition
    record = {
        "schema": SCHEMA,
        "id": event_id(event),
        "source": event.source,
        "face_id": int(spot.face_id),
        "kind": spot.kind,
        "onset_s": _round(spot.onset_s),
        "apex_s": _round(spot.apex_s),
        "offset_s": _round(spot.offset_s),
        "onset_frame": int(spot.onset_frame),
        "apex_frame": int(spot.apex_frame),
        "offset_frame": int(spot.offset_frame),
        **_recognised(recognition),
        "score": _round(spot.score),
        "emitted_s": _round(event.emitted_s),
        "regions": list(spot.regions),
    }
    return record | _optional(event)


def _recognised(recognition: Recognition | None) -> JsonObject:
    """The emotion, its figures and what the units say; null where nothing was recognised."""
    if recognition is None:
        return dict.fromkeys(("emotion", "probabilities", "confidence", *READINGS))
    units, shares = recognition.units, dict(recognition.probabilities)
    shares[OTHER] = shares.get(OTHER, 0.0)  # of a model that does not know it
    return {
        "emotion": recognition.emotion,
        "probabilities": {name: _round(share) for name, share in shares.items()},
        "confidence": _round(recognition.confidence),
        "facs": None if units is None else facs_text(units),
        "units": None if units is None else units_to_json(units),
        "because": recognition.because,
        "prototype": recognition.prototype,
    }


def _optional(event: EmotionEvent) -> JsonObject:
    held: JsonObject = {"cut": True} if event.cut else {}
    if event.media is not None:
        media = [_round(s) for s in _moments(event.media)]
        if media != [_round(s) for s in _moments(event.spot)]:
            held |= dict(zip(MEDIA, media, strict=True))
    if event.day is not None:
        held |= dict(zip(DAY, event.day, strict=True))
    return held


def _moments(timed: Spot | Moments) -> tuple[float, float, float]:
    return timed.onset_s, timed.apex_s, timed.offset_s


def record_to_event(record: Mapping[str, Any]) -> EmotionEvent:
    """The event of a record; fields it does not know are ignored, so newer minor files read too.

    A record of version 1 tells no units, and nothing was OTHER. Raises ValueError for another
    schema, a missing field or a value of the wrong type.
    """
    old = record.get("schema") == OLD_SCHEMA
    if not old and record.get("schema") != SCHEMA:
        raise ValueError(
            f"schema is {str(record.get('schema'))[:40]!r}, this version reads {SCHEMA!r} and "
            f"{OLD_SCHEMA!r}"
        )
    missing = [name for name in FIELDS if name not in record and not (old and name in READINGS)]
    if missing:
        raise ValueError(f"missing {', '.join(missing)}")
    if record["kind"] not in ("micro", "macro"):
        raise ValueError(f"kind is {str(record['kind'])[:40]!r}, not 'micro' or 'macro'")
    try:
        return EmotionEvent(
            spot=_spot(record),
            recognition=_recognition(record, old),
            source=_text(record["source"]),
            emitted_s=_number(record["emitted_s"]),
            cut=_flag(record.get("cut")),
            media=_media(record),
            day=_day(record),
        )
    except (TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"a field has the wrong type ({error})") from None


def probability_columns() -> tuple[str, ...]:
    """Names of the columns that hold the probabilities in flat tables."""
    return tuple(f"prob_{name}" for name in CLASSES)


def _spot(record: Mapping[str, Any]) -> Spot:
    return Spot(
        face_id=_whole(record["face_id"]),
        kind=record["kind"],
        onset_s=_number(record["onset_s"]),
        apex_s=_number(record["apex_s"]),
        offset_s=_number(record["offset_s"]),
        onset_frame=_whole(record["onset_frame"]),
        apex_frame=_whole(record["apex_frame"]),
        offset_frame=_whole(record["offset_frame"]),
        score=_number(record["score"]),
        regions=tuple(_text(name) for name in _list(record["regions"])),
    )


def _media(record: Mapping[str, Any]) -> Moments | None:
    """The places in the file; None where they are not there, or the times of the event."""
    if not _has(record, MEDIA):
        return None
    media = Moments(*(_number(record[name]) for name in MEDIA))
    same = _moments(media) == tuple(_number(record[name]) for name in TIMES)
    return None if same else media


def _day(record: Mapping[str, Any]) -> tuple[str, str, str] | None:
    if not _has(record, DAY):
        return None
    onset, apex, offset = (_text(record[name])[:_LONGEST_DAY] for name in DAY)
    return onset, apex, offset


def _has(record: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Whether all of `names` are there, or none; an empty cell of a table is not there."""
    there = [record.get(name) not in (None, "") for name in names]
    if any(there) and not all(there):
        raise ValueError(f"of {', '.join(names)} some are missing")
    return all(there)


def _recognition(record: Mapping[str, Any], old: bool) -> Recognition | None:
    if record["emotion"] is None:
        return None
    said = Recognition(
        emotion=_text(record["emotion"]),
        probabilities={_text(k): _number(v) for k, v in record["probabilities"].items()},
        confidence=_number(record["confidence"]),
    )
    if old:
        return replace(said, probabilities={**said.probabilities, OTHER: 0.0})
    units, prototype = record["units"], record["prototype"]
    return replace(
        said,
        units=None if units is None else units_from_json(_list(units)),
        because=_text(record["because"]),
        prototype=None if prototype is None else _text(prototype),
    )


def _flag(value: Any) -> bool:
    """A field of OPTIONAL. Raises ValueError for anything else than true or false."""
    if value is None or isinstance(value, bool):
        return bool(value)
    raise ValueError(f"cut is {value!r}, not true or false")


def _number(value: Any) -> float:
    """A finite number, also as text (of a CSV file). Raises ValueError or TypeError."""
    if isinstance(value, bool):
        raise TypeError(f"{value} is no number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} is not finite")
    return number


def _whole(value: Any) -> int:
    """A whole number, also as text. Raises ValueError or TypeError."""
    if isinstance(value, bool | float):
        raise TypeError(f"{value} is no whole number")
    number = int(value)
    if abs(number) >= _MAX_WHOLE:
        raise ValueError(f"{number} is too large")
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:40]} is no text")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{str(value)[:40]} is no list")
    return value


def _round(value: float) -> float:
    return round(float(value), _DIGITS)
