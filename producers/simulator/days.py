"""One simulated day of any stream: its events as columns, and sessions whose parts follow each other."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

DAY_SECONDS = 86_400.0


@dataclass(frozen=True)
class Day:
    """The events of a day in time order, one array per column.

    Attributes
    ----------
    seconds : array
        Since midnight UTC.
    """

    seconds: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.seconds)

    def take(self, rows: NDArray[np.int64] | slice) -> Self:
        """Choose rows by their numbers."""
        return type(self)(*(getattr(self, column.name)[rows] for column in fields(self)))

    def in_order(self) -> Self:
        """Sort the events by time; those of one moment stay as they are."""
        return self.take(np.argsort(self.seconds, kind="stable"))


D_co = TypeVar("D_co", bound=Day, covariant=True)


class Behaviour(Protocol[D_co]):
    """What people do, day after day."""

    def day(self, number: int, random: Generator, events: int) -> D_co:
        """Simulate day `number` of the run: exactly `events` events (at least 1), all between midnight and midnight."""
        ...


def in_turn(
    session: NDArray[np.int64], start: NDArray[np.float64], elapsed: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Place the parts of sessions one after the other.

    Parameters
    ----------
    session : array (parts,)
        Number of the session that a part belongs to, ascending.
    start : array (sessions,)
        When each session begins.
    elapsed : array (parts,)
        Time from the beginning of a part to that of the next one.
    """
    before = np.cumsum(elapsed) - elapsed
    first = np.concatenate(([0], np.cumsum(np.bincount(session))[:-1]))
    placed: NDArray[np.float64] = start[session] + before - before[first][session]
    return placed
