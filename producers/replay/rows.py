"""Recorded rows as Kafka records: fields renamed and typed, ids made from the content, nothing left out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from lakehouse.events import identifier
from producers.record import Record
from producers.replay import objects
from producers.replay.mapping import S
from producers.replay.numbers import OURS, Scale, number_of
from producers.replay.vocabulary import LEFT_OUT, plain
from producers.shapes import LISTENING, EventShape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from producers.replay.mapping import Mapped, Source
    from producers.replay.table import Row
    from producers.shapes import Shape

UNREADABLE = "unreadable"
"""Kind of a row that is no JSON object: it is sent as it was."""
INCOMPLETE = "incomplete"
"""Kind of a row without a value for a required field."""
NO_GENRES = "(no genres listed)"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LISTS = "|"
_ENCODER = json.JSONEncoder(allow_nan=False, check_circular=False)
_IN_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?Z")
"""A time that silver takes as it is."""


@dataclass(frozen=True)
class Understanding:
    """How the rows of one recording are to be understood, where their mapping alone does not tell.

    Attributes
    ----------
    events : mapping of str to str
        What events are called, as they are or `plain`, to ours; `LEFT_OUT` for those that are not to be sent.
    scale : Scale
        Of the ratings.
    complete_from : float or None
        A rating from here on, on its own scale, is also a `complete` event.
    whole : set of str
        Fields that are ids of whole numbers, which the file has as 31.0.
    """

    events: Mapping[str, str] = field(default_factory=dict)
    scale: Scale = OURS
    complete_from: float | None = None
    whole: frozenset[str] = frozenset()

    def ours(self, event: object) -> object:
        """Our name of an event; as it is if nobody has said what it means."""
        if not isinstance(event, str):
            return event
        found = self.events.get(event.strip())
        return found if found is not None else self.events.get(plain(event), event)


def events_of(row: Row, topic: str, mapped: Mapped[EventShape], understood: Understanding) -> Iterator[Record]:
    """Turn a row into an event, and into a `complete` event as well if its rating says so; into none if left out."""
    source = _parse(row)
    if source is None:
        yield _as_it_was(row, topic)
        return
    try:
        fields = _event(source, row.milliseconds, mapped, understood)
    except ValueError:
        # A number that is infinite, such as 1e400, has no identity.
        yield _as_it_was(row, topic)
        return
    if fields[mapped.shape.event] == LEFT_OUT:
        return
    rating = fields.get("rating")
    is_rating = isinstance(rating, int | float) and not isinstance(rating, bool)
    is_rated = is_rating and fields.get("event") == "rate" and understood.scale.is_on(rating)  # type: ignore[arg-type]
    if is_rated:
        fields["rating"] = understood.scale.on_ours(rating)  # type: ignore[arg-type]
    record = _record(fields, topic, mapped, row)
    yield record
    completes = understood.complete_from is not None and is_rated and rating >= understood.complete_from  # type: ignore[operator]
    if completes and record.kind == "event":
        completed = {name: fields[name] for name in (*LISTENING.required, "device") if name in fields}
        completed = {"event_id": None, **completed, "event": "complete"}
        completed["event_id"] = _identity(
            completed, mapped.shape, None if row.milliseconds is None else _iso(row.milliseconds)
        )
        yield _record(completed, topic, mapped, row, "derived complete")


def episode_of(row: Row, topic: str, mapped: Mapped[Shape]) -> Record:
    """Turn a row into the description of an episode: every field is there, null where the row has no value."""
    source = _parse(row)
    if source is None:
        return _as_it_was(row, topic)
    fields = _renamed(source, mapped)
    fields = {name: fields.pop(name, None) for name in mapped.shape.fields} | fields
    fields["episode_id"] = _id(fields["episode_id"])
    fields["feed_id"] = _id(fields["feed_id"])
    fields["categories"] = _categories(fields["categories"])
    return _record(fields, topic, mapped, row, "episode")


def _event(
    source: dict[str, Any], milliseconds: int | None, mapped: Mapped[EventShape], understood: Understanding
) -> dict[str, Any]:
    shape = mapped.shape
    fields = {**mapped.template, **_renamed(source, mapped)}
    for name in shape.ids:
        fields[name] = _id(fields[name], name in understood.whole)
    fields[shape.event] = understood.ours(fields[shape.event])
    moment = None if milliseconds is None else _iso(milliseconds)
    if moment is not None and not _is_in_form(fields[shape.time]):
        fields[shape.time] = moment
    fields["event_id"] = _id(fields["event_id"]) or _identity(fields, shape, moment)
    return fields


def _renamed(source: dict[str, Any], mapped: Mapped[S]) -> dict[str, Any]:
    """Take the values of fields, and then what else a row has."""
    fields = {name: value for name, column in mapped.plain_columns if (value := source.get(column)) is not None}
    for name, origin in mapped.composed:
        if (value := _composed(source, origin)) is not None:
            fields[name] = value
    for name in mapped.shape.numbers:
        if name in fields:
            fields[name] = _number(fields[name])
    if not source.keys() <= mapped.taken:
        kept = mapped.kept
        fields |= {name: value for name, value in source.items() if name not in kept and value is not None}
    return fields


def _composed(source: dict[str, Any], origin: Source) -> Any:
    values = []
    for path in origin:
        value: Any = source
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        values.append(value)
    if len(values) == 1:
        return values[0]
    return " ".join(str(value) for value in values if value is not None and value != "") or None


def _identity(fields: dict[str, Any], shape: EventShape, moment: str | None) -> str:
    """Hash what makes an event this one, so that the same row counts once, from whatever file it comes."""
    content = [fields[name] if name != shape.time or moment is None else moment for name in shape.required]
    return blake2b(_ENCODER.encode(content).encode(), digest_size=16).hexdigest()


def _record(fields: dict[str, Any], topic: str, mapped: Mapped[S], row: Row, kind: str = "event") -> Record:
    shape = mapped.shape
    key = fields[shape.key]
    lacking = [name for name in shape.required if fields[name] is None]
    if lacking and isinstance(shape, EventShape):
        found = [name for name in shape.alternatives if fields[name] is not None]
        key = fields[found[0]] if found else key
        lacking = [name for name in lacking if not found or name not in shape.alternatives]
    if lacking:
        kind = INCOMPLETE
    try:
        value = _ENCODER.encode(fields).encode()
    except ValueError:
        return _as_it_was(row, topic)
    # A lone surrogate is valid in JSON and not in a key.
    return Record(topic, None if key is None else str(key).encode("utf-8", "replace"), value, kind)


def _as_it_was(row: Row, topic: str) -> Record:
    return Record(topic, None, row.raw, UNREADABLE)


def _parse(row: Row) -> dict[str, Any] | None:
    return objects.decoded(row.text) if row.fault in (None, objects.NO_OBJECT) else None


def _is_in_form(value: Any) -> bool:
    return isinstance(value, str) and len(value) > len("2024-01-01") and _IN_FORM.fullmatch(value) is not None


def _iso(milliseconds: int) -> str:
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _id(value: Any, is_whole: bool = False) -> str | None:
    """Read an id: 31 and 31.0 (a number beside nulls, in pandas) are '31'; what is neither text nor number is none."""
    if isinstance(value, str):
        found = (_known if len(value) <= _LONGEST_KNOWN else identifier)(value)
        return found.partition(".")[0] if is_whole and found is not None else found
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


_known = lru_cache(100_000)(identifier)
"""Ids come again and again; those that are too long to be any would only fill the memory."""
_LONGEST_KNOWN = 256


def _number(value: Any) -> Any:
    """Numbers that a CSV file has as text; what is no number stays as it is, for silver to judge."""
    if not isinstance(value, str):
        return value
    number = number_of(value)
    return value if number is None else number


def _categories(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return [name for part in value.split(_LISTS) if (name := part.strip()) and name != NO_GENRES]
