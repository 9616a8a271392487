"""Daily engagement: how strongly a listener took to an episode on one day."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse import tables

E = tables.user_events.c
GROUP = tables.daily_engagement.key


def daily(events: DataFrame) -> DataFrame:
    """Sum weighted events to one row per (user_id, new_episode_id, day).

    The result does not depend on the order of `events` or on how they are split into batches.

    Parameters
    ----------
    events : DataFrame
        Rows of `silver.user_events`, each identity once.

    Returns
    -------
    DataFrame
        `engagement` decimal in engagement units, `num_events`, `num_completed` and `last_ts` (UTC).
    """
    return events.groupBy(*GROUP).agg(
        F.sum(E.weight).alias("engagement"),
        F.count("*").alias("num_events"),
        F.count_if(F.col(E.event) == "complete").alias("num_completed"),
        F.max(E.ts).alias("last_ts"),
    )
