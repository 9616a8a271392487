"""A run of a simulator, of whatever stream: its arguments, its days of events with their faults, its way out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import numpy as np

from lakehouse.errors import TaskParameterError
from producers import pace
from producers.destination import publisher_to
from producers.simulator import weeks
from producers.simulator.days import Day
from producers.simulator.faults import Event, Faults, Stream, choose_faults, with_faults

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from lakehouse.settings import Settings
    from producers.record import Counts, Record
    from producers.simulator.days import Behaviour

# Rows turned into Python objects at a time.
_BLOCK = 10_000
_DAYS_STREAM, _DAY_STREAM = 30, 31

D = TypeVar("D", bound=Day)


@dataclass(frozen=True)
class Run(ABC, Generic[D]):
    """A run of a simulator; the same arguments give the same bytes, and run `k + 1` goes on where `k` ended.

    Run `k` covers the simulated days [2024-01-01 + 7k, + `days`). People and tastes are the same in every run of a
    seed. Shares of faults do not change the valid events.

    Attributes
    ----------
    events : int
        Valid distinct events, exactly.
    duplicate_share, late_share, malformed_share : float
        Faulty records as a share of `events`.

    Raises
    ------
    TaskParameterError
        An argument is out of its range.
    """

    stream: ClassVar[Stream]

    seed: int = 42
    run: int = 0
    events: int = 50_000
    users: int = 1_000
    days: int = 7
    duplicate_share: float = 0.02
    late_share: float = 0.01
    malformed_share: float = 0.005

    def __post_init__(self) -> None:
        shares = (self.duplicate_share, self.late_share, self.malformed_share)
        if min(self.seed, self.run, self.events) < 0 or self.users < 1 or not 1 <= self.days <= weeks.RUN.days:
            raise TaskParameterError(
                f"{self} is impossible: seed, run, events from 0 on, users from 1 on, days 1 to 7."
            )
        if not all(0 <= share <= 1 for share in shares):
            raise TaskParameterError(f"{self} is impossible: shares are between 0 and 1.")

    def weeks(self, number: int) -> list[Self]:
        """Begin with this run and go on with those that follow it, `number` in all."""
        return [replace(self, run=self.run + later) for later in range(number)]

    def first_records(self) -> Iterable[Record]:
        """Tell what has to be known before the events of this run."""
        return ()

    def event_records(self) -> Iterator[Record]:
        """Yield the events, faults included, in the order of sending; memory is bounded by one day of events."""
        return with_faults(self._events(), self._faults, self.stream)

    def expected(self) -> Counter[str]:
        """Count the records of this run by kind, as they will be sent (see `Record.kind`)."""
        return self._faults.expected()

    @abstractmethod
    def _behaviour(self) -> Behaviour[D]:
        """Make what simulates the days of this run, one after the other."""

    @abstractmethod
    def _fields(self, day: D) -> Iterator[dict[str, Any]]:
        """Yield what an event says beside its id and time."""

    def _identity(self) -> str:
        """Tell all that decides the valid events: two different simulations never share an id."""
        return f"{self.seed}/{self.run}/{self.events}/{self.users}/{self.days}"

    @cached_property
    def _id_prefix(self) -> str:
        return blake2b(self._identity().encode(), digest_size=6).hexdigest()

    @cached_property
    def _faults(self) -> Faults:
        return choose_faults(
            self.stream,
            self.seed,
            self.run,
            self.events,
            duplicate_share=self.duplicate_share,
            late_share=self.late_share,
            malformed_share=self.malformed_share,
        )

    def _events(self) -> Iterator[Event]:
        behaviour = self._behaviour()
        numbered = 0
        per_day = weeks.events_per_day(
            np.random.default_rng([self.seed, _DAYS_STREAM, self.run]), self.events, self.days
        )
        for number, events in enumerate(per_day):
            if events == 0:
                continue
            day = behaviour.day(number, np.random.default_rng([self.seed, _DAY_STREAM, self.run, number]), events)
            midnight = weeks.midnight_of(self.run, number)
            for first in range(0, len(day), _BLOCK):
                yield from self._block(day.take(slice(first, first + _BLOCK)), midnight, numbered + first)
            numbered += len(day)

    def _block(self, day: D, midnight: int, first: int) -> Iterator[Event]:
        milliseconds = midnight + (day.seconds * 1000).astype(np.int64)
        times = np.datetime_as_string(milliseconds.astype("datetime64[ms]"), unit="ms").tolist()
        prefix, time = self._id_prefix, self.stream.shape.time
        rows = zip(milliseconds.tolist(), times, self._fields(day), strict=True)
        for number, (at, text, fields) in enumerate(rows, first):
            yield Event(at, {"event_id": f"{prefix}-{number:08x}", time: f"{text}Z", **fields})


def simulate(
    settings: Settings,
    *runs: Run[Any],
    to: Path | None = None,
    rate: float | None = None,
    duration: float | None = None,
    on_progress: Callable[[Counts], None] | None = None,
) -> Counts:
    """Publish runs: what has to be known first, then their events, run after run.

    Parameters
    ----------
    runs : Run
        In the order of their weeks.
    to : Path, optional
        The landing folder to write files into; none: where the settings say that records come from.
    rate : float, optional
        Event records per second at most; None: as fast as it goes.
    duration : float, optional
        Stop sending events after so many seconds.
    on_progress : callable, optional
        Called with the live counts a few times a second.

    Returns
    -------
    Counts
        Records that arrived, by kind; equal to the sum of `Run.expected()` unless `duration` cut it short.

    Raises
    ------
    ServiceError
        Kafka, or the folder, cannot be reached or did not take every record.
    """
    with publisher_to(to, settings, on_progress) as publisher:
        publisher.publish(chain.from_iterable(run.first_records() for run in runs))
        publisher.publish(pace.steady(chain.from_iterable(run.event_records() for run in runs), rate, duration))
    return publisher.counts
