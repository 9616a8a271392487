"""The listening simulator: seeded podcast events and episodes, week after simulated week."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from producers import catalogue, pace
from producers.faults import Event, Faults, choose_faults, with_faults
from producers.listeners import DEVICES, listeners, user_id
from producers.sessions import EVENTS, PAUSE, RATE, Day, Listening
from reclake.errors import TaskParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from producers.record import Counts, Record
    from reclake.settings import Settings

WEEKDAY_SHARES = (1.0, 1.0, 1.0, 1.05, 1.1, 0.8, 0.75)
DAY_MS = 86_400_000

# Rows turned into Python objects at a time.
_BLOCK = 10_000
_DAYS_STREAM, _DAY_STREAM = 30, 31


@dataclass(frozen=True)
class Simulation:
    """A run of the simulator; the same arguments give the same bytes, and run `k + 1` goes on where `k` ended.

    Run `k` covers the simulated days [2024-01-01 + 7k, + `days`). Listeners, tastes and episodes are the same in every
    run of a seed; each later run adds new episodes. Shares of faults do not change the valid events.

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

    Examples
    --------
    >>> simulation = Simulation(events=100, users=10)
    >>> sum(record.kind in ("event", "late event") for record in simulation.event_records())
    100
    """

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
        if min(self.seed, self.run, self.events) < 0 or self.users < 1 or not 1 <= self.days <= catalogue.RUN.days:
            raise TaskParameterError(
                f"{self} is impossible: seed, run, events from 0 on, users from 1 on, days 1 to 7."
            )
        if not all(0 <= share <= 1 for share in shares):
            raise TaskParameterError(f"{self} is impossible: shares are between 0 and 1.")

    def episode_records(self) -> Iterator[Record]:
        """Describe the episodes that are new in this run."""
        return self._catalogue.new_records()

    def event_records(self) -> Iterator[Record]:
        """Yield the events, faults included, in the order of sending; memory is bounded by one day of events."""
        return with_faults(self._events(), self._faults)

    def expected(self) -> Counter[str]:
        """Count the records of this run by kind, as they will be sent (see `Record.kind`)."""
        episodes = len(self._catalogue) - self._catalogue.first_new
        return self._faults.expected() + Counter(episode=episodes)

    @cached_property
    def _catalogue(self) -> catalogue.Catalogue:
        return catalogue.catalogue(self.seed, self.run)

    @cached_property
    def _faults(self) -> Faults:
        return choose_faults(
            self.seed,
            self.run,
            self.events,
            duplicate_share=self.duplicate_share,
            late_share=self.late_share,
            malformed_share=self.malformed_share,
        )

    def _events(self) -> Iterator[Event]:
        listening = Listening(listeners(self.seed, self.users), self._catalogue)
        prefix = self._id_prefix()
        numbered = 0
        for number, events in enumerate(self._events_per_day()):
            if events == 0:
                continue
            day = listening.day(np.random.default_rng([self.seed, _DAY_STREAM, self.run, number]), events)
            midnight = int(catalogue.start_of(self.run).timestamp() * 1000) + number * DAY_MS
            for first in range(0, len(day), _BLOCK):
                yield from _block(day.take(slice(first, first + _BLOCK)), midnight, prefix, numbered + first)
            numbered += len(day)

    def _events_per_day(self) -> list[int]:
        shares = np.array(WEEKDAY_SHARES[: self.days])
        random = np.random.default_rng([self.seed, _DAYS_STREAM, self.run])
        per_day: list[int] = random.multinomial(self.events, shares / shares.sum()).tolist()
        return per_day

    def _id_prefix(self) -> str:
        # All that decides the valid events: two different simulations never share an id.
        identity = f"{self.seed}/{self.run}/{self.events}/{self.users}/{self.days}"
        return blake2b(identity.encode(), digest_size=6).hexdigest()


def simulate(
    settings: Settings,
    simulation: Simulation,
    *,
    rate: float | None = None,
    duration: float | None = None,
    on_progress: Callable[[Counts], None] | None = None,
) -> Counts:
    """Publish a run to Kafka: its new episodes, then its events.

    Parameters
    ----------
    rate : float, optional
        Event records per second at most; None: as fast as it goes.
    duration : float, optional
        Stop sending events after so many seconds.
    on_progress : callable, optional
        Called with the live counts a few times a second.

    Returns
    -------
    Counts
        Records that the broker confirmed, by kind; equal to `simulation.expected()` unless `duration` cut it short.

    Raises
    ------
    ServiceError
        Kafka cannot be reached or did not take every record.
    """
    from producers.publisher import Publisher
    from reclake.kafka import client_config, ensure_topics
    from reclake.services import kafka_bootstrap

    bootstrap = kafka_bootstrap(settings)
    ensure_topics(settings, bootstrap)
    with Publisher(client_config(settings, bootstrap), on_progress) as publisher:
        publisher.publish(simulation.episode_records())
        publisher.publish(pace.steady(simulation.event_records(), rate, duration))
    return publisher.counts


def _block(day: Day, midnight: int, prefix: str, first: int) -> Iterator[Event]:
    milliseconds = midnight + (day.seconds * 1000).astype(np.int64)
    times = np.datetime_as_string(milliseconds.astype("datetime64[ms]"), unit="ms").tolist()
    columns = (day.user, day.episode, day.event, day.device, day.measure)
    rows = zip(milliseconds.tolist(), times, *(column.tolist() for column in columns), strict=True)
    for number, (at, ts, user, episode, event, device, measure) in enumerate(rows, first):
        fields: dict[str, Any] = {
            "event_id": f"{prefix}-{number:08x}",
            "ts": f"{ts}Z",
            "user_id": user_id(user),
            "new_episode_id": catalogue.episode_id(episode),
            "event": EVENTS[event],
            "device": DEVICES[device],
        }
        if event == PAUSE:
            fields["listened_seconds"] = measure
        elif event == RATE:
            fields["rating"] = measure
        yield Event(at, fields)
