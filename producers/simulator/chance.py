"""Weighted choice: one of all, or one of a group, many at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray


def pick(cumulative: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    """Turn numbers of 0..1 into numbers of choices, whose weights are given as sums that end at 1.

    Examples
    --------
    >>> pick(np.cumsum([0.5, 0.2, 0.3]), np.array([0.1, 0.6, 0.9])).tolist()
    [0, 1, 2]
    """
    # The last sum may lie just below 1.
    return np.minimum(np.searchsorted(cumulative, uniform, side="right"), len(cumulative) - 1)


class Shelves:
    """Members that stand in groups, each with a weight.

    Parameters
    ----------
    group : array (members,)
        Number of the group that a member is in.
    weight : array (members,)
        Relative chance of being drawn from the group; all sum to 1.
    groups : int
        Number of groups; from an empty one its neighbour is drawn.
    """

    def __init__(self, group: NDArray[np.int64], weight: NDArray[np.float64], groups: int) -> None:
        # Members sorted by group: within the cumulative sum each group is one stretch.
        self._sorted = np.argsort(group, kind="stable")
        self._within = np.cumsum(weight[self._sorted])
        sizes = np.bincount(group, minlength=groups)
        self._bounds = np.concatenate(([0.0], self._within))[np.concatenate(([0], np.cumsum(sizes)))]
        self._overall = np.cumsum(weight)

    def of(self, group: NDArray[np.int64], random: Generator) -> NDArray[np.int64]:
        """Draw one member of each group named."""
        low, high = self._bounds[group], self._bounds[group + 1]
        drawn: NDArray[np.int64] = self._sorted[pick(self._within, low + random.random(len(group)) * (high - low))]
        return drawn

    def of_all(self, size: int, random: Generator) -> NDArray[np.int64]:
        """Draw `size` members, whatever their group."""
        return pick(self._overall, random.random(size))
