"""Raw values of Kafka and rows of files, hostile ones, judged by silver at once: each is taken or has its reason."""

from __future__ import annotations

import datetime as dt
import json
import re
from functools import reduce

from hypothesis import strategies as st
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.events import CLICK_EVENTS, LISTENING_EVENTS, identifier
from silver import records
from silver.listening import episodes, events
from silver.shop import clicks, purchases
from tests.fuzz.hostile import collected, mutated

AT = dt.datetime(2024, 5, 10, 12)
MAX_BYTES = 65_536
EVENT = {"event_id": "m0001", "ts": "2024-05-01T10:00:00Z", "user_id": "u1", "new_episode_id": "e1", "event": "like"}
CLICK = {
    "timestamp": "2024-05-01T10:00:00Z",
    "session_id": "s1",
    "user_id": "u1",
    "item_id": "i1",
    "event_type": "view",
}
PURCHASE = {"user_id": "u1", "item_id": "i1", "purchase_amount": "129.90", "purchase_date": "2024-05-01"}
EPISODE = {"episode_id": "e1", "title": "m0001", "duration": 60, "published_at": "2024-05-01T10:00:00Z"}
KINDS = {
    "episodes": (EPISODE, {**EPISODE, "categories": ["Music"], "available": False, "language": "en"}),
    "events": (EVENT, {**EVENT, "event": "rate", "rating": 4.5}, {**EVENT, "event": "pause", "listened_seconds": 30}),
    "clicks": (CLICK, {**CLICK, "price": 1.5, "event_id": "c1"}, {**CLICK, "session_id": None}),
    "purchases": (PURCHASE, {**PURCHASE, "purchase_amount": 5, "x": [1, {"a": None}]}),
}
REQUIRED = {
    "episodes": ("episode_id", "title"),
    "events": ("event_id", "ts", "user_id", "new_episode_id", "event"),
    "clicks": ("timestamp", "item_id", "event_type"),
    "purchases": tuple(PURCHASE),
}
TOKENS = (
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"\\",
    b":",
    b",",
    b"\n",
    b"\0",
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"NaN",
    b"1e400",
    b"-",
    b"null",
    b"true",
    b'{"a":',
    b"{}",
    b"'",
    b"/*x*/",
    b"#",
    b"}{",
    b" ",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"0",
    b"9" * 400,
    b"undefined",
    b"9999-12-31T23:59:59Z",
    b"0001-01-01",
    b'"user_id":"u2",',
    b"\xe2\x80\x8b",
    b'"_end":"",',
    b'[{"_end":""}]',
)
POISON = (
    b"",
    b"{}",
    b"\xef\xbb\xbf{}",
    b"[" * 30_000,
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    b'{"user_id":' + b"1" * 20_000 + b"}",
    b'{"user_id":' + b"[" * 2_000 + b"]" * 2_000 + b"}",
    b'{"' + b"n" * 60_000 + b'":1}',
    b'{"user_id":"' + b"u" * 60_000 + b'"}',
    b'{"user_id":"u' + b'","user_id":"u' * 4_000 + b'"}',
    b"x" * (MAX_BYTES + 1),
    b'{"user_id":1e999999999}',
)
JUDGES = {
    "episodes": (tables.raw_episode_metadata, episodes.FIELDS, episodes.checked, episodes.typed),
    "events": (tables.raw_user_events, events.FIELDS, events.checked, events.typed),
    "clicks": (tables.raw_clickstream, clicks.FIELDS, clicks.checked, clicks.typed),
    "purchases": (
        tables.raw_purchases,
        purchases.FIELDS,
        lambda parsed: purchases.checked(parsed, purchases.columns("")),
        purchases.typed,
    ),
}


