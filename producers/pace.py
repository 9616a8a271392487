"""The pace: lets items through at a steady rate, or as far apart as they were recorded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")


def steady(items: Iterable[T], per_second: float | None = None, seconds: float | None = None) -> Iterator[T]:
    """Yield `items`, at most `per_second` of them a second and for at most `seconds`; None: without that limit."""
    started = time.monotonic()
    deadline = started + (float("inf") if seconds is None else seconds)
    for number, item in enumerate(items):
        due = started + number / per_second if per_second else time.monotonic()
        _sleep_until(min(due, deadline))
        if max(due, time.monotonic()) >= deadline:
            return
        yield item


def as_recorded(items: Iterable[T], milliseconds: Callable[[T], int | None], speed_up: float) -> Iterator[T]:
    """Yield `items` as far apart as their recorded times are, `speed_up` times as fast; 0: without waiting.

    Parameters
    ----------
    milliseconds : callable
        The recorded time of an item, in milliseconds; None: the item follows at once.
    speed_up : float
        3600 plays one recorded hour in a second.
    """
    started = time.monotonic()
    first: int | None = None
    for item in items:
        at = milliseconds(item) if speed_up else None
        if at is not None:
            first = at if first is None else first
            due = started + (at - first) / 1000 / speed_up
            _sleep_until(due)
        yield item


def _sleep_until(moment: float) -> None:
    # Even a sleep of 0 gives the processor away, which costs more than making an event does.
    if (wait := moment - time.monotonic()) > 0:
        time.sleep(wait)
