"""Train and test: engagement divided so that no model is measured on what it could have seen."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from gold.listening.interactions import interactions
from lakehouse import tables

D = tables.daily_engagement.c
TEST_SHARE = 0.25
FEWEST_WARM_USERS = 200

_EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Split:
    """What to learn from and what to be measured on; no (user, item) pair is in both.

    Attributes
    ----------
    train : DataFrame
        Rows of `silver.daily_engagement`, so that every model may weigh days in its own way.
    test : DataFrame
        `gold.listening.interactions` of the held-out pairs.
    """

    name: str
    train: DataFrame
    test: DataFrame


def time_split(daily: DataFrame) -> Split:
    """Split at one point in time where enough users lie on both sides of it, else each user's newest quarter.

    Parameters
    ----------
    daily : DataFrame
        Rows of `silver.daily_engagement`.
    """
    cut = cut_of(daily)
    return global_split(daily, cut) if warm_users(daily, cut) >= FEWEST_WARM_USERS else per_user_split(daily)


def cut_of(daily: DataFrame) -> dt.date | None:
    """The day that the newest quarter of engagement begins on; none where there is no engagement."""
    number = F.datediff(F.col(D.day), F.lit(_EPOCH))
    row = daily.select(number.alias("number")).agg(F.ceil(F.percentile("number", 1 - TEST_SHARE))).first()
    return None if row is None or row[0] is None else _EPOCH + dt.timedelta(days=int(row[0]))


def warm_users(daily: DataFrame, cut: dt.date | None) -> int:
    """Count the users who know items from before `cut` and touch a new one from then on."""
    first_touched = daily.groupBy(D.user_id, D.new_episode_id).agg(F.min(D.day).alias("first"))
    on_both_sides = F.bool_or(F.col("first") < F.lit(cut)) & F.bool_or(F.col("first") >= F.lit(cut))
    return first_touched.groupBy(D.user_id).agg(on_both_sides.alias("warm")).where("warm").count()


def global_split(daily: DataFrame, cut: dt.date | None) -> Split:
    """Learn from the days before `cut`; test are the items that a user first touched from that day on."""
    before = F.col(D.day) < F.lit(cut)
    train = daily.where(before)
    known = train.select(D.user_id, F.col(D.new_episode_id).alias("item_id"))
    return Split("global_time", train, interactions(daily.where(~before)).join(known, known.columns, "left_anti"))


def per_user_split(daily: DataFrame) -> Split:
    """Hold out each user's newest quarter of items, by the time of their last event; ties by item."""
    return _by_rank(daily, "per_user_time", _newest_first(), F.floor(_items_of_user() * TEST_SHARE))


def leave_last_out(daily: DataFrame) -> Split:
    """Hold out the newest item of each user who has at least two; ties by item."""
    return _by_rank(daily, "leave_last_out", _newest_first(), F.least(_items_of_user() - 1, F.lit(1)))


def random_split(daily: DataFrame, seed: int) -> Split:
    """Hold out a random quarter of each user's items, as benchmarks do that publish such numbers.

    Models then learn from what came after their test, so the figures are higher than anybody will see in service.
    """
    shuffled = Window.partitionBy("user_id").orderBy(F.xxhash64(F.lit(seed), "user_id", "item_id"), "item_id")
    return _by_rank(daily, f"random_{seed}", F.row_number().over(shuffled), F.round(_items_of_user() * TEST_SHARE))


def cold_items_split(daily: DataFrame, seed: int, share: float = 0.1) -> Split:
    """Hold out a random `share` of the items with everything that users did to them."""
    parts = 10_000
    is_cold = F.pmod(F.xxhash64(F.lit(seed), F.col(D.new_episode_id)), F.lit(parts)) < share * parts
    return Split(f"cold_items_{seed}", daily.where(~is_cold), interactions(daily.where(is_cold)))


def _newest_first() -> Column:
    return F.row_number().over(Window.partitionBy("user_id").orderBy(F.desc("last_ts"), "item_id"))


def _items_of_user() -> Column:
    return F.count("*").over(Window.partitionBy("user_id"))


def _by_rank(daily: DataFrame, name: str, rank: Column, held_out: Column) -> Split:
    """Hold out the pairs of the first `held_out` ranks."""
    marked = interactions(daily).withColumn("held_out", rank <= held_out)
    test = marked.where("held_out").drop("held_out")
    pairs = test.select("user_id", F.col("item_id").alias(D.new_episode_id))
    return Split(name, daily.join(pairs, pairs.columns, "left_anti"), test)
