"""Popularity: the same items for everybody, alone as a baseline or as a share of what a factor model says."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.engines.configuration import Configuration
from gold.engines.factors import VECTOR_SQL, Factors, vector

_DAY_SECONDS = 86_400


def fit(interactions: DataFrame, configuration: Configuration) -> Factors:
    """Popularity as a factorisation of one factor: every user alike, items by their popularity."""
    items = popularity(interactions, configuration.popularity_half_life_days)
    users = interactions.select(F.col("user_idx").alias("idx")).distinct().withColumn("factors", vector([1.0]))
    return Factors(users, items.select("idx", F.array("popularity").cast(VECTOR_SQL).alias("factors")), anyone=[1.0])


def popularity(interactions: DataFrame, half_life_days: float | None = None) -> DataFrame:
    """Count the users who like each item, those who came earlier for less if asked; the most popular item has 1.

    Parameters
    ----------
    interactions : DataFrame
        `item_idx`, `engagement`, `last_ts`; one row per user and item.
    half_life_days : float, optional
        A user counts half for every so many days between their last event and the newest one.

    Returns
    -------
    DataFrame
        `idx`, `popularity` double from 0 to 1.
    """
    counts = F.when(F.col("engagement") > 0, F.lit(1.0)).otherwise(0.0)
    if half_life_days is not None:
        newest = interactions.agg(F.max("last_ts").alias("newest"))
        interactions = interactions.crossJoin(F.broadcast(newest))
        age = (F.unix_timestamp("newest") - F.unix_timestamp("last_ts")) / (_DAY_SECONDS * half_life_days)
        counts = counts * F.pow(F.lit(0.5), age)
    summed = interactions.groupBy(F.col("item_idx").alias("idx")).agg(F.sum(counts).alias("count"))
    highest = summed.agg(F.max("count").alias("highest"))
    scaled = F.when(F.col("highest") > 0, F.col("count") / F.col("highest")).otherwise(0.0)
    return summed.crossJoin(F.broadcast(highest)).select("idx", scaled.alias("popularity"))


def blended(factors: Factors, popular: DataFrame, share: float, rank: int) -> Factors:
    """Give `share` of the score to popularity, by one more factor; users without factors get popularity alone.

    Because the blend is itself a factorisation, everything that works on factors works on it as well.

    Parameters
    ----------
    popular : DataFrame
        What `popularity` returns; items that it does not have are not recommended.
    rank : int
        Length of the vectors in `factors`.
    """
    none = [0.0] * rank
    users = F.concat(F.transform("factors", lambda x: x * F.lit(1 - share).cast("float")), vector([share]))
    items = F.concat(F.coalesce("factors", vector(none)), F.array("popularity").cast(VECTOR_SQL))
    return Factors(
        factors.users.select("idx", users.alias("factors")),
        popular.join(factors.items, "idx", "left").select("idx", items.alias("factors")),
        anyone=[*none, 1.0],
        tastes=factors.items,
    )
