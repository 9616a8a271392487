"""Weights of the hybrid's sources, for listeners with few likes and with many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

SOURCES = ("als", "text", "popularity")
"""What listening says (the champion's own score), what text says, and what is popular now."""

LIKES_FROM = (0, 1, 5, 20)
"""Where the groups of listeners begin, by the number of episodes that they like."""

Weights = Mapping[int, Sequence[float]]
"""The weight of each of `SOURCES` by the group, one of `LIKES_FROM`."""

ALS_ALONE: Weights = {0: (0.0, 0.0, 1.0), 1: (1.0, 0.0, 0.0), 5: (1.0, 0.0, 0.0), 20: (1.0, 0.0, 0.0)}
"""What serves where nothing better is known: no listening, no score, so that popularity decides."""


def grid(steps: int = 10) -> npt.NDArray[np.float64]:
    """All weights that are multiples of `1 / steps` and sum to 1, those with most of ALS first."""
    parts = [(als, text, steps - als - text) for als in range(steps, -1, -1) for text in range(steps - als, -1, -1)]
    return np.array(parts) / steps


def group_of(likes: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """The group of listeners with so many likes, as a position in `LIKES_FROM`."""
    return np.searchsorted(LIKES_FROM, likes, side="right") - 1


def as_matrix(weights: Weights) -> npt.NDArray[np.float64]:
    """A row per group."""
    return np.array([weights[likes] for likes in LIKES_FROM], dtype=np.float64)
