"""The inputs of the churn model, and its label, from what shoppers did day by day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.churn.features import HISTORY_DAYS, INPUTS, MOST_TENURE_DAYS, RECENT_DAYS
from lakehouse import tables
from lakehouse.rows import few_rows
from silver.shop.item_activity import COUNTS

U, C = tables.daily_user_activity.c, tables.churn_features.c


def inputs(activity: DataFrame, days: Sequence[dt.date]) -> DataFrame:
    """Sum up the history of each shopper before each day, the same way for training and for serving.

    Parameters
    ----------
    activity : DataFrame
        Rows of `silver.daily_user_activity`; for tenure, of the `MOST_TENURE_DAYS` before the first of `days`.
    days : sequence of date
        Values of `as_of`; activity of the day itself and later is not looked at.

    Returns
    -------
    DataFrame
        `user_id`, `as_of` and the inputs (see `gold.churn.features`), a row for every shopper who did something in
        the `HISTORY_DAYS` before `as_of`.
    """
    asked = few_rows(activity.sparkSession, [(day,) for day in days], "as_of date")
    earlier = activity.join(F.broadcast(asked), F.col(U.day) < F.col(C.as_of))
    age = F.date_diff(C.as_of, U.day)
    events = sum((F.col(name) for name in COUNTS), F.lit(0))
    recent = F.sum(F.when(age <= HISTORY_DAYS, F.col(U.session_seconds)))
    sessions = F.sum(F.when(age <= HISTORY_DAYS, F.col(U.num_sessions)))
    return (
        earlier.groupBy(U.user_id, C.as_of)
        .agg(
            *(F.sum(F.when(age <= HISTORY_DAYS, F.col(name))).alias(name) for name in COUNTS),
            F.coalesce(F.sum(F.when(age <= RECENT_DAYS, events)), F.lit(0)).alias(C.recent_events),
            F.min(age).cast("long").alias(C.recency_days),
            F.count_if(age <= HISTORY_DAYS).alias(C.active_days),
            sessions.alias(C.num_sessions),
            F.try_divide(recent, sessions).alias(C.mean_session_seconds),
            F.least(F.max(age), F.lit(MOST_TENURE_DAYS)).cast("long").alias(C.tenure_days),
        )
        .where(F.col(C.recency_days) <= HISTORY_DAYS)
        .select(C.user_id, C.as_of, *INPUTS)
    )


def labelled(activity: DataFrame, days: Sequence[dt.date], horizon_days: int) -> DataFrame:
    """Add `churned` to the inputs: no activity from `as_of` on for `horizon_days` days.

    Parameters
    ----------
    days : sequence of date
        Values of `as_of` whose horizon has passed.
    """
    known = inputs(activity, days)
    later = activity.select(U.user_id, U.day)
    within = (
        (known[U.user_id] == later[U.user_id])
        & (later[U.day] >= known[C.as_of])
        & (later[U.day] < F.date_add(known[C.as_of], horizon_days))
    )
    active = known.join(later, within, "left_semi").select(U.user_id, C.as_of, F.lit(False).alias("churned"))
    return known.join(active, [U.user_id, C.as_of], "left").fillna({"churned": True})


def weekly(newest: dt.date, oldest: dt.date, horizon_days: int) -> list[dt.date]:
    """Days to look back from: a week apart, the last one as late as its label is known.

    Parameters
    ----------
    newest, oldest : date
        Days of activity; the newest may not be over, so no label looks at it.

    Examples
    --------
    >>> [day.day for day in weekly(dt.date(2024, 1, 31), dt.date(2024, 1, 1), 7)]
    [3, 10, 17, 24]
    """
    last = newest - dt.timedelta(days=horizon_days)
    earlier = (last - oldest).days - 1
    return [last - dt.timedelta(weeks=age) for age in range(earlier // 7, -1, -1)]
