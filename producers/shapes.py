"""Shapes: which fields the records of a topic have, which of them have to be there and which are numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Shape:
    """The fields of a kind of record.

    Attributes
    ----------
    required : tuple of str
        Always there, null if the row has no value; without one of them silver quarantines the record.
    optional : tuple of str
        There when the row has a value.
    numbers : tuple of str
        Fields that are JSON numbers, even if the file has text.
    key : str
        The field that is the record's key.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...]
    numbers: tuple[str, ...]
    key: str

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields that a column can be mapped to."""
        return self.required + self.optional


@dataclass(frozen=True)
class EventShape(Shape):
    """The fields of a kind of event.

    Attributes
    ----------
    time : str
        The field that orders the rows.
    event : str
        The field that says what happened.
    likely_event : str
        What happened in a recording that does not say, for a hint.
    alternatives : tuple of str
        Required fields of which one is enough for silver.
    """

    time: str
    event: str
    likely_event: str
    alternatives: tuple[str, ...] = ()

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Required fields that are ids."""
        return tuple(name for name in self.required if name.endswith("_id"))

    @property
    def indispensable(self) -> tuple[str, ...]:
        """Fields without any one of which silver quarantines the record."""
        return tuple(name for name in self.required if name not in self.alternatives)


LISTENING = EventShape(
    required=("ts", "user_id", "new_episode_id", "event"),
    optional=("event_id", "device", "listened_seconds", "rating"),
    numbers=("listened_seconds", "rating"),
    key="user_id",
    time="ts",
    event="event",
    likely_event="rate",
)
CLICKS = EventShape(
    required=("timestamp", "session_id", "user_id", "item_id", "event_type"),
    optional=("event_id", "price"),
    numbers=("price",),
    key="session_id",
    time="timestamp",
    event="event_type",
    likely_event="view",
    alternatives=("session_id", "user_id"),
)
