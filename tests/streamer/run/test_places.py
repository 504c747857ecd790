"""Where a player shows an event, by frames whose places are written out."""

from __future__ import annotations

import numpy as np
import pytest

from streamer.core.records import Frame, Moments, Spot
from streamer.core.snapshot import capture, from_bytes, restore, set_state, state_of, to_bytes
from streamer.run.places import MediaPlaces

PICTURE = np.zeros((2, 2, 3), np.uint8)


def spot(onset: int, apex: int, offset: int, fps: float = 30.0) -> Spot:
    times = (onset / fps, apex / fps, offset / fps)
    return Spot(0, "micro", *times, onset, apex, offset, 2.0, ("mouth",))


def places(start_s: float, speed: float, frames: int = 60, fps: float = 30.0) -> MediaPlaces:
    kept = MediaPlaces(1.5)
    for n in range(frames):
        kept.push(Frame(n, n / fps, PICTURE, start_s + speed * n / fps))
    return kept


def test_without_places_the_clocks_agree() -> None:
    kept = MediaPlaces(1.5)
    kept.push(Frame(0, 0.0, PICTURE))
    assert kept.of(spot(0, 0, 0)) is None
    assert places(0.0, 1.0).of(spot(30, 35, 40)) is None  # and where they are the same


def test_the_place_of_each_frame() -> None:
    found = places(2.5, 1.0).of(spot(30, 36, 45))
    assert found == Moments(*(pytest.approx(s) for s in (3.5, 3.7, 4.0)))
    found = places(0.0, 4.0).of(spot(30, 36, 45))
    assert found == Moments(*(pytest.approx(s) for s in (4.0, 4.8, 6.0)))


def test_an_onset_before_the_first_kept_frame_is_worked_out() -> None:
    found = places(2.5, 4.0).of(spot(3, 36, 45))  # frame 3 is older than 1.5 s
    assert found is not None and found.onset_s == pytest.approx(2.5 + 4 * 0.1)


def test_uneven_places_are_looked_up() -> None:
    kept = MediaPlaces(5.0)
    shown = [0.0, 0.2, 0.9, 1.0, 1.7]
    for n, media_s in enumerate(shown):
        kept.push(Frame(n, n / 30, PICTURE, media_s))
    assert kept.of(spot(1, 2, 4)) == Moments(0.2, 0.9, 1.7)


def test_the_state_is_plain_data() -> None:
    kept, other = places(2.5, 4.0), MediaPlaces(1.5)
    taken = to_bytes(capture(state_of(kept)), {})
    set_state(other, restore(from_bytes(taken)[0]))
    assert other.of(spot(30, 36, 45)) == kept.of(spot(30, 36, 45))
    kept.clear()
    assert kept.of(spot(30, 36, 45)) is None and other.of(spot(30, 36, 45)) is not None
