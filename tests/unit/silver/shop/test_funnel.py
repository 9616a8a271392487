"""Windows of the funnel and days of shoppers, on rows."""

import datetime as dt

import pytest
from chispa import assert_df_equality
from pyspark.sql import functions as F

from silver.shop.funnel import windows, with_state, with_window
from silver.shop.user_activity import daily

NOON = dt.datetime(2024, 5, 1, 12)
EVENTS = "user_id string, session_id string, timestamp timestamp, event_type string"
COUNTED = "num_views long, num_add_to_cart long, num_purchases long"


def events(spark, *rows):
    """Rows of user, session, minutes after noon, and what happened."""
    moments = [(user, session, NOON + dt.timedelta(minutes=minute), kind) for user, session, minute, kind in rows]
    return spark.createDataFrame(moments, EVENTS).withColumn("day", F.to_date("timestamp"))


def test_a_window_has_its_begin_and_not_its_end(spark):
    seen = events(
        spark,
        ("u", None, 0, "view"),
        ("u", None, 9.99, "add_to_cart"),
        ("u", None, 10, "purchase"),
        ("u", None, -0.01, "click"),
        ("v", None, 5, "view"),
    )

    actual = seen.transform(with_window).transform(windows)

    def start(minute):
        return NOON + dt.timedelta(minutes=minute)

    expected = spark.createDataFrame(
        [
            ("u", start(-10), start(0), 0, 0, 0),
            ("u", start(0), start(10), 1, 1, 0),
            ("u", start(10), start(20), 0, 0, 1),
            ("v", start(0), start(10), 1, 0, 0),
        ],
        f"user_id string, window_start timestamp, window_end timestamp, {COUNTED}",
    )
    assert_df_equality(actual, expected, ignore_row_order=True, ignore_nullable=True)


@pytest.mark.parametrize(
    ("known", "views", "expected"),
    [
        (None, 1, (False, False)),
        ((1, False, False), 2, (False, False)),
        ((1, True, False), 2, (False, True)),
        # The same again, as after a kill between the write and the note of it.
        ((2, True, False), 2, (False, False)),
        ((2, True, True), 2, (False, True)),
    ],
)
def test_a_window_that_had_counts_is_corrected_if_it_was_final_with_others(spark, known, views, expected):
    schema = f"user_id string, window_start timestamp, {COUNTED}, is_final boolean, is_corrected boolean"
    stored = [("u", NOON, known[0], 0, 0, *known[1:])] if known else []
    recounted = spark.createDataFrame(
        [("u", NOON, NOON + dt.timedelta(minutes=10), views, 0, 0)],
        f"user_id string, window_start timestamp, window_end timestamp, {COUNTED}",
    )

    row = with_state(recounted, spark.createDataFrame(stored, schema), F.lit(NOON), F.lit(NOON)).first()

    assert (row["is_final"], row["is_corrected"]) == expected


def test_the_watermark_closes_what_ends_until_then_and_what_it_had_passed_is_corrected(spark):
    schema = f"user_id string, window_start timestamp, {COUNTED}, is_final boolean, is_corrected boolean"
    ends = [NOON + dt.timedelta(minutes=minute) for minute in (-10, 0, 10)]
    recounted = spark.createDataFrame(
        [("u", end - dt.timedelta(minutes=10), end, 1, 0, 0) for end in ends],
        f"user_id string, window_start timestamp, window_end timestamp, {COUNTED}",
    )

    rows = with_state(recounted, spark.createDataFrame([], schema), F.lit(ends[0]), F.lit(NOON)).collect()

    found = {row["window_end"]: (row["is_final"], row["is_corrected"]) for row in rows}
    assert found == {ends[0]: (True, True), ends[1]: (True, False), ends[2]: (False, False)}


def test_a_day_sums_up_sessions_of_known_shoppers(spark):
    seen = events(
        spark,
        ("u", "s", 0, "view"),
        ("u", "s", 2, "purchase"),
        ("u", "t", 5, "view"),
        ("u", None, 7, "click"),
        ("u", None, 8, "add_to_cart"),
        (None, "s", 0, "view"),
    )

    actual = daily(seen)

    expected = spark.createDataFrame(
        [("u", NOON.date(), 2, 1, 1, 1, 3, 180.0)],
        "user_id string, day date, num_views long, num_clicks long, num_add_to_cart long, num_purchases long, "
        "num_sessions long, session_seconds double",
    )
    assert_df_equality(actual, expected, ignore_nullable=True)
