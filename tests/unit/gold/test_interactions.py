"""Interactions from daily engagement."""

import datetime as dt
from decimal import Decimal

from gold.interactions import interactions
from reclake import tables


def day(n):
    return dt.date(2024, 5, 1) + dt.timedelta(days=n)


def daily(spark, *rows):
    full = [
        (user, item, day(n), Decimal(str(value)), 1, completed, dt.datetime.combine(day(n), dt.time(12)))
        for user, item, n, value, completed in rows
    ]
    return spark.createDataFrame(full, tables.daily_engagement.schema)


def pairs(df):
    return {(row["user_id"], row["item_id"]) for row in df.collect()}


def test_engagement_is_summed_over_days(spark):
    row = interactions(daily(spark, ("u", "a", 0, 2, 0), ("u", "a", 5, -0.5, 1))).first()

    assert (row["engagement"], row["completed"], row["last_ts"]) == (1.5, True, dt.datetime(2024, 5, 6, 12))


def test_engagement_halves_with_every_half_life_before_the_newest_day(spark):
    rows = interactions(daily(spark, ("u", "a", 0, 2, 0), ("u", "a", 10, 2, 0), ("u", "b", 5, 4, 0)), half_life_days=5)

    assert {r["item_id"]: r["engagement"] for r in rows.collect()} == {"a": 2 + 0.5, "b": 2.0}


def test_dislike_stays_and_exactly_nothing_goes(spark):
    rows = interactions(daily(spark, ("u", "a", 0, -1, 0), ("u", "b", 0, 1, 0), ("u", "b", 1, -1, 0)))

    assert {r["item_id"]: r["engagement"] for r in rows.collect()} == {"a": -1.0}
