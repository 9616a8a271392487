"""Shoppers that leave: who, when for good, and how they fade out before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST_DAY, LAST_DAY = 14, 112
"""Days from the start of the simulation on between which leavers stop for good."""
FADE_DAYS = (7, 28)
"""Shortest and longest time over which a leaver does less and less."""

_STREAM = 44


@dataclass(frozen=True)
class Leaving:
    """When shoppers stop for good; the truth behind simulated events, of which these say nothing.

    Attributes
    ----------
    stops : array (users,)
        The first day without the shopper, counted from the start of run 0; infinite for those who stay.
    fades : array (users,)
        Days over which a leaver fades out before that.
    """

    stops: NDArray[np.float64]
    fades: NDArray[np.float64]

    def left(self, day: int) -> NDArray[np.float64]:
        """What is left of each shopper's activity on a day: 1 before fading, less from day to day, 0 once gone.

        Examples
        --------
        >>> Leaving(np.array([10.0, np.inf]), np.array([4.0, 4.0])).left(8).tolist()
        [0.5, 1.0]
        """
        return np.clip((self.stops - day) / self.fades, 0, 1)


def leaving(seed: int, users: int, share: float) -> Leaving:
    """Choose who leaves and when; more users leave the first ones as they were, and the very first always stays."""
    # One stream of random numbers per property, as for people.
    who, when, how = (np.random.default_rng([seed, _STREAM, number]) for number in range(3))
    leaves = who.random(users) < share
    leaves[0] = False
    stops = np.where(leaves, when.integers(FIRST_DAY, LAST_DAY, users, endpoint=True), np.inf)
    return Leaving(stops, how.uniform(*FADE_DAYS, users))
