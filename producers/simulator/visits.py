"""When sessions begin: around a person's favourite hour, those of one person mostly well apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from producers.simulator.days import DAY_SECONDS, in_turn

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

APART_SECONDS = (1_900.0, 7_200.0)
"""Shortest and longest pause that a person makes at least; sessions are often told apart by 1,800 s."""
SECOND_DEVICE_SHARE = 0.03
"""Share of sessions that begin, on another device, during the one before."""


def apart(
    user: NDArray[np.int64], start: NDArray[np.float64], duration: NDArray[np.float64], random: Generator
) -> NDArray[np.float64]:
    """Move sessions of a day so that those of one user do not overlap, but for a few on a second device.

    A day too short for all sessions of a user squeezes their pauses, and then lets them overlap.

    Parameters
    ----------
    user, start, duration : arrays (sessions,)
        Whose session it is, when it would begin and how long it is, in seconds; each fits into a day.

    Returns
    -------
    array (sessions,)
        When each session begins; it ends before midnight.
    """
    order = np.lexsort((start, user))
    who, wished, lasts = user[order], start[order], duration[order]
    is_first = np.concatenate(([True], who[1:] != who[:-1]))
    person = np.cumsum(is_first) - 1
    taken = lasts + random.uniform(*APART_SECONDS, len(order))
    taken *= np.minimum(1, DAY_SECONDS / np.bincount(person, taken))[person]
    before = in_turn(person, np.zeros(person[-1] + 1), taken)
    # A session begins when the person would, or when the one before lets it; and early enough for all that follow.
    # A step per person that is larger than any time keeps the running maximum within the person.
    step = 10 * DAY_SECONDS * person
    earliest = np.maximum.accumulate(wished - before + step) - step + before
    latest = DAY_SECONDS - np.bincount(person, taken)[person] + before
    begins = np.minimum(earliest, latest)

    second = ~is_first & (random.random(len(order)) < SECOND_DEVICE_SHARE)
    during = np.roll(begins + random.random(len(order)) * lasts, 1)
    begins = np.clip(np.where(second, during, begins), 0, DAY_SECONDS - lasts - 1)
    placed: NDArray[np.float64] = begins[np.argsort(order)]
    return placed
