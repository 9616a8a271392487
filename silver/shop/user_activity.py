"""User activity: what each known shopper did on a day, which is what churn is seen in."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse import tables
from silver.shop.item_activity import COUNTS, counts

C, U = tables.clickstream_events.c, tables.daily_user_activity.c
GROUP = tables.daily_user_activity.key


def daily(events: DataFrame) -> DataFrame:
    """Sum up the events of each (user_id, day); those of nobody known are left out.

    Events without a session of the producer's count as one session a day.
    """
    known = events.where(F.col(C.user_id).isNotNull())
    seconds = (F.unix_micros(F.max(C.timestamp)) - F.unix_micros(F.min(C.timestamp))) / 1e6
    by_session = known.groupBy(*GROUP, C.session_id).agg(*counts(), seconds.alias(U.session_seconds))
    return by_session.groupBy(*GROUP).agg(
        *(F.sum(name).alias(name) for name in COUNTS),
        F.count("*").alias(U.num_sessions),
        F.sum(U.session_seconds).alias(U.session_seconds),
    )
