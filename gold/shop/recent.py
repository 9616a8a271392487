"""Recent sessions: those of people, of the newest days, so that what follows costs the same on any history."""

from __future__ import annotations

import datetime as dt

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.recommendations import ANYONE
from silver.shop.people import is_persons

S = tables.sessions.c


def recent_sessions(lake: Lakehouse, days: int) -> DataFrame:
    """Sessions without bots that began on the newest `days` days, counted back from the newest session."""
    people = lake.read(tables.sessions).where(is_persons())
    newest = people.agg(F.max(S.day)).first()
    assert newest is not None
    # A literal, which skips the files of older days.
    oldest = (newest[0] or dt.date.max) - dt.timedelta(days=days - 1)
    return people.where(F.col(S.day) >= F.lit(oldest))


def active_sessions(lake: Lakehouse, hours: float) -> DataFrame:
    """Sessions without bots that ended within `hours` before the newest event; the newest of each `session_id`."""
    people = lake.read(tables.sessions).where(is_persons())
    newest = people.agg(F.max(S.ended_at).cast("string")).first()
    assert newest is not None
    # However long ago they began. A literal, which skips the files of sessions that ended before.
    since = F.lit(newest[0]).cast("timestamp") - F.make_dt_interval(secs=F.lit(hours * 3600).cast("decimal(18,6)"))
    return people.where(F.col(S.ended_at) >= since).transform(still_active, hours)


def still_active(sessions: DataFrame, hours: float) -> DataFrame:
    """Keep the sessions that ended within `hours` before the last end of any, and of each `session_id` the newest.

    Parameters
    ----------
    sessions : DataFrame
        Rows of `silver.sessions`. One whose `session_id` is `ANYONE` is nobody's.
    """
    newest = sessions.agg(F.unix_timestamp(F.max(S.ended_at)).alias("newest"))
    later = F.row_number().over(Window.partitionBy(S.session_id).orderBy(F.desc(S.ended_at), S.session_key))
    return (
        sessions.crossJoin(F.broadcast(newest))
        .where(F.unix_timestamp(S.ended_at) >= F.col("newest") - hours * 3600)
        .where(F.col(S.session_id) != ANYONE)
        .withColumn("later", later)
        .where("later = 1")
        .drop("newest", "later")
    )
