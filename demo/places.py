"""A limited number of places: who is silent makes room for who is not.

Refusing newcomers whenever all places are taken would let anybody lock everybody out by holding
places and doing nothing. All methods belong to one event loop.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

_PACE = 10  # signs of life ...
_PACE_S = 10.0  # ... within so many seconds: somebody who really sends
_LOOK_S = 0.1


@dataclass(eq=False)
class Place:
    """One place that is held."""

    address: str
    taken_s: float
    lost: bool = False  # it was given to somebody else
    signs_s: deque[float] = field(default_factory=lambda: deque(maxlen=_PACE))

    @property
    def proven(self) -> bool:
        """Whether its holder has sent anything."""
        return bool(self.signs_s)


class Places:
    """`count` places; one remote address holds at most `per_address` of them."""

    def __init__(
        self,
        count: int,
        per_address: int,
        silent_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """silent_s: who has a place and sends less than one sign of life a second may lose it to
        a newcomer after so long.
        """
        self._count = count
        self._per_address = per_address
        self._silent_s = silent_s
        self._clock = clock
        self._held: list[Place] = []

    def __len__(self) -> int:
        return len(self._held)

    def take(self, address: str, *, proven: bool = False) -> Place | None:
        """A place, or None where all are held by people who use them.

        proven: the newcomer has sent something; who has not, yields at once.
        """
        if not is_local(address):
            mine = sum(place.address == address for place in self._held)
            if mine >= self._per_address:
                return None
        if len(self._held) >= self._count:
            silent = [place for place in self._held if self._may_lose(place, proven)]
            if not silent:
                return None
            silent[0].lost = True
            self._held.remove(silent[0])
        place = Place(address, self._clock())
        self._held.append(place)
        return place

    async def wait(self, address: str, seconds: float) -> Place | None:
        """A place as soon as there is one; None where there was none in time."""
        until_s = self._clock() + seconds
        while (place := self.take(address, proven=True)) is None and self._clock() < until_s:
            await asyncio.sleep(_LOOK_S)
        return place

    def sign(self, place: Place) -> None:
        """Its holder has sent something."""
        place.signs_s.append(self._clock())

    def give_back(self, place: Place) -> None:
        """The holder has left. May be called for a place that was lost."""
        if place in self._held:
            self._held.remove(place)

    def _may_lose(self, place: Place, newcomer_proven: bool) -> bool:
        now_s = self._clock()
        if not place.proven:
            return newcomer_proven or now_s - place.taken_s > self._silent_s
        slow = len(place.signs_s) < _PACE or now_s - place.signs_s[0] > _PACE_S
        return slow and now_s - place.taken_s > self._silent_s and self._paused(place, now_s)

    def _paused(self, place: Place, now_s: float) -> bool:
        return now_s - place.signs_s[-1] > _PACE_S / _PACE


def is_local(address: str) -> bool:
    """Whether the address is of this machine, where everybody shares one."""
    try:
        return ipaddress.ip_address(address.split("%")[0]).is_loopback
    except ValueError:
        return True  # a socket without addresses, as in tests and on a Unix socket
