"""Recommendations for sessions that go on, and for those of which nothing is known."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.shop.model import SessionModel
from gold.shop.popular import Filled, Popular
from lakehouse.recommendations import ANYONE, POPULAR, SESSION
from lakehouse.rows import few_rows


def recommendations(sessions: DataFrame, model: SessionModel | None, popular: Popular, n: int) -> DataFrame:
    """Recommend `n` products to each session, and to `ANYONE`.

    Parameters
    ----------
    sessions : DataFrame
        Rows of `silver.sessions`, one per `session_id`.
    model : SessionModel, optional
        None: popularity alone.

    Returns
    -------
    DataFrame
        `gold.session_recommendations` without version and time.
    """
    found = (Filled(model, popular) if model else popular).recommend(sessions, n)
    whose = sessions.select("session_key", "session_id", "user_id", F.col("ended_at").alias("session_ended_at"))
    anyone = few_rows(sessions.sparkSession, [(ANYONE, [])], _UNKNOWN)
    strangers = popular.recommend(anyone, n).withColumnRenamed("session_key", "session_id")
    return (
        found.join(whose, "session_key")
        .unionByName(strangers, allowMissingColumns=True)
        .withColumn("reason", F.when(F.col("because_item_id").isNull(), POPULAR).otherwise(SESSION))
    )


_UNKNOWN = "session_key string, items array<struct<item_id: string>>"
