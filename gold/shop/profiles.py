"""Profiles of shoppers: what is known of each over all sessions."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from gold.shop.interests import weighted_events
from lakehouse import tables
from lakehouse.settings import ClickWeights
from silver.shop.item_activity import COUNTS
from silver.shop.people import is_persons

S = tables.sessions.c

MOST_FAVOURITES = 10
MOST_HOURS = 3

_DAY_SECONDS = 86_400
_WEEK_SECONDS = 7 * _DAY_SECONDS


def profiles(sessions: DataFrame, weights: ClickWeights) -> DataFrame:
    """Sum up all sessions of each shopper.

    Parameters
    ----------
    sessions : DataFrame
        All rows of `silver.sessions` of the shoppers; bots and sessions of nobody in particular are left out.

    Returns
    -------
    DataFrame
        The columns of `gold.user_profiles`, a row per shopper who has a session.
    """
    theirs = sessions.where(is_persons() & F.col(S.user_id).isNotNull())
    return (
        theirs.transform(_counts)
        .join(theirs.transform(_favourite_items, weights), S.user_id, "left")
        .join(theirs.transform(_favourite_hours), S.user_id)
    )


def _counts(sessions: DataFrame) -> DataFrame:
    in_order = Window.partitionBy(S.user_id).orderBy(S.started_at, S.session_key)
    days = (_seconds(S.started_at) - F.lag(_seconds(S.started_at)).over(in_order)) / _DAY_SECONDS
    weeks = (F.max(_seconds(S.ended_at)) - F.min(_seconds(S.started_at))) / _WEEK_SECONDS
    return (
        sessions.withColumn("days_between", days)
        .groupBy(S.user_id)
        .agg(
            F.min(S.started_at).alias("first_seen_at"),
            F.max(S.ended_at).alias("last_seen_at"),
            F.count("*").alias("num_sessions"),
            *(F.sum(column).alias(column) for column in COUNTS),
            F.coalesce(F.sum(S.revenue), F.lit(0)).alias("spend"),
            (F.count_if(F.col(S.num_purchases) > 0) / F.count("*")).alias("conversion"),
            (F.count("*") / F.greatest(weeks, F.lit(1.0))).alias("sessions_per_week"),
            F.avg(S.session_length).alias("mean_session_length"),
            F.median("days_between").alias("median_days_between"),
        )
    )


def _favourite_items(sessions: DataFrame, weights: ClickWeights) -> DataFrame:
    weighed = (
        sessions.select(S.user_id, F.explode(S.items).alias("item"))
        .groupBy(S.user_id, F.col("item.item_id").alias("item_id"))
        .agg(F.sum(weighted_events(weights, of="item")).alias("weight"))
    )
    return _best(weighed, "item_id", "weight", MOST_FAVOURITES).select(
        S.user_id,
        F.transform("best", lambda one: F.struct(one["item_id"], -one["order"])).alias("favourite_items"),
    )


def _favourite_hours(sessions: DataFrame) -> DataFrame:
    counted = sessions.groupBy(S.user_id, F.hour(S.started_at).alias("hour")).agg(F.count("*").alias("times"))
    return _best(counted, "hour", "times", MOST_HOURS).select(S.user_id, F.col("best.hour").alias("favourite_hours"))


def _best(rows: DataFrame, what: str, by: str, most: int) -> DataFrame:
    """Gather the `most` best of each shopper, equal ones by themselves: structs of `order` (`by`, negated), `what`."""
    ordered = F.array_sort(F.collect_list(F.struct((-F.col(by)).alias("order"), what)))
    return rows.groupBy(S.user_id).agg(F.slice(ordered, 1, most).alias("best"))


def _seconds(column: str) -> Column:
    return F.unix_micros(column) / 1e6