def test_every_record_is_taken_or_has_its_reason(spark):
    values = {}
    for kind, good in KINDS.items():
        seeds = [json.dumps(record).encode() for record in good]
        values[kind] = [*seeds, *POISON, *collected(st.one_of(mutated(seeds, TOKENS), _changed(good)), 120)]
    told = [_judged(spark, kind, found) for kind, found in values.items()]

    rows = reduce(DataFrame.unionByName, told).collect()

    for kind, found in values.items():
        reasons = {row["place"]: row["reason"] for row in rows if row["kind"] == kind and row["place"] is not None}
        taken = [json.loads(row["said"]) for row in rows if row["kind"] == kind and row["place"] is None]
        assert sorted(reasons) == list(range(len(found)))
        accepted = [value for place, value in enumerate(found) if reasons[place] is None]
        # Of purchases each is one; equal clicks and events are one later, by their identity.
        assert len(taken) == len(accepted) if kind != "purchases" else len(taken) <= len(accepted)
        for place, value in enumerate(found):
            expected = _plainly(kind, value)
            assert expected is None or expected == (reasons[place] is None), (value[:300], reasons[place])
        for row in taken:
            _require_sound(kind, row)


def _judged(spark, kind, found):
    table, fields, checked, typed = JUDGES[kind]
    if kind == "purchases":
        rows = [("f", n, value, "f", AT, None) for n, value in enumerate(found)]
    else:
        rows = [(kind, 0, n, None, value, None, AT, AT) for n, value in enumerate(found)]
    place = "row" if kind == "purchases" else "offset"
    judged = checked(records.parsed(spark.createDataFrame(rows, table.schema), fields, MAX_BYTES))
    reasons = judged.select(
        F.lit(kind).alias("kind"), F.col(place).alias("place"), "fault.reason", F.lit(None).alias("said")
    )
    said = typed(records.flawless(judged)).select(F.to_json(F.struct("*")).alias("said"))
    empty = [F.lit(kind).alias("kind"), F.lit(None).alias("place"), F.lit(None).alias("reason"), "said"]
    return reasons.unionByName(said.select(*empty))


def _changed(good):
    """A record with values of any kind in some of its fields."""
    odd = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(),
        st.text(max_size=6),
        st.sampled_from(
            ["", " ", "undefined", "u1 ", "\u200b", "2024-02-30T10:00:00Z", "2024-05-01", "2024-05-10T13:30:00+05:30"]
        ),
        st.just(["a"]),
        st.just({"a": 1}),
    )
    names = sorted({name for record in good for name in record})
    changes = st.dictionaries(st.sampled_from(names), odd, max_size=2)
    return st.builds(lambda record, new: json.dumps({**record, **new}).encode(), st.sampled_from(good), changes)


def _plainly(kind, value):
    """Whether a value is one to take (True) or not (False), where nobody could think otherwise."""
    try:
        record = json.loads(value.decode())
    except ValueError as error:
        return False if not value.strip() or "Extra data" in str(error) else None
    except RecursionError:
        return False
    if not isinstance(record, dict):
        return False
    if len(value) > MAX_BYTES or any(record.get(name) in (None, "") for name in REQUIRED[kind]):
        return False
    if len(re.findall(rb'"[^"]*" *:', value)) != len(record) or not value.isascii() or value.strip() != value:
        return None
    return True if record in KINDS[kind] else None


def _require_sound(kind, row):
    ids = [name for name in row if name.endswith("_id") and name not in ("purchase_id", "feed_id")]
    assert all(identifier(row[name]) == row[name] and len(row[name]) <= 256 for name in ids), row
    if kind == "events":
        assert row["event"] in LISTENING_EVENTS
        assert row["event"] != "rate" or 0.5 <= row["rating"] <= 5
        assert row["event"] != "pause" or 0 <= row["listened_seconds"] <= 86_400
        assert "1970" <= row["ts"] <= "2024-05-10T13:00:00.000Z"
    if kind == "episodes":
        assert row["title"]
        assert row.get("duration", 0) >= 0
    if kind == "clicks":
        assert row["event_type"] in CLICK_EVENTS
        assert {"session_id", "user_id"} & row.keys()
        assert 0 <= row.get("price", 0) <= 1_000_000
    if kind == "purchases":
        assert 0 <= row["purchase_amount"] <= 1_000_000
