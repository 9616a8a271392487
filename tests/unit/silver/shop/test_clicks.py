"""Clicks: faults, types and the identity of those that have none."""

import datetime as dt
import json

import pytest
from chispa import assert_df_equality
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from lakehouse import tables
from silver import records
from silver.shop import clicks

SENT = dt.datetime(2024, 5, 1, 12, 0)
GOOD = {
    "event_id": "e1",
    "timestamp": "2024-05-01T10:00:00.250Z",
    "session_id": "s1",
    "user_id": "u1",
    "item_id": "i1",
    "event_type": "view",
    "price": "12.5",
}


def checked(spark: SparkSession, *values: dict) -> DataFrame:
    rows = [("clickstream", 0, n, None, json.dumps(value).encode(), None, SENT, SENT) for n, value in enumerate(values)]
    raw = spark.createDataFrame(rows, tables.raw_clickstream.schema)
    return clicks.checked(records.parsed(raw, clicks.FIELDS, max_bytes=1000))


BROKEN_RULES = [
    ({"session_id": None, "user_id": None}, "missing_field", "session_id or user_id"),
    ({"session_id": " ", "user_id": ""}, "missing_field", "session_id or user_id"),
    ({"session_id": "undefined", "user_id": None}, "no_id", "session_id=undefined"),
    ({"session_id": "null", "user_id": "(not set)"}, "no_id", "session_id=null, user_id=(not set)"),
    ({"item_id": "None"}, "no_id", "item_id=None"),
    ({"item_id": None}, "missing_field", "item_id"),
    ({"event_type": ""}, "missing_field", "event_type"),
    ({"timestamp": None}, "missing_field", "timestamp"),
    ({"timestamp": "noon"}, "bad_timestamp", "timestamp=noon"),
    ({"timestamp": "2024-05-01T13:00:01Z"}, "clock_ahead", "timestamp=2024-05-01T13:00:01Z"),
    ({"event_type": "refund"}, "unknown_event", "event_type=refund"),
    ({"price": "12,50 EUR"}, "bad_number", "price=12,50 EUR"),
    ({"price": -1}, "negative_amount", "price=-1"),
    ({"price": 1e9}, "absurd_amount", "price=1.0E9"),
    ({"session_id": "s" * 257}, "oversized_id", "session_id"),
]
FINE = [
    {},
    {"user_id": None},
    {"session_id": None},
    {"session_id": "undefined"},
    {"session_id": "s" + " " * 300},
    {"price": None},
    {"timestamp": "2014-04-01T10:00:00Z"},
    {"event_id": None},
]


@pytest.fixture(scope="module")
def faults(spark):
    """The fault of every change of a good click, found in one Spark job."""
    changes = [change for change, _, _ in BROKEN_RULES] + FINE
    rows = checked(spark, *(GOOD | change for change in changes)).orderBy("offset").select("fault").collect()
    return {str(change): row["fault"] for change, row in zip(changes, rows, strict=True)}


@pytest.mark.parametrize(("change", "reason", "detail"), BROKEN_RULES)
def test_a_click_that_breaks_a_rule_names_it(faults, change, reason, detail):
    fault = faults[str(change)]

    assert (fault["reason"], fault["detail"]) == (reason, detail)


@pytest.mark.parametrize("change", FINE)
def test_anonymous_sessionless_and_old_clicks_are_fine(faults, change):
    assert faults[str(change)] is None


def test_a_good_click_is_typed_and_blanks_are_nothing(spark):
    actual = clicks.typed(records.flawless(checked(spark, GOOD | {"user_id": "undefined", "item_id": "i1\u200b "})))

    timestamp = dt.datetime(2024, 5, 1, 10, 0, 0, 250_000)
    expected = spark.createDataFrame(
        [("e1", timestamp.date(), timestamp, "s1", None, "i1", "view", 12.5)],
        StructType(tables.clickstream_events.schema.fields[:-2]),
    )
    assert_df_equality(actual, expected, ignore_nullable=True, ignore_metadata=True)


def test_without_an_id_what_a_click_says_is_its_identity(spark):
    same = GOOD | {"event_id": None}
    said = [same, same | {"timestamp": "2024-05-01T12:00:00.250+02:00"}, same | {"item_id": "i2"}]

    rows = clicks.typed(records.flawless(checked(spark, *said))).select("event_id").collect()

    assert rows[0] == rows[1] != rows[2]
