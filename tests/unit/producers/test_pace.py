"""The pace of sending, on a clock that only sleeping moves."""

from __future__ import annotations

import itertools

import pytest

from producers.pace import as_recorded, steady


class Clock:
    """Stands for the module `time`."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0, "even a sleep of 0 gives the processor away"
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("producers.pace.time", clock)
    return clock


def times_of(items, clock):
    """Each item with the seconds after which it came."""
    started = clock.now
    return [(item, pytest.approx(clock.now - started)) for item in items]


def test_a_rate_spreads_items_over_time(clock):
    assert times_of(steady(range(4), per_second=50), clock) == [(0, 0), (1, 0.02), (2, 0.04), (3, 0.06)]


def test_who_was_held_up_catches_up(clock):
    paced = steady(range(4), per_second=10)
    next(paced)
    clock.now += 0.25

    assert times_of(paced, clock) == [(1, 0), (2, 0), (3, 0.05)]


def test_a_duration_ends_an_endless_stream(clock):
    def slow():
        for number in itertools.count():
            clock.now += 0.03
            yield number

    assert list(steady(slow(), seconds=0.1)) == [0, 1, 2]


def test_a_duration_ends_while_waiting_for_the_next_item(clock):
    assert times_of(steady(range(5), per_second=0.1, seconds=0.2), clock) == [(0, 0)]
    assert clock.now == pytest.approx(1_000.2)


def test_a_recorded_hour_per_second_takes_a_tenth_for_six_minutes(clock):
    times = [0, None, 180_000, 360_000]

    paced = as_recorded(times, lambda at: at, speed_up=3600)

    assert times_of(paced, clock) == [(0, 0), (None, 0), (180_000, 0.05), (360_000, 0.1)]


def test_without_speed_up_nothing_waits(clock):
    assert times_of(as_recorded([0, 10**12], lambda at: at, speed_up=0), clock) == [(0, 0), (10**12, 0)]
