"""A network camera on this machine that fails by timetable.

It plays the looped sample in real time to whoever connects. Its time is 0 when the first frame is
sent; the picture runs on while nobody is connected, as in front of a real camera.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.reliability.film import FPS, Film, content_type
from streamer.core.closing import Closing

Kind = Literal[
    "lost",  # the connection is reset, new ones are refused: cable, power, server killed
    "silent",  # the connection stays, nothing is sent: a stalled read
    "404",  # the connection is closed, new ones are answered so
    "503",
    "slam",  # the connection is closed, new ones are accepted and closed at once
    "garbage",  # one of ten chunks has some bytes changed
    "loss",  # 30 % of the transport packets are left out
    "ahead",  # time stamps jump by an hour, for good
    "back",  # time stamps jump back by five seconds, for good
]
_CLOSING = ("lost", "404", "503", "slam")
_SHIFTS_S = {"ahead": 3600.0, "back": -5.0}
_TS_BYTES = 188
_LOST_SHARE = 0.3
_TICK_S = 0.01


@dataclass(frozen=True, slots=True)
class Window:
    """A fault from `start_s` to `end_s` of the camera's time."""

    start_s: float
    end_s: float
    kind: Kind


@dataclass(frozen=True, slots=True)
class Sent:
    """One frame that left: its number in the endless loop, when, over which connection."""

    frame: int
    wall_s: float  # time.monotonic()
    connection: int
    whole: bool  # False: damaged or partly left out


class Camera(Closing):
    """An HTTP server with at most a few viewers.

    film: what it plays; None: it answers everything with `recording`, or 404 where that is None.
    """

    def __init__(
        self,
        faults: Sequence[Window] = (),
        film: Film | None = None,
        ends_s: float = float("inf"),
        seed: int = 0,
        recording: bytes | None = None,
    ) -> None:
        self._recording = recording
        self._faults = tuple(faults)
        self._film = film
        self._ends_s = ends_s
        self._chance = random.Random(seed)
        self._began = threading.Lock()
        self._zero_s: float | None = None
        self._stop = threading.Event()
        self.sent: list[Sent] = []
        self.connections = 0  # that got a picture
        self._listener: socket.socket | None = self._listen(0)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def host(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """What to give to the product."""
        return f"http://{self.host}/live"

    @property
    def time_s(self) -> float:
        """Seconds since the first frame; below 0 before it."""
        return -1.0 if self._zero_s is None else time.monotonic() - self._zero_s

    @property
    def over(self) -> bool:
        """Whether it has played all that it plays."""
        return self.time_s > self._ends_s

    def wall_of(self, time_s: float) -> float:
        """`time.monotonic()` at a time of the camera, once it has begun."""
        return (self._zero_s or 0.0) + time_s

    def close(self) -> None:
        """Stop serving."""
        self._stop.set()
        self._thread.join(5)
        if self._listener is not None:
            self._listener.close()

    def _fault(self) -> str:
        """The fault of this moment."""
        now_s = self.time_s
        return next((f.kind for f in self._faults if f.start_s <= now_s < f.end_s), "")

    @staticmethod
    def _listen(port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(16)
        listener.settimeout(0.05)
        return listener

    def _accept(self) -> None:
        while not self._stop.is_set():
            if self._fault() == "lost" or self.over:
                if self._listener is not None:
                    self._listener.close()
                    self._listener = None
                time.sleep(_TICK_S)
                continue
            if self._listener is None:
                self._listener = self._listen(self.port)
            with contextlib.suppress(TimeoutError):
                viewer, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(viewer,), daemon=True).start()

    def _serve(self, viewer: socket.socket) -> None:
        with viewer, contextlib.suppress(OSError):
            viewer.settimeout(10)
            fault = self._fault()
            if fault in ("slam", "lost"):
                return
            viewer.recv(65536)
            if self._recording is not None:
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(self._recording)}\r\n"
                viewer.sendall(f"{head}Connection: close\r\n\r\n".encode() + self._recording)
                return
            if self._film is None or fault in ("404", "503"):
                code = fault if fault in ("404", "503") else "404"
                viewer.sendall(f"HTTP/1.1 {code} Odd\r\nContent-Length: 0\r\n\r\n".encode())
                return
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type(self._film.form)}\r\n"
            viewer.sendall(f"{head}Connection: close\r\n\r\n".encode())
            with self._began:
                self.connections += 1
                number = self.connections
                if self._zero_s is None:
                    self._zero_s = time.monotonic()
            self._play(viewer, self._film, number)

    def _play(self, viewer: socket.socket, film: Film, number: int) -> None:
        """Send frames in real time until the viewer goes or a fault ends the connection."""
        feed = film.feed(film.next_keyframe(int(max(0.0, self.time_s) * FPS)))
        try:
            for frame, data in feed:
                fault = self._wait_until(frame / FPS)
                if fault in _CLOSING or self.over or self._stop.is_set():
                    _reset(viewer)
                    return
                if fault == "silent":
                    continue
                feed.shift(self._shift_s())
                damaged = self._damage(data, fault)
                viewer.sendall(damaged)
                self.sent.append(Sent(frame, time.monotonic(), number, damaged is data))
        finally:
            feed.close()

    def _wait_until(self, time_s: float) -> str:
        """Wait for a moment of the camera's time; returns the fault that holds then, or sooner."""
        while (left_s := time_s - self.time_s) > 0 and not self._stop.is_set():
            if self._fault() in _CLOSING:
                break
            time.sleep(min(left_s, _TICK_S))
        return self._fault()

    def _shift_s(self) -> float:
        now_s = self.time_s
        return sum(_SHIFTS_S.get(f.kind, 0.0) for f in self._faults if f.start_s <= now_s)

    def _damage(self, data: bytes, fault: str) -> bytes:
        if fault == "loss":
            packets = [data[i : i + _TS_BYTES] for i in range(0, len(data), _TS_BYTES)]
            kept = [p for p in packets if self._chance.random() >= _LOST_SHARE]
            return data if len(kept) == len(packets) else b"".join(kept)
        if fault == "garbage" and self._chance.random() < 0.1:
            changed = bytearray(data)
            for _ in range(3):
                changed[self._chance.randrange(len(changed))] ^= self._chance.randrange(1, 256)
            return bytes(changed)
        return data


def _reset(viewer: socket.socket) -> None:
    """Close at once, so that the viewer sees a reset and not an end in good order."""
    viewer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
