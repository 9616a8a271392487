"""Popularity of products: what was done to each in the last four weeks, and whether that becomes more or less."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from gold.shop.interests import weighted_events
from lakehouse import tables
from lakehouse.settings import ClickWeights
from silver.shop.item_activity import COUNTS

A = tables.daily_item_activity.c

WINDOW_DAYS = 28
TREND_DAYS = 7


def item_popularity(activity: DataFrame, weights: ClickWeights, half_life_days: float) -> DataFrame:
    """Sum up the last `WINDOW_DAYS` of each product.

    The trend is the weighted events per day of the last `TREND_DAYS`, divided by those of the whole window; while the
    shop is younger than either, by the days that there are, so that 1 is steady from the first day on. Popularity is
    the sum of weighted events, a day counting half for every `half_life_days` that it lies back; the highest has 1.

    Parameters
    ----------
    activity : DataFrame
        Rows of `silver.daily_item_activity`.

    Returns
    -------
    DataFrame
        The columns of `gold.item_popularity`; equally popular products in order of their ids.
    """
    weight = weighted_events(weights)
    # How many days before the newest one; 0 is that day itself.
    age = F.date_diff("newest", A.day)
    newest = activity.agg(F.max(A.day).alias("newest"))
    window = activity.crossJoin(F.broadcast(newest)).withColumns({"age": age, "weight": weight})
    window = window.where(F.col("age") < WINDOW_DAYS)
    days = window.agg((F.max("age") + 1).alias("days"))
    recent = F.when(F.col("age") < TREND_DAYS, F.col("weight")).otherwise(0.0)
    summed = window.groupBy(A.item_id).agg(
        *(F.sum(column).alias(column) for column in COUNTS),
        F.sum(recent).alias("recent"),
        F.sum("weight").alias("all"),
        F.sum(F.col("weight") * F.pow(F.lit(0.5), F.col("age") / F.lit(half_life_days))).alias("decayed"),
    )
    highest = summed.agg(F.max("decayed").alias("highest"))
    # A number for every product needs all in one order: a row each, which is little beside their events.
    best = F.row_number().over(Window.orderBy(F.desc("popularity"), A.item_id))
    return (
        summed.crossJoin(F.broadcast(days))
        .crossJoin(F.broadcast(highest))
        .select(
            A.item_id,
            *COUNTS,
            F.try_divide("num_purchases", "num_views").alias("conversion"),
            F.try_divide(_per_day("recent", TREND_DAYS), _per_day("all", WINDOW_DAYS)).alias("trend"),
            F.coalesce(F.try_divide("decayed", "highest"), F.lit(0.0)).alias("popularity"),
        )
        .withColumn("rank", best)
    )


def _per_day(total: str, days: int) -> Column:
    return F.col(total) / F.least(F.lit(days), F.col("days"))
