"""Faults in a stream of events: duplicates, late and malformed records, in exact numbers."""

from __future__ import annotations

import heapq
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from producers.record import Record
from reclake.kafka import USER_EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.random import Generator

MAX_LATE_SECONDS = 3 * 86_400
MAX_DUPLICATE_SECONDS = 600
HUGE_BYTES = 100_000
"""More than silver takes (`max_value_bytes`), less than Kafka does."""
HUGE_SHARE = 0.02
"""Share of the malformed records that are huge."""

_STREAM = 20
_ENCODER = json.JSONEncoder(separators=(",", ":"))
_REQUIRED = ("ts", "user_id", "new_episode_id", "event")


class Event(NamedTuple):
    """A valid event and its time in milliseconds since 1970."""

    milliseconds: int
    fields: dict[str, Any]


@dataclass(frozen=True)
class Faults:
    """Which events of a run are sent twice, late, or followed by a malformed record.

    Attributes
    ----------
    duplicates, late : dict of int to int
        Number of the event in the run to the delay of the copy, or of the event, in milliseconds of simulated time.
    malformed : dict of int to str
        Number of the event to the kind of malformed record that follows it.
    """

    events: int
    duplicates: dict[int, int]
    late: dict[int, int]
    malformed: dict[int, str]

    def expected(self) -> Counter[str]:
        """Count the records of each kind that `with_faults` makes; "event" and "late event" are the valid ones."""
        kinds = Counter(f"malformed: {kind}" for kind in self.malformed.values())
        kinds["event"] = self.events - len(self.late)
        kinds["late event"] = len(self.late)
        kinds["duplicate"] = len(self.duplicates)
        return +kinds


def choose_faults(
    seed: int, run: int, events: int, *, duplicate_share: float, late_share: float, malformed_share: float
) -> Faults:
    """Choose the faulty ones among `events`; a share of .02 is exactly 2 in 100, rounded."""
    duplicated, late, malformed = (np.random.default_rng([seed, _STREAM, run, number]) for number in range(3))
    # The last event is never late: after it nothing newer could be sent.
    late_numbers = _choose(late, max(events - 1, 0), round(events * late_share))
    return Faults(
        events=events,
        duplicates=_delays(
            duplicated, _choose(duplicated, events, round(events * duplicate_share)), 0, MAX_DUPLICATE_SECONDS
        ),
        late=_delays(late, late_numbers, 3600, MAX_LATE_SECONDS),
        malformed=_kinds(malformed, _choose(malformed, events, round(events * malformed_share))),
    )


def with_faults(events: Iterable[Event], faults: Faults) -> Iterator[Record]:
    """Turn events in time order into records in the order of sending.

    A late record, and the copy of a duplicate, follows an event that is newer. What is still held back when the events
    end is sent then.
    """
    held: list[tuple[int, int, Record]] = []
    for number, event in enumerate(events):
        record = _record(event, "event")
        if number in faults.late:
            due = event.milliseconds + faults.late[number]
            heapq.heappush(held, (due, 2 * number, record._replace(kind="late event")))
        else:
            yield record
        if number in faults.malformed:
            yield _malformed(event, faults.malformed[number])
        while held and held[0][0] <= event.milliseconds:
            yield heapq.heappop(held)[2]
        if number in faults.duplicates:
            due = event.milliseconds + faults.duplicates[number]
            heapq.heappush(held, (due, 2 * number + 1, record._replace(kind="duplicate")))
    while held:
        yield heapq.heappop(held)[2]


def _choose(random: Generator, events: int, size: int) -> list[int]:
    chosen: list[int] = random.choice(events, min(size, events), replace=False, shuffle=False).tolist() if size else []
    return chosen


def _delays(random: Generator, numbers: list[int], shortest: int, longest: int) -> dict[int, int]:
    return dict(zip(numbers, random.integers(shortest * 1000, longest * 1000, len(numbers)).tolist(), strict=True))


def _kinds(random: Generator, numbers: list[int]) -> dict[int, str]:
    kinds = list(_MALFORM)
    dice = random.integers(len(kinds), size=len(numbers))
    huge = random.random(len(numbers)) < HUGE_SHARE
    return {
        number: "huge value" if is_huge else kinds[side]
        for number, side, is_huge in zip(numbers, dice.tolist(), huge.tolist(), strict=True)
    }


def _record(event: Event, kind: str) -> Record:
    return Record(USER_EVENTS.name, event.fields["user_id"], _json(event.fields), kind)


def _malformed(event: Event, kind: str) -> Record:
    # Its own id, so that it can be told from the valid event that it was made of.
    fields = {**event.fields, "event_id": f"{event.fields['event_id']}-bad"}
    value = _huge(fields) if kind == "huge value" else _MALFORM[kind](fields)
    return Record(USER_EVENTS.name, event.fields["user_id"], value, f"malformed: {kind}")


def _json(fields: dict[str, Any]) -> bytes:
    return _ENCODER.encode(fields).encode()


def _not_json(fields: dict[str, Any]) -> bytes:
    return _json(fields)[:-7]


def _missing_field(fields: dict[str, Any]) -> bytes:
    # Which one goes depends on the event alone, so that a run repeats itself.
    gone = _REQUIRED[sum(fields["event_id"].encode()) % len(_REQUIRED)]
    return _json({name: value for name, value in fields.items() if name != gone})


def _bad_timestamp(fields: dict[str, Any]) -> bytes:
    return _json({**fields, "ts": "yesterday"})


def _unknown_event(fields: dict[str, Any]) -> bytes:
    return _json({**fields, "event": "teleport"})


def _rating_out_of_range(fields: dict[str, Any]) -> bytes:
    return _json({**fields, "event": "rate", "rating": 7.5})


def _negative_seconds(fields: dict[str, Any]) -> bytes:
    return _json({**fields, "event": "pause", "listened_seconds": -30})


def _future_timestamp(fields: dict[str, Any]) -> bytes:
    return _json({**fields, "ts": f"21{fields['ts'][2:]}"})


def _huge(fields: dict[str, Any]) -> bytes:
    return _json({**fields, "note": "x" * HUGE_BYTES})


_MALFORM = {
    "not json": _not_json,
    "missing field": _missing_field,
    "bad timestamp": _bad_timestamp,
    "unknown event": _unknown_event,
    "rating out of range": _rating_out_of_range,
    "negative seconds": _negative_seconds,
    "future timestamp": _future_timestamp,
}
