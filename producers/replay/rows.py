"""Recorded rows as Kafka records: fields renamed and typed, ids made from the content, nothing left out."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from producers.record import Record
from producers.replay.mapping import S
from producers.shapes import LISTENING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from producers.replay.mapping import Mapped
    from producers.replay.recorded import Row
    from producers.shapes import EventShape, Shape

UNREADABLE = "unreadable"
"""Kind of a row that is no JSON object: it is sent as it was."""
INCOMPLETE = "incomplete"
"""Kind of a row without a value for a required field."""
NO_GENRES = "(no genres listed)"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LISTS = "|"
# NaN and infinity are what Parquet may hold and JSON cannot say.
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)
_ENCODER = json.JSONEncoder(allow_nan=False)


def events_of(row: Row, topic: str, mapped: Mapped[EventShape], complete_from: float | None) -> Iterator[Record]:
    """Turn a row into an event, and into a `complete` event as well if its rating is at least `complete_from`."""
    source = _parse(row.text)
    if source is None:
        yield _as_it_was(row, topic)
        return
    fields = _event(source, row.milliseconds, mapped)
    record = _record(fields, topic, mapped, row)
    yield record
    rating = fields.get("rating")
    if (
        complete_from is not None
        and record.kind == "event"
        and fields.get("event") == "rate"
        and isinstance(rating, int | float)
        and rating >= complete_from
    ):
        completed = {name: fields[name] for name in (*LISTENING.required, "device") if name in fields}
        completed = {"event_id": None, **completed, "event": "complete"}
        completed["event_id"] = _identity(completed, mapped, row.milliseconds)
        yield _record(completed, topic, mapped, row, "derived complete")


def episode_of(row: Row, topic: str, mapped: Mapped[Shape]) -> Record:
    """Turn a row into the description of an episode: every field is there, null where the row has no value."""
    source = _parse(row.text)
    if source is None:
        return _as_it_was(row, topic)
    fields = _renamed(source, mapped)
    fields = {name: fields.pop(name, None) for name in mapped.shape.fields} | fields
    fields["episode_id"] = _text(fields["episode_id"])
    fields["feed_id"] = _text(fields["feed_id"])
    fields["categories"] = _categories(fields["categories"])
    return _record(fields, topic, mapped, row, "episode")


def _event(source: dict[str, Any], milliseconds: int | None, mapped: Mapped[EventShape]) -> dict[str, Any]:
    shape = mapped.shape
    fields = _renamed(source, mapped)
    ordered = {"event_id": fields.pop("event_id", None)}
    ordered |= {name: fields.pop(name, None) for name in shape.required}
    ordered |= {name: value for name in shape.optional if (value := fields.pop(name, None)) is not None}
    ordered |= {name: value for name, value in fields.items() if value is not None}
    for name in shape.required:
        if name.endswith("_id"):
            ordered[name] = _text(ordered[name])
    if milliseconds is not None:
        ordered[shape.time] = _time(ordered[shape.time], milliseconds)
    ordered["event_id"] = _text(ordered["event_id"]) or _identity(ordered, mapped, milliseconds)
    return ordered


def _renamed(source: dict[str, Any], mapped: Mapped[S]) -> dict[str, Any]:
    taken = set(mapped.columns.values())
    fields = {name: value for name, value in source.items() if name not in taken}
    fields |= {name: source[column] for name, column in mapped.columns.items() if column in source}
    fields |= mapped.constants
    for name in mapped.shape.numbers:
        fields[name] = _number(fields.get(name))
    return fields


def _identity(fields: dict[str, Any], mapped: Mapped[EventShape], milliseconds: int | None) -> str:
    """Hash what makes an event this one, so that the same row counts once, from whatever file it comes."""
    content = [fields[name] for name in mapped.shape.required]
    if milliseconds is not None:
        content[mapped.shape.required.index(mapped.shape.time)] = _iso(milliseconds)
    return blake2b(_ENCODER.encode(content).encode(), digest_size=16).hexdigest()


def _record(fields: dict[str, Any], topic: str, mapped: Mapped[S], row: Row, kind: str = "event") -> Record:
    if any(fields[name] is None for name in mapped.shape.required):
        kind = INCOMPLETE
    key = fields[mapped.shape.key]
    try:
        value = _ENCODER.encode(fields).encode()
    except ValueError:
        return _as_it_was(row, topic)
    # A lone surrogate is valid in JSON and not in a key.
    return Record(topic, None if key is None else str(key).encode("utf-8", "replace"), value, kind)


def _as_it_was(row: Row, topic: str) -> Record:
    return Record(topic, None, row.text.encode(), UNREADABLE)


def _parse(text: str) -> dict[str, Any] | None:
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _time(value: Any, milliseconds: int) -> str:
    return value if isinstance(value, str) and value.endswith("Z") and "T" in value else _iso(milliseconds)


def _iso(milliseconds: int) -> str:
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: Any) -> Any:
    """Ids are text: 31 and 31.0 (a number beside nulls, in pandas) are '31'; what is no id stays as it is."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _number(value: Any) -> Any:
    """Numbers that a CSV file has as text; what is no number stays as it is, for silver to judge."""
    if not isinstance(value, str):
        return value
    try:
        number = float(value)
    except ValueError:
        return value
    return number if math.isfinite(number) else value


def _categories(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return [name for part in value.split(_LISTS) if (name := part.strip()) and name != NO_GENRES]
