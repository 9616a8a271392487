"""Interactions from daily engagement, and their division by time."""

import datetime as dt
from decimal import Decimal

import pytest

from gold.interactions import interactions
from gold.splits import cut_of, global_split, per_user_split, time_split
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


def test_each_users_newest_quarter_is_held_out(spark):
    rows = [("u", f"i{n}", n, 1, 0) for n in range(8)] + [("v", f"i{n}", n, 1, 0) for n in range(3)]

    split = per_user_split(daily(spark, *rows))

    assert pairs(split.test) == {("u", "i6"), ("u", "i7")}
    assert len(pairs(split.train)) == 9


def test_a_global_split_tests_what_users_first_touch_after_the_cut(spark):
    rows = [("u", "a", 0, 1, 0), ("u", "b", 1, 1, 0), ("u", "c", 2, 1, 0), ("u", "a", 4, 1, 0), ("u", "d", 4, 1, 0)]

    engagement = daily(spark, *rows)
    split = global_split(engagement, cut_of(engagement))

    assert split.name == "global_time"
    assert pairs(split.train) == {("u", "a"), ("u", "b"), ("u", "c")}
    assert pairs(split.test) == {("u", "d")}


@pytest.mark.parametrize("split", [lambda rows: global_split(rows, cut_of(rows)), per_user_split])
def test_what_comes_later_never_changes_what_is_learned_from(spark, split):
    past = [(f"u{u}", f"i{n}", n, 1 + u, 0) for u in range(3) for n in range(8)]
    likes = daily(spark, *past)
    dislikes = daily(spark, *((u, i, n, v if n < 6 else -v, 0) for u, i, n, v, _ in past))

    assert sorted(split(likes).train.collect()) == sorted(split(dislikes).train.collect())


def test_few_warm_users_are_split_each_on_their_own(spark):
    rows = [("u", f"i{n}", n, 1, 0) for n in range(4)]

    assert time_split(daily(spark, *rows)).name == "per_user_time"


def test_many_warm_users_are_split_at_one_time(spark):
    rows = [(f"u{u}", f"i{n}", n, 1, 0) for u in range(200) for n in (0, 1, 2, 3)]

    assert time_split(daily(spark, *rows)).name == "global_time"
