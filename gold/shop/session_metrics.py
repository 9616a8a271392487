"""Days of the shop: how many sessions, how they end, and the most active ones."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse import tables
from silver.shop.people import is_persons

S = tables.sessions.c

TOP_SESSIONS = 20


def session_metrics(sessions: DataFrame) -> DataFrame:
    """Sum up the sessions of each day.

    Parameters
    ----------
    sessions : DataFrame
        All rows of `silver.sessions` of the days, bots included: they are counted, and nothing else.

    Returns
    -------
    DataFrame
        The columns of `gold.session_metrics`; means and shares are null on a day that had bots only.
    """
    person = is_persons()
    with_cart, with_purchase = F.col(S.num_add_to_cart) > 0, F.col(S.num_purchases) > 0

    def of_people(column: str) -> Column:
        return F.when(person, F.col(column))

    return sessions.groupBy(S.day).agg(
        F.count_if(person).alias("num_sessions"),
        F.count_distinct(of_people(S.user_id)).alias("num_users"),
        F.count_if(~person).alias("num_bots"),
        F.coalesce(F.sum(of_people(S.num_events)), F.lit(0)).alias("num_events"),
        F.coalesce(F.sum(F.when(~person, F.col(S.num_events))), F.lit(0)).alias("num_bot_events"),
        F.avg(of_people(S.session_length)).alias("mean_length"),
        F.avg(of_people(S.num_events)).alias("mean_events"),
        _share(person & with_cart, person).alias("cart_rate"),
        _share(person & with_purchase, person).alias("conversion"),
        _share(person & with_cart & ~with_purchase, person & with_cart).alias("abandonment"),
        F.coalesce(F.sum(of_people(S.revenue)), F.lit(0)).alias("revenue"),
    )


def top_sessions(sessions: DataFrame, most: int = TOP_SESSIONS) -> DataFrame:
    """Find the `most` sessions of each day with the most events; of equal ones the longer, then by key.

    Parameters
    ----------
    sessions : DataFrame
        Rows of `silver.sessions`; bots are left out.

    Returns
    -------
    DataFrame
        The columns of `gold.top_sessions`.
    """
    order = F.desc(S.num_events), F.desc(S.session_length), S.session_key
    return (
        sessions.where(is_persons())
        .withColumn("rank", F.row_number().over(Window.partitionBy(S.day).orderBy(*order)))
        .where(F.col("rank") <= most)
        .select(*tables.top_sessions.names)
    )


def ranks_of(days: DataFrame, most: int = TOP_SESSIONS) -> DataFrame:
    """Every key that `top_sessions` may have on `days`: `day`, `rank`."""
    return days.select("day", F.explode(F.sequence(F.lit(1), F.lit(most))).alias("rank"))


def _share(part: Column, whole: Column) -> Column:
    return F.try_divide(F.count_if(part), F.count_if(whole))
