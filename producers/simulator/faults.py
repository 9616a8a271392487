"""Faults in a stream of events: duplicates, late and malformed records, in exact numbers."""

from __future__ import annotations

import heapq
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from producers.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.random import Generator

    from producers.shapes import EventShape

MAX_LATE_SECONDS = 3 * 86_400
MAX_DUPLICATE_SECONDS = 600
HUGE_BYTES = 100_000
"""More than silver takes (`max_value_bytes`), less than Kafka does."""
HUGE_SHARE = 0.02
"""Share of the malformed records that are huge."""

_STREAM = 20
_ENCODER = json.JSONEncoder(separators=(",", ":"))


class Event(NamedTuple):
    """A valid event and its time in milliseconds since 1970."""

    milliseconds: int
    fields: dict[str, Any]


@dataclass(frozen=True)
class Stream:
    """A stream of events, and what can be wrong with one of them.

    Attributes
    ----------
    wrong_values : mapping of str to mapping
        Kinds of malformed records that only this stream has, each with the fields and values that make one.
    """

    topic: str
    shape: EventShape
    wrong_values: Mapping[str, Mapping[str, Any]]

    @property
    def malformed_kinds(self) -> tuple[str, ...]:
        """All kinds of malformed records but the huge one, which is rare."""
        return ("not json", "missing field", "bad timestamp", "unknown event", *self.wrong_values, "future timestamp")

    def record(self, event: Event) -> Record:
        """Make the record of a valid event."""
        return Record(self.topic, event.fields[self.shape.key], _json(event.fields))

    def malformed(self, event: Event, kind: str) -> Record:
        """Make a malformed record of a valid event."""
        # Its own id, so that it can be told from the valid event that it was made of.
        fields = {**event.fields, "event_id": f"{event.fields['event_id']}-bad"}
        value = _json(fields)[:-7] if kind == "not json" else _json(self._spoilt(fields, kind))
        return Record(self.topic, event.fields[self.shape.key], value, f"malformed: {kind}")

    def _spoilt(self, fields: dict[str, Any], kind: str) -> dict[str, Any]:
        time = self.shape.time
        match kind:
            case "missing field":
                # Which one goes depends on the event alone, so that a run repeats itself.
                needed = self.shape.indispensable
                gone = needed[sum(fields["event_id"].encode()) % len(needed)]
                return {name: value for name, value in fields.items() if name != gone}
            case "bad timestamp":
                return {**fields, time: "yesterday"}
            case "unknown event":
                return {**fields, self.shape.event: "teleport"}
            case "future timestamp":
                return {**fields, time: f"21{fields[time][2:]}"}
            case "huge value":
                return {**fields, "note": "x" * HUGE_BYTES}
            case _:
                return {**fields, **self.wrong_values[kind]}


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
    stream: Stream,
    seed: int,
    run: int,
    events: int,
    *,
    duplicate_share: float,
    late_share: float,
    malformed_share: float,
) -> Faults:
    """Choose the faulty ones among `events` of a stream; a share of .02 is exactly 2 in 100, rounded."""
    duplicated, late, malformed = (np.random.default_rng([seed, _STREAM, run, number]) for number in range(3))
    # The last event is never late: after it nothing newer could be sent.
    late_numbers = _choose(late, max(events - 1, 0), round(events * late_share))
    return Faults(
        events=events,
        duplicates=_delays(
            duplicated, _choose(duplicated, events, round(events * duplicate_share)), 0, MAX_DUPLICATE_SECONDS
        ),
        late=_delays(late, late_numbers, 3600, MAX_LATE_SECONDS),
        malformed=_kinds(
            malformed, _choose(malformed, events, round(events * malformed_share)), stream.malformed_kinds
        ),
    )


def with_faults(events: Iterable[Event], faults: Faults, stream: Stream) -> Iterator[Record]:
    """Turn events in time order into records in the order of sending.

    A late record, and the copy of a duplicate, follows an event that is newer. What is still held back when the events
    end is sent then.
    """
    held: list[tuple[int, int, Record]] = []
    for number, event in enumerate(events):
        record = stream.record(event)
        if number in faults.late:
            due = event.milliseconds + faults.late[number]
            heapq.heappush(held, (due, 2 * number, record._replace(kind="late event")))
        else:
            yield record
        if number in faults.malformed:
            yield stream.malformed(event, faults.malformed[number])
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


def _kinds(random: Generator, numbers: list[int], kinds: tuple[str, ...]) -> dict[int, str]:
    dice = random.integers(len(kinds), size=len(numbers))
    huge = random.random(len(numbers)) < HUGE_SHARE
    return {
        number: "huge value" if is_huge else kinds[side]
        for number, side, is_huge in zip(numbers, dice.tolist(), huge.tolist(), strict=True)
    }


def _json(fields: dict[str, Any]) -> bytes:
    return _ENCODER.encode(fields).encode()
