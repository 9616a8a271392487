"""The pace of sending."""

from __future__ import annotations

import itertools
import time

from producers.pace import as_recorded, steady


def test_a_rate_spreads_items_over_time():
    started = time.monotonic()

    assert list(steady(range(11), per_second=50)) == list(range(11))
    assert 0.2 <= time.monotonic() - started < 1


def test_a_duration_ends_an_endless_stream():
    started = time.monotonic()

    assert list(steady(itertools.count(), seconds=0.1))
    assert time.monotonic() - started < 1


def test_a_duration_ends_while_waiting_for_the_next_item():
    started = time.monotonic()

    assert list(steady(range(5), per_second=0.1, seconds=0.2)) == [0]
    assert time.monotonic() - started < 1


def test_a_recorded_hour_per_second_takes_a_tenth_for_six_minutes():
    started = time.monotonic()
    times = [0, None, 180_000, 360_000]

    assert list(as_recorded(times, lambda at: at, speed_up=3600)) == times
    assert 0.1 <= time.monotonic() - started < 0.5


def test_without_speed_up_nothing_waits():
    started = time.monotonic()

    assert list(as_recorded([0, 10**12], lambda at: at, speed_up=0)) == [0, 10**12]
    assert time.monotonic() - started < 0.1
