"""Daily engagement: how strongly a listener took to an episode on one day."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse import tables
from silver.listening.events import WEIGHT

E = tables.user_events.c
GROUP = tables.daily_engagement.key
MOST_EVENTS = 500
"""Events of one listener with one episode on one day; more is a machine's, or a producer's that makes ids up."""


def daily(events: DataFrame) -> DataFrame:
    """Sum weighted events to one row per (user_id, new_episode_id, day).

    A day of more than `MOST_EVENTS` says nothing of what a person likes: its row counts the events, and the engagement
    is 0, which nothing is learned from. The result does not depend on the order of `events` or on how they are split
    into batches.

    Parameters
    ----------
    events : DataFrame
        Rows of `silver.user_events`, each identity once, with `weight`, see `silver.listening.events.with_weight`.

    Returns
    -------
    DataFrame
        `engagement` decimal in engagement units, `num_events`, `num_completed` and `last_ts` (UTC).
    """
    is_persons = F.count("*") <= MOST_EVENTS
    return events.groupBy(*GROUP).agg(
        F.when(is_persons, F.sum(WEIGHT)).otherwise(0).alias("engagement"),
        F.count("*").alias("num_events"),
        F.count_if(F.col(E.event) == "complete").alias("num_completed"),
        F.max(E.ts).alias("last_ts"),
    )
