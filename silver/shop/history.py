"""History: what a shopper had bought before the day of each event, as an as-of join."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from reclake import tables

C, P = tables.clickstream_events.c, tables.purchases.c


def with_history(events: DataFrame, purchases: DataFrame) -> DataFrame:
    """Add `avg_purchase_amount` and `past_purchases`: the user's purchases of days before the event's.

    Running totals over each shopper's days of purchases and of events make it one sort instead of a row for every pair
    of an event and an earlier purchase.

    Parameters
    ----------
    events : DataFrame
        `user_id`, which may be null, and `day`.
    purchases : DataFrame
        Rows of `silver.purchases`.
    """
    asked = events.where(F.col(C.user_id).isNotNull()).select(C.user_id, C.day).distinct()
    bought = (
        purchases.join(asked.select(C.user_id).distinct(), C.user_id, "left_semi")
        .groupBy(C.user_id, F.col(P.purchase_date).alias(C.day))
        .agg(F.sum(P.purchase_amount).alias("amount"), F.count("*").alias("number"))
    )
    days = bought.unionByName(
        asked.select("*", F.lit(0).cast(tables.MONEY_SUM).alias("amount"), F.lit(0).cast("long").alias("number"))
    )
    earlier = Window.partitionBy(C.user_id).orderBy(F.unix_date(C.day)).rangeBetween(Window.unboundedPreceding, -1)
    # A day of events that is a day of purchases as well has two rows, which see the same days before.
    totals = days.select(
        C.user_id,
        C.day,
        F.sum("number").over(earlier).alias("number"),
        F.sum("amount").over(earlier).alias("amount"),
    ).dropDuplicates([C.user_id, C.day])
    return (
        events.drop(C.avg_purchase_amount, C.past_purchases)
        .join(totals, [C.user_id, C.day], "left")
        .withColumn(C.past_purchases, F.coalesce("number", F.lit(0)))
        .withColumn(C.avg_purchase_amount, F.try_divide(F.col("amount").cast("double"), F.col(C.past_purchases)))
        .drop("number", "amount")
    )
