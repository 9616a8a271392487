"""Interactions from daily engagement."""

import datetime as dt

from gold.listening.interactions import interactions
from tests.unit.gold.engagement import daily


def test_engagement_is_summed_over_days(spark):
    row = interactions(daily(spark, ("u", "a", 0, 2, 0), ("u", "a", 5, -0.5, 1))).first()

    assert (row["engagement"], row["completed"], row["last_ts"]) == (1.5, True, dt.datetime(2024, 5, 6, 12))


def test_engagement_halves_with_every_half_life_before_the_newest_day(spark):
    rows = interactions(daily(spark, ("u", "a", 0, 2, 0), ("u", "a", 10, 2, 0), ("u", "b", 5, 4, 0)), half_life_days=5)

    assert {r["item_id"]: r["engagement"] for r in rows.collect()} == {"a": 2 + 0.5, "b": 2.0}


def test_dislike_stays_and_exactly_nothing_goes(spark):
    rows = interactions(daily(spark, ("u", "a", 0, -1, 0), ("u", "b", 0, 1, 0), ("u", "b", 1, -1, 0)))

    assert {r["item_id"]: r["engagement"] for r in rows.collect()} == {"a": -1.0}
