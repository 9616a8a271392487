"""The listening simulator: seeded podcast events and episodes, week after simulated week."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from lakehouse.events import LISTENING_EVENTS
from lakehouse.kafka import USER_EVENTS
from producers.shapes import LISTENING
from producers.simulator import catalogue
from producers.simulator.faults import Stream
from producers.simulator.listeners import DEVICES, listeners
from producers.simulator.people import user_id
from producers.simulator.sessions import PAUSE, RATE, Listening, ListeningDay
from producers.simulator.simulation import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from producers.record import Record


@dataclass(frozen=True)
class Simulation(Run[ListeningDay]):
    """A week of podcast listening, see `Run`; each run after the first adds new episodes.

    Examples
    --------
    >>> simulation = Simulation(events=100, users=10)
    >>> sum(record.kind in ("event", "late event") for record in simulation.event_records())
    100
    """

    stream: ClassVar[Stream] = Stream(
        USER_EVENTS.name,
        LISTENING,
        {
            "rating out of range": {"event": "rate", "rating": 7.5},
            "negative seconds": {"event": "pause", "listened_seconds": -30},
        },
    )

    def first_records(self) -> Iterator[Record]:
        """Describe the episodes that are new in this run."""
        return self._catalogue.new_records()

    def expected(self) -> Counter[str]:
        """Count the records of this run by kind, as they will be sent (see `Record.kind`)."""
        return super().expected() + Counter(episode=len(self._catalogue) - self._catalogue.first_new)

    @cached_property
    def _catalogue(self) -> catalogue.Catalogue:
        return catalogue.catalogue(self.seed, self.run)

    def _behaviour(self) -> Listening:
        return Listening(listeners(self.seed, self.users), self._catalogue)

    def _fields(self, day: ListeningDay) -> Iterator[dict[str, Any]]:
        columns = (day.user, day.episode, day.event, day.device, day.measure)
        for user, episode, event, device, measure in zip(*(column.tolist() for column in columns), strict=True):
            fields: dict[str, Any] = {
                "user_id": user_id(user),
                "new_episode_id": catalogue.episode_id(episode),
                "event": LISTENING_EVENTS[event],
                "device": DEVICES[device],
            }
            if event == PAUSE:
                fields["listened_seconds"] = measure
            elif event == RATE:
                fields["rating"] = measure
            yield fields
