"""The simulated listeners: what each one likes, how much, when and on what they listen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from producers.vocabulary import TOPICS

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEVICES = ("ios", "android", "web", "smart-speaker", "car")
DEVICE_SHARES = (0.35, 0.35, 0.15, 0.1, 0.05)
TASTE_CONCENTRATION = 0.2
"""Dirichlet parameter per topic: the smaller, the fewer topics a listener cares for."""
ACTIVITY_SIGMA = 1.1
"""Of a log-normal: a few listeners make much of the traffic."""
PEAK_HOURS = (7.5, 12.5, 18.0, 21.5)
PEAK_SHARES = (0.3, 0.15, 0.3, 0.25)

_STREAM = 10


@dataclass(frozen=True)
class Listeners:
    """The listeners of a simulation, the same in every run; number `i` (from 0) has the id `user-<i + 1>`.

    Attributes
    ----------
    tastes : array (users, topics)
        How much each listener cares for a topic; rows sum to 1.
    activity : array (users,)
        Share of all sessions that a listener starts.
    device : array (users, 2)
        Numbers of the main and of the second device, see `DEVICES`.
    peak_hour : array (users,)
        Favourite hour of the day, 0..24.
    """

    tastes: NDArray[np.float64]
    activity: NDArray[np.float64]
    device: NDArray[np.int64]
    peak_hour: NDArray[np.float64]


def listeners(seed: int, users: int) -> Listeners:
    """Invent `users` listeners; more of them leave the first ones as they were."""
    # One stream of random numbers per property: that keeps the first rows the same whatever their number.
    streams = [np.random.default_rng([seed, _STREAM, number]) for number in range(5)]
    activity = streams[1].lognormal(0, ACTIVITY_SIGMA, users)
    peak = np.array(PEAK_HOURS)[_pick(streams[3].random(users), PEAK_SHARES)]
    return Listeners(
        tastes=streams[0].dirichlet(np.full(len(TOPICS), TASTE_CONCENTRATION), users),
        activity=activity / activity.sum(),
        device=_pick(streams[2].random((users, 2)), DEVICE_SHARES),
        peak_hour=(peak + streams[4].normal(0, 0.7, users)) % 24,
    )


def user_id(number: int) -> str:
    """Name the listener of this number, counted from 0.

    Examples
    --------
    >>> user_id(0)
    'user-00001'
    """
    return f"user-{number + 1:05d}"


def _pick(uniform: NDArray[np.float64], shares: tuple[float, ...]) -> NDArray[np.int64]:
    return np.minimum(np.searchsorted(np.cumsum(shares), uniform, side="right"), len(shares) - 1)
