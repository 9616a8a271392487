"""The funnel: views, carts and purchases of each known shopper in windows of ten minutes of event time."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse import tables
from silver.shop.item_activity import counts

C, W = tables.clickstream_events.c, tables.funnel_summary.c
GROUP = tables.funnel_summary.key
COUNTS = (W.num_views, W.num_add_to_cart, W.num_purchases)
WINDOW_SECONDS = 600


def with_window(events: DataFrame) -> DataFrame:
    """Add `window_start`: the begin of the ten minutes, from the full hour on, that `timestamp` lies in."""
    start = F.floor(F.unix_seconds(C.timestamp) / WINDOW_SECONDS) * WINDOW_SECONDS
    return events.withColumn(W.window_start, F.timestamp_seconds(start))


def windows(events: DataFrame) -> DataFrame:
    """Count the events of each (user_id, window_start).

    Parameters
    ----------
    events : DataFrame
        Rows of `silver.clickstream_events` with `window_start` and a user.

    Returns
    -------
    DataFrame
        `user_id`, `window_start`, `window_end`, `num_views`, `num_add_to_cart`, `num_purchases`.
    """
    end = F.col(W.window_start) + F.make_dt_interval(secs=F.lit(WINDOW_SECONDS))
    return events.groupBy(*GROUP).agg(*counts()).select(*GROUP, end.alias(W.window_end), *COUNTS)


def with_state(recounted: DataFrame, known: DataFrame, passed: Column, watermark: Column) -> DataFrame:
    """Add `is_final`, and `is_corrected`: the window was final with other counts before, or without any.

    Parameters
    ----------
    known : DataFrame
        Rows of `silver.funnel_summary` that the windows had so far.
    passed, watermark : Column
        Windows that end until then were final so far, and are now.
    """
    before = F.struct(*COUNTS, W.is_final, W.is_corrected).alias("before")
    differs = F.struct(*COUNTS) != F.struct(*(F.col(f"before.{name}") for name in COUNTS))
    # By the counts, so that a run that is repeated after it was killed sees no correction in its own rows.
    corrected = F.col(f"before.{W.is_corrected}") | (F.col(f"before.{W.is_final}") & differs)
    is_new = F.col("before").isNull() & (F.col(W.window_end) <= passed)
    return (
        recounted.join(known.select(*GROUP, before), list(GROUP), "left")
        .withColumn(W.is_final, F.col(W.window_end) <= watermark)
        .withColumn(W.is_corrected, is_new | F.coalesce(corrected, F.lit(False)))
        .drop("before")
    )
