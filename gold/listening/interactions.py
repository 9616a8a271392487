"""Interactions: what each user's engagement with each item amounts to, ready for implicit-feedback models."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse import tables

D = tables.daily_engagement.c


def interactions(daily: DataFrame, half_life_days: float | None = None) -> DataFrame:
    """Sum daily engagement per user and item, older days counting less if asked.

    Parameters
    ----------
    daily : DataFrame
        Rows of `silver.daily_engagement`.
    half_life_days : float, optional
        A day's engagement counts half for every so many days that it lies before the newest day of `daily`.

    Returns
    -------
    DataFrame
        `user_id`, `item_id`, `engagement` double (negative where dislike prevails), `completed` boolean and `last_ts`.
        Pairs whose engagement is exactly zero are left out: they say nothing either way.
    """
    weight = F.lit(1.0)
    if half_life_days is not None:
        newest = daily.agg(F.max(D.day).alias("newest"))
        daily = daily.crossJoin(F.broadcast(newest))
        weight = F.pow(F.lit(0.5), F.date_diff("newest", D.day) / F.lit(half_life_days))
    decayed = F.col(D.engagement) if half_life_days is None else F.col(D.engagement).cast("double") * weight
    summed = daily.groupBy(D.user_id, F.col(D.new_episode_id).alias("item_id")).agg(
        F.sum(decayed).cast("double").alias("engagement"),
        (F.sum(D.num_completed) > 0).alias("completed"),
        F.max(D.last_ts).alias("last_ts"),
    )
    return summed.where(F.col("engagement") != 0)


def numbered(interactions: DataFrame, user_ids: DataFrame, item_ids: DataFrame) -> DataFrame:
    """Add `user_idx` and `item_idx`, the dense numbers of `user_id` and `item_id`."""
    users = user_ids.select(F.col("id").alias("user_id"), F.col("idx").alias("user_idx"))
    items = item_ids.select(F.col("id").alias("item_id"), F.col("idx").alias("item_idx"))
    return interactions.join(users, "user_id").join(items, "item_id")
