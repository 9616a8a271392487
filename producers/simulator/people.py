"""The simulated people: what each one likes, how much they do, and when; the same in every stream of a seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from producers.simulator.chance import pick

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

TASTE_CONCENTRATION = 0.2
"""Dirichlet parameter per topic or category: the smaller, the fewer of them a person cares for."""
ACTIVITY_SIGMA = 1.1
"""Of a log-normal: a few people make much of the traffic."""
PEAK_HOURS = (7.5, 12.5, 18.0, 21.5)
PEAK_SHARES = (0.3, 0.15, 0.3, 0.25)
PEAK_WIDTH_HOURS = 1.5

PEOPLE_STREAM = 10


@dataclass(frozen=True)
class People:
    """The people of a simulation, the same in every run; number `i` (from 0) has the id `user-<i + 1>`.

    Attributes
    ----------
    tastes : array (users, topics or categories)
        How much each person cares for each; rows sum to 1.
    activity : array (users,)
        Share of all sessions that a person starts.
    peak_hour : array (users,)
        Favourite hour of the day, 0..24.
    """

    tastes: NDArray[np.float64]
    activity: NDArray[np.float64]
    peak_hour: NDArray[np.float64]

    def some(self, size: int, random: Generator, left: NDArray[np.float64] | None = None) -> NDArray[np.int64]:
        """Draw people by their activity, or by what is left of it (array of 0..1, not all 0)."""
        if left is None:
            return pick(self._by_activity, random.random(size))
        sums = np.cumsum(self.activity * left)
        return pick(sums / sums[-1], random.random(size))

    def starts(self, user: NDArray[np.int64], random: Generator) -> NDArray[np.float64]:
        """Draw when sessions start: seconds since midnight, around the favourite hour."""
        return (self.peak_hour[user] + random.normal(0, PEAK_WIDTH_HOURS, len(user))) % 24 * 3600

    def wishes(self, user: NDArray[np.int64], random: Generator) -> NDArray[np.int64]:
        """Draw a topic or category for each of `user`, by taste."""
        below = (self._by_taste[user] < random.random((len(user), 1))).sum(axis=1)
        wish: NDArray[np.int64] = np.minimum(below, self._by_taste.shape[1] - 1)
        return wish

    @cached_property
    def _by_activity(self) -> NDArray[np.float64]:
        return np.cumsum(self.activity)

    @cached_property
    def _by_taste(self) -> NDArray[np.float64]:
        return np.cumsum(self.tastes, axis=1)


class Habits(NamedTuple):
    """`activity` and `peak_hour` of people, see `People`."""

    activity: NDArray[np.float64]
    peak_hour: NDArray[np.float64]


def habits(seed: int, users: int) -> Habits:
    """Invent how active people are, and when; more of them leave the hours of the first ones as they were."""
    # One stream of random numbers per property: that keeps the first rows the same whatever their number.
    activity, peak, shift = (np.random.default_rng([seed, PEOPLE_STREAM, number]) for number in (1, 3, 4))
    sessions = activity.lognormal(0, ACTIVITY_SIGMA, users)
    hour = np.array(PEAK_HOURS)[pick(np.cumsum(PEAK_SHARES), peak.random(users))]
    return Habits(sessions / sessions.sum(), (hour + shift.normal(0, 0.7, users)) % 24)


def tastes(stream: np.random.Generator, users: int, wishes: int) -> NDArray[np.float64]:
    """Invent how much each of `users` cares for each of `wishes` topics or categories."""
    return stream.dirichlet(np.full(wishes, TASTE_CONCENTRATION), users)


def user_id(number: int) -> str:
    """Name the person of this number, counted from 0.

    Examples
    --------
    >>> user_id(0)
    'user-00001'
    """
    return f"user-{number + 1:05d}"
