"""History: what a shopper had bought before the day of each event, as an as-of join."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse import tables

C, P = tables.clickstream_events.c, tables.purchases.c


def with_history(events: DataFrame, purchases: DataFrame) -> DataFrame:
    """Add `avg_purchase_amount` and `past_purchases`: the user's purchases of days before the event's.

    Each shopper's events and purchases are sorted by day once, and summed up as far as each event; a join would have a
    row for every pair of an event and an earlier purchase.

    Parameters
    ----------
    events : DataFrame
        `event_id`, `user_id`, which may be null, and `day`.
    purchases : DataFrame
        Rows of `silver.purchases`.
    """
    bought = purchases.join(events.select(C.user_id), C.user_id, "left_semi").select(
        C.user_id,
        F.col(P.purchase_date).alias(C.day),
        F.col(P.purchase_amount).cast(tables.MONEY_SUM).alias("amount"),
        F.lit(1).alias("number"),
    )
    facts = events.drop(C.avg_purchase_amount, C.past_purchases)
    timeline = facts.withColumn("number", F.lit(0)).unionByName(bought, allowMissingColumns=True)
    # Nobody's events are alone, or all of them would be sorted in one place.
    owner = C.user_id, F.when(F.col(C.user_id).isNull(), F.col(C.event_id))
    earlier = Window.partitionBy(*owner).orderBy(F.unix_date(C.day)).rangeBetween(Window.unboundedPreceding, -1)
    past = F.coalesce(F.sum("number").over(earlier), F.lit(0))
    return (
        timeline.withColumns({C.past_purchases: past, "total": F.sum("amount").over(earlier)})
        .where("number = 0")
        .withColumn(C.avg_purchase_amount, F.try_divide(F.col("total").cast("double"), F.col(C.past_purchases)))
        .drop("number", "amount", "total")
    )
