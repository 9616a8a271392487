"""Listening events: parsing, faults, weights and identity."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from chispa import assert_df_equality
from pyspark.sql import DataFrame, SparkSession

from lakehouse import tables
from lakehouse.settings import EventWeights
from silver import records
from silver.listening import events

EVENTS = "event string, listened_seconds double, rating double"
SENT = dt.datetime(2024, 5, 1, 12, 0)
GOOD = {
    "event_id": "e1",
    "ts": "2024-05-01T10:00:00.250Z",
    "user_id": "u1",
    "new_episode_id": "ep1",
    "event": "like",
    "device": "phone",
}


def raw(spark: SparkSession, *values: bytes | None) -> DataFrame:
    rows = [("user-events", 0, n, None, value, None, SENT, SENT) for n, value in enumerate(values)]
    return spark.createDataFrame(rows, tables.raw_user_events.schema)


def checked(spark: SparkSession, *values: bytes | None) -> DataFrame:
    return events.checked(records.parsed(raw(spark, *values), events.FIELDS, max_bytes=500))


def test_each_event_carries_its_weight(spark):
    weighted = [
        ("like", None, None, Decimal("2")),
        ("complete", None, None, Decimal("3")),
        ("skip", None, None, Decimal("-1")),
        ("pause", 300.0, None, Decimal("0.5")),
        ("pause", 9000.0, None, Decimal("1")),
        ("pause", 0.0, None, Decimal("0")),
        ("pause", 100.0, None, Decimal("0.166667")),
        ("rate", None, 1.0, Decimal("-2")),
        ("rate", None, 4.5, Decimal("1.5")),
    ]
    expected = spark.createDataFrame(weighted, EVENTS + ", weight decimal(18,6)")

    actual = expected.drop("weight").transform(events.with_weight, EventWeights())

    assert_df_equality(actual, expected, ignore_nullable=True)


def test_weights_come_from_the_settings(spark):
    source = spark.createDataFrame([("like", None, None)], EVENTS)

    row = source.transform(events.with_weight, EventWeights(like=7.25)).first()

    assert row["weight"] == Decimal("7.25")


BROKEN_RULES = [
    ({"user_id": None}, "missing_field", "user_id"),
    ({"user_id": "  "}, "missing_field", "user_id"),
    ({"event_id": None}, "missing_field", "event_id"),
    ({"user_id": "undefined"}, "no_id", "user_id=undefined"),
    ({"new_episode_id": "(not set)"}, "no_id", "new_episode_id=(not set)"),
    ({"event_id": "NaN"}, "no_id", "event_id=NaN"),
    ({"ts": None}, "missing_field", "ts"),
    ({"ts": "yesterday"}, "bad_timestamp", "ts=yesterday"),
    ({"ts": "12:30"}, "bad_timestamp", "ts=12:30"),
    ({"ts": "2024-13-45T10:00:00Z"}, "bad_timestamp", "ts=2024-13-45T10:00:00Z"),
    ({"ts": "0001-01-01T00:00:00Z"}, "bad_timestamp", "ts=0001-01-01T00:00:00Z"),
    ({"ts": "1969-12-31T23:59:59Z"}, "bad_timestamp", "ts=1969-12-31T23:59:59Z"),
    ({"ts": "9999-12-31T23:59:59-12:00"}, "bad_timestamp", "ts=9999-12-31T23:59:59-12:00"),
    ({"ts": 1714557600}, "bad_timestamp", "ts=1714557600"),
    ({"ts": "2024-05-01T13:00:01Z"}, "clock_ahead", "ts=2024-05-01T13:00:01Z"),
    ({"event": "dance"}, "unknown_event", "event=dance"),
    ({"event": "pause"}, "missing_field", "listened_seconds"),
    ({"event": "pause", "listened_seconds": "long"}, "bad_number", "listened_seconds=long"),
    ({"event": "pause", "listened_seconds": "NaN"}, "bad_number", "listened_seconds=NaN"),
    ({"event": "pause", "listened_seconds": -1}, "negative_seconds", "listened_seconds=-1"),
    ({"event": "pause", "listened_seconds": 1e9}, "absurd_seconds", "listened_seconds=1.0E9"),
    ({"event": "rate"}, "missing_field", "rating"),
    ({"event": "rate", "rating": 0}, "rating_out_of_range", "rating=0"),
    ({"event": "rate", "rating": 5.5}, "rating_out_of_range", "rating=5.5"),
    ({"user_id": "u" * 257}, "oversized_id", "user_id"),
]
NO_EVENTS = [
    (None, "empty_value"),
    (b"", "not_json"),
    (b"not json", "not_json"),
    (b"[1, 2]", "not_json"),
    (b'[{"event_id": "e1"}]', "not_json"),
    (b"null", "not_json"),
    (b'"text"', "not_json"),
    (b'{"event_id": "e1"', "not_json"),
    (json.dumps(GOOD).encode() * 2, "not_json"),
    (json.dumps(GOOD).encode() + b"\n" + json.dumps(GOOD).encode(), "not_json"),
    (json.dumps(GOOD).encode() + b"," + json.dumps(GOOD).encode(), "not_json"),
    (json.dumps(GOOD).encode() + b" and more", "not_json"),
    (json.dumps(GOOD).encode() + b",", "not_json"),
    (json.dumps(GOOD).encode() + b"]", "not_json"),
    (json.dumps(GOOD).encode() + b"}", "not_json"),
    (json.dumps(GOOD).encode() + b",null", "not_json"),
    (b"\xff\xfe{}", "not_json"),
    (b'{"x": "' + b"y" * 600 + b'"}', "oversized_value"),
    (b"{}", "missing_field"),
]


@pytest.fixture(scope="module")
def faults(spark):
    """The fault of every bad value above, found in one Spark job."""
    values = [value for value, _ in NO_EVENTS]
    values += [json.dumps(GOOD | change).encode() for change, _, _ in BROKEN_RULES]
    rows = checked(spark, *values).select("value", "fault").collect()
    return {None if row["value"] is None else bytes(row["value"]): row["fault"] for row in rows}


@pytest.mark.parametrize(("change", "reason", "detail"), BROKEN_RULES)
def test_an_event_that_breaks_a_rule_names_it(faults, change, reason, detail):
    fault = faults[json.dumps(GOOD | change).encode()]

    assert (fault["reason"], fault["detail"]) == (reason, detail)


@pytest.mark.parametrize(("value", "reason"), NO_EVENTS)
def test_a_value_that_is_no_event_is_found_out(faults, value, reason):
    assert faults[value]["reason"] == reason


def test_a_good_event_is_typed_and_unknown_fields_do_no_harm(spark):
    good = {**GOOD, "user_id": "\u00a0u1\u200b", "new_episode_id": "ep1\t", "event_id": " e1"}
    good |= {"app_version": {"major": 2}, "rating": "ignored for a like"}

    actual = events.typed(records.flawless(checked(spark, json.dumps(good).encode())))

    ts = dt.datetime(2024, 5, 1, 10, 0, 0, 250_000)
    expected = spark.createDataFrame(
        [("e1", dt.date(2024, 5, 1), ts, "u1", "ep1", "like", "phone", None, None)],
        tables.user_events.schema,
    )
    assert_df_equality(actual, expected, ignore_nullable=True, ignore_metadata=True)


def test_a_kafka_timestamp_that_is_unset_or_absurd_is_no_yardstick(spark):
    read = SENT
    clocks = {
        "not set": dt.datetime.fromtimestamp(-0.001),
        "one": dt.datetime.fromtimestamp(0.001),
        "ahead": read + dt.timedelta(days=900),
        "true": read - dt.timedelta(days=1),
    }
    times = {"good": GOOD["ts"], "late": "2024-05-01T13:00:01Z"}
    rows = [
        (f"{clock} {time}", 0, 0, None, json.dumps(GOOD | {"ts": ts}).encode(), None, at, read)
        for clock, at in clocks.items()
        for time, ts in times.items()
    ]
    received = spark.createDataFrame(rows, tables.raw_user_events.schema)

    judged = events.checked(records.parsed(received, events.FIELDS, max_bytes=500)).collect()

    assert {row["topic"]: row["fault"] and row["fault"]["reason"] for row in judged} == {
        "not set good": None,
        "not set late": "clock_ahead",
        "one good": None,
        "one late": "clock_ahead",
        "ahead good": None,
        "ahead late": "clock_ahead",
        "true good": "clock_ahead",
        "true late": "clock_ahead",
    }


def test_times_with_offsets_become_utc(spark):
    event = {**GOOD, "ts": "2024-05-01T01:30:00+02:00"}

    row = events.typed(records.flawless(checked(spark, json.dumps(event).encode()))).first()

    assert row["day"] == dt.date(2024, 4, 30)


def test_rejected_records_keep_their_bytes_and_position(spark):
    actual = records.rejected(checked(spark, json.dumps(GOOD).encode(), b"\x00oops"), tables.raw_user_events)

    expected = spark.createDataFrame(
        [("bronze.user_events", "user-events/0/1", b"\x00oops", "not_json", "not a JSON object", SENT)],
        tables.quarantine.schema,
    )
    assert_df_equality(actual, expected, ignore_nullable=True, ignore_metadata=True)


def test_of_conflicting_payloads_the_same_one_wins_in_any_order(spark):
    payloads = [json.dumps(GOOD | {"user_id": user}).encode() for user in ("u1", "u2", "u3")]

    def winner(*values: bytes) -> str:
        return events.IDENTITY.deduplicated(events.typed(records.flawless(checked(spark, *values)))).first()["user_id"]

    assert winner(*payloads) == winner(*reversed(payloads)) == winner(payloads[1], *payloads)
