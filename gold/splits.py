"""Train and test: interactions divided by time, so that no model is measured on what it could have seen."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from gold.interactions import interactions
from reclake import tables

D = tables.daily_engagement.c
TEST_SHARE = 0.25
FEWEST_WARM_USERS = 200

_EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Split:
    """Interactions to learn from and to be measured on; no (user, item) pair is in both."""

    name: str
    train: DataFrame
    test: DataFrame


def time_split(daily: DataFrame, half_life_days: float | None = None) -> Split:
    """Split at one point in time where enough users lie on both sides of it, else each user's newest quarter.

    Parameters
    ----------
    daily : DataFrame
        Rows of `silver.daily_engagement`.
    """
    cut = cut_of(daily)
    if warm_users(daily, cut) >= FEWEST_WARM_USERS:
        return global_split(daily, cut, half_life_days)
    return per_user_split(daily, half_life_days)


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


def global_split(daily: DataFrame, cut: dt.date | None, half_life_days: float | None = None) -> Split:
    """Learn from the days before `cut`; test are the items that a user first touched from that day on."""
    before = F.col(D.day) < F.lit(cut)
    train = interactions(daily.where(before), half_life_days)
    later = interactions(daily.where(~before))
    return Split("global_time", train, later.join(train, ["user_id", "item_id"], "left_anti"))


def per_user_split(daily: DataFrame, half_life_days: float | None = None) -> Split:
    """Hold out each user's newest quarter of items, by the time of their last event; ties by item."""
    rows = interactions(daily, half_life_days)
    newest_first = Window.partitionBy("user_id").orderBy(F.desc("last_ts"), "item_id")
    everything = Window.partitionBy("user_id")
    held_out = F.row_number().over(newest_first) <= F.floor(F.count("*").over(everything) * TEST_SHARE)
    marked = rows.withColumn("held_out", held_out)
    return Split(
        "per_user_time",
        marked.where("NOT held_out").drop("held_out"),
        marked.where("held_out").drop("held_out"),
    )
