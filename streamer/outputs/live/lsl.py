"""Lab Streaming Layer: events and motion as two streams, for recorders of EEG, gaze and physiology.

Stream NAME (type Markers, one text channel) has one sample per event: its JSON, stamped with the
onset on LSL's clock. Stream NAME-motion (type Motion, numbers) has one sample per face and frame.
LSL makes streams known on the local network; that is what it is for.
"""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Sequence
from typing import Any

from streamer.core.errors import InstallError
from streamer.core.printable import to_json
from streamer.core.records import FrameResult, SourceInfo
from streamer.outputs.record import event_to_record
from streamer.outputs.signals import TEXT_COLUMNS, measured_columns, signal_cells

_CURE = 'LSL streams cannot be sent ({reason}): pip install "mer-stream[lsl]".'
_BUFFER = 60  # that a slow recorder may be behind by: in hundreds of samples, the rate being open
_LAST_S = 0.5  # for the last samples to leave
_DRIFT = 2e-4  # s of doubt a second about how two clocks run
_UNITS = {"_s": "seconds", "_px": "pixels", "_deg": "degrees", "_iod": "inter-ocular distances"}


class StreamClock:
    """Stream time on LSL's clock.

    Of a live source a frame was taken at the latest when it came out of the pipeline: the least
    delay so far is taken, and given up slowly, so that clocks may drift. A recording counts from
    the moment of its first frame, as if it were played.
    """

    def __init__(self) -> None:
        self._live = False
        self._offset_s: float | None = None
        self._last_s = 0.0

    def begin(self, live: bool) -> None:
        """Another source, with a time of its own."""
        self._live, self._offset_s = live, None

    def see(self, time_s: float, now_s: float) -> None:
        """A frame of stream time `time_s` came out at `now_s` of LSL's clock."""
        seen_s = now_s - time_s
        if self._offset_s is None:
            self._offset_s = seen_s
        elif self._live:
            doubt_s = _DRIFT * max(time_s - self._last_s, 0.0)
            self._offset_s = min(seen_s, self._offset_s + doubt_s)
        self._last_s = time_s

    def stamp(self, time_s: float) -> float:
        """When `time_s` was, on LSL's clock."""
        return time_s + (self._offset_s or 0.0)


class LslOutlets:
    """Both streams of a run. State: the outlets, and the clock of the source."""

    def __init__(self, name: str, regions: Sequence[str]) -> None:
        """Raises InstallError where pylsl or liblsl is missing."""
        self._lsl = import_pylsl()
        self._regions = regions
        names = measured_columns(regions)
        self._columns = [c for c in names if c not in TEXT_COLUMNS]
        self._places = [names.index(column) for column in self._columns]
        self._clock = StreamClock()
        lsl = self._lsl
        irregular = lsl.IRREGULAR_RATE
        events = lsl.StreamInfo(name, "Markers", 1, irregular, lsl.cf_string, f"{name}-events")
        _describe(events, ["event"])
        width = len(self._columns)
        motion = lsl.StreamInfo(
            f"{name}-motion", "Motion", width, irregular, lsl.cf_double64, f"{name}-motion"
        )
        _describe(motion, self._columns)
        self._events = lsl.StreamOutlet(events)
        self._motion = lsl.StreamOutlet(motion, 0, _BUFFER)

    def begin(self, info: SourceInfo) -> None:
        """The frames and events after this are of another source."""
        self._clock.begin(info.live)

    def write(self, result: FrameResult) -> None:
        """Send what a result holds. Never waits: what a slow recorder misses is dropped by LSL."""
        if result.frame is not None:
            self._clock.see(result.frame.time_s, self._lsl.local_clock())
            stamp = self._clock.stamp(result.frame.time_s)
            for cells in signal_cells(result, self._regions):
                self._motion.push_sample([_number(cells[at]) for at in self._places], stamp)
        for event in result.events:
            self._send(event_to_record(event))

    def close(self) -> None:
        """Let the last samples leave, and take the streams away."""
        if self._events.have_consumers() or self._motion.have_consumers():
            time.sleep(_LAST_S)
        del self._events, self._motion

    def _send(self, record: dict[str, Any]) -> None:
        stamps = {
            f"{moment}_lsl_s": round(self._clock.stamp(record[f"{moment}_s"]), 6)
            for moment in ("onset", "apex", "offset")
        }
        text = to_json(record | stamps).encode("utf-8", "backslashreplace").decode()
        self._events.push_sample([text], stamps["onset_lsl_s"])


def import_pylsl() -> Any:
    """The module, or InstallError that says how to get it; it fails too where liblsl is missing."""
    try:
        return importlib.import_module("pylsl")
    except (ImportError, RuntimeError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InstallError(_CURE.format(reason=reason)) from None


def _describe(info: Any, columns: Sequence[str]) -> None:
    """Names and units of the channels, as XDF readers look for them."""
    info.desc().append_child_value("manufacturer", "mer-stream")
    channels = info.desc().append_child("channels")
    for column in columns:
        channel = channels.append_child("channel")
        channel.append_child_value("label", column)
        unit = next((unit for end, unit in _UNITS.items() if column.endswith(end)), "")
        unit = "inter-ocular distances" if column.startswith("motion_") else unit
        channel.append_child_value("unit", unit or "none")


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
