"""Simulated time: run `k` of a simulator is the week `k` from 2024-01-01 on, and weekends are quieter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator

START = datetime(2024, 1, 1, tzinfo=UTC)
"""When run 0 begins, in simulated time; a Monday."""
RUN = timedelta(days=7)
"""Simulated time from one run to the next."""
DAY_MS = 86_400_000
WEEKDAY_SHARES = (1.0, 1.0, 1.0, 1.05, 1.1, 0.8, 0.75)


def start_of(run: int) -> datetime:
    """Tell when `run` begins, in simulated time."""
    return START + run * RUN


def midnight_of(run: int, day: int) -> int:
    """Tell when a day of `run` begins, in milliseconds since 1970."""
    return int(start_of(run).timestamp() * 1000) + day * DAY_MS


def events_per_day(random: Generator, events: int, days: int) -> list[int]:
    """Spread exactly `events` events over the first `days` days of a week."""
    shares = np.array(WEEKDAY_SHARES[:days])
    per_day: list[int] = random.multinomial(events, shares / shares.sum()).tolist()
    return per_day
