"""Who uses a place keeps it; who holds it and does nothing makes room."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from demo.places import Places, is_local

HERE, FAR = "127.0.0.1", "203.0.113.7"


@dataclass
class Clock:
    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_places_are_counted(clock: Clock) -> None:
    places = Places(2, 2, 10.0, clock)
    first = places.take(HERE)
    assert first is not None and places.take(HERE) is not None
    assert places.take(HERE) is None and len(places) == 2
    places.give_back(first)
    places.give_back(first)
    assert places.take(HERE) is not None and len(places) == 2


def test_who_has_shown_nothing_yields_to_who_has(clock: Clock) -> None:
    places = Places(1, 1, 10.0, clock)
    silent = places.take(HERE)
    assert silent is not None
    genuine = places.take(HERE, proven=True)
    assert genuine is not None and silent.lost and not genuine.lost
    places.sign(genuine)
    assert places.take(HERE, proven=True) is None and not genuine.lost
    places.give_back(silent)  # it is not theirs any more
    assert len(places) == 1


def test_silence_costs_the_place_in_the_end(clock: Clock) -> None:
    places = Places(1, 1, 10.0, clock)
    silent = places.take(HERE)
    clock.now_s = 9.0
    assert places.take(HERE) is None
    clock.now_s = 11.0
    assert places.take(HERE) is not None
    assert silent is not None and silent.lost


def test_who_sends_keeps_the_place(clock: Clock) -> None:
    places = Places(1, 1, 10.0, clock)
    place = places.take(HERE)
    assert place is not None
    for _ in range(300):
        clock.now_s += 0.1
        places.sign(place)
        assert places.take(HERE, proven=True) is None
    clock.now_s += 8.0  # a stall of a genuine line
    assert places.take(HERE, proven=True) is None
    clock.now_s += 3.0
    assert places.take(HERE, proven=True) is not None and place.lost


def test_a_drop_now_and_then_does_not_keep_it(clock: Clock) -> None:
    places = Places(1, 1, 10.0, clock)
    place = places.take(HERE)
    assert place is not None
    for _ in range(5):
        clock.now_s += 4.0
        places.sign(place)
    clock.now_s += 2.0
    assert places.take(HERE, proven=True) is not None and place.lost


def test_one_address_does_not_take_all(clock: Clock) -> None:
    places = Places(4, 2, 10.0, clock)
    assert places.take(FAR) and places.take(FAR)
    assert places.take(FAR, proven=True) is None
    assert places.take("203.0.113.8") is not None and places.take(HERE) is not None


def test_waiting_for_a_place() -> None:
    async def wait() -> tuple[bool, bool]:
        places = Places(1, 1, 60.0)
        place = places.take(HERE)
        assert place is not None
        places.sign(place)
        early = await places.wait(HERE, 0.05)
        asyncio.get_running_loop().call_later(0.2, places.give_back, place)
        return early is None, await places.wait(HERE, 20.0) is not None

    assert asyncio.run(wait()) == (True, True)


@pytest.mark.parametrize(
    ("address", "local"),
    [("127.0.0.1", True), ("127.0.0.9", True), ("::1", True), ("", True), ("testclient", True),
     ("203.0.113.7", False), ("fe80::1%eth0", False), ("192.168.1.4", False)],
)  # fmt: skip
def test_which_addresses_are_of_this_machine(address: str, local: bool) -> None:
    assert is_local(address) is local
