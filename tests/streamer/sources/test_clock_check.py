"""Clocks that stand still, and clocks at another rate than declared; others are left alone."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from streamer.sources.clock_check import ClockCheck
from tests.streamer.sources import make

MS = Fraction(1, 1000)


def told(pts, *declared):
    check = ClockCheck(declared)
    for value in pts:
        check.note(value, MS)
    return check.sentence()


def even(fps, count=60):
    return [round(1000 * n / fps) for n in range(count)]


@pytest.mark.parametrize("share", [0.0, 0.45])
def test_a_clock_that_stands_still(share):
    moving = round(200 * share)
    sentence = told([*even(30, moving), *[10_000] * (200 - moving)], 30.0)
    assert "stands still at" in sentence and "--capture-fps" in sentence


def test_some_repeated_stamps_are_no_clock_that_stands_still():
    assert told(sorted(even(30, 100) + even(30, 20)), 30.0) == ""


@pytest.mark.parametrize(
    ("shown", "declared"), [(15, 30), (30, 120), (30, 240), (25, 30), (60, 30), (12.5, 25)]
)
def test_another_rate_than_declared(shown, declared):
    sentence = told(even(shown), None, declared)
    assert f"are those of {shown:.3g} frames a second, but it declares {declared}" in sentence
    assert f"--capture-fps {declared}" in sentence


@pytest.mark.parametrize("declared", [30, 29.97, 30000 / 1001, 27, None, 90_000.0, 1.0])
def test_what_agrees_or_means_no_rate_is_left_alone(declared):
    assert told(even(30), declared) == ""


def test_an_uneven_clock_is_left_alone():
    steps = np.random.default_rng(0).choice([33, 66, 50], 200)
    assert told(np.cumsum(steps).tolist(), 60.0) == ""


def test_a_few_frames_say_nothing():
    assert told(even(15, 20), 30.0) == ""


def test_frames_without_a_stamp():
    assert "60 of 60 frames have no usable time stamp" in told([None] * 60, 30.0)
    assert told([None] * 10 + even(30), 30.0) == ""


def test_in_a_recording(tmp_path, read):
    twice = range(0, 80, 2)  # 12.5 a second; the encoder counts 25
    path = make.write_video(tmp_path / "v.mp4", make.noisy(40), twice, Fraction(1, 25))
    frames, report = read(path)
    assert frames[-1].time_s == pytest.approx(39 * 0.08)
    assert len(report.errors) == 1 and "it declares 25" in report.errors[0]
    _, report = read(make.write_video(tmp_path / "w.mp4", make.noisy(40)))
    assert report.errors == ()
